"""Detection: the query that finds the rows which break a denial constraint.

No plan compares all pairs; of a rule that is too long for one plan, pairs are compared
among the rows that its parts leave, and their number is known before. See Pena, Pena, de
Almeida, Naumann: "Fast Detection of Denial Constraint Violations" (PVLDB 15(4), 2021) for
the problem; the plans here use only what any SQL engine has: grouping, sorts, and running
extrema and counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from backbone.errors import UnsupportedRule
from backbone.management.trusted.finding.explanations import Explanation, explain
from backbone.management.trusted.plans import (
    counts,
    equality,
    one_order,
    parts,
    sequence,
    three_orders,
    together,
    two_orders,
)
from backbone.management.trusted.plans.frame import Frame, base_steps
from backbone.management.trusted.plans.narrowing import narrowed
from backbone.management.trusted.plans.ranges import Cut
from backbone.management.trusted.rows.steps import ROWS, Step, Steps, select, typed
from backbone.management.trusted.rules.shapes import PairShape, shape_of
from backbone.model.constraints import ColumnRef, DenialConstraint, Reference
from backbone.model.schemas import Schema
from backbone.sql.copies import copied
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import Query, column, table

__all__ = [
    "Cut",
    "Detection",
    "Explanation",
    "Role",
    "broken_parts",
    "dependencies",
    "detection",
    "explain",
    "group_sizes",
    "looked_for",
    "pair_count",
    "shared_keys",
    "told",
    "violations",
]

Role = Literal["t1", "t2", "both"]


@dataclass(frozen=True)
class Detection:
    """How to find the rows that break a constraint.

    `kept` are steps of `query` that many others read: an engine that computes a step
    whenever it is read had better be told to keep them.
    """

    query: Query
    kept: tuple[str, ...] = ()


def violations(
    constraint: DenialConstraint,
    *,
    source: str = ROWS,
    schema: Schema | None = None,
    cut: Cut | None = None,
    rows: int | None = None,
) -> Query:
    """Return the query that finds the rows which break `constraint`.

    A rule of a shape that no plan covers is looked for pair by pair: whoever asks knows
    how many rows there are, or uses `parting`.

    Parameters
    ----------
    constraint : DenialConstraint
        One row, two rows, or a reference to another table.
    source : str
        The relation to look at: ``_row`` (unique, not null) and the constraint's columns.
        A reference also reads the relation that is named as its table.
    schema : Schema, optional
        That of the relation: engines spell some operations by the types of their values.
    cut : Cut, optional
        Into how many ranges to cut what is sorted; the rows found are the same.
    rows : int, optional
        How many rows the relation has at most; it spares steps for more.

    Returns
    -------
    Query
        ``_row`` (each once) and ``role``: t1, t2 or both.
    """
    found = detection(constraint, source=source, schema=schema, cut=cut, rows=rows)
    return found.query


def detection(
    constraint: DenialConstraint,
    *,
    source: str = ROWS,
    schema: Schema | None = None,
    cut: Cut | None = None,
    rows: int | None = None,
) -> Detection:
    """Return the query of `violations`, and what to know before it runs."""
    if constraint.reference is not None:
        return Detection(Query.of(_orphans(constraint.reference, source)))
    if constraint.selected is not None:
        what = f"rule `{constraint.name}` is in SQL"
        raise UnsupportedRule(what, hint="It is looked for by `findings.search`.")
    if constraint.sequence is not None:
        return Detection(Query(tuple(sequence.found(constraint, source, schema, cut))))
    if not constraint.is_pair:
        return Detection(Query.of(typed(_breaking(constraint, source), schema, source)))
    shape = shape_of(constraint)
    steps = base_steps(shape, source, schema)
    frames = _frames(shape)
    found, kept = looked_for(frames, cut=cut, rows=rows)
    return Detection(Query((*steps, *found, told(frames))), kept)


def broken_parts(
    constraints: Mapping[int, DenialConstraint],
    *,
    source: str = ROWS,
    schema: Schema | None = None,
) -> Query:
    """Return the query that finds the rows which break several conditions on one row.

    It gives ``_place`` (the key of the condition), ``_row`` and ``role``. The relation is
    read once; rows that break nothing are gone before a condition is told from another.
    """
    conditions = {
        place: exp.and_(*_conditions(constraint), copy=False)
        for place, constraint in constraints.items()
    }
    places = [
        exp.Case(ifs=[exp.If(this=condition, true=exp.Literal.number(place))])
        for place, condition in conditions.items()
    ]
    each = exp.alias_(
        exp.Explode(this=exp.Array(expressions=places)), "_place", copy=False
    )
    broken = (
        exp.select(column("_row", "r"), each, copy=False)
        .from_(table(source, "r"), copy=False)
        .where(exp.or_(*map(copied, conditions.values()), copy=False), copy=False)
    )
    told = select("select _place, _row, 't1' as role from told where _place is not null")
    return Query((("told", typed(broken, schema, source)), ("broken", told)))


def dependencies(
    constraints: Mapping[int, DenialConstraint],
    *,
    source: str = ROWS,
    schema: Schema | None = None,
) -> Query:
    """Return the query that finds the rows which break several dependencies.

    They are of the same `shared_keys`. It gives ``_place`` (the key of the constraint),
    ``_row`` and ``role``; the relation is grouped once.
    """
    shapes = {place: shape_of(one) for place, one in constraints.items()}
    return Query(tuple(together.found(shapes, source, schema)))


def shared_keys(constraint: DenialConstraint) -> tuple[str, ...] | None:
    """Return what tells the groups of a dependency apart; None of any other rule.

    A rule that looks at some rows alone has groups of its own.
    """
    if constraint.where or not constraint.is_pair:
        return None
    return together.keys_of(shape_of(constraint))


def looked_for(
    frames: Sequence[Frame], *, cut: Cut | None, rows: int | None
) -> tuple[Steps, tuple[str, ...]]:
    """Return the steps that find the probes of each frame, and those to keep."""
    steps: Steps = []
    rows_of = frames[0].base
    if frames[0].shape.kind in {"two orders", "three orders", "counts"}:
        rows_of, steps = narrowed(frames[0])
    kept: list[str] = []
    for frame in frames:
        first = frames[0] if frame is not frames[0] else None
        if frame.shape.kind == "one order":
            steps += one_order.found(frame, first)
            continue
        steps += [*frame.steps(rows_of), *_found(frame, first, cut, rows)]
        if frame.shape.kind in {"counts", "three orders"}:
            kept += (counts if frame.shape.kind == "counts" else three_orders).kept(frame)
    return steps, tuple(kept)


def _found(frame: Frame, first: Frame | None, cut: Cut | None, rows: int | None) -> Steps:
    kind = frame.shape.kind
    if kind == "two orders":
        return two_orders.found(frame, cut)
    if kind == "three orders":
        return three_orders.found(frame, rows=rows, first=first)
    if kind == "counts":
        return counts.found(frame, rows=rows)
    if kind == "parts":
        return parts.found(frame)
    return equality.found(frame)


def group_sizes(
    constraint: DenialConstraint, *, source: str = ROWS, schema: Schema | None = None
) -> Query | None:
    """Return the query of how many ``rows`` are sorted, and of the ``largest`` group.

    None where nothing is sorted: then no group has to be in one place.
    """
    if constraint.sequence is not None:
        return Query(tuple(sequence.group_sizes(constraint, source)))
    if not constraint.is_pair:
        return None
    shape = shape_of(constraint)
    if shape.kind != "two orders":
        return None
    frame = Frame("t1", shape)
    base = base_steps(shape, source, schema)
    return Query((*base, *frame.steps(), *two_orders.group_sizes(frame)))


def pair_count(
    constraint: DenialConstraint,
    *,
    source: str = ROWS,
    schema: Schema | None = None,
    rows: int | None = None,
) -> Query:
    """Return the query that counts the pairs which break a rule on two rows (``pairs``).

    A pair of a rule that says the same of both rows counts once; otherwise pairs are
    ordered: (t1, t2). Where no plan counts them (`PairShape.has_counts`) rows are
    compared pair by pair.
    """
    shape = shape_of(constraint)
    frame = Frame("t1", shape)
    base = base_steps(shape, source, schema)
    if not shape.has_counts:
        steps = parts.counted(frame, schema)
    elif shape.orders:
        steps = counts.counted(frame, rows=rows)
    else:
        steps = equality.counted(frame)
    return Query((*base, *frame.steps(), *steps))


def _frames(shape: PairShape) -> list[Frame]:
    first = Frame("t1", shape)
    return [first] if shape.symmetric else [first, Frame("t2", shape.swapped())]


def told(frames: Sequence[Frame]) -> Step:
    """Return the step with the rows that the `frames` found, and their roles.

    The one frame of a rule that says the same of both rows finds them in both.
    """
    if len(frames) == 1:
        found = f"select id as _row, 'both' as role from {frames[0].step('found')}"
        return "violations", select(found)
    union = " union all ".join(
        f"select id, '{frame.role}' as role from {frame.step('found')}"
        for frame in frames
    )
    role = "case when min(role) = max(role) then min(role) else 'both' end"
    text = f"select id as _row, {role} as role from ({union}) as u group by id"
    return "violations", select(text)


def _breaking(constraint: DenialConstraint, source: str) -> exp.Query:
    role = exp.alias_(exp.Literal.string("t1"), "role")
    rows = exp.select(column("_row", "r"), role).from_(table(source, "r"))
    return rows.where(*_conditions(constraint))


def _conditions(constraint: DenialConstraint) -> list[exp.Expr]:
    def own(ref: ColumnRef) -> exp.Expr:
        return column(ref.column, "r")

    predicates = (*constraint.predicates, *constraint.where)
    return [predicate_expression(p, own) for p in predicates]


def _orphans(reference: Reference, source: str) -> exp.Query:
    pairs = list(zip(reference.columns, reference.to, strict=True))
    equal = [
        exp.EQ(this=column(own, "o"), expression=column(to, "r")) for own, to in pairs
    ]
    present = [
        exp.not_(exp.Is(this=column(own, "o"), expression=exp.null())) for own, _ in pairs
    ]
    role = exp.alias_(exp.Literal.string("t1"), "role")
    return (
        exp.select(column("_row", "o"), role)
        .from_(table(source, "o"))
        .join(table(reference.table, "r"), on=exp.and_(*equal), join_type="anti")
        .where(*present)
    )
