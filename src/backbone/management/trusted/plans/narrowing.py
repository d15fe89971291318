"""Rows that could be in a pair at all, told by the extrema of their group.

For ``t1.x > t2.y`` a probe needs an x above the smallest y of its group, and a build a y
below the largest x. Where both rows bring the same cell to a comparison that leaves next
to nothing out; where they bring different ones it is often decisive: one aggregation and
a filter in place of a sort. O(n).
"""

from __future__ import annotations

from collections.abc import Sequence

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import Cross

__all__ = ["narrowed"]


def narrowed(frame: Frame) -> tuple[str, Steps]:
    """Return the step with the rows that could be in a pair, and the steps that make it.

    It has the columns of the frame's base, and tells who may be t1 (``f1``) or t2
    (``f2``); the frame of the other role reads it as well. It is the base itself where
    that is not worth while, or the two sides have different keys.
    """
    shape = frame.shape
    apart = [cross for cross in shape.orders if cross.left != cross.right]
    if not apart or any(key.left != key.right for key in shape.keys):
        return frame.base, []
    extremes, near = frame.step("extremes"), frame.step("near")
    return near, [
        (extremes, select(_extremes(frame, apart))),
        (near, frame.joined(_near(frame, apart, extremes), "g")),
    ]


def _extremes(frame: Frame, apart: Sequence[Cross]) -> str:
    """The best probe ``a0, a1 …`` and build ``b0, b1 …`` of a group that may break it."""
    probe, build = frame.flags
    keys = [key.left for key in frame.shape.keys]
    told = [f"{key} as {name}" for key, name in zip(keys, frame.keys, strict=True)]
    needs = []
    for number, cross in enumerate(apart):
        low = cross.op in {">", ">="}
        probes = f"{'max' if low else 'min'}(case when {probe} then {cross.left} end)"
        builds = f"{'min' if low else 'max'}(case when {build} then {cross.right} end)"
        told += [f"{probes} as a{number}", f"{builds} as b{number}"]
        needs.append(f"{probes} {cross.op} {builds}")
    grouped = f"group by {', '.join(keys)} " if keys else ""
    having = f"having {' and '.join(needs)}"
    return f"select {', '.join(told)} from {frame.base} {grouped}{having}"


def _near(frame: Frame, apart: Sequence[Cross], extremes: str) -> str:
    probe, build = frame.flags
    can = {probe: [f"r.{probe}"], build: [f"r.{build}"]}
    for number, cross in enumerate(apart):
        can[probe].append(f"r.{cross.left} {cross.op} g.b{number}")
        can[build].append(f"g.a{number} {cross.op} r.{cross.right}")
    f1, f2 = (" and ".join(can[flag]) for flag in ("f1", "f2"))
    cells = "".join(f", r.{cell.name}" for cell in frame.shape.cells)
    itself = ", r.s" if frame.shape.may_be_alone else ""
    pairs = zip(frame.shape.keys, frame.keys, strict=True)
    on = " and ".join(f"r.{key.left} = g.{name}" for key, name in pairs) or "true"
    return (
        f"select r.id{cells}, {f1} as f1, {f2} as f2{itself} "
        f"from {frame.base} r join {extremes} g on {on} where ({f1}) or ({f2})"
    )
