"""The running best two builds of different value, for a `<>` beside order comparisons.

A running extremum of (x, d) alone is wrong where probe and build must differ in d: the
running *second best of different d* is kept too. It is the best of what rows give to it:
where the best changes its d, the best that was there before; otherwise a build of another
d than the best. What was given before a change is no better than the best of that time,
which is given there, so nothing has to be taken back. Of several builds that are equally
good, any may be the best: another is its equal. O(n log n).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbone.management.trusted.plans.frame import Frame
from backbone.management.trusted.plans.ranges import Order
from backbone.management.trusted.rows.steps import Steps, select

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
        for name in ("running", "before", "given", "seconds")
    }
    listed, best = ", ".join(marks.columns), marks.best
    x, d = (f"case when probe = 0 then {n} end" for n in ("x1", "d"))
    running = (
        f"select {listed}, {best}({x}) over ({among} {RUNNING}) as mx, "
        f"arg_{best}({d}, {x}) over ({among} {RUNNING}) as mx_d from {marks.source}"
    )
    before = (
        f"select *, lag(mx) over ({among}) as px, lag(mx_d) over ({among}) as pd "
        f"from {names['running']}"
    )
    given = (
        f"select {listed}, mx, mx_d, case when mx_d is distinct from pd then px "
        f"when probe = 0 and d <> mx_d then x1 end as given from {names['before']}"
    )
    seconds = (
        f"select {listed}, mx, mx_d, {best}(given) over ({among} {RUNNING}) as second "
        f"from {names['given']}"
    )
    texts = (running, before, given, seconds)
    return [(n, select(text)) for n, text in zip(names.values(), texts, strict=True)]
