"""Recursive halving over ranks: one order comparison less, for a factor of log n.

Rows of a group are ranked so that the builds which satisfy a comparison with a probe are
those of lower rank. Ranks are a tree: at every node a probe of one child meets the builds
of the children before it, all of which satisfy the comparison, and each pair of ranks
meets at one node only. What is left is a problem with one comparison less at every node:
a window over the rows of a level, parted by node. O(n log n) a level, log n levels.

A node has four children: a sort for every two bits of the rank, and a running aggregate
for every child but the last, which all use that sort. See Bentley: "Multidimensional
Divide-and-Conquer" (CACM 23(4), 1980) for the halving; here all nodes of a level are done
at once, and a group takes part in as many levels as its ranks have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import STRICT

__all__ = ["FAN_OUT", "Halving", "level_sizes"]

FAN_OUT = 4
_MAX_ROWS = 2**40


def level_sizes(rows: int | None, *, fan_out: int = FAN_OUT) -> list[int]:
    """Return how many ranks a child has, level by level, for `rows` rows at most.

    Unknown, they are taken for many: what a level costs that has no rows is next to
    nothing.

    >>> level_sizes(100)
    [1, 4, 16, 64]
    """
    sizes = [1]
    while sizes[-1] * fan_out < 2 * (_MAX_ROWS if rows is None else rows):
        sizes.append(sizes[-1] * fan_out)
    return sizes


@dataclass(frozen=True)
class Halving:
    """Probes and builds of `frame`, ranked by x0 and numbered in the order of x1.

    With `alike`, a row of the step ``ranked`` is a probe and a build; then x0 is strict,
    or no comparison is. Otherwise ``probe`` is 1 or 0. `carried` are further columns.
    """

    frame: Frame
    alike: bool
    carried: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The column that tells groups apart, if there are several."""
        return ("grp",) if self.frame.keys else ()

    def steps(self) -> Steps:
        """Return the steps up to ``ranked``: ``id, rank, place`` and the `carried`.

        Of groups it has the number ``grp`` (where there are keys), and the highest rank
        in ``last``; ranks begin at 0.
        """
        frame, step = self.frame, self.frame.step
        keys, carried = frame.listed(frame.keys, end=", "), self._listed()
        own = "id" if self.alike else "id, probe"
        ranked = (
            f"select {own}, {keys}x1{carried}, "
            f"dense_rank() over ({self._order(self._by_first())}) - 1 as rank "
            f"from {step('probes' if self.alike else 'both')}"
        )
        placed = (
            f"select {own}, {keys}rank{carried}, "
            f"row_number() over ({self._order(self._by_second())}) as place "
            f"from {step('ranks')}"
        )
        highest = (
            f"select {keys}max(rank) as last from {step('placed')} {frame.grouped()}"
        )
        number = f"row_number() over (order by {frame.listed(frame.keys)}) as grp"
        groups = f"select *{', ' + number if keys else ''} from {step('highest')}"
        listed = "".join(f", p.{name}" for name in self._columns())
        joined = (
            f"select p.id{listed}, g.last{', g.grp' if keys else ''} "
            f"from {step('placed')} p join {step('groups')} g on {frame.on('p', 'g')}"
        )
        return [
            *([] if self.alike else [(step("both"), select(self._both()))]),
            (step("ranks"), select(ranked)),
            (step("placed"), select(placed)),
            (step("highest"), select(highest)),
            (step("groups"), select(groups)),
            (step("ranked"), frame.joined(joined, "g")),
        ]

    def turned(self, other: Frame) -> Steps:
        """Return ``ranked`` of `other`, in which t1 and t2 are exchanged, if `alike`.

        Seen from the other end, the ranks are those that it would have.
        """
        groups = "".join(f", {name}" for name in self.groups)
        text = (
            f"select id, last - rank as rank, -place as place, last{groups}"
            f"{self._listed()} from {self.frame.step('ranked')}"
        )
        return [(other.step("ranked"), select(text))]

    def level(
        self, size: int, aggregate: str, value: str, *, by: Sequence[str] = ()
    ) -> str:
        """Return the select of the probes of a level: ``id``, `carried`, ``best``.

        ``best`` is the `aggregate` of the `value` of the builds that a probe meets, and
        that stand before it in the order of x1. They agree with it on the columns `by`.
        """
        build, probe = ("", "") if self.alike else ("probe = 0 and ", "probe = 1 and ")
        inner = ", ".join(self._rows_of_level())
        nodes = (
            f"select {inner}, rank // {size * FAN_OUT} as node, "
            f"rank // {size} % {FAN_OUT} as child "
            f"from {self.frame.step('ranked')} where last >= {size}"
        )
        useful = "" if self.alike else f"where {probe}child > 0 or {build}child < 3"
        parted = ", ".join([*self.groups, *by, "node"])
        over = (
            f"over (partition by {parted} order by place "
            "rows between unbounded preceding and current row)"
        )
        bests = "".join(
            f", {aggregate}(case when {build}child < {child} then {value} end) {over} "
            f"as best{child}"
            for child in range(1, FAN_OUT)
        )
        running = f"select {inner}, child{bests} from ({nodes}) as n {useful}"
        met = " ".join(f"when {child} then best{child}" for child in range(1, FAN_OUT))
        return (
            f"select id{self._listed()}, case child {met} end as best "
            f"from ({running}) as r where {probe}child > 0"
        )

    def _columns(self) -> tuple[str, ...]:
        own = ("rank", "place") if self.alike else ("probe", "rank", "place")
        return (*own, *self.carried)

    def _rows_of_level(self) -> tuple[str, ...]:
        own = () if self.alike else ("probe",)
        return ("id", *own, "place", *self.groups, *self.carried)

    def _listed(self) -> str:
        return "".join(f", {name}" for name in self.carried)

    def _both(self) -> str:
        frame = self.frame
        columns = f"{frame.listed(frame.keys, end=', ')}x0, x1{self._listed()}"
        probes, builds = frame.step("probes"), frame.step("builds")
        return (
            f"select id, 1 as probe, {columns} from {probes} union all "
            f"select id, 0 as probe, {columns} from {builds}"
        )

    def _order(self, by: str) -> str:
        return f"{self.frame.partition()} order by {by}"

    def _by_first(self) -> str:
        """Equal values have one rank, unless they satisfy the comparison."""
        frame = self.frame
        first = f"x0 {frame.direction(0)}"
        if not self.alike:
            return f"{first}, probe {'desc' if frame.ops[0] in STRICT else 'asc'}"
        if frame.ops[0] in STRICT:
            return first
        return ", ".join(f"x{i} {frame.direction(i)}" for i in range(len(frame.ops)))

    def _by_second(self) -> str:
        """Builds of lower rank with an equal value come first, where equal ones fit."""
        frame = self.frame
        strict = frame.ops[1] in STRICT
        tied = "rank" if self.alike else "probe"
        return f"x1 {frame.direction(1)}, {tied} {'desc' if strict else 'asc'}"
