"""Checks of formatted tables: where they come from, and how their columns are made."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from backbone.model.types import CanonicalType
from backbone.project.checks.known import Known, missing_columns
from backbone.project.drafts import Draft
from backbone.project.formatted import FormattedColumn, FormattedTable, Read
from backbone.project.mistakes import Mistake, Where, closest, suggestion
from backbone.project.reading import Drafts
from backbone.project.reads import is_above

__all__ = ["check_formatted"]

_ENCODINGS = ("utf-8", "utf-16", "latin-1", "iso-8859-15", "cp1250", "cp1251", "cp1252")


def check_formatted(drafts: Drafts, known: Known) -> Iterator[Mistake]:
    """Check every formatted table."""
    for draft in drafts.formatted.values():
        table = draft.value
        if table is None:
            continue
        why = known.unknown(table.source, ("landing",))
        if why:
            yield draft.mistake(("from",), why)
        columns = known.columns.get(draft.name, {})
        key = ((("key", index), name) for index, name in enumerate(table.key))
        yield from missing_columns(draft, key, columns)
        yield from _layout(draft, table)
        yield from _names(draft, list(columns))
        for name, column in table.columns.items():
            yield from _column(draft, name, column, known)


def _layout(draft: Draft[FormattedTable], table: FormattedTable) -> Iterator[Mistake]:
    read = table.read
    encoding = getattr(read, "encoding", "utf-8")
    try:
        codecs.lookup(encoding)
    except LookupError:
        guess = closest(encoding, _ENCODINGS)
        hint = f"; did you mean `{guess}`?" if guess else f"; {', '.join(_ENCODINGS)} …"
        text = f"`{encoding}` is no encoding{hint}"
        yield draft.mistake(("read", "encoding"), text)
    if isinstance(read, Read) and read.delimiter == read.quote:
        yield draft.mistake(("read", "quote"), "is the delimiter too")
    for name, column in table.columns.items():
        for source in column.source or (name,):
            if is_above(source) and not read.has_parents:
                text = f"`{source}` is of what is around a record, which {read.format} "
                where = ("columns", name, "from")
                yield draft.mistake(where, f"{text}does not tell")


def _names(draft: Draft[FormattedTable], names: list[str]) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for name in names:
        where = ("columns", name)
        if name.startswith("_"):
            text = "names that begin with `_` are Backbone's own; rename it, `from` it"
            yield draft.mistake(where, text)
        if not name.strip():
            yield draft.mistake(where, "a column must have a name")
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield draft.mistake(
                where, f"differs from `{other}` only in case; engines take both for one"
            )


def _column(
    draft: Draft[FormattedTable], name: str, column: FormattedColumn, known: Known
) -> Iterator[Mistake]:
    where = ("columns", name)
    kind = column.canonical_type()
    sources = column.source or (name,)
    for raw in column.pad:
        if raw not in sources:
            text = f"`{raw}` is not in `from`{suggestion(raw, sources)}"
            yield draft.mistake((*where, "pad", raw), text)
    if column.pattern is not None and _groups(column.pattern) == 0:
        text = "takes the first group, and there is none: put `(…)` around what is wanted"
        yield draft.mistake((*where, "pattern"), text)
    if column.format is not None and not kind.is_temporal:
        text = f"goes with date, timestamp and datetime, not with {kind}"
        yield draft.mistake((*where, "format"), text)
    yield from _zone(draft, where, column, kind)
    if column.sql is not None:
        yield from _computed(draft, where, name, column, known)


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error:  # in another dialect than Python's: the raw reader will tell
        return pattern.count("(")


def _zone(
    draft: Draft[FormattedTable],
    where: Where,
    column: FormattedColumn,
    kind: CanonicalType,
) -> Iterator[Mistake]:
    if column.timezone is not None and kind.kind != "timestamp":
        text = f"goes with timestamp, an instant; {kind} has no zone"
        yield draft.mistake((*where, "timezone"), text)
    if "ambiguous" in column.model_fields_set and column.timezone is None:
        yield draft.mistake((*where, "ambiguous"), "says nothing without a `timezone`")


def _computed(
    draft: Draft[FormattedTable],
    where: Where,
    name: str,
    column: FormattedColumn,
    known: Known,
) -> Iterator[Mistake]:
    from backbone.project.checks.sql import columns_of  # noqa: PLC0415 - imports sqlglot

    at = (*where, "sql")
    for option in ("pattern", "format", "pad", "nulls"):
        if option in column.model_fields_set:
            text = "goes with `from`; a column made by `sql` has no raw text"
            yield draft.mistake((*where, option), text)
    columns = known.columns.get(draft.name, {})
    names, why = columns_of(column.sql or "")
    if name in names:
        why = f"`{name}` cannot be computed from itself"
    if why:
        yield draft.mistake(at, why)
    yield from missing_columns(draft, ((at, each) for each in names), columns)
