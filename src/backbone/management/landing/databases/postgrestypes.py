"""How a column of PostgreSQL lands: as it is, as JSON, or as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

__all__ = ["PostgresColumn", "TypeRow", "postgres_column"]

_MAX_PRECISION = 38
_HEADER = 4  # what a modifier of a type begins with

TypeRow = tuple[str, str, str, int, int]
"""Of a type: name, sort, category, and the type and modifier that a domain is made of."""

_NATIVE: Mapping[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int2": pa.int64(),
    "int4": pa.int64(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "bpchar": pa.string(),
    "name": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class PostgresColumn:
    """A column: the name of its type, without domains, and how it lands."""

    name: str
    kind: str
    type: pa.DataType
    is_json: bool = False
    is_textual: bool = False

    def read(self, rows: sa.FromClause) -> sa.ColumnElement[Any]:
        """Return the expression that is asked for."""
        column = rows.c[self.name]
        if self.is_json:
            return sa.cast(sa.func.to_json(column), sa.Text)
        if self.kind == "oid":  # which ADBC would read as a number with a sign
            return sa.cast(column, sa.BigInteger)
        is_native = self.kind in _NATIVE and not self.is_textual
        return column if is_native else sa.cast(column, sa.Text)

    def ordered(self, rows: sa.FromClause) -> sa.ColumnElement[Any]:
        """Return an expression that differs wherever what lands differs."""
        native = _NATIVE.get(self.kind)
        column = rows.c[self.name]
        if self.kind == "oid":
            return column
        if native is None:
            return self.read(rows).collate("C")
        if pa.types.is_floating(native):
            return sa.cast(column, sa.Text).collate("C")
        return column.collate("C") if pa.types.is_string(native) else column

    @property
    def wire_type(self) -> pa.DataType:
        """The type as it comes from the database."""
        return pa.string() if pa.types.is_decimal(self.type) else self.type

    def textual(self) -> PostgresColumn:
        """Return the column as text."""
        return replace(self, type=pa.string(), is_textual=True)

    def landed(self, array: pa.Array) -> pa.Array | None:
        """Return values as they land; None if one does not fit."""
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        try:
            array = array.cast(self.type)
        except pa.ArrowException:
            return None
        bounds = _BOUNDS.get(self.kind)
        if bounds is None or self.is_textual or len(array) == array.null_count:
            return array
        ends = pc.min_max(array.view(pa.int32() if self.kind == "date" else pa.int64()))
        low, high = ends["min"].as_py(), ends["max"].as_py()
        return array if bounds[0] <= low and high <= bounds[1] else None


def _micros(value: datetime) -> int:
    return int(pa.scalar(value, pa.timestamp("us")).value)


_DAYS = tuple(
    pa.scalar(day, pa.date32()).cast(pa.int32()).as_py() for day in (date.min, date.max)
)
_MICROS = (_micros(datetime.min), _micros(datetime.max))  # noqa: DTZ901 - bounds
_BOUNDS = {"date": _DAYS, "timestamp": _MICROS, "timestamptz": _MICROS}


def postgres_column(
    name: str,
    types: Mapping[int, TypeRow],
    oid: int,
    modifier: int,
) -> PostgresColumn:
    """Return how a column lands.

    Parameters
    ----------
    name : the column's
    types : what the database knows of types, by number
    oid, modifier : the column's type; the modifier is -1 where it is not known
    """
    kind, of, category, base, own = types[oid]
    if of == "d":  # a domain
        return postgres_column(name, types, base, own if modifier < 0 else modifier)
    if kind == "numeric" and modifier >= _HEADER:
        precision, scale = (modifier - _HEADER) >> 16, (modifier - _HEADER) & 0x7FF
        if scale <= precision <= _MAX_PRECISION:
            return PostgresColumn(name, kind, pa.decimal128(precision, scale))
    is_json = category == "A" or of == "c" or kind == "record"
    native = pa.int64() if kind == "oid" else _NATIVE.get(kind, pa.string())
    return PostgresColumn(name, kind, native, is_json)
