"""The values that an incremental collection of a database goes on from."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from backbone.errors import BadResponse
from backbone.management.landing.databases.columntypes import as_text

__all__ = ["cursor_text", "moved_back", "typed"]

_OVERLAP = re.compile(r"(\d+)([smhd]?)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:([T ])(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?(.*)"
)
_KINDS: tuple[tuple[type, str], ...] = (
    (datetime, "a timestamp"),
    (date, "a date"),
    (int, "a whole number"),
    (Decimal, "a number"),
    (str, "a text"),
)
_WANTED = "A cursor needs whole numbers, timestamps, dates or texts."


def cursor_text(value: Any, column: str) -> str:
    """Return a value as a delivery's reference keeps it.

    >>> cursor_text(date(2024, 2, 29), "day")
    '2024-02-29'

    Raises
    ------
    BadResponse : it is of a type whose values have no order that can be relied on
    """
    _kind(value, column)
    return as_text(value)


def typed(text: str, like: Any, column: str) -> Any:
    """Return the value of a cursor's text, of the type of another value of its column.

    >>> typed("7", 12, "id"), typed("2024-02-29", date(2025, 1, 1), "day")
    (7, datetime.date(2024, 2, 29))

    Raises
    ------
    BadResponse : the text is no such value
    """
    kind = _kind(like, column)
    try:
        if isinstance(like, datetime):
            return _instant(text, like)
        if isinstance(like, date):
            return date.fromisoformat(text)
        return type(like)(text)
    except (ValueError, InvalidOperation):
        what = f"the collection cannot go on from `{text}`: `{column}` holds {kind}"
        hint = "Declare `start`, or collect the dataset under another name."
        raise BadResponse(what, hint=hint) from None


def moved_back(value: Any, overlap: str, column: str) -> Any:
    """Return a value less an overlap: a number, or seconds, minutes, hours or days.

    >>> moved_back(120, "20", "id")
    100
    >>> moved_back("2024-03-01T00:10Z", "15m", "at")
    '2024-02-29T23:55Z'

    Raises
    ------
    BadResponse : the column's values have no such distance
    """
    found = _OVERLAP.fullmatch(overlap)
    kind = _kind(value, column)
    unit = found[2] if found else ""
    amount = int(found[1]) if found else 0
    try:
        if isinstance(value, (int, Decimal)) and not unit:
            return value - amount
        if unit and isinstance(value, (datetime, date)):
            return _earlier(value, timedelta(seconds=amount * _SECONDS[unit]))
        if unit and isinstance(value, str):
            return _earlier_text(value, timedelta(seconds=amount * _SECONDS[unit]))
    except OverflowError:
        return value.min if isinstance(value, date) else value
    except ValueError:
        pass
    what = f"an overlap of `{overlap}` does not fit `{column}`, which holds {kind}"
    hint = "Numbers overlap by a number, times by 90s, 15m, 6h or 3d, texts not at all."
    raise BadResponse(what, hint=hint)


def _kind(value: Any, column: str) -> str:
    if not isinstance(value, bool):
        for kind, words in _KINDS:
            if isinstance(value, kind):
                return words
    what = f"`{column}` holds values of the type {type(value).__name__}"
    raise BadResponse(what, hint=_WANTED)


def _instant(text: str, like: datetime) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None and like.tzinfo is not None:
        return value.replace(tzinfo=like.tzinfo)
    if value.tzinfo is not None and like.tzinfo is None:
        raise ValueError
    return value


def _earlier(value: Any, by: timedelta) -> Any:
    if isinstance(value, datetime):
        return value - by
    return value - timedelta(days=-(-by // timedelta(days=1)))


def _earlier_text(text: str, by: timedelta) -> str:
    """Return an earlier time in the same spelling."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError
    day, between, clock, zone = found.groups()
    if clock is None:
        return f"{_earlier(date.fromisoformat(day), by).isoformat()}{zone}"
    whole, dot, fraction = clock.partition(".")
    value = datetime.fromisoformat(f"{day} {whole}") - by
    form = "%H:%M:%S" if whole.count(":") > 1 else "%H:%M"
    # A part of a minute that the spelling has no room for is taken off besides.
    return f"{value:%Y-%m-%d}{between}{value.strftime(form)}{dot}{fraction}{zone}"
