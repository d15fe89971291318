"""Which sources are due, and when the others will be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backbone.lake.lake import Lake
from backbone.project import Project
from backbone.project.schedules import Schedule, seconds_of

__all__ = ["Turn", "mend", "serve", "turns"]

_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Turn:
    """Where a source stands in its schedule (instants in UTC).

    `served` is the last moment that it was collected for, `missed` how many of its
    moments have passed since and are made up by one collection. If it `is_due`, it is due
    since `moment`; otherwise it will be then. `is_ahead` where the clock stood in the
    future once: what it noted then counts no more (see `mend`). `why` is for people.
    """

    source: str
    schedule: Schedule
    served: datetime | None
    moment: datetime
    is_due: bool
    missed: int = 0
    is_ahead: bool = False
    why: str = ""


def turns(
    project: Project, lake: Lake, now: datetime, names: Iterable[str] | None = None
) -> list[Turn]:
    """Return where the sources that have a schedule stand, the next one first.

    Parameters
    ----------
    now : the clock of whoever asks, with a zone
    names : sources; all by default
    """
    wanted = project.sources if names is None else names
    found = []
    for name in wanted:
        schedule = project.sources[name].schedule
        if schedule is not None:
            found.append(_turn(project, name, schedule, lake.served.get(name), now))
    return sorted(found, key=lambda one: (not one.is_due, one.moment, one.source))


def serve(project: Project, lake: Lake, source: str, started: datetime) -> None:
    """Note that a source was collected, for all moments up to when that `started`."""
    schedule = project.sources[source].schedule
    if schedule is not None:
        lake.served.put(source, _last(project, source, schedule, started))


def mend(project: Project, lake: Lake, found: Iterable[Turn], now: datetime) -> None:
    """Put notes that a clock made in the future back to now, or they block for long."""
    for one in found:
        if one.is_ahead:
            serve(project, lake, one.source, now)


def _turn(
    project: Project,
    name: str,
    schedule: Schedule,
    served: datetime | None,
    now: datetime,
) -> Turn:
    if served is None:
        why = "it was never collected on schedule"
        return Turn(name, schedule, None, now, is_due=True, missed=1, why=why)
    if served > now + _CLOCKS_DIFFER:
        why = "the clock went back; its next moment counts"
        moment = _delayed(project, name, schedule, schedule.after(now))
        return Turn(name, schedule, served, moment, is_due=False, is_ahead=True, why=why)
    last = _last(project, name, schedule, now)
    missed = _count(schedule, served, last)
    moment = _delayed(project, name, schedule, last)
    late = now - moment
    limit = schedule.within
    if not missed:
        moment = _delayed(project, name, schedule, schedule.after(last))
        return Turn(name, schedule, served, moment, is_due=False)
    if limit is not None and late > timedelta(seconds=seconds_of(limit)):
        moment = _delayed(project, name, schedule, schedule.after(last))
        why = f"missed {last:%Y-%m-%d %H:%M}, more than {limit} ago"
        return Turn(name, schedule, served, moment, is_due=False, missed=missed, why=why)
    why = f"{missed:,} moments were missed" if missed > 1 else ""
    return Turn(name, schedule, served, moment, is_due=True, missed=missed, why=why)


def _last(project: Project, name: str, schedule: Schedule, now: datetime) -> datetime:
    """Return the last moment whose turn, with its delay, has come."""
    moment = schedule.before(now)
    while _delayed(project, name, schedule, moment) > now:
        moment = schedule.before(moment - timedelta(microseconds=1))
    return moment


_MANY = 1_000


def _count(schedule: Schedule, served: datetime, last: datetime) -> int:
    """Return how many moments lie behind `served`, up to `last`; at most 1,000."""
    count, moment = 0, served
    while moment < last and count < _MANY:
        moment = schedule.after(moment)
        count += moment <= last
    return count


def _delayed(
    project: Project, name: str, schedule: Schedule, moment: datetime
) -> datetime:
    """Return when a moment's turn comes: its delay is its own, whoever computes it."""
    if schedule.jitter is None:
        return moment
    text = f"{project.name}/{name}/{moment.isoformat()}"
    share = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
    return moment + timedelta(seconds=share * seconds_of(schedule.jitter))
