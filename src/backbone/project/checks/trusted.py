"""Checks of trusted tables: what cleaning steps and rules name, and what they compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backbone.model.types import CanonicalType
from backbone.project.checks.cleaning import clean_mistakes
from backbone.project.checks.fits import (
    Bound,
    misfit_of_bound,
    misfit_of_range,
    misfit_of_text,
    noun,
)
from backbone.project.checks.known import Columns, Known, missing_columns
from backbone.project.checks.referring import (
    check_deny,
    check_references,
    check_sql,
    check_where,
)
from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.reading import Drafts
from backbone.project.trusted import Rule, TrustedTable

__all__ = ["check_trusted"]

TrustedDraft = Draft[TrustedTable]


def check_trusted(drafts: Drafts, known: Known) -> Iterator[Mistake]:
    """Check every trusted table that has a file."""
    tables = known.tables["formatted"]
    for draft in drafts.trusted.values():
        if draft.name not in tables:
            hint = suggestion(draft.name, tables)
            text = f"there is no table `formatted.{draft.name}` to trust{hint}"
            yield draft.mistake((), text)
            continue
        columns = known.columns.get(draft.name)
        if draft.value is None or columns is None:
            continue
        yield from _distinct(draft, draft.value)
        yield from _cleaning(draft, draft.value, columns)
        for index, rule in enumerate(draft.value.rules):
            where = ("rules", index)
            yield from missing_columns(draft, _named(rule, where), columns)
            yield from _values(draft, rule, where, columns)
            if rule.references:
                yield from check_references(draft, where, rule.references, known)
            if rule.where is not None:
                yield from check_where(draft, (*where, "where"), rule, known)
            if rule.sql:
                yield from check_sql(draft, (*where, "sql"), rule, known)
            if rule.deny:
                yield from check_deny(draft, (*where, "deny"), rule, known)


def _distinct(draft: TrustedDraft, table: TrustedTable) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, rule in enumerate(table.rules):
        other = first.setdefault(rule.name, index)
        if other != index:
            line = draft.document.line(draft.back(("rules", other)))
            text = f"the rule in line {line} is called `{rule.name}` too"
            yield draft.mistake(("rules", index, "name"), text)


def _cleaning(
    draft: TrustedDraft, table: TrustedTable, columns: Columns
) -> Iterator[Mistake]:
    for index, step in enumerate(table.clean):
        for where, text in clean_mistakes(step, columns):
            yield draft.mistake(("clean", index, *where), text)


def _named(rule: Rule, where: Where) -> Iterator[tuple[Where, str]]:
    """Return every column that the short forms of a rule name."""
    for form in ("not_null", "unique"):
        yield from _listed(getattr(rule, form) or (), (*where, form))
    for form in ("accepted", "range", "matches"):
        yield from (((*where, form, name), name) for name in getattr(rule, form) or ())
    for form in ("functional", "references"):
        for key in getattr(rule, form) or ():
            at = (*where, form, key)
            yield from ((at, name.strip()) for name in key.split(","))
    for key, determined in (rule.functional or {}).items():
        yield from _listed(determined, (*where, "functional", key))
    yield from _listed(rule.blamed_columns, (*where, "blame"))
    if rule.sequence is not None:
        for key in ("per", "by"):
            yield from _listed(getattr(rule.sequence, key), (*where, "sequence", key))


def _listed(names: Iterable[str], where: Where) -> Iterator[tuple[Where, str]]:
    return (((*where, index), name) for index, name in enumerate(names))


def _values(
    draft: TrustedDraft, rule: Rule, where: Where, columns: Columns
) -> Iterator[Mistake]:
    """Check that the values a rule names are of the type of its column."""
    for name, bounds in (rule.range or {}).items():
        kind = columns.get(name)
        if kind is not None:
            yield from _bounds(draft, (*where, "range", name), kind, bounds)
    for name, values in (rule.accepted or {}).items():
        kind = columns.get(name)
        for index, value in enumerate(values):
            why = misfit_of_text(kind, value) if kind is not None else None
            if why:
                yield draft.mistake((*where, "accepted", name, index), why)
    for name in rule.matches or {}:
        kind = columns.get(name)
        if kind is not None and kind.kind != "string":
            text = f"`{name}` is {noun(kind)}; expressions match strings"
            yield draft.mistake((*where, "matches", name), text)


def _bounds(
    draft: TrustedDraft, where: Where, kind: CanonicalType, bounds: tuple[Bound, Bound]
) -> Iterator[Mistake]:
    said = [misfit_of_bound(kind, bound) for bound in bounds]
    for index, why in enumerate(said):
        if why:
            yield draft.mistake((*where, index), why)
    if not any(said) and (why := misfit_of_range(kind, *bounds)):
        yield draft.mistake(where, why)
