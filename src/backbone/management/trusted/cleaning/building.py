"""What a table's cleaning steps say, as changes, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from backbone.management.trusted.cleaning.changes import Change, Search, Tidy, typed
from backbone.management.trusted.cleaning.fills import filled
from backbone.management.trusted.cleaning.forms import done
from backbone.management.trusted.cleaning.outliers import outliers
from backbone.management.trusted.cleaning.spellings import coded, looked_up, measured
from backbone.management.trusted.cleaning.texts import (
    padded,
    replaced,
    substituted,
)
from backbone.management.trusted.cleaning.values import equal_to_any
from backbone.management.trusted.rows.steps import ROWS, Steps
from backbone.model.constraints import DenialConstraint
from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType
from backbone.project.cleaning import CleanStep, Lookup, Missing
from backbone.project.lookups import Pairs
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import column, table

__all__ = ["changes_of"]

Lookups = Mapping[Lookup, Pairs]


def changes_of(
    steps: Iterable[CleanStep], schema: Schema, lookups: Lookups | None = None
) -> tuple[Change, ...]:
    """Return the changes that `steps` make to a table of `schema`, in their order.

    `lookups` are the pairs of the files that the steps name.

    >>> from backbone.model.types import STRING
    >>> step = CleanStep(column="a", do=("trim", "nfc"))
    >>> [change.name for change in changes_of([step], Schema.of(a=STRING))]
    ['clean_1_trim', 'clean_1_nfc']
    """
    found: list[Change] = []
    for number, step in enumerate(steps, start=1):
        for target in step.targets():
            found += _changes(f"clean_{number}", step, target, schema, lookups or {})
    return tuple(found)


def _changes(
    lead: str, step: CleanStep, target: str, schema: Schema, lookups: Lookups
) -> Iterator[Change]:
    name, kind = f"{lead}_{step.form}", schema[target].type
    if step.do:
        for do in step.do:
            yield from done(f"{lead}_{do}", target, do)
    elif step.missing:
        yield _blanked(name, target, step.missing, kind)
    elif step.outliers:
        yield outliers(name, target, step.outliers)
    elif step.fill:
        yield filled(name, target, step.fill, kind)
    else:
        yield _of_text(name, step, target, lookups)


def _of_text(name: str, step: CleanStep, target: str, lookups: Lookups) -> Change:
    if step.substitute:
        return Tidy(name, target, substituted(step.substitute))
    if step.pad:
        return Tidy(name, target, padded(step.pad))
    if step.lookup:
        return looked_up(name, target, step.lookup, lookups[step.lookup])
    if step.codes:
        return coded(name, target, step.codes)
    if step.units:
        return measured(name, target, step.units)
    return Tidy(name, target, replaced(step.replace))


def _blanked(name: str, target: str, step: Missing, kind: CanonicalType) -> Change:
    condition = step.condition()
    if condition is not None:
        return _blanked_where(name, target, step, condition, kind)

    def change(value: exp.Expr) -> exp.Expr:
        hit = equal_to_any(value.copy(), step.values, kind)
        return exp.Case().when(hit, exp.cast(exp.null(), kind.sql)).else_(value)

    return Tidy(name, target, change, method="missing")


def _blanked_where(
    name: str,
    target: str,
    step: Missing,
    condition: DenialConstraint,
    kind: CanonicalType,
) -> Search:
    def steps(schema: Schema) -> Steps:
        wanted: list[exp.Expr] = [
            predicate_expression(predicate, lambda ref: column(ref.column))
            for predicate in condition.predicates
        ]
        if step.values:
            wanted.append(equal_to_any(column(target), step.values, kind))
        wanted.append(exp.not_(exp.Is(this=column(target), expression=exp.null())))
        made = exp.select(column("_row"), exp.alias_(column(target), "old"))
        made = made.select(exp.alias_(exp.cast(exp.null(), kind.sql), "value"))
        made = made.from_(table(ROWS)).where(*wanted)
        return [("found", typed(made, ROWS, schema))]

    return Search(name, target, condition.columns, steps, method="missing")
