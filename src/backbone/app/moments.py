"""Instants as a person types them: a date, a time, how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

__all__ = ["moment_of"]

_AGO = re.compile(r"(\d{1,6})\s*(minute|hour|day|week|[mhdw])s?\s+ago", re.IGNORECASE)
_STEPS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}.*")


def moment_of(text: str, *, now: datetime | None = None) -> datetime | None:
    """Return the instant that `text` names; None where it names none.

    A date is its first moment; what has no time zone is in UTC.

    >>> moment_of("2026-11-01")
    datetime.datetime(2026, 11, 1, 0, 0, tzinfo=datetime.timezone.utc)
    >>> moment_of("2 days ago", now=datetime(2026, 11, 3, 6, tzinfo=UTC))
    datetime.datetime(2026, 11, 1, 6, 0, tzinfo=datetime.timezone.utc)
    >>> moment_of("monthly-report") is None
    True
    """
    said = text.strip()
    ago = _AGO.fullmatch(said)
    if ago:
        before = int(ago[1]) * _STEPS[ago[2][0].lower()]
        return (now or datetime.now(UTC)) - before
    if not _DATED.fullmatch(said):
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
