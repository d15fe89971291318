"""Checks of formatted tables: where they come from, and how their columns are made."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from backbone.model.types import CanonicalType
from backbone.project.checks.known import Known, missing_columns
from backbone.project.checks.variants import check_variants
from backbone.project.drafts import Draft
from backbone.project.formatted import NO_QUOTES, FormattedColumn, FormattedTable, Read
from backbone.project.mistakes import Mistake, Where, closest, suggestion
from backbone.project.reading import Drafts
from backbone.project.reads import is_above

__all__ = ["check_formatted"]

_NUMBERS = ("integer", "double", "decimal")
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
        yield from check_variants(draft, table)
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
    if isinstance(read, Read):
        yield from _signs(draft, read)
        yield from _header(draft, read)
    if read.thousands == read.decimal:
        yield draft.mistake(("read", "thousands"), "is the decimal mark too")
    for name, column in table.columns.items():
        for source in column.source or (name,):
            if is_above(source) and not read.has_parents:
                text = f"`{source}` is of what is around a record, which {read.format} "
                where = ("columns", name, "from")
                yield draft.mistake(where, f"{text}does not tell")


def _signs(draft: Draft[FormattedTable], read: Read) -> Iterator[Mistake]:
    signs = {"delimiter": read.delimiter, "quote": read.quote, "escape": read.escape}
    met: dict[str, str] = {}
    for option, sign in signs.items():
        if sign is None or sign == NO_QUOTES:
            continue
        if sign in met:
            yield draft.mistake(("read", option), f"is the {met[sign]} too")
        met.setdefault(sign, option)
    if read.comment is not None and read.comment[0] in met:
        text = f"begins with the {met[read.comment[0]]}: those are records"
        yield draft.mistake(("read", "comment"), text)


def _header(draft: Draft[FormattedTable], read: Read) -> Iterator[Mistake]:
    lines = f"{read.header} line{'' if read.header == 1 else 's'}"
    if read.units is not None and read.units > read.header:
        text = f"is a line of the header, which has {lines}; `header` says how many"
        yield draft.mistake(("read", "units"), text)
    elif read.units is not None and read.header == 1 and not read.names:
        text = "leaves no line for the names of columns; declare `header: 2`, or `names`"
        yield draft.mistake(("read", "units"), text)
    if read.repeated_header and not read.header:
        yield draft.mistake(("read", "repeated_header"), "there is none: `header: 0`")
    for index, name in enumerate(read.names):
        if name in read.names[:index]:
            yield draft.mistake(("read", "names", index), f"`{name}` stands twice")


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
    yield from _written(draft, where, column, kind)
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
    for option in ("ambiguous", "missing"):
        if option in column.model_fields_set and column.timezone is None:
            yield draft.mistake((*where, option), "says nothing without a `timezone`")


def _written(
    draft: Draft[FormattedTable],
    where: Where,
    column: FormattedColumn,
    kind: CanonicalType,
) -> Iterator[Mistake]:
    """Check how numbers and booleans are written."""
    is_number = kind.kind in _NUMBERS
    for options, fits, goes in (
        (("decimal", "thousands", "prefix", "suffix", "negative"), is_number, "numbers"),
        (("means_true", "means_false"), kind.kind == "boolean", "booleans"),
    ):
        for option in options:
            if option in column.model_fields_set and not fits:
                yield draft.mistake(
                    (*where, option), f"goes with {goes}, not with {kind}"
                )
    read = draft.value.read if draft.value else None
    decimal = column.decimal or (read.decimal if read else ".")
    marks = column.thousands or (read.thousands if read else None)
    option = "thousands" if column.thousands else "decimal"
    if option in column.model_fields_set and decimal == marks:
        text = f"`{marks}` is the thousands mark and the decimal mark"
        yield draft.mistake((*where, option), text)
    for word in column.means_true:
        if word in column.means_false:
            yield draft.mistake((*where, "means_false"), f"`{word}` means true as well")


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
