"""Equalities and three order comparisons: halving, and a running extremum at each node.

At every node of the ranks by x0, the builds that satisfy the second comparison with a
probe are those before it in the order of x1; the extremum of their x2 decides the third.
With a ``<>`` besides, the best two of different value are kept (`best_two`), with two
children a node. O(n log² n).
"""

from __future__ import annotations

from backbone.management.trusted.plans.best_two import Marks, best_two
from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.plans.halving import Halving, level_sizes
from backbone.management.trusted.plans.ranges import Order
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import STRICT

__all__ = ["found", "kept"]


def kept(frame: Frame) -> tuple[str, ...]:
    """Return the steps that many others read."""
    return (frame.step("ranked"),)


def found(frame: Frame, *, rows: int | None, first: Frame | None = None) -> Steps:
    """Return the steps that find the probes with a partner.

    Parameters
    ----------
    rows : how many rows there are at most, if that is known
    first : the frame of the other role, if its steps come before
    """
    if frame.other and not frame.alike:
        return _with_other(frame, rows)
    halving = Halving(frame, frame.alike, ("x2",))
    if first is not None and frame.alike:
        steps = Halving(first, alike=True, carried=("x2",)).turned(frame)
    else:
        steps = halving.steps()
    branches = [
        f"select id from ({halving.level(size, frame.best(2), 'x2')}) as l "
        f"where x2 {frame.ops[2]} best"
        for size in level_sizes(rows)
    ]
    if frame.alike and not any(op in STRICT for op in frame.ops):
        twins = f"count(*) over (partition by {', '.join([*halving.groups, 'rank'])})"
        inner = f"select id, {twins} as n from {frame.step('ranked')}"
        branches.append(f"select id from ({inner}) as t where n > 1")
    return [*steps, *_any(frame, branches)]


def _any(frame: Frame, branches: list[str]) -> Steps:
    hits = frame.step("hits")
    return [
        (hits, select(" union all ".join(branches))),
        (frame.step("found"), select(f"select distinct id from {hits}")),
    ]


def _with_other(frame: Frame, rows: int | None) -> Steps:
    other = frame.other or "id"
    own = () if other == "id" else (other,)
    halving = Halving(frame, alike=False, carried=("x2", *own))
    steps = halving.steps()
    keys = [*halving.groups, "node"]
    columns = ["id", "probe", "place", "x1", "d", *keys]
    order = Order((("place", "asc"),))
    branches = []
    for number, size in enumerate(level_sizes(rows, fan_out=2)):
        nodes = (
            f"select id, probe, place, x2 as x1, {other} as d, "
            f"{frame.listed(halving.groups, end=', ')}rank // {2 * size} as node "
            f"from {frame.step('ranked')} "
            f"where last >= {size} and rank // {size} % 2 = probe"
        )
        name, suffix = frame.step(f"nodes{number}"), f"_at{number}"
        marks = Marks(name, columns, keys, order, frame.best(2), suffix)
        steps += [(name, select(nodes)), *best_two(frame, marks)]
        branches.append(
            f"select id from {frame.step('seconds' + suffix)} where probe = 1 and "
            f"x1 {frame.ops[2]} case when d <> mx_d then mx else second end"
        )
    return [*steps, *_any(frame, branches)]
