"""Detection: the query that finds the rows which break a denial constraint.

No plan compares all pairs. See Pena, Pena, de Almeida, Naumann: "Fast Detection of Denial
Constraint Violations" (PVLDB 15(4), 2021) for the problem; the plans here use only what
any SQL engine has: grouping, one sort and running extrema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from backbone.management.trusted.plans import equality, one_order, sequence, two_orders
from backbone.management.trusted.plans.frame import (
    Frame,
    Steps,
    base_steps,
    select,
    typed,
)
from backbone.management.trusted.plans.ranges import Cut
from backbone.management.trusted.shapes import Kind, PairShape, kind_of, shape_of
from backbone.model.constraints import ColumnRef, DenialConstraint, Reference
from backbone.model.schemas import Schema
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import Query, column, table

__all__ = [
    "ROWS",
    "Cut",
    "Explanation",
    "Role",
    "broken_parts",
    "explain",
    "group_sizes",
    "is_symmetric",
    "pair_count",
    "violations",
]

Role = Literal["t1", "t2", "both"]
ROWS = "rows"
"""The name by which a query reads the table that a constraint is about."""


@dataclass(frozen=True)
class Explanation:
    """How the violations of a constraint are found, and what that costs."""

    shape: str
    plan: str
    cost: str

    def __str__(self) -> str:
        return f"{self.shape}: {self.plan}, {self.cost}"


def violations(
    constraint: DenialConstraint,
    *,
    source: str = ROWS,
    schema: Schema | None = None,
    cut: Cut | None = None,
    fine: exp.Select | None = None,
) -> Query:
    """Return the query that finds the rows which break `constraint`.

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
    fine : select, optional
        Rows (``_row``) of a sequence that break nothing; others are held against them.

    Returns
    -------
    Query
        ``_row`` (each once) and ``role``: t1, t2 or both.

    Raises
    ------
    UnsupportedRule : no near-linear plan is known here; raised before anything runs
    """
    if constraint.reference is not None:
        return Query.of(_orphans(constraint.reference, source))
    if constraint.sequence is not None:
        return Query(tuple(sequence.found(constraint, source, schema, cut, fine)))
    if not constraint.is_pair:
        return Query.of(typed(_breaking(constraint, source), schema, source))
    shape = shape_of(constraint)
    steps = base_steps(shape, source, schema)
    frames = _frames(shape)
    for frame in frames:
        steps += [*frame.steps(), *_found(frame, cut)]
    return Query((*steps, ("violations", _roles(shape, frames))))


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
        place: exp.and_(*_conditions(constraint))
        for place, constraint in constraints.items()
    }
    places = [
        exp.Case().when(condition, exp.Literal.number(place))
        for place, condition in conditions.items()
    ]
    each = exp.Explode(this=exp.Array(expressions=places))
    broken = (
        exp.select(column("_row", "r"), exp.alias_(each, "_place"))
        .from_(table(source, "r"))
        .where(exp.or_(*conditions.values()))
    )
    told = select("select _place, _row, 't1' as role from told where _place is not null")
    return Query((("told", typed(broken, schema, source)), ("broken", told)))


def _found(frame: Frame, cut: Cut | None) -> Steps:
    if frame.shape.kind == "two orders":
        return two_orders.found(frame, cut)
    if frame.shape.kind == "one order":
        return one_order.found(frame)
    return equality.found(frame)


def group_sizes(
    constraint: DenialConstraint, *, source: str = ROWS, schema: Schema | None = None
) -> Query | None:
    """Return the query of how many ``rows`` are sorted, and of the ``largest`` group.

    None where nothing is sorted: then no group has to be in one place.
    """
    if constraint.sequence is not None:
        return Query(tuple(sequence.group_sizes(constraint, source)))
    if constraint.reference is not None or not constraint.is_pair:
        return None
    shape = shape_of(constraint)
    if shape.kind != "two orders":
        return None
    frame = Frame("t1", shape)
    base = base_steps(shape, source, schema)
    return Query((*base, *frame.steps(), *two_orders.group_sizes(frame)))


def is_symmetric(constraint: DenialConstraint) -> bool:
    """Return whether a rule on two rows says the same of both."""
    return constraint.is_pair and shape_of(constraint).symmetric


def pair_count(
    constraint: DenialConstraint, *, source: str = ROWS, schema: Schema | None = None
) -> Query | None:
    """Return the query that counts the violating pairs (``pairs``), where that is cheap.

    That is for equalities and ``<>``. A pair of a rule that says the same of both rows
    counts once; otherwise pairs are ordered: (t1, t2). None for other shapes.
    """
    if constraint.reference is not None or not constraint.is_pair:
        return None
    shape = shape_of(constraint)
    if shape.orders:
        return None
    frame = Frame("t1", shape)
    base = base_steps(shape, source, schema)
    return Query((*base, *frame.steps(), *equality.counted(frame)))


def explain(constraint: DenialConstraint) -> Explanation:
    """Say how the violations of `constraint` are found.

    >>> from backbone.sql.denial import parse
    >>> print(explain(parse("fd", "t1.zip = t2.zip and t1.city <> t2.city")))
    equalities and `<>`: smallest and largest value of each group, O(n)
    """
    kind: Kind = kind_of(constraint)
    if kind == "reference":
        return Explanation("reference", "anti join", "O(n)")
    if kind == "one row":
        return Explanation("one row", "filter", "O(n)")
    order = constraint.sequence
    if order is not None:
        where = "of each group" if order.per else "of the table"
        plan = f"one sort, the rows beside each row {where}"
        return Explanation("sequence", plan, "O(n log n)")
    shape = shape_of(constraint)
    return Explanation(_shape_text(shape), _plan_text(shape), _cost(shape))


def _frames(shape: PairShape) -> list[Frame]:
    first = Frame("t1", shape)
    return [first] if shape.symmetric else [first, Frame("t2", shape.swapped())]


def _roles(shape: PairShape, frames: list[Frame]) -> exp.Query:
    if shape.symmetric:
        return select(f"select id as _row, 'both' as role from {frames[0].step('found')}")
    union = " union all ".join(
        f"select id, '{frame.role}' as role from {frame.step('found')}"
        for frame in frames
    )
    role = "case when min(role) = max(role) then min(role) else 'both' end"
    return select(f"select id as _row, {role} as role from ({union}) as u group by id")


def _breaking(constraint: DenialConstraint, source: str) -> exp.Query:
    role = exp.alias_(exp.Literal.string("t1"), "role")
    rows = exp.select(column("_row", "r"), role).from_(table(source, "r"))
    return rows.where(*_conditions(constraint))


def _conditions(constraint: DenialConstraint) -> list[exp.Expr]:
    def own(ref: ColumnRef) -> exp.Expr:
        return column(ref.column, "r")

    return [predicate_expression(p, own) for p in constraint.predicates]


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


def _shape_text(shape: PairShape) -> str:
    parts = ["equalities"] if shape.keys else []
    if shape.differs:
        parts.append("`<>`" if len(shape.differs) == 1 else "several `<>`")
    if shape.orders:
        parts.append(
            "one order comparison" if len(shape.orders) == 1 else "two order comparisons"
        )
    if not parts:
        return "two rows, filters only"
    return " and ".join(parts) if len(parts) < 3 else ", ".join(parts)  # noqa: PLR2004


def _plan_text(shape: PairShape) -> str:
    where = "of each group" if shape.keys else "of the table"
    other = "the two best of different value " if Frame("t1", shape).other else ""
    if shape.kind == "two orders":
        return f"one sort, running extremum{', ' + other.strip() if other else ''}"
    if shape.kind == "one order":
        return (other or "extremum ") + where
    if not shape.differs:
        return "groups of more than one row" if shape.keys else "number of rows"
    if len(shape.differs) == 1 and not shape.may_be_alone:
        return f"smallest and largest value {where}"
    return f"counts {where} by inclusion and exclusion"


def _cost(shape: PairShape) -> str:
    return "O(n log n)" if shape.kind == "two orders" else "O(n)"
