"""Rows in an order, cut into ranges: a group too large for one task becomes many.

A window over a group puts its rows into one task. Cut, the group is a line of ranges: the
window runs inside each, and what the ranges before it would have added, a value or two,
is carried in. Any bounds are right, they only decide how even the ranges are: they are
rows of a sample, every so many. A row finds its range level by level, each of a few
bounds, as in a search tree. Rows of equal value need not share a range, since the order
ends with the row's number. O(n log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from backbone.management.trusted.rows.steps import Step, Steps, broadcast, select

__all__ = ["Cut", "Order", "ranged"]

_FAN_OUT = 32
_SAMPLED = 64
_PRIME = 2**31 - 1
_SCATTER = 1_103_515_245


@dataclass(frozen=True)
class Cut:
    """Into about how many ranges `rows` rows are cut, all groups together."""

    ranges: int
    rows: int

    @property
    def every(self) -> int:
        """How many rows of the sample make a range."""
        return max(1, min(_SAMPLED, self.rows // self.ranges))

    @property
    def sampled(self) -> int:
        """How many of `_PRIME` rows are in the sample."""
        wanted = self.every * self.ranges
        return min(_PRIME, ceil(_PRIME * wanted / max(self.rows, 1)))

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


def ranged(
    source: str,
    columns: Sequence[str],
    order: Order,
    cut: Cut,
    *,
    keys: Sequence[str],
    suffix: str,
) -> Steps:
    """Return steps of which the last, ``ranged``, has the rows of `source` and ``part``.

    Parameters
    ----------
    source : a step with `columns`, among them ``id`` and those of `order`
    keys : the first columns of `order`, which tell groups apart
    suffix : what the names of the steps end with

    Notes
    -----
    `part` counts the ranges from 0, in the direction of the order. ``divided`` is true
    for groups of which there may be several ranges. The step ``bounds`` has the row that
    each range begins with (for that of part 0: or a later one).
    """
    sample = (
        f"select {', '.join(order.names)} from {source} "
        f"where id % {_PRIME} * {_SCATTER} % {_PRIME} < {cut.sampled}"
    )
    placed = (
        f"select *, row_number() over ({order.by()}) - 1 as place from sample{suffix}"
    )
    bounds = (
        f"select {', '.join(order.names)}, place // {cut.every} as part "
        f"from placed{suffix} where place % {cut.every} = 0"
    )
    steps: Steps = [
        (f"sample{suffix}", select(sample)),
        (f"placed{suffix}", select(placed)),
        (f"bounds{suffix}", select(bounds)),
    ]
    below = source
    for level in range(cut.levels):
        leaves = _FAN_OUT ** (cut.levels - 1 - level)
        steps.append(_nodes(order, leaves, level, suffix))
        step = _found(below, columns, order, keys if leaves == 1 else None, level, suffix)
        steps.append(step)
        below, _ = step
    return steps


def _nodes(order: Order, leaves: int, level: int, suffix: str) -> Step:
    """The children of a level, each with the bound that it ends before, if any.

    The eldest of its parent's has no bound to begin with: its parent has.
    """
    siblings = leaves * _FAN_OUT
    eldest = f"part % {siblings} = 0" if level else "part = 0"
    ends = ", ".join(f"lead({n}) over (order by part) as to_{n}" for n in order.names)
    text = (
        f"select {', '.join(order.names)}, part // {leaves} as child, "
        f"part // {siblings} as parent, {eldest} as eldest, {ends} "
        f"from bounds{suffix} where part % {leaves} = 0"
    )
    return f"nodes{level}{suffix}", select(text)


def _found(
    below: str,
    columns: Sequence[str],
    order: Order,
    keys: Sequence[str] | None,
    level: int,
    suffix: str,
) -> Step:
    """Every row with its child; on the last level (`keys`) that is its range."""
    own = [f"b.{name}" for name in order.names]
    starts = order.before(own, [f"n.{name}" for name in order.names])
    ends = order.before(own, [f"n.to_{name}" for name in order.names])
    of_parent = f"n.parent = b.child{level - 1} and " if level else ""
    listed = ", ".join(f"b.{name}" for name in columns)
    found, name = f"coalesce(n.child, 0) as child{level}", f"level{level}{suffix}"
    if keys is not None:
        found, name = f"coalesce(n.child, 0) as part, {_divided(keys)}", f"ranged{suffix}"
    text = (
        f"select {listed}, {found} from {below} b "
        f"left join nodes{level}{suffix} n on {of_parent}"
        f"(n.eldest or not {starts}) and (n.to_id is null or {ends})"
    )
    return name, broadcast(select(text), "n")


def _divided(keys: Sequence[str]) -> str:
    """A group that a range begins or ends with may have others."""
    if not keys:
        return "true as divided"
    begins = " and ".join(f"b.{key} = n.{key}" for key in keys)
    ends = " and ".join(f"b.{key} = n.to_{key}" for key in keys)
    return f"coalesce({begins}, false) or coalesce({ends}, false) as divided"
