"""The running best two builds of different value, for a `<>` beside order comparisons.

A running extremum of (x, d) alone is wrong where probe and build must differ in d: the
running *second best of different d* is kept too. It is the best that was there when the
best changed its d (a segment begins), or a later build of another d. O(n log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbone.management.trusted.plans.frame import Frame, Steps, select
from backbone.management.trusted.plans.ranges import Order

__all__ = ["RUNNING", "Marks", "best_two"]

RUNNING = "rows between unbounded preceding and current row"


@dataclass(frozen=True)
class Marks:
    """Probes and builds of `source` in an order, in groups of equal `keys`.

    They have ``probe`` (1 or 0), ``x1``, of which `best` (``min`` or ``max``) is wanted,
    ``d``, and the other `columns`. `suffix` is what the names of the steps end with.
    """

    source: str
    columns: Sequence[str]
    keys: Sequence[str]
    order: Order
    best: str
    suffix: str = ""


def best_two(frame: Frame, marks: Marks) -> Steps:
    """``seconds``: the rows of `marks` with the best two builds up to each of them.

    That is ``mx`` of a build with the value ``mx_d``, and ``second``, the best of those
    with another value.
    """
    keys = ", ".join(marks.keys)
    among = f"{f'partition by {keys} ' if keys else ''}{marks.order.by()}"
    names = {
        name: frame.step(f"{name}{marks.suffix}")
        for name in ("running", "split", "before", "segments", "seconds")
    }
    pair = "case when probe = 0 then {'x': x1, 'd': d} end"
    listed, best = ", ".join(marks.columns), marks.best
    running = (
        f"select {listed}, {best}({pair}) over ({among} {RUNNING}) as m "
        f"from {marks.source}"
    )
    split = (
        f"select {listed}, struct_extract(m, 'x') as mx, struct_extract(m, 'd') as mx_d "
        f"from {names['running']}"
    )
    before = (
        f"select *, lag(mx) over ({among}) as px, lag(mx_d) over ({among}) as pd "
        f"from {names['split']}"
    )
    begins = "mx_d is distinct from pd"
    segments = (
        f"select *, {begins} as begins, sum(case when {begins} then 1 else 0 end) "
        f"over ({among} {RUNNING}) as segment from {names['before']}"
    )
    inside = ", ".join([*marks.keys, "segment"])
    value = "case when begins then px when probe = 0 and d <> mx_d then x1 end"
    seconds = (
        f"select *, {best}({value}) over (partition by {inside} {marks.order.by()} "
        f"{RUNNING}) as second from {names['segments']}"
    )
    texts = (running, split, before, segments, seconds)
    return [(n, select(text)) for n, text in zip(names.values(), texts, strict=True)]
