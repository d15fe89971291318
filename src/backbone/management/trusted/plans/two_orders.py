"""Equalities and two order comparisons: one sort, and a running extremum along it.

Probes and builds are sorted together by x0 so that the builds that satisfy the first
comparison with a probe are exactly those before it; the extremum of their x1 decides the
second. With a ``<>`` besides, a running extremum of (x1, d) alone is wrong: the running
*second best of different d* is kept too. It is the best that was there when the best
changed its d (a segment begins), or a later build of another d. O(n log n).

Where an engine puts no more than so many rows of a group into one task, the sorted rows
are cut into ranges (`ranges`): what the ranges before one say of their builds is carried
into it, and a probe has a partner if one is found in its range or in what is carried.
"""

from __future__ import annotations

from backbone.management.trusted.plans.frame import Frame, Step, Steps, select
from backbone.management.trusted.plans.ranges import Cut, Order, broadcast, ranged
from backbone.model.constraints import Operator

__all__ = ["found", "group_sizes"]

_STRICT: tuple[Operator, ...] = ("<", ">")
_RUNNING = "rows between unbounded preceding and current row"
_EARLIER = "rows between unbounded preceding and 1 preceding"


def found(frame: Frame, cut: Cut | None = None) -> Steps:
    """Return the steps that find the probes with a partner; in ranges, with `cut`."""
    if frame.other:
        return _with_other(frame, cut)
    if _is_one_relation(frame):
        return _one_relation(frame, cut)
    return _plain(frame, cut)


def group_sizes(frame: Frame) -> Steps:
    """Return the steps of which the last has ``rows`` to sort and the ``largest`` group."""
    source = [] if _is_one_relation(frame) else [_both(frame)]
    name = source[0][0] if source else frame.step("probes")
    sizes = f"select count(*) as n from {name} {frame.grouped()}"
    total = f"select sum(n) as rows, max(n) as largest from {frame.step('sizes')}"
    return [*source, (frame.step("sizes"), select(sizes)), ("total", select(total))]


def _is_one_relation(frame: Frame) -> bool:
    strict = all(op in _STRICT for op in frame.ops)
    return strict and frame.shape.same_sides and not frame.other


def _best(frame: Frame) -> str:
    return "min" if frame.ops[1] in {">", ">="} else "max"


def _direction(op: Operator) -> str:
    """Builds that satisfy ``probe op build`` come first in this direction."""
    return "desc" if op in {"<", "<="} else "asc"
