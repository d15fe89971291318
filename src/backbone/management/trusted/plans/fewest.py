"""Which rules on any two rows have a smallest set of rows to blame that is not hard.

The rows that break a rule are vertices, the pairs that break it edges: wanted is a
minimum vertex cover, which is all rows but a largest set without a pair among them. Where
both rows bring the same cells and pass the same conditions, and have equal keys:

- **agreeing**: a pair is in conflict wherever it differs in d, so one value of d stays:
  the commonest. One order comparison says no more than that: of two rows that differ in a
  one is less, so ``t1.a < t2.a`` is ``t1.a <> t2.a``, and ``t1.a <= t2.a`` is true one
  way or the other, so that one row stays. O(n);
- **lines**: differing in d and in e. Rows no two of which do so agree all in d, or all in
  e: of three rows, if the first two agree in d alone and the third agreed with one of
  them in e alone, it would differ from the other in both. The largest such line stays.
  O(n);
- **chain**: two order comparisons, of a and b. Turn their signs so that a pair is in
  conflict if one row comes before the other in a and after it in b. Sort by a, and what
  stays must not fall in b: a longest subsequence that does not, by patience sorting
  (Fredman), O(n log n). Ties in a stand so that a subsequence is what has no conflict:
  if both comparisons are strict they have none, and stand as b rises; if not, they stand
  as b falls, and no two of different b are taken. If one is strict it is that of b (a and
  b may be exchanged). If neither is, rows that are equal in both are in conflict, and
  the subsequence has to rise.

And where two columns cross over: **apart**, spans that overlap (`overlaps`).

References
----------
Fredman. On computing the length of longest increasing subsequences. Discrete Mathematics
11(1), 1975.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sqlglot import exp

from backbone.management.trusted.plans.frame import Frame, base_steps
from backbone.management.trusted.plans.overlaps import is_overlap
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import STRICT, Cross, PairShape
from backbone.model.schemas import Schema

__all__ = ["Way", "agreement", "in_order", "on_no_line", "way_of", "why_not"]

Way = Literal["agreeing", "lines", "chain", "apart"]
_BY_DIFFERENT: tuple[Way, ...] = ("agreeing", "agreeing", "lines")


def way_of(shape: PairShape) -> Way | None:
    """Return how the fewest rows to blame are found; None where it is not known."""
    if is_overlap(shape):
        return "apart"
    if not shape.same_sides:
        return None
    orders, different = len(shape.orders), len(agreement(shape).differs)
    if orders < 2:  # noqa: PLR2004 - one order is a `<>`, or nothing
        return _BY_DIFFERENT[different] if different < len(_BY_DIFFERENT) else None
    return "chain" if orders == 2 and not shape.differs else None  # noqa: PLR2004


def why_not(shape: PairShape) -> str:
    """Say why no way to the fewest rows is known for a rule of this shape."""
    if shape.mixed:
        return "it compares both rows in one condition"
    if not (shape.same_sides or shape.symmetric):
        return "t1 and t2 bring different columns or pass different conditions"
    if shape.orders and shape.differs:
        return "it has order comparisons and `<>` besides"
    if not shape.same_sides:
        return "columns cross over, and not as those of spans that overlap do"
    more = "two order comparisons" if shape.orders else "two `<>`"
    return f"it has more than {more}"


def agreement(shape: PairShape) -> PairShape:
    """Return a rule with at most one order comparison as one by which rows differ.

    A row without a value there takes no part, as before.
    """
    strict = [replace(c, op="<>") for c in shape.orders if c.op in STRICT]
    differs = tuple(dict.fromkeys((*shape.differs, *strict)))
    names = {c.left for c in shape.orders}
    known = tuple(
        exp.not_(exp.Is(this=exp.paren(cell.value), expression=exp.null()))
        for cell in shape.cells
        if cell.name in names
    )
    first, second = shape.filters
    both = ((*first, *known), (*second, *known))
    return replace(shape, orders=(), differs=differs, filters=both)


def on_no_line(shape: PairShape, source: str, schema: Schema | None = None) -> Steps:
    """Return steps of which the last, ``culprits``, has the rows (``_row``) to blame.

    Of several largest lines that stays whose first row was there first, and if they share
    that, the one of the `<>` that was written first.
    """
    frame = Frame("t1", agreement(shape))
    rows, keys = frame.step("probes"), frame.listed(frame.keys, end=", ")
    lines = " union all ".join(
        f"select {keys}{axis} as axis, count(*) as n, min(id) as first from {rows} "
        f"{frame.grouped([name])}"
        for axis, name in enumerate(frame.differs)
    )
    order = "order by n desc, first, axis"
    ranked = (
        f"select *, row_number() over ({frame.partition()} {order}) as place from lines"
    )
    kept = (
        f"select {frame.listed(frame.keys, of='l', end=', ')}l.axis, p.d0, p.d1 "
        f"from ranked l join {rows} p on l.first = p.id where l.place = 1"
    )
    off = (
        f"select p.id as _row from {rows} p join kept k on {frame.on('p', 'k')} "
        "where case when k.axis = 0 then p.d0 <> k.d0 else p.d1 <> k.d1 end"
    )
    return [
        *base_steps(frame.shape, source, schema),
        *frame.steps(),
        ("lines", select(lines)),
        ("ranked", select(ranked)),
        ("kept", select(kept)),
        ("culprits", frame.joined(off, "k")),
    ]


def in_order(
    shape: PairShape, source: str, hits: str, schema: Schema | None = None
) -> tuple[Steps, bool]:
    """Return steps that put the rows of `hits` in order, and whether ranks have to rise.

    The last has ``grp`` (a number that rows of equal keys share), ``rank`` and ``id``, in
    the order of the groups, of the first column, and of ties in it as the rule wants
    them. Of a group that stays which is a longest subsequence of ranks that never fall
    or, if they have to rise, that rise.

    Parameters
    ----------
    hits : the step with the rows (``_row``) that break the rule: a row in no conflict is
        never to blame, and its keys, if nobody has them that breaks the rule, no matter
    """
    first, second = _arranged(shape)
    loose, rising = first.op not in STRICT, second.op not in STRICT
    frame = Frame("t1", replace(shape, orders=(first, second)))
    down = _ascends(first) is _ascends(second)
    over = frame.partition()
    group = f"min(id) over ({over})" if frame.keys else "0"
    asked = f"select p.* from {frame.step('probes')} p join {hits} h on p.id = h._row"
    ranked = (
        f"select cast({group} as bigint) as grp, id, x0, cast(dense_rank() over "
        f"({over} order by x1 {'desc' if down else 'asc'}) as bigint) as rank from asked"
    )
    ties = "desc" if loose else "asc"
    last = f"select grp, rank, id from ranked order by grp, x0, rank {ties}, id"
    steps = [
        *base_steps(frame.shape, source, schema),
        *frame.steps(),
        ("asked", select(asked)),
        ("ranked", select(ranked)),
        ("in_order", select(last)),
    ]
    return steps, rising


def _arranged(shape: PairShape) -> tuple[Cross, Cross]:
    """Return the order comparisons; if one alone is strict, it is the second."""
    strict_first, other = shape.orders
    if strict_first.op in STRICT and other.op not in STRICT:
        return other, strict_first
    return strict_first, other


def _ascends(cross: Cross) -> bool:
    return cross.op in {"<", "<="}
