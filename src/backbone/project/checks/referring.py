"""Checks of rules that speak of other rows or other tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backbone.errors import RuleSyntaxError
from backbone.model.constraints import Reference
from backbone.model.names import AssetName
from backbone.model.types import CanonicalType
from backbone.project.checks.fits import noun
from backbone.project.checks.known import Columns, Known, missing_columns
from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.trusted import Rule, TrustedTable

__all__ = ["check_deny", "check_references"]

TrustedDraft = Draft[TrustedTable]


def check_references(
    draft: TrustedDraft, where: Where, references: Mapping[str, str], known: Known
) -> Iterator[Mistake]:
    """Check that what ``references`` names exists, and can be equal."""
    own = known.columns.get(draft.name, {})
    for name, target in references.items():
        at = (*where, "references", name)
        table, dot, column = target.removeprefix("trusted.").rpartition(".")
        if not dot:
            text = f"`{target}` is no `table.column` of the trusted zone"
            yield draft.mistake(at, text)
            continue
        tables = known.tables["trusted"]
        if table not in tables:
            hint = suggestion(table, tables)
            text = f"there is no table `{table}` in the trusted zone{hint}"
            yield draft.mistake(at, text)
            continue
        columns = known.columns.get(table)
        if columns is not None and column not in columns:
            names = [f"{table}.{each}" for each in columns]
            text = f"there is no column `{target}`{suggestion(target, names)}"
            yield draft.mistake(at, text)
        elif columns is not None:
            yield from _comparable(draft, at, own.get(name), columns[column], target)


def _comparable(
    draft: TrustedDraft,
    where: Where,
    own: CanonicalType | None,
    other: CanonicalType | None,
    target: str,
) -> Iterator[Mistake]:
    if own is None or other is None or own.kind == other.kind:
        return
    if not (own.is_numeric and other.is_numeric):
        text = f"is {noun(own)}, but `{target}` {noun(other)}: they are never equal"
        yield draft.mistake(where, text)


def check_deny(
    draft: TrustedDraft, where: Where, rule: Rule, known: Known
) -> Iterator[Mistake]:
    """Check that a constraint can be read, and that its columns exist."""
    from backbone.sql.denial import parse  # noqa: PLC0415 - imports sqlglot

    try:
        constraint = parse(rule.name, rule.deny or "")
    except RuleSyntaxError as error:
        text = f"{error.what}. {error.hint}" if error.hint else error.what
        yield draft.mistake(where, text)
        return
    columns = known.columns.get(draft.name, {})
    named = ((where, name) for name in constraint.columns)
    yield from missing_columns(draft, named, columns)
    if constraint.reference is not None:
        yield from _reference(draft, where, constraint.reference, known)


def _reference(
    draft: TrustedDraft, where: Where, reference: Reference, known: Known
) -> Iterator[Mistake]:
    why = known.unknown(reference.table, ("formatted", "trusted", "exploitation"))
    if why:
        yield draft.mistake(where, why)
        return
    columns: Columns | None = known.of_asset(AssetName.parse(reference.table))
    if columns is not None:
        named = ((where, name) for name in reference.to)
        yield from missing_columns(draft, named, columns)
