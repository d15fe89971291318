"""Order comparisons and several ``<>``: partners are counted, by inclusion and exclusion.

The partners of a probe are the builds that fit in the order comparisons, minus those that
agree with it on one of the columns that must differ, plus those that agree on two of
them, and so on; minus the row itself where it satisfies the rule alone. Each of these is
a count of builds before a probe, in groups of the rows that agree: running counts for one
comparison, halving with running counts for two. O(n log n), or O(n log² n), for a fixed
number of ``<>``, of which each doubles the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.plans.halving import Halving, level_sizes
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import STRICT

__all__ = ["counted", "found", "kept"]


def kept(frame: Frame) -> tuple[str, ...]:
    """Return the steps that many others read."""
    return (frame.step("ranked" if len(frame.ops) > 1 else "both"),)


def found(frame: Frame, *, rows: int | None) -> Steps:
    """Return the steps that find the probes with a partner.

    `rows` is how many rows there are at most, if that is known.
    """
    counts = f"select id from {frame.step('counts')} group by id having sum(n) > 0"
    return [*_counts(frame, rows), (frame.step("found"), select(counts))]


def counted(frame: Frame, *, rows: int | None) -> Steps:
    """Return the steps that count the pairs exactly (``pairs``, one row).

    A pair of a symmetric rule counts once.
    """
    half = " // 2" if frame.shape.symmetric else ""
    total = f"cast(coalesce(sum(n), 0){half} as bigint)"
    last = f"select {total} as pairs from {frame.step('counts')}"
    return [*_counts(frame, rows), (frame.step("total"), select(last))]


def _counts(frame: Frame, rows: int | None) -> Steps:
    """``counts``: rows (id, n) of which the sum of n, by id, is how many partners."""
    steps, branches = (_halved if len(frame.ops) > 1 else _running)(frame, rows)
    if frame.shape.may_be_alone:
        branches.append(f"select id, -1 as n from {frame.step('probes')} where s")
    return [*steps, (frame.step("counts"), select(" union all ".join(branches)))]


def _running(frame: Frame, _rows: int | None) -> tuple[Steps, list[str]]:
    columns = frame.listed([*frame.keys, "x0", *frame.differs])
    both = (
        f"select id, 1 as probe, {columns} from {frame.step('probes')} union all "
        f"select id, 0 as probe, {columns} from {frame.step('builds')}"
    )
    way = "desc" if frame.ops[0] in STRICT else "asc"
    order = f"order by x0 {frame.direction(0)}, probe {way}"
    branches = []
    for sign, names in _subsets(frame.differs):
        parted = ", ".join([*frame.keys, *names])
        over = f"{f'partition by {parted} ' if parted else ''}{order}"
        running = (
            "select id, probe, count(case when probe = 0 then 1 end) over "
            f"({over} rows between unbounded preceding and current row) as n "
            f"from {frame.step('both')}"
        )
        branches.append(
            f"select id, {sign} * n as n from ({running}) as r where probe = 1"
        )
    return [(frame.step("both"), select(both))], branches


def _halved(frame: Frame, rows: int | None) -> tuple[Steps, list[str]]:
    alike = frame.shape.same_sides and frame.ops[0] in STRICT
    halving = Halving(frame, alike, frame.differs)
    branches = [
        f"select id, {sign} * best as n "
        f"from ({halving.level(size, 'count', '1', by=names)}) as l where best > 0"
        for sign, names in _subsets(frame.differs)
        for size in level_sizes(rows)
    ]
    return halving.steps(), branches


def _subsets(names: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Return all subsets of `names`, each with the sign of its count."""
    sizes = range(len(names) + 1)
    every = chain.from_iterable(combinations(names, size) for size in sizes)
    return [(-1 if len(subset) % 2 else 1, subset) for subset in every]
