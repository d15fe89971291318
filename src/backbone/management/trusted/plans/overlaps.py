"""The most spans of which no two overlap: ``t1.a < t2.b and t1.b > t2.a``.

Of spans that end after they begin, in the order of their ends, the best that can be made
of the first so many is the best without the last of them, or with it and what ended
before it began (weighted interval scheduling; Kleinberg, Tardos).

A row that ends before it begins overlaps with a span that has both of its ends inside,
and with nothing else: if two such rows did, each would begin before the other ends, hence
before it begins itself. All of them stay but those inside a span that stays; and since a
row inside two spans shows that these overlap, each is inside one at most. So a span that
stays is worth one, less the rows inside it. O(n log n).

What may touch (``<``) and what may not (``<=``) are the same with a gap in between: spans
that may not touch end half a step later.

References
----------
Kleinberg, Tardos. Algorithm Design, section 6.1. Addison-Wesley, 2005.
"""

from __future__ import annotations

from array import array
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from backbone.management.trusted.plans.frame import Frame, base_steps
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import STRICT, PairShape
from backbone.model.schemas import Schema

__all__ = ["apart", "in_time", "is_overlap"]

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def is_overlap(shape: PairShape) -> bool:
    """Tell whether rows of equal keys break a rule where they overlap.

    Each of two columns is compared with the other of the other row, the same both ways.
    """
    if shape.mixed or shape.halved or shape.differs or not shape.symmetric:
        return False
    if any(cross.left != cross.right for cross in shape.keys):
        return False
    crossing = all(cross.left != cross.right for cross in shape.orders)
    return crossing and len(set(shape.orders)) == len(shape.orders) == 2  # noqa: PLR2004


def in_time(
    shape: PairShape, source: str, hits: str, schema: Schema | None = None
) -> tuple[Steps, bool]:
    """Return steps that put the rows of `hits` in order, and whether they may touch.

    The last has ``grp``, ``begins`` and ``ends`` (ranks among all ends of the group) and
    ``id``, in the order of the groups and of the ends in them.
    """
    first, second = sorted(shape.orders, key=lambda cross: cross.op not in {"<", "<="})
    frame = Frame("t1", replace(shape, orders=(first, second)))
    group = f"min(id) over ({frame.partition()})" if frame.keys else "0"
    asked = (
        f"select cast({group} as bigint) as grp, p.id, p.x0, p.x1 "
        f"from {frame.step('probes')} p join {hits} h on p.id = h._row"
    )
    points = (
        "select grp, id, 0 as which, x0 as point from asked "
        "union all select grp, id, 1 as which, x1 as point from asked"
    )
    ranked = (
        "select grp, id, which, cast(dense_rank() over (partition by grp order by point) "
        "as bigint) as rank from points"
    )
    spans = (
        "select grp, max(case when which = 0 then rank end) as begins, "
        "max(case when which = 1 then rank end) as ends, id from ranked group by grp, id"
    )
    steps = [
        *base_steps(frame.shape, source, schema),
        *frame.steps(),
        ("asked", select(asked)),
        ("points", select(points)),
        ("ranked", select(ranked)),
        ("spans", select(spans)),
        ("in_time", select("select * from spans order by grp, ends, id")),
    ]
    return steps, first.op in STRICT


def apart(begins: Numbers, ends: Numbers, *, touching: bool) -> Flags:
    """Tell which rows are of a largest set of spans that do not overlap.

    Of several such sets it is the one whose spans end first; of equal ends the first row.

    Parameters
    ----------
    begins, ends : of n rows, in the order of `ends`
    touching : a span may begin where another ends

    Notes
    -----
    O(n log n) time, a few times that if rows end before they begin.

    >>> apart(np.array([1, 1, 3]), np.array([2, 4, 5]), touching=True).tolist()
    [True, False, True]
    """
    if not touching:
        begins, ends = 2 * begins, 2 * ends + 1
    spans = np.flatnonzero(begins < ends)
    others = np.flatnonzero(begins >= ends)
    inside = _inside(begins[spans], ends[spans], begins[others], ends[others])
    best = spans[_scheduled(begins[spans], ends[spans], 1 - inside)]
    kept = np.zeros(len(begins), dtype=np.bool_)
    kept[best] = True
    after = np.searchsorted(ends[best], begins[others], side="right")
    starts = np.append(begins[best], np.iinfo(np.int64).max)
    kept[others] = starts[after] >= ends[others]
    return kept


def _scheduled(begins: Numbers, ends: Numbers, worth: Numbers) -> list[int]:
    """Return the spans that are worth most together, of those that do not overlap."""
    before = np.searchsorted(ends, begins, side="right")
    best = array("q", [0])
    for free, more in zip(before.tolist(), worth.tolist(), strict=True):
        best.append(max(best[-1], best[free] + more))
    chosen: list[int] = []
    number = len(begins)
    while number:
        if best[number] == best[number - 1]:
            number -= 1
            continue
        chosen.append(number - 1)
        number = int(before[number - 1])
    return chosen[::-1]


def _inside(
    begins: Numbers, ends: Numbers, other_begins: Numbers, other_ends: Numbers
) -> Numbers:
    """Count for each span the others, which end before they begin, that are inside it.

    Those that begin before it ends, without those that end before it begins besides: with
    a Fenwick tree over the places of ends.
    """
    counts = np.zeros(len(begins), dtype=np.int64)
    if not len(other_begins):
        return counts
    sorted_ends = np.sort(other_ends)
    places = (np.searchsorted(sorted_ends, other_ends, side="left") + 1).tolist()
    asked = np.searchsorted(sorted_ends, begins, side="right").tolist()
    by_begin = np.argsort(other_begins, kind="stable")
    many = np.searchsorted(other_begins[by_begin], ends, side="left").tolist()
    tree, added = array("q", bytes(8 * (len(places) + 1))), 0
    for span in range(len(begins)):  # by their ends: `many` never falls
        while added < many[span]:
            place = places[by_begin[added]]
            while place < len(tree):
                tree[place] += 1
                place += place & -place
            added += 1
        place, outside = asked[span], 0
        while place:
            outside += tree[place]
            place -= place & -place
        counts[span] = added - outside
    return counts
