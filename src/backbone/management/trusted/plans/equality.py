"""Equalities and ``<>``: group by the equal columns.

Without ``<>``, a group of more than one row violates; with one, the smallest and the
largest value of the group tell whether any value differs. With several, or where a row
could satisfy the rule with itself, partners are counted by inclusion and exclusion:
``N - N(c) - N(d) + N(c, d)``, minus the row itself. O(n) for a fixed number of ``<>``.
"""

from __future__ import annotations

from itertools import chain, combinations

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.rows.steps import Step, Steps, select

__all__ = ["counted", "found"]


def found(frame: Frame) -> Steps:
    """Return the steps that find the probes with a partner."""
    steps = _candidates(frame)
    if len(frame.differs) <= 1 and not (frame.differs and frame.shape.may_be_alone):
        return [*steps, _step(frame, "found", f"select id from {frame.step('near')}")]
    counts = frame.step("counts")
    last = f"select id from {counts} where pairs > 0"
    return [*steps, *_counts(frame), _step(frame, "found", last)]


def counted(frame: Frame) -> Steps:
    """Return the steps that count the pairs exactly (``pairs``, one row).

    A pair of a symmetric rule counts once.
    """
    half = " // 2" if frame.shape.symmetric else ""
    total = f"cast(coalesce(sum(pairs), 0){half} as bigint)"
    last = f"select {total} as pairs from {frame.step('counts')}"
    return [*_candidates(frame), *_counts(frame), _step(frame, "total", last)]


def _step(frame: Frame, name: str, text: str) -> Step:
    return frame.step(name), select(text)


def _candidates(frame: Frame) -> Steps:
    """``near``: the probes whose group has what a partner needs, value by value."""
    bounds = "".join(f", min({d}) as lo_{d}, max({d}) as hi_{d}" for d in frame.differs)
    mixed = [f"min({d}) <> max({d})" for d in frame.differs] or ["count(*) > 1"]
    having = f"having {' and '.join(mixed)}" if frame.shape.same_sides else ""
    groups = (
        f"select {frame.listed(frame.keys, end=', ')}count(*) as n{bounds} "
        f"from {frame.step('builds')} {frame.grouped()} {having}"
    )
    needs = [f"(g.lo_{d} <> p.{d} or g.hi_{d} <> p.{d})" for d in frame.differs]
    if not frame.differs:
        needs = [
            "g.n > "
            + ("case when p.s then 1 else 0 end" if frame.shape.may_be_alone else "0")
        ]
    near = (
        f"select p.*, g.n from {frame.step('probes')} p join {frame.step('groups')} g "
        f"on {frame.on('p', 'g')} where {' and '.join(needs)}"
    )
    return [_step(frame, "groups", groups), (frame.step("near"), frame.joined(near, "g"))]


def _counts(frame: Frame) -> Steps:
    """``counts``: the candidates with the number of their partners."""
    near, builds = frame.step("near"), frame.step("builds")
    steps: Steps = []
    if frame.keys:
        reach = f"select distinct {frame.listed(frame.keys)} from {near}"
        if frame.shape.same_sides:  # then every row of such a group is near
            reach = f"select {frame.listed(frame.keys)} from {frame.step('groups')}"
        steps.append((frame.step("reach"), select(reach)))
        on = frame.on("b", "r")
        text = f"select b.* from {builds} b join {frame.step('reach')} r on {on}"
        steps.append((frame.step("partners"), select(text)))
        builds = frame.step("partners")
    terms, joins = ["p.n"], ""
    for number, names in enumerate(_subsets(frame.differs)):
        same = frame.step(f"same{number}")
        columns = frame.listed([*frame.keys, *names])
        text = f"select {columns}, count(*) as n from {builds} {frame.grouped(names)}"
        steps.append((same, select(text)))
        joins += f" left join {same} s{number} on {frame.on('p', f's{number}', names)}"
        sign = "-" if len(names) % 2 else "+"
        terms.append(f"{sign} coalesce(s{number}.n, 0)")
    if frame.shape.may_be_alone:
        terms.append("- case when p.s then 1 else 0 end")
    text = f"select p.id, {' '.join(terms)} as pairs from {near} p{joins}"
    return [*steps, (frame.step("counts"), select(text))]


def _subsets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    sizes = range(1, len(names) + 1)
    return list(chain.from_iterable(combinations(names, size) for size in sizes))
