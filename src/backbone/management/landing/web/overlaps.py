"""Cursors as they are sent: a little before the greatest value, written as it came."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from backbone.errors import DeclarationError

__all__ = ["before", "sent"]

_OVERLAP = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCHS = {"epoch_s": 1, "epoch_ms": 1_000}
_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:(?P<mark>[T ])(?P<hour>\d{2})(?::(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?P<fraction>[.,]\d+)?)?)?(?P<zone>Z|z|[+-]\d{2}(?::?\d{2})?)?)?"
)


def before(text: str, overlap: str, form: str | None = None) -> str:
    """Return what is `overlap` before a cursor's value, written in the same manner.

    Parameters
    ----------
    text : the greatest value seen: a number, or a time (ISO, or as `form` says)
    overlap : a number for numbers; seconds, minutes, hours, days or weeks for times
    form : a strptime format, ``epoch_s`` or ``epoch_ms``; default: seen from `text`

    Raises
    ------
    DeclarationError : the two do not go together

    >>> before("2024-03-01T00:00:00.5Z", "2d"), before("2024-03-01", "36h")
    ('2024-02-28T00:00:00.5Z', '2024-02-28')
    >>> before("105", "10"), before("1709251200", "1d", "epoch_s")
    ('95', '1709164800')
    """
    found = _OVERLAP.fullmatch(overlap)
    if found is None:
        raise _unfit(text, overlap)
    amount, unit = Decimal(found[1]), found[2]
    if form in _EPOCHS:
        back = amount * _SECONDS.get(unit, 1) * _EPOCHS[form] if unit else amount
        return _less(text, back, overlap)
    if form is not None:
        if not unit:
            raise _unfit(text, overlap)
        return (_strictly(text, form) - _back(amount, unit)).strftime(form)
    if not unit:
        return _less(text, amount, overlap)
    return _moved(text, overlap, _back(amount, unit))


def sent(text: str, form: str | None, send: str | None) -> str:
    """Return a cursor's value as it is sent.

    Parameters
    ----------
    form : how it is written, see `before`
    send : how it is to be written: a strftime format, ``epoch_s`` or ``epoch_ms``;
        default: as it is

    >>> sent("1709251200", "epoch_s", "%Y-%m-%d")
    '2024-03-01'
    """
    if send is None:
        return text
    at = _moment(text, form)
    if send not in _EPOCHS:
        return at.strftime(send)
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return str(since // timedelta(seconds=1 / _EPOCHS[send]))


def _moment(text: str, form: str | None) -> datetime:
    if form in _EPOCHS:
        try:
            seconds = Decimal(text) / _EPOCHS[form]
            return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(seconds))
        except (InvalidOperation, OverflowError):
            raise _unreadable(text, form) from None
    if form is not None:
        return _strictly(text, form)
    at = _iso(text)
    if at is None:
        raise _unreadable(text, "an ISO time")
    return at


def _strictly(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - a zone is part of the form
    except ValueError:
        raise _unreadable(text, form) from None


def _back(amount: Decimal, unit: str) -> timedelta:
    """Return an overlap in whole seconds, the next greater ones."""
    return timedelta(seconds=math.ceil(amount * _SECONDS[unit]))


def _moved(text: str, overlap: str, back: timedelta) -> str:
    """Write the time that is `back` before an ISO time, to the same precision."""
    found = _ISO.fullmatch(text)
    if found is None:
        raise _unfit(text, overlap)
    clock = [found[part] or "00" for part in ("hour", "minute", "second")]
    at = _iso(f"{found['day']}T{':'.join(clock)}")
    if at is None:
        raise _unfit(text, overlap)
    then = at - back
    written = f"{then:%Y-%m-%d}"
    if found["mark"]:
        parts = [f"{then:%H}", f"{then:%M}", f"{then:%S}"]
        kept = sum(found[part] is not None for part in ("hour", "minute", "second"))
        written += found["mark"] + ":".join(parts[:kept]) + (found["fraction"] or "")
    return written + (found["zone"] or "")


def _less(text: str, back: Decimal, overlap: str) -> str:
    try:
        left = Decimal(text) - back
    except InvalidOperation:
        raise _unfit(text, overlap) from None
    return f"{left.normalize():f}" if left % 1 == 0 else f"{left:f}"


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _unfit(text: str, overlap: str) -> DeclarationError:
    mistake = (
        f"`overlap: {overlap}` cannot be taken from {text!a}: a number from numbers, "
        "2d or 6h from times"
    )
    return DeclarationError([mistake], project="an http source")


def _unreadable(text: str, form: str) -> DeclarationError:
    mistake = f"the cursor's value {text!a} is not as declared: {form}"
    return DeclarationError([mistake], project="an http source")
