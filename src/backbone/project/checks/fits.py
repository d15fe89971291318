"""Whether values that a rule names fit the type of the column they are compared with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from backbone.model.types import CanonicalType
from backbone.project.mistakes import brief

__all__ = ["Bound", "misfit_of_bound", "misfit_of_range", "misfit_of_text", "noun"]

Bound = int | Decimal | str | None

_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def noun(kind: CanonicalType) -> str:
    """Name a type in a sentence.

    >>> from backbone.model.types import INTEGER
    >>> noun(INTEGER)
    'an integer'
    """
    return f"an {kind}" if kind.kind == "integer" else f"a {kind}"


def misfit_of_bound(kind: CanonicalType, bound: Bound) -> str | None:
    """Tell why a column of type `kind` cannot be compared with `bound`.

    >>> from backbone.model.types import DATE, DOUBLE
    >>> misfit_of_bound(DOUBLE, 35), misfit_of_bound(DATE, "2013-02-29")
    (None, '`2013-02-29` is no date; write for example "2013-01-31"')
    """
    if bound is None:
        return None
    if kind.is_numeric:
        if isinstance(bound, str):
            numbers = f"the bounds of {noun(kind)} are numbers"
            return f'"{bound}" is a text; {numbers} without quotes'
        return None
    if kind.kind == "string":
        if not isinstance(bound, str):
            return f'{brief(bound)} is a number; the bounds of a string are in "quotes"'
        return None
    return misfit_of_text(kind, str(bound))


def misfit_of_range(kind: CanonicalType, low: Bound, high: Bound) -> str | None:
    """Tell why a range, whose bounds fit, cannot be that of a column of type `kind`."""
    if kind.kind == "boolean":
        return "a boolean has no range; use `accepted`"
    if low is None and high is None:
        return "both ends are open: the rule forbids nothing"
    if low is None or high is None or _key(kind, low) <= _key(kind, high):
        return None
    return f"the lowest, {brief(low)}, is above the highest, {brief(high)}"


def misfit_of_text(kind: CanonicalType, text: str) -> str | None:
    """Tell why `text` spells no value of type `kind`.

    >>> from backbone.model.types import INTEGER
    >>> misfit_of_text(INTEGER, "1.5")
    '`1.5` is no whole number; write for example "12"'
    """
    if kind.kind not in _FORMS:
        return None
    what, example, reader = _FORMS[kind.kind]
    try:
        reader(text)
    except ValueError:
        return f'{brief(text)} is no {what}; write for example "{example}"'
    return None


def _whole(text: str) -> Decimal:
    if not _WHOLE.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def _day(text: str) -> datetime:
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _moment(text: str) -> datetime:
    if not _DAY.match(text):
        raise ValueError(text)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_FORMS: Mapping[str, tuple[str, str, Callable[[str], object]]] = {
    "integer": ("whole number", "12", _whole),
    "double": ("number", "1.5", _number),
    "decimal": ("number", "1.5", _number),
    "boolean": ("boolean", "true", _boolean),
    "date": ("date", "2013-01-31", _day),
    "timestamp": ("instant", "2013-01-31T18:00:00Z", _moment),
    "datetime": ("date and time", "2013-01-31T18:00:00", _moment),
}


def _key(
    kind: CanonicalType, bound: int | Decimal | str
) -> tuple[Decimal, datetime, str]:
    number = Decimal(bound) if kind.is_numeric else Decimal(0)
    moment = _moment(str(bound)) if kind.is_temporal else datetime.min.replace(tzinfo=UTC)
    return number, moment, "" if kind.is_numeric or kind.is_temporal else str(bound)
