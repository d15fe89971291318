"""Rows in an order, cut into ranges: a group too large for one task becomes many.

A window over a group puts its rows into one task. Cut, the group is a row of ranges: the
window runs inside each, and what the ranges before it would have added, a value or two,
is carried in. Any bounds are right, they only decide how even the ranges are: they are
rows of a sample, every so many. A row finds its range level by level, each of a few
bounds, as in a search tree; equal rows share no range by necessity, since the order ends
with the row's number. O(n log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from sqlglot import exp

from backbone.management.trusted.plans.frame import Step, Steps, select

__all__ = ["Cut", "Order", "broadcast", "ranged"]

_FAN_OUT = 16
_SAMPLED = 64
_PRIME = 2**31 - 1
_SCATTER = 1_103_515_245


@dataclass(frozen=True)
class Cut:
    """Into how many ranges `rows` rows are cut, all groups together."""

    ranges: int
    rows: int

    @property
    def sampled(self) -> int:
        """Rows of every `_PRIME` that are in the sample."""
        return min(_PRIME, ceil(_PRIME * _SAMPLED * self.ranges / max(self.rows, 1)))

    @property
    def levels(self) -> int:
        """How often a row is compared with a few bounds to find its range."""
        return next(n for n in range(1, 64) if _FAN_OUT**n >= self.ranges)


@dataclass(frozen=True)
class Order:
    """Columns and their directions (``asc`` or ``desc``), first the keys of the groups.

    No two rows are equal in all of them, and none of them is null.
    """

    columns: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(name for name, _ in self.columns)

    def by(self) -> str:
        """Return the order by clause."""
        return "order by " + ", ".join(f"{n} {way}" for n, way in self.columns)

    def before(self, left: Sequence[str], right: Sequence[str]) -> str:
        """Return the condition that the row of `left` stands before that of `right`."""
        condition = ""
        for (_, way), one, other in reversed(
            list(zip(self.columns, left, right, strict=True))
        ):
            ahead = f"{one} {'<' if way == 'asc' else '>'} {other}"
            equal = f" or ({one} = {other} and {condition})" if condition else ""
            condition = f"({ahead}{equal})"
        return condition


def broadcast(query: exp.Query, *aliases: str) -> exp.Query:
    """Tell engines that ask that relations `aliases` of `query` are small."""
    hint = exp.Hint(
        expressions=[
            exp.JoinHint(this="BROADCAST", expressions=[exp.to_table(alias)])
            for alias in aliases
        ]
    )
    query.set("hint", hint)
    return query


def ranged(
    source: str, columns: Sequence[str], order: Order, cut: Cut, suffix: str
) -> Steps:
    """Return steps of which the last, ``ranged``, has the rows of `source` and ``part``.

    Parameters
    ----------
    source : a step with `columns`, among them ``id`` and those of `order`
    suffix : what the names of the steps end with

    Notes
    -----
    `part` counts the ranges from 0, in the direction of the order. The step ``bounds``
    has the row that each range begins with, the first of them with part 0.
    """
    steps = _bounds(source, order, cut, suffix)
    below = source
    for level in range(cut.levels):
        steps += [_nodes(order, cut, level, suffix), _found(below, order, level, suffix)]
        below = f"level{level}{suffix}"
    last = f"select {', '.join(columns)}, part{cut.levels - 1} as part from {below}"
    return [*steps, (f"ranged{suffix}", select(last))]


def _bounds(source: str, order: Order, cut: Cut, suffix: str) -> Steps:
    listed = ", ".join(order.names)
    sample = (
        f"select {listed} from {source} "
        f"where id % {_PRIME} * {_SCATTER} % {_PRIME} < {cut.sampled}"
    )
    placed = (
        f"select *, row_number() over ({order.by()}) as place, count(*) over () as n "
        f"from sample{suffix}"
    )
    numbered = f"select *, (place - 1) * {cut.ranges} // n as part from placed{suffix}"
    following = (
        f"select *, lag(part) over (order by place) as previous from numbered{suffix}"
    )
    bounds = (
        f"select {listed}, part, place from following{suffix} "
        "where previous is null or previous < part"
    )
    return [
        (f"sample{suffix}", select(sample)),
        (f"placed{suffix}", select(placed)),
        (f"numbered{suffix}", select(numbered)),
        (f"following{suffix}", select(following)),
        (f"bounds{suffix}", select(bounds)),
    ]


def _nodes(order: Order, cut: Cut, level: int, suffix: str) -> Step:
    """The children of this level: where each begins (null: with its parent) and ends."""
    leaves = _FAN_OUT ** (cut.levels - 1 - level)
    among = f"over (partition by part // {leaves * _FAN_OUT} order by place)"
    new = f"select *, lag(part // {leaves}) {among} as elder from bounds{suffix}"
    kept = f"select * from ({new}) as b where elder is null or elder < part // {leaves}"
    ends = ", ".join(f"lead({name}) {among} as to_{name}" for name in order.names)
    text = (
        f"select *, part // {leaves} as child, part // {leaves * _FAN_OUT} as parent, "
        f"{ends} from ({kept}) as k"
    )
    return f"nodes{level}{suffix}", select(text)


def _found(below: str, order: Order, level: int, suffix: str) -> Step:
    """Every row with the child that it belongs to."""
    own = [f"b.{name}" for name in order.names]
    starts = order.before(own, [f"n.{name}" for name in order.names])
    ends = order.before(own, [f"n.to_{name}" for name in order.names])
    of_parent = f"n.parent = b.part{level - 1} and " if level else ""
    text = (
        f"select b.*, coalesce(n.child, 0) as part{level} from {below} b "
        f"left join nodes{level}{suffix} n on {of_parent}"
        f"(n.elder is null or not {starts}) and (n.to_id is null or {ends})"
    )
    return f"level{level}{suffix}", broadcast(select(text), "n")
