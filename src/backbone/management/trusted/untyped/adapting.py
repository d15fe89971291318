"""Constraints of files: other names for columns, and the order of neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from backbone.management.trusted.untyped.comparing import tree_of
from backbone.management.trusted.untyped.odd import bare
from backbone.management.trusted.untyped.spellings import Spelling
from backbone.model.constraints import DenialConstraint, Predicate, Sequence, Term
from backbone.sql.denial_terms import term_of

__all__ = ["IN_ORDER", "in_order", "renamed"]

IN_ORDER = " in order"
"""What is added to the name of a column whose values, not texts, rows are ordered by."""


def renamed(constraint: DenialConstraint, names: Mapping[str, str]) -> DenialConstraint:
    """Return the constraint with other names for the columns that are in `names`."""

    def new(name: str) -> str:
        return names.get(name, name)

    def of_term(term: Term) -> Term:
        tree = tree_of(term)
        for found in tree.find_all(exp.Column):
            found.this.replace(exp.to_identifier(new(found.name), quoted=True))
        return term_of(tree)

    def of_predicate(predicate: Predicate) -> Predicate:
        right = predicate.right and of_term(predicate.right)
        return replace(predicate, left=of_term(predicate.left), right=right)

    if all(new(name) == name for name in constraint.reads):
        return constraint
    predicates = tuple(map(of_predicate, constraint.predicates))
    where = tuple(map(of_predicate, constraint.where))
    order = constraint.sequence
    if order is not None:
        order = Sequence(tuple(map(new, order.by)), tuple(map(new, order.per)))
    return replace(constraint, predicates=predicates, where=where, sequence=order)


def in_order(
    constraint: DenialConstraint, spelt: Mapping[str, Spelling]
) -> tuple[DenialConstraint, dict[str, exp.Expr]]:
    """Return a rule on neighbours whose order is that of values, not of texts.

    Beside it the columns that it needs for that, by name, each computed from a column.
    """
    order = constraint.sequence
    if order is None:
        return constraint, {}
    made: dict[str, exp.Expr] = {}
    by = []
    for name in order.by:
        value = _value_in_order(spelt[name])
        by.append(name if value is None else f"{name}{IN_ORDER}")
        made |= {} if value is None else {by[-1]: value}
    return replace(constraint, sequence=replace(order, by=tuple(by))), made


def _value_in_order(spelt: Spelling) -> exp.Expr | None:
    if spelt.values and spelt.is_number:
        to = exp.DataType.build(spelt.numeric.sql, dialect="duckdb")
        return exp.TryCast(this=bare(spelt.name), to=to, safe=True)
    styles = spelt.styles() if spelt.values else ()
    return styles[0].value(bare(spelt.name)) if len(styles) == 1 else None
