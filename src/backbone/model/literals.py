"""Values spelt as text by people, in declarations: what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isinf

from backbone.model.types import CanonicalType

__all__ = ["value_of"]

_WHOLE = re.compile(r"-?\d{1,19}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LEAST, _MOST = -(2**63), 2**63 - 1


def value_of(text: str, kind: CanonicalType) -> object:
    """Return the value of type `kind` that `text` spells, exactly.

    An instant without a zone means UTC.

    >>> from backbone.model.types import DATE
    >>> value_of("2013-01-31", DATE)
    datetime.date(2013, 1, 31)

    Raises
    ------
    ValueError : it spells none, or one that the type cannot hold; the message ends a
        sentence that names the text
    """
    if kind.kind == "string":
        return text
    if kind.kind == "decimal":
        return _decimal(text, kind)
    return _READERS[kind.kind](text)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not _LEAST <= int(text) <= _MOST:
        message = 'is no whole number of 64 bits; write for example "12"'
        raise ValueError(message)
    return int(text)


def _double(text: str) -> float:
    if text in {"nan", "inf", "-inf"}:
        return float(text)
    if not _NUMBER.fullmatch(text) or isinf(float(text)):
        message = 'is no number; write for example "1.5"'
        raise ValueError(message)
    return float(text)


def _decimal(text: str, kind: CanonicalType) -> Decimal:
    if not _NUMBER.fullmatch(text):
        message = 'is no number; write for example "1.5"'
        raise ValueError(message)
    value = Decimal(text)
    scale, precision = kind.scale or 0, kind.precision or 0
    places = -int(value.as_tuple().exponent)
    if places > scale and value != round(value, scale):
        message = f"has more digits after the point than {kind} holds"
        raise ValueError(message)
    if abs(value) >= Decimal(10) ** (precision - scale):
        message = f"is too large for {kind}"
        raise ValueError(message)
    return value


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        message = "is no boolean; write true or false"
        raise ValueError(message)
    return text == "true"


def _day(text: str) -> date:
    message = 'is no date; write for example "2013-01-31"'
    if not _DAY.fullmatch(text):
        raise ValueError(message)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(message) from None


def _moment(text: str) -> datetime:
    message = 'is no point in time; write for example "2013-01-31 18:00:00"'
    if not _DAY.match(text):
        raise ValueError(message)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(message) from None


def _wall(text: str) -> datetime:
    found = _moment(text)
    if found.tzinfo is not None:
        message = "has a zone, which a datetime has not"
        raise ValueError(message)
    return found


def _instant(text: str) -> datetime:
    found = _moment(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


_READERS: Mapping[str, Callable[[str], object]] = {
    "integer": _whole,
    "double": _double,
    "boolean": _boolean,
    "date": _day,
    "datetime": _wall,
    "timestamp": _instant,
}
