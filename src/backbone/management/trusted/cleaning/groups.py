"""The groups in which values are reckoned together: columns, and parts of a time."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.management.trusted.rows.steps import broadcast, select
from backbone.model.schemas import Schema
from backbone.project.cleaning import Groups, Season
from backbone.sql.queries import column

__all__ = [
    "WHOLE", "group_columns", "joining", "key_names", "listed", "present", "same",
]  # fmt: skip

WHOLE = ("whole",)
"""The key where all rows are one group."""


def group_columns(groups: Groups, schema: Schema) -> list[exp.Expr]:
    """Return what tells the groups apart, named by `key_names`."""
    made: list[exp.Expr] = [column(name) for name in groups.per]
    if groups.at is not None:
        made += [_part(groups, schema, groups.at, season) for season in groups.season]
    made = made or [exp.Literal.number(0)]
    names = key_names(groups)
    return [exp.alias_(one, name) for one, name in zip(made, names, strict=True)]


def key_names(groups: Groups) -> tuple[str, ...]:
    """Return the names of `group_columns`."""
    count = len(groups.per) + len(groups.season)
    return tuple(f"k{number}" for number in range(count)) or WHOLE


def listed(names: tuple[str, ...], of: str = "") -> str:
    """Return `names` (of relation `of`) as a list of SQL."""
    return ", ".join(f"{of}.{name}" if of else name for name in names)


def same(left: str, right: str, keys: tuple[str, ...]) -> str:
    """Return SQL for: two relations agree on `keys`."""
    return " and ".join(f"{left}.{key} = {right}.{key}" for key in keys)


def joining(text: str, keys: tuple[str, ...], alias: str) -> exp.Query:
    """Return a select that joins what is known of groups, as `alias`.

    Of one group that is one row, which goes to where the others are.
    """
    return broadcast(select(text), alias) if keys == WHOLE else select(text)


def present(*names: str) -> list[exp.Expr]:
    """Return the conditions that none of the columns is null."""
    return [exp.not_(exp.Is(this=column(n), expression=exp.null())) for n in names]


def _part(groups: Groups, schema: Schema, at: str, season: Season) -> exp.Expr:
    time: exp.Expr = column(at)
    if groups.timezone is not None and schema[at].type.kind == "timestamp":
        zone = exp.Literal.string(groups.timezone)
        time = exp.Anonymous(this="to_local", expressions=[time, zone])
    return _PARTS[season](time)


def _weekday(time: exp.Expr) -> exp.Expr:
    """Return 0 of a Monday to 6 of a Sunday; the first day of the year 1 was a Monday."""
    first = exp.cast(exp.Literal.string("0001-01-01"), "DATE")
    unit = exp.var("DAY")
    days = exp.DateDiff(this=exp.cast(time, "DATE"), expression=first, unit=unit)
    return exp.Mod(this=days, expression=exp.Literal.number(7))


_PARTS: dict[Season, Callable[[exp.Expr], exp.Expr]] = {
    "hour": lambda time: exp.Hour(this=time),
    "weekday": _weekday,
    "month": lambda time: exp.Month(this=time),
}
