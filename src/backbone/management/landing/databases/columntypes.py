"""The Parquet type of a database's column: the declared one if every value fits, or text.

Databases whose values have types of their own (SQLite) may hold ``NA`` in an INTEGER
column. Such a column lands as text, with nothing changed or lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import sqlalchemy as sa

__all__ = ["LandingColumn", "Misfit", "SourceColumn", "as_text", "landing_column"]

_MAX_PRECISION = 38
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?")

Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class SourceColumn:
    """A column as its database declares it; a query's columns have no declared type."""

    name: str
    type: sa.types.TypeEngine[Any] | None = None


class _Landing(NamedTuple):
    """A Parquet type, the Python types that may become it, and how they do."""

    type: pa.DataType
    accepted: set[type]
    convert: Convert | None = None


class Misfit(Exception):
    """A value does not fit the type of its column; `columns` are those that fit."""

    def __init__(self, columns: Sequence[Any]) -> None:
        super().__init__("a value does not fit the type of its column")
        self.columns = tuple(columns)


@dataclass(frozen=True)
class LandingColumn:
    """A column as it lands; `convert` makes its values from those of the driver."""

    name: str
    type: pa.DataType
    convert: Convert | None = None

    def array(self, values: Sequence[Any]) -> pa.Array:
        """Return the values as they are written.

        Raises
        ------
        ValueError : a value does not fit
        """
        convert = self.convert
        try:
            if convert is not None:
                values = [None if value is None else convert(value) for value in values]
            return pa.array(values, self.type)
        except (pa.ArrowException, ArithmeticError, TypeError) as exc:
            raise ValueError(self.name) from exc

    def textual(self) -> LandingColumn:
        """Return the column as text."""
        return LandingColumn(self.name, pa.string(), as_text)

    @property
    def is_textual(self) -> bool:
        """Whether every value fits, because it is made text."""
        return self.convert is as_text


def landing_column(column: SourceColumn, kinds: set[type]) -> LandingColumn:
    """Return how a column lands, given the Python types of its values."""
    kinds = kinds - {type(None)}
    declared = None if column.type is None else _declared(column.type)
    if declared is None:
        declared = _observed(kinds)
    landing = LandingColumn(column.name, declared.type, declared.convert)
    return landing if kinds <= declared.accepted else landing.textual()


def as_text(value: Any) -> str:
    r"""Return a value of a driver as text that says all of it.

    >>> as_text(2.5), as_text(b"\x00a"), as_text(Decimal("1E+2")), as_text(True)
    ('2.5', '0061', '100', 'true')
    """
    for kinds, write in _TEXTS:
        if isinstance(value, kinds):
            return write(value)
    return str(value)


def _json(value: dict[str, Any] | list[Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=as_text)


# The first that fits counts: a bool is an int, a datetime a date.
_TEXTS: tuple[tuple[tuple[type, ...], Callable[[Any], str]], ...] = (
    ((str,), str),
    ((bool,), lambda value: "true" if value else "false"),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
    ((Decimal,), lambda value: f"{value:f}"),
    ((datetime,), lambda value: value.isoformat(" ")),
    ((date, time), lambda value: value.isoformat()),
    ((dict, list), _json),
)


def _declared(kind: sa.types.TypeEngine[Any]) -> _Landing | None:
    """Return how a declared type lands; None if it says nothing."""
    if isinstance(kind, sa.types.NullType):
        return None
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        return _decimal(kind)
    if isinstance(kind, sa.DateTime) and kind.timezone:
        return _Landing(pa.timestamp("us", "UTC"), {datetime, str}, _instant)
    for declared, landing in _DECLARED:
        if isinstance(kind, declared):
            return landing
    return _TEXT


def _observed(kinds: set[type]) -> _Landing:
    """Return how a column without a declared type lands."""
    for observed, landing in _OBSERVED:
        if kinds and kinds <= observed:
            return landing
    return _TEXT if kinds else _STRING


def _decimal(kind: sa.Numeric[Any]) -> _Landing | None:
    precision, scale = kind.precision, kind.scale or 0
    if precision is None or not scale <= precision <= _MAX_PRECISION:
        return None
    return _Landing(pa.decimal128(precision, scale), {Decimal, float, int}, _exact)


def _exact(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _boolean(value: int) -> bool:
    if value not in {0, 1}:
        raise ValueError
    return bool(value)


def _day(value: date | str) -> date:
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError
    return value if isinstance(value, date) else date.fromisoformat(value)


def _wall_clock(value: datetime | str) -> datetime:
    if isinstance(value, str):
        if not _DATETIME.fullmatch(value):
            raise ValueError
        value = datetime.fromisoformat(value)
    if value.tzinfo is not None:
        raise ValueError
    return value


def _instant(value: datetime | str) -> datetime:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant.tzinfo is None:
        raise ValueError
    return instant


_BYTES: set[type] = {bytes, bytearray, memoryview}
_TEXT = _Landing(pa.string(), {object}, as_text)
_STRING = _Landing(pa.string(), {str})
_DOUBLE = _Landing(pa.float64(), {float, int})
_WALL_CLOCK = _Landing(pa.timestamp("us"), {datetime, str}, _wall_clock)
_BINARY = _Landing(pa.binary(), _BYTES, bytes)
_DECLARED: tuple[tuple[type[sa.types.TypeEngine[Any]], _Landing], ...] = (
    (sa.Boolean, _Landing(pa.bool_(), {bool, int}, _boolean)),
    (sa.Integer, _Landing(pa.int64(), {int, bool}, int)),
    (sa.Float, _DOUBLE),
    (sa.DateTime, _WALL_CLOCK),
    (sa.Date, _Landing(pa.date32(), {date, str}, _day)),
    (sa.LargeBinary, _BINARY),
    (sa.String, _STRING),
)
_OBSERVED: tuple[tuple[set[type], _Landing], ...] = (
    ({str}, _STRING),
    ({bool}, _Landing(pa.bool_(), {bool})),
    ({int}, _Landing(pa.int64(), {int})),
    ({int, float}, _DOUBLE),
    ({date}, _Landing(pa.date32(), {date})),
    ({datetime}, _WALL_CLOCK),
    (_BYTES, _BINARY),
)
