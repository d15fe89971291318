"""Checks of rules that speak of other rows or other tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backbone.errors import BackboneError, RuleSyntaxError
from backbone.model.constraints import Reference
from backbone.model.names import AssetName, Zone
from backbone.project.checks.fits import noun
from backbone.project.checks.inputs import reference_of
from backbone.project.checks.known import Columns, Known, missing_columns
from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.trusted import Rule, TrustedTable

__all__ = [
    "check_deny",
    "check_references",
    "check_sql",
    "check_where",
    "side_mistake",
]

_READABLE: tuple[Zone, ...] = ("formatted", "trusted", "exploitation")
TrustedDraft = Draft[TrustedTable]


def check_references(
    draft: TrustedDraft, where: Where, references: Mapping[str, str], known: Known
) -> Iterator[Mistake]:
    """Check that what ``references`` names exists, and can be equal."""
    own = known.columns.get(draft.name, {})
    for names, target in references.items():
        at = (*where, "references", names)
        reference = reference_of(names, target)
        if reference is None:
            text = (
                f"`{target}` is not what `{names}` can refer to; write `table.column`, "
                "or as many columns: `table.x, y`"
            )
            yield draft.mistake(at, text)
            continue
        said = list(_reference(draft, at, reference, known))
        yield from said or _comparable(draft, at, own, reference, known)


def _comparable(
    draft: TrustedDraft, where: Where, own: Columns, reference: Reference, known: Known
) -> Iterator[Mistake]:
    columns = known.of_asset(AssetName.parse(reference.table)) or {}
    for name, target in zip(reference.columns, reference.to, strict=True):
        one, other = own.get(name), columns.get(target)
        if one is None or other is None or one.kind == other.kind:
            continue
        if not (one.is_numeric and other.is_numeric):
            text = (
                f"`{name}` is {noun(one)}, but `{target}` of {reference.table} is "
                f"{noun(other)}: they are never equal"
            )
            yield draft.mistake(where, text)


def check_deny(
    draft: TrustedDraft, where: Where, rule: Rule, known: Known
) -> Iterator[Mistake]:
    """Check that a constraint can be read, and that its columns exist."""
    try:
        constraint = rule.denied()
    except RuleSyntaxError as error:
        yield draft.mistake(where, _said(error))
        return
    columns = known.columns.get(draft.name, {})
    order = constraint.sequence.columns if constraint.sequence else ()
    named = ((where, name) for name in constraint.columns if name not in order)
    yield from missing_columns(draft, named, columns)
    if constraint.reference is not None:
        yield from _reference(draft, where, constraint.reference, known)


def check_where(
    draft: TrustedDraft, where: Where, rule: Rule, known: Known
) -> Iterator[Mistake]:
    """Check that the condition of a rule can be read, and that its columns exist."""
    try:
        predicates = rule.looked_at()
    except RuleSyntaxError as error:
        yield draft.mistake(where, _said(error))
        return
    names = dict.fromkeys(ref.column for p in predicates for ref in p.columns)
    columns = known.columns.get(draft.name, {})
    yield from missing_columns(draft, ((where, name) for name in names), columns)


def check_sql(
    draft: TrustedDraft, where: Where, rule: Rule, known: Known
) -> Iterator[Mistake]:
    """Check that the query of a rule is one, and that what it reads exists."""
    try:
        tables = rule.selected().tables
    except BackboneError as error:
        yield draft.mistake(where, _said(error))
        return
    if f"trusted.{draft.name}" not in tables:
        text = f"it does not read trusted.{draft.name}, whose rows it is to select"
        yield draft.mistake(where, text)
    for table in tables:
        why = known.unknown(table, _READABLE) or side_mistake(table)
        if why:
            yield draft.mistake(where, why)


def side_mistake(table: str) -> str | None:
    """Say why a rule cannot read `table`, if that is a side table.

    >>> side_mistake("trusted.sales__repairs")
    '`trusted.sales__repairs` is a side table: rules are about tables'
    """
    if AssetName.parse(table).side is None:
        return None
    return f"`{table}` is a side table: rules are about tables"


def _said(error: BackboneError) -> str:
    return f"{error.what}. {error.hint}" if error.hint else error.what


def _reference(
    draft: TrustedDraft, where: Where, reference: Reference, known: Known
) -> Iterator[Mistake]:
    why = known.unknown(reference.table, _READABLE) or side_mistake(reference.table)
    if why:
        yield draft.mistake(where, why)
        return
    columns = known.of_asset(AssetName.parse(reference.table))
    if columns is not None:
        for name in reference.to:
            if name not in columns:
                hint = suggestion(name, columns)
                text = f"there is no column `{name}` in {reference.table}{hint}"
                yield draft.mistake(where, text)
