"""Values that a declaration spells, as the texts that columns of a type have for them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import isnan

from backbone.model.types import CanonicalType
from backbone.project.cleaning import Scalar

__all__ = ["canonical"]

_MAX = 2**63


def canonical(value: Scalar, kind: CanonicalType) -> str | None:
    """Return the canonical text of `value` in a column of type `kind`; None: it has none.

    A number is compared as a number: ``-39.9`` is the value ``-39.90`` of a decimal with
    two places, ``9999`` the double ``9999.0``; a text stands for the value it spells.

    >>> from backbone.model.types import DOUBLE, INTEGER, STRING
    >>> canonical("9999", DOUBLE), canonical(9999, STRING), canonical("n/a", INTEGER)
    ('9999.0', '9999', None)
    """
    try:
        return _SPELT.get(kind.kind, _text)(value, kind)
    except (ValueError, InvalidOperation, OverflowError):
        return None


def _text(value: Scalar, _: CanonicalType) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _number(value: Scalar) -> Decimal:
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004 - no value of the type, like any other
    return Decimal(value)


def _boolean(value: Scalar, _: CanonicalType) -> str:
    if isinstance(value, bool) or value in {"true", "false"}:
        return str(value).lower()
    raise ValueError(value)


def _integer(value: Scalar, _: CanonicalType) -> str:
    number = _number(value)
    if number != int(number) or not -_MAX <= number < _MAX:
        raise ValueError(value)
    return str(int(number))


def _double(value: Scalar, _: CanonicalType) -> str:
    number = float(_number(value))
    return "nan" if isnan(number) else repr(number + 0.0)


def _decimal(value: Scalar, kind: CanonicalType) -> str:
    number, places = _number(value), kind.scale or 0
    digits = (kind.precision or 0) - places
    _, given, exponent = number.as_tuple()
    if not isinstance(exponent, int) or len(given) + exponent > digits:
        raise ValueError(value)
    if number.normalize().as_tuple().exponent < -places:  # type: ignore[operator]
        raise ValueError(value)
    return format(number, "f")


def _date(value: Scalar, _: CanonicalType) -> str:
    return date.fromisoformat(str(value)).isoformat()


def _datetime(value: Scalar, _: CanonicalType) -> str:
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is not None:
        raise ValueError(value)
    return found.isoformat(sep=" ")


def _timestamp(value: Scalar, _: CanonicalType) -> str:
    found = datetime.fromisoformat(str(value))
    return f"{found.isoformat(sep=' ')}{'' if found.tzinfo else '+00:00'}"


_SPELT = {
    "boolean": _boolean,
    "integer": _integer,
    "double": _double,
    "decimal": _decimal,
    "date": _date,
    "datetime": _datetime,
    "timestamp": _timestamp,
}
