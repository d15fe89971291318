"""Equalities and two order comparisons: one sort, and a running extremum along it.

Probes and builds are sorted together by x0 so that the builds that satisfy the first
comparison with a probe are exactly those before it; the extremum of their x1 decides the
second. With a ``<>`` besides, a running extremum of (x1, d) alone is wrong: the running
*second best of different d* is kept too. It is the best that was there when the best
changed its d (a segment begins), or a later build of another d. O(n log n).
"""

from __future__ import annotations

from backbone.management.trusted.plans.frame import Frame, Step, Steps, select
from backbone.model.constraints import Operator

__all__ = ["found"]

_STRICT: tuple[Operator, ...] = ("<", ">")
_RUNNING = "rows between unbounded preceding and current row"


def found(frame: Frame) -> Steps:
    """Return the steps that find the probes with a partner."""
    if frame.other:
        return _with_other(frame, frame.other)
    if frame.shape.same_sides and all(op in _STRICT for op in frame.ops):
        return _one_relation(frame)
    return _plain(frame)


def _best(frame: Frame) -> str:
    return "min" if frame.ops[1] in {">", ">="} else "max"


def _direction(op: Operator) -> str:
    """Builds that satisfy ``probe op build`` come first in this direction."""
    return "desc" if op in {"<", "<="} else "asc"


def _one_relation(frame: Frame) -> Steps:
    """Both comparisons strict over the same columns: every row is probe and build.

    Among rows of equal x0, those before a row have an x1 that does not satisfy the second
    comparison, so they cannot do harm.
    """
    tied = "desc" if frame.ops[1] == ">" else "asc"
    window = (
        f"{frame.partition()} order by x0 {_direction(frame.ops[0])}, x1 {tied} "
        "rows between unbounded preceding and 1 preceding"
    )
    running = f"select id, x1, {_best(frame)}(x1) over ({window}) as best"
    last = f"select id from {frame.step('running')} where x1 {frame.ops[1]} best"
    return [
        (frame.step("running"), select(f"{running} from {frame.step('probes')}")),
        (frame.step("found"), select(last)),
    ]


def _sorted(frame: Frame) -> str:
    """Ties in x0: probes first where equal values do not satisfy the comparison."""
    probes_first = "desc" if frame.ops[0] in _STRICT else "asc"
    return f"x0 {_direction(frame.ops[0])}, probe {probes_first}, id"


def _union(frame: Frame, other: str) -> Step:
    columns = frame.listed(frame.keys, end=", ") + f"x0, x1{other}"
    text = (
        f"select id, 1 as probe, {columns} from {frame.step('probes')} union all "
        f"select id, 0 as probe, {columns} from {frame.step('builds')}"
    )
    return frame.step("both"), select(text)


def _plain(frame: Frame) -> Steps:
    window = f"{frame.partition()} order by {_sorted(frame)} {_RUNNING}"
    value = "case when probe = 0 then x1 end"
    running = f"select id, probe, x1, {_best(frame)}({value}) over ({window}) as best"
    last = (
        f"select id from {frame.step('running')} "
        f"where probe = 1 and x1 {frame.ops[1]} best"
    )
    return [
        _union(frame, ""),
        (frame.step("running"), select(f"{running} from {frame.step('both')}")),
        (frame.step("found"), select(last)),
    ]


def _with_other(frame: Frame, other: str) -> Steps:
    best, keys = _best(frame), frame.listed(frame.keys, end=", ")
    order = f"order by {_sorted(frame)}"
    pair = f"case when probe = 0 then {{'x': x1, 'd': {other}}} end"
    running = (
        f"select *, {best}({pair}) over ({frame.partition()} {order} {_RUNNING}) as m "
        f"from {frame.step('both')}"
    )
    split = (
        f"select id, probe, {keys}x0, x1, {other} as d, struct_extract(m, 'x') as mx, "
        f"struct_extract(m, 'd') as md from {frame.step('running')}"
    )
    before = (
        f"select *, lag(mx) over ({frame.partition()} {order}) as px, "
        f"lag(md) over ({frame.partition()} {order}) as pd from {frame.step('split')}"
    )
    begins = "md is distinct from pd"
    segments = (
        f"select *, {begins} as begins, sum(case when {begins} then 1 else 0 end) "
        f"over ({frame.partition()} {order} {_RUNNING}) as segment "
        f"from {frame.step('before')}"
    )
    partition = "partition by " + ", ".join([*frame.keys, "segment"])
    value = "case when begins then px when probe = 0 and d <> md then x1 end"
    seconds = (
        f"select *, {best}({value}) over ({partition} {order} {_RUNNING}) as second "
        f"from {frame.step('segments')}"
    )
    last = (
        f"select id from {frame.step('seconds')} where probe = 1 and "
        f"x1 {frame.ops[1]} case when d <> md then mx else second end"
    )
    return [
        _union(frame, "" if other == "id" else f", {other}"),
        (frame.step("running"), select(running)),
        (frame.step("split"), select(split)),
        (frame.step("before"), select(before)),
        (frame.step("segments"), select(segments)),
        (frame.step("seconds"), select(seconds)),
        (frame.step("found"), select(last)),
    ]
