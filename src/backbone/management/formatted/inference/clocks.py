"""Which clocks local times were read from, by the hours that clocks skip and repeat.

Where clocks are put forward an hour is missing, where they are put back one is there
twice. On which Sunday and at which hour that happens is different for each part of the
world; a series that has records in every hour around it tells its zone, or that it has
none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backbone.engines.raw.looking.observed import Observed
from backbone.model.choices import Choice

__all__ = ["clocks_of"]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST_HOURS = 400_000
_SIGNS = 2


@dataclass(frozen=True)
class _Clocks:
    """Clocks that go forward and back: (month, Sunday, hour); -1 is the last Sunday."""

    zone: str
    others: tuple[str, ...]
    forward: tuple[int, int, int]
    back: tuple[int, int, int]

    def days(self, year: int) -> tuple[datetime, datetime]:
        """Return the hour that is skipped and the one that comes twice."""
        return _sunday(year, *self.forward), _sunday(year, *self.back)


_KNOWN = (
    _Clocks("Europe/Paris", ("Europe/Berlin", "Europe/Madrid", "Europe/Belgrade",
            "Europe/Rome", "Europe/Warsaw"), (3, -1, 2), (10, -1, 2)),
    _Clocks("Europe/London", ("Europe/Lisbon", "Europe/Dublin"), (3, -1, 1), (10, -1, 1)),
    _Clocks("Europe/Athens", ("Europe/Helsinki", "Europe/Bucharest", "Europe/Kyiv"),
            (3, -1, 3), (10, -1, 3)),
    _Clocks("America/New_York", ("America/Chicago", "America/Denver",
            "America/Los_Angeles"), (3, 2, 2), (11, 1, 1)),
    _Clocks("Australia/Sydney", ("Australia/Melbourne",), (10, 1, 2), (4, 1, 2)),
    _Clocks("Pacific/Auckland", (), (9, -1, 2), (4, 1, 2)),
)  # fmt: skip


def _sunday(year: int, month: int, which: int, hour: int) -> datetime:
    first = datetime(year, month, 1, hour)  # noqa: DTZ001 - a wall clock
    day = first + _DAY * ((6 - first.weekday()) % 7)
    if which > 0:
        return day + 7 * _DAY * (which - 1)
    while (day + 7 * _DAY).month == month:
        day += 7 * _DAY
    return day


@dataclass
class _Tally:
    skipped: int = 0
    kept: int = 0
    twice: int = 0
    once: int = 0


def clocks_of(
    seen: Observed, column: int, name: str, formats: Sequence[str]
) -> Choice | None:
    """Say which zone local times of a column could be of, if they tell or may be asked.

    Returns
    -------
    A choice of `timezone`; its value is None where that stays a question. None if the
    column has no hours.
    """
    what = f"columns.{name}.timezone"
    question = (
        "in which time zone are these local times? They stay without one until told"
    )
    hours: dict[datetime, tuple[int, int]] = {}
    for form in formats:
        for hour, rows, times in seen.hours(column, form):
            hours[hour] = (rows, times)
    if len(hours) > _MOST_HOURS or not hours:
        return Choice(what, None, 0.5, "nothing tells the zone", ask=question)
    tallies = {clocks.zone: _tally(hours, clocks) for clocks in _KNOWN}
    best = max(_KNOWN, key=lambda clocks: _score(tallies[clocks.zone]))
    tally = tallies[best.zone]
    said = ", ".join(_words(tally))
    if _score(tally) >= _SIGNS and not tally.kept:
        sure = 0.75
        others = ", ".join(best.others)
        ask = f"the clocks are those of {best.zone}; also of {others}: which is it?"
        return Choice(what, best.zone, sure, said, alternatives=best.others, ask=ask)
    if tally.skipped > tally.kept:  # a clock may be late once, or keep one hour of two
        zones = (best.zone, *best.others, "UTC")
        return Choice(what, None, 0.5, said, alternatives=zones, ask=question)
    if any(one.kept for one in tallies.values()):
        most = max(tallies.values(), key=lambda one: one.kept + one.once)
        said = ", ".join(_words(most)) + ": UTC, or a zone whose clocks do not change"
        return Choice(what, None, 0.5, said, alternatives=("UTC",), ask=question)
    if said:
        zones = (best.zone, *best.others)
        return Choice(what, None, 0.5, said, alternatives=zones, ask=question)
    return Choice(what, None, 0.5, "no change of clocks is in the data", ask=question)


def _score(tally: _Tally) -> int:
    return tally.skipped + tally.twice - 2 * tally.kept - tally.once


def _words(tally: _Tally) -> Iterator[str]:
    for count, text in (
        (tally.skipped, "{} of the hours that clocks skip have no record"),
        (tally.kept, "{} of the hours that clocks skip have records"),
        (tally.twice, "{} of the hours that clocks repeat are there twice"),
        (tally.once, "{} of the hours that clocks repeat are there once"),
    ):
        if count:
            yield text.format(count)


def _tally(hours: Mapping[Any, tuple[int, int]], clocks: _Clocks) -> _Tally:
    found = _Tally()
    years = range(min(hours).year, max(hours).year + 1)
    for year in years:
        forward, back = clocks.days(year)
        usual = _usual(hours, forward)
        if usual:
            rows = hours.get(forward, (0, 0))[0]
            found.skipped += rows == 0
            found.kept += rows * 2 >= usual
        usual = _usual(hours, back)
        if usual:
            rows = hours.get(back, (0, 0))[0]
            found.twice += rows >= 1.8 * usual
            found.once += 0 < rows <= 1.2 * usual
    return found


def _usual(hours: Mapping[Any, tuple[int, int]], at: datetime) -> float:
    """Return how many records an hour has there; 0 where hours are missing anyway."""
    around = [at - _HOUR, at + _HOUR, at - _DAY, at + _DAY]
    counts = sorted(hours.get(one, (0, 0))[0] for one in around)
    return 0 if not counts[0] or counts[-1] > 1.5 * counts[0] else counts[1]
