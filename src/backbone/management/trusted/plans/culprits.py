"""Which of the rows that contradict each other are wrong: the fewest, or the later.

*Fewest* is a smallest set of rows whose cells, taken away, leave nothing that breaks the
rule: a minimum vertex cover of the graph whose edges are the pairs that contradict each
other. That is hard for graphs at large, and easy for some kinds of them:

- rows of equal keys that must agree on a value contradict each other wherever they
  differ, so all but the rows of one value are taken: those of the commonest, and of
  several equally common ones that which was there first. O(n);
- other rules on any two rows that `fewest` knows a way for: up to two `<>` or two order
  comparisons of the same columns in both rows, and spans that overlap;
- neighbours in a sequence contradict each other along it, so the graph is made of paths,
  and of a path of m edges every other row is taken, (m + 1) // 2 of them. O(n log n).

*Later* are the rows that contradict an earlier one, in the order of their origin; of a
rule by which rows must agree, those that differ from the first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NoReturn

from backbone.errors import UnsupportedRule
from backbone.management.trusted.plans import sequence
from backbone.management.trusted.plans.fewest import Way, agreement, way_of, why_not
from backbone.management.trusted.plans.frame import Frame, base_steps
from backbone.management.trusted.plans.ranges import Cut
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.shapes import PairShape, shape_of
from backbone.model.constraints import (
    ColumnRef,
    DenialConstraint,
    Operator,
    Predicate,
    RowVariable,
    Term,
)
from backbone.model.schemas import Schema
from backbone.project.trusted import WhichRows

__all__ = ["Kind", "agreeing", "by_origin", "in_sequence", "kind_of_blame"]

Kind = Literal["sequence", "origin"] | Way
_HINT = (
    "It can for rows of equal keys that must agree, for one or two order comparisons of "
    "the same columns (`t1.a < t2.a and t1.b > t2.b`), for spans that overlap "
    "(`t1.a < t2.b and t1.b > t2.a`), and for neighbours in a `sequence`. Say `later` or "
    "`earlier`, or name the cell: `blame: [t2.column]`."
)

_HINT_QUADRATIC = (
    "With `allow_quadratic: true` they are compared, within fewer rows if the rule's "
    "other conditions leave fewer. Or name the cell: `blame: [t2.column]`."
)


def kind_of_blame(constraint: DenialConstraint, which: WhichRows) -> Kind:
    """Return how `which` rows are found.

    Raises
    ------
    UnsupportedRule : it is not known for such a constraint
    """
    if constraint.sequence is not None:
        if len(constraint.neighbours) > 1:
            what = f"`blame: {which}` is for rules on one neighbour; this speaks of both"
            _refuse(constraint, what, "Without it the row itself is blamed.")
        return "sequence"
    if not constraint.is_pair:
        what = f"`blame: {which}` chooses between rows; this speaks of one"
        _refuse(constraint, what, "Leave it out, or name a column.")
    shape = shape_of(constraint)
    if which == "fewest":
        return way_of(shape) or _refuse_fewest(constraint, shape)
    if _agrees(shape):
        return "agreeing"
    if not constraint.allow_quadratic and shape.kind != "parts":
        _keep_near_linear(constraint, which)
    return "origin"


def _keep_near_linear(constraint: DenialConstraint, which: WhichRows) -> None:
    """Pass a rule of which the order of its rows can be asked without comparing pairs."""
    if any(shape_of(one).kind == "parts" for one, _ in by_origin(constraint, which)):
        what = f"which of two rows is the `{which}` would be asked of every pair of them"
        _refuse(constraint, what, _HINT_QUADRATIC)


def _refuse(constraint: DenialConstraint, what: str, hint: str) -> NoReturn:
    raise UnsupportedRule(f"rule `{constraint.name}`: {what}", hint=hint)


def _refuse_fewest(constraint: DenialConstraint, shape: PairShape) -> NoReturn:
    why = f"the fewest rows to blame cannot be computed here: {why_not(shape)}"
    _refuse(constraint, why, _HINT)


def _agrees(shape: PairShape) -> bool:
    return not shape.orders and way_of(shape) == "agreeing"


def agreeing(
    constraint: DenialConstraint, which: WhichRows, source: str, schema: Schema
) -> Steps:
    """Return steps of which the last has the rows (``_row``) that do not agree.

    Of rows with equal keys those stay that have the right value: with ``fewest`` the
    commonest, with ``later`` the first, with ``earlier`` the last. Where any two rows
    contradict each other that is one row.
    """
    frame = Frame("t1", agreement(shape_of(constraint)))
    steps = [*base_steps(frame.shape, source, schema), *frame.steps()]
    rows, keys = frame.step("probes"), frame.listed(frame.keys, end=", ")
    if not frame.differs:
        one = "max" if which == "earlier" else "min"
        kept = f"select {keys}{one}(id) as kept from {rows} {frame.grouped()}"
        others = "p.id <> k.kept"
        steps.append(("kept", select(f"{kept} having count(*) > 1")))
    else:
        steps += _kept_value(frame, which, keys)
        others = "p.d0 <> k.d0"
    text = f"select p.id as _row from {rows} p join kept k on {frame.on('p', 'k')}"
    return [*steps, ("culprits", frame.joined(f"{text} where {others}", "k"))]


def _kept_value(frame: Frame, which: WhichRows, keys: str) -> Steps:
    orders = {"fewest": "n desc, first", "later": "first", "earlier": "last desc"}
    values = (
        f"select {keys}d0, count(*) as n, min(id) as first, max(id) as last "
        f"from {frame.step('probes')} {frame.grouped(['d0'])}"
    )
    over = frame.partition()
    ranked = (
        f"select {keys}d0, row_number() over ({over} order by {orders[which]}) as place, "
        f"count(*) over ({over}) as different from worths"
    )
    kept = f"select {keys}d0 from ranked where place = 1 and different > 1"
    return [
        ("worths", select(values)),
        ("ranked", select(ranked)),
        ("kept", select(kept)),
    ]


def in_sequence(
    constraint: DenialConstraint,
    which: WhichRows,
    source: str,
    schema: Schema,
    cut: Cut | None = None,
) -> Steps:
    """Return steps of which the last has the rows (``_row``) to blame in a sequence."""
    (side,) = constraint.neighbours
    steps = sequence.broken(constraint, source, schema, cut)
    own_is_later = side == "previous"
    if which != "fewest":
        who = "own" if own_is_later is (which == "later") else side
        text = f"select distinct {who}_id as _row from broken"
        return [*steps, ("culprits", select(text))]
    return [*steps, *_every_other(constraint, side)]


def _every_other(constraint: DenialConstraint, side: RowVariable) -> Steps:
    """Of a path, the first row that breaks the rule, the third … (from its far end)."""
    keys, places = sequence.places(constraint)
    listed = "".join(f"{name}, " for name in keys)
    over = f"partition by {', '.join(keys)} " if keys else ""
    along = f"{over}order by {', '.join(places)}"
    placed = "".join(f"c.{name}, " for name in (*keys, *places))
    edges = (
        f"select {placed}b.own_id, b.{side}_id as beside_id "
        "from broken b join cells c on b.own_id = c.id"
    )
    begins = "own_id" if side == "previous" else "beside_id"
    ends = "beside_id" if side == "previous" else "own_id"
    starts = (
        f"select *, case when lag({begins}) over ({along}) = {ends} then 0 else 1 end "
        "as starts from edges"
    )
    paths = (
        f"select *, sum(starts) over ({along} "
        "rows between unbounded preceding and current row) as path from starting"
    )
    way = "" if side == "previous" else " desc"
    order = ", ".join(f"{name}{way}" for name in places)
    counted = (
        f"select own_id, row_number() over (partition by {listed}path order by {order}) "
        "as n from paths"
    )
    return [
        ("edges", select(edges)),
        ("starting", select(starts)),
        ("paths", select(paths)),
        ("counted", select(counted)),
        ("culprits", select("select own_id as _row from counted where n % 2 = 1")),
    ]


def by_origin(
    constraint: DenialConstraint, which: WhichRows
) -> tuple[tuple[DenialConstraint, RowVariable], ...]:
    """Return constraints that tell the rows apart by their origin, and whom each blames.

    The rows to blame are those that play this role when the constraint is broken.
    """
    after, before = _by_origin(constraint)
    later: RowVariable = "t1" if which == "later" else "t2"
    earlier: RowVariable = "t2" if which == "later" else "t1"
    if shape_of(constraint).symmetric:
        return ((after, later),)
    return (after, later), (before, earlier)


def _by_origin(constraint: DenialConstraint) -> tuple[DenialConstraint, DenialConstraint]:
    def turned(op: Operator) -> DenialConstraint:
        first, second = (
            Term(f"{row}._row", (ColumnRef(row, "_row"),)) for row in ("t1", "t2")
        )
        ordered = Predicate(first, op, second)
        return replace(constraint, predicates=(*constraint.predicates, ordered))

    return turned(">"), turned("<")
