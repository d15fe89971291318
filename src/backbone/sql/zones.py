"""Wall clocks and instants, in the DuckDB dialect.

``to_utc(local, zone)``
    The instant at which clocks in an IANA zone show a wall-clock time. An hour that
    clocks show twice means its first time; an hour that they skip is moved forward by
    what was skipped (02:30 becomes 03:30), as java.time and ICU do.
``to_local(instant, zone)``
    What clocks in a zone show at an instant: a wall-clock time without a zone.

Both take the zone from a constant or from a column, and are null where an argument is.
DuckDB sets up a calendar for every row whose zone is not a constant, which costs more
than the conversion. So a zone that comes from a column is compared with zones that are
common, each with a branch of its own in which it is a constant; any other zone is
converted as it is. The result is the same.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

__all__ = ["to_local", "to_utc"]

Verb = Callable[[exp.Expr, exp.Expr], exp.Expr]

_COMMON_ZONES = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Phoenix",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Toronto",
    "America/Mexico_City",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Paris",
    "Europe/Berlin",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Belgrade",
    "Europe/Warsaw",
    "Europe/Istanbul",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Australia/Sydney",
    "Pacific/Auckland",
)


def _to_local(instant: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _shown(exp.cast(instant, "timestamptz"), zone)


def _to_utc(local: exp.Expr, zone: exp.Expr) -> exp.Expr:
    # DuckDB means the second of two equal hours. If clocks were changed within the day
    # before, the offset of a day before tells the first one; else there is only one.
    wall = exp.cast(local, "timestamp")
    second = _shown(wall, zone)
    before, day_before = _shown(_minus(second, _day()), zone), _minus(wall, _day())
    first = _minus(second, _minus(before, day_before))
    unchanged = exp.EQ(this=before, expression=day_before)
    twice = exp.EQ(this=_shown(first, zone), expression=wall.copy())
    return exp.case().when(unchanged, second).when(twice, first).else_(second.copy())


def _by_zone(verb: Verb) -> Verb:
    """Return `verb` with a branch for each common zone, where the zone is no constant."""

    def branched(time: exp.Expr, zone: exp.Expr) -> exp.Expr:
        if isinstance(zone, exp.Literal):
            return verb(time, zone)
        branches = [
            exp.If(
                this=exp.Literal.string(name), true=verb(time, exp.Literal.string(name))
            )
            for name in _COMMON_ZONES
        ]
        return exp.Case(this=zone.copy(), ifs=branches, default=verb(time, zone))

    return branched


def _shown(time: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="timezone", expressions=[zone.copy(), time.copy()])


def _minus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.paren(exp.Sub(this=left.copy(), expression=right.copy()), copy=False)


def _day() -> exp.Expr:
    return exp.Interval(this=exp.Literal.string("24"), unit=exp.var("HOUR"))


to_local: Verb = _by_zone(_to_local)
to_utc: Verb = _by_zone(_to_utc)
