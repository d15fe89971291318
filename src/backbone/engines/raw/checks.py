"""Checks of what is asked for, before any byte is read; all mistakes at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import available_timezones

import duckdb

from backbone.engines.protocol import RawRead
from backbone.engines.raw.binding import engine_mistakes
from backbone.engines.raw.computed import sql_mistake
from backbone.engines.raw.moments import ISO, FormatError, parse_format
from backbone.engines.raw.readers.checking import reader_mistakes
from backbone.errors import DeclarationError, bounded, nearest
from backbone.model.raw import RawColumn, RawFormat

__all__ = ["check", "mistakes"]

_TEMPORAL = {"date", "datetime", "timestamp"}
_NUMBERS = {"integer", "double", "decimal"}
_MOST_COLUMNS = 10_000  # 20,000 take 14 s for no rows at all, and grow faster than that
_DIGIT = re.compile(r"[0-9]")


def check(request: RawRead, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a request that cannot be read as it is asked for.

    Raises
    ------
    DeclarationError : with every mistake
    """
    found = _declared(request) or engine_mistakes(connection, request.columns)
    if found:
        raise DeclarationError(found, project="the columns to read")


def mistakes(request: RawRead) -> list[str]:
    """Return what is wrong with the layout and the columns of a request.

    What only an engine can tell, it is asked where the rest is sound.
    """
    found = _declared(request)
    if not found:
        with duckdb.connect() as connection:
            found = engine_mistakes(connection, request.columns)
    return found


def _declared(request: RawRead) -> list[str]:
    count = len(request.columns)
    if count > _MOST_COLUMNS:
        most = f"there are {count:,} columns; a table has {_MOST_COLUMNS:,} at most"
        return [f"{most}: leave out what is not needed, or make rows of columns"]
    found = [f"read: {text}" for text in _layout_mistakes(request.format)]
    found += _name_mistakes(request.columns)
    known = [each.name for each in request.columns if each.sql is None]
    for each in request.columns:
        found += [f"column `{each.name}`: {text}" for text in _mistakes(each, known)]
        if each.sql is not None:
            known.append(each.name)
    return found


def _layout_mistakes(form: RawFormat) -> Iterator[str]:
    signs = {"delimiter": form.delimiter, "quote": form.quote, "escape": form.escape}
    met: dict[str, str] = {}
    for name, sign in signs.items():
        if sign is None:
            continue
        if len(sign) != 1 or not sign.isascii() or sign in "\r\n\0":
            yield f"`{name}` is one ASCII character that ends no line"
        if sign in met:
            yield f"`{met[sign]}` and `{name}` are the same"
        met.setdefault(sign, name)
    try:
        b"ab".decode(form.encoding, errors="replace")
    except (LookupError, UnicodeError):
        yield f"there is no text encoding `{form.encoding}`"
    if form.format not in {"csv", "json", "jsonl", "parquet"}:
        yield from reader_mistakes(form)
    yield from _header_mistakes(form, met)


def _header_mistakes(form: RawFormat, signs: Mapping[str, str]) -> Iterator[str]:
    if form.units is not None and not 1 <= form.units <= form.header:
        yield f"`units: {form.units}` is no line of a header of {form.header}"
    elif form.units is not None and form.header == 1 and not form.names:
        yield "`units` leaves no line of the header for names"
    if form.repeated_header and not form.header:
        yield "`repeated_header` needs a header"
    twice = [name for name, count in Counter(form.names).items() if count > 1]
    if twice:
        yield f"`names` has {bounded([f'`{name}`' for name in twice])} twice"
    comment = form.comment
    if comment is not None and (not comment.strip("\r\n\0") or comment[0] in signs):
        yield "`comment` begins with another character than fields, and ends no line"
    if isinstance(form.footer, str):
        yield from _regex_mistakes("footer", form.footer)


def _name_mistakes(columns: Sequence[RawColumn]) -> Iterator[str]:
    met: dict[str, str] = {}
    for each in columns:
        if each.name.startswith("_") or ":" in each.name:
            yield f"column `{each.name}`: a name begins with no `_` and has no `:`"
        other = met.setdefault(each.name.lower(), each.name)
        if other is not each.name:
            yield f"columns `{other}` and `{each.name}` differ in case only"


def _mistakes(each: RawColumn, known: Sequence[str]) -> Iterator[str]:
    if each.sql is not None:
        yield from _computed_mistakes(each, known)
    elif not each.sources and each.value is None and not each.absent:
        yield "it is made of nothing: `from`, `value` or `sql` is needed"
    for source, width in each.pad:
        if source not in each.sources or width < 1:
            yield f"`pad` has `{source}: {width}`: a raw column of it, and a width"
    if each.pad and each.type.kind == "string" and len(each.sources) == 0:
        yield "`pad` needs raw columns"
    yield from _pattern_mistakes(each)
    yield from _time_mistakes(each)
    yield from _number_mistakes(each)


def _computed_mistakes(each: RawColumn, known: Sequence[str]) -> Iterator[str]:
    wrong = sql_mistake(each, known)
    if wrong:
        yield wrong
    if each.nulls:
        yield "`nulls` are texts of raw columns; `sql` reads values"


def _pattern_mistakes(each: RawColumn) -> Iterator[str]:
    if each.pattern is None:
        return
    wrong = list(_regex_mistakes("pattern", each.pattern))
    yield from wrong
    if not wrong and not re.compile(each.pattern).groups:
        yield "`pattern` needs a group: what is in its first parentheses is taken"


def _regex_mistakes(name: str, pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield f"`{name}` is no regular expression: {error}"


def _number_mistakes(each: RawColumn) -> Iterator[str]:
    kind = each.type.kind
    if kind not in _NUMBERS:
        for name in ("prefix", "suffix", "negative"):
            if getattr(each, name):
                yield f"`{name}` is for numbers, not for {each.type}"
    elif each.decimal == each.thousands:
        yield f"`decimal` and `thousands` are both `{each.decimal}`"
    for name in ("prefix", "suffix"):
        texts = getattr(each, name)
        if any(not text.strip() or _DIGIT.search(text) for text in texts):
            yield f"`{name}` has a text that is blank or has a digit"
    if (each.means_true or each.means_false) and kind != "boolean":
        yield f"`means_true` and `means_false` are for booleans, not for {each.type}"
    both = sorted(set(each.means_true) & set(each.means_false))
    if both:
        yield f"`{both[0]}` means true and false"


def _time_mistakes(each: RawColumn) -> Iterator[str]:
    kind = each.type.kind
    if each.timezone is not None and kind != "timestamp":
        yield f"`timezone` is for timestamps, not for {each.type}"
    elif each.timezone is not None and each.timezone not in available_timezones():
        hint = nearest(each.timezone, sorted(available_timezones())) or ""
        yield f"there is no time zone `{each.timezone}`. {hint}".rstrip()
    forms = each.formats
    if forms and kind not in _TEMPORAL:
        yield f"`format` is for dates and times, not for {each.type}"
        return
    if len(set(forms)) < len(forms):
        yield "`format` has one format twice"
    for form in forms:
        yield from _format_mistakes(each, form)


def _format_mistakes(each: RawColumn, declared: str) -> Iterator[str]:
    kind = each.type.kind
    if declared == ISO:
        return
    try:
        form = parse_format(declared)
    except FormatError as error:
        yield f"`format: {declared}` cannot be used: {error}"
        return
    if form.epoch is not None and kind != "timestamp":
        yield f"`format: {declared}` counts to an instant: it is for timestamps"
    elif form.epoch is not None and each.timezone is not None and len(each.formats) == 1:
        yield f"`format: {declared}` counts to an instant, which needs no `timezone`"
    elif form.has_offset and kind != "timestamp":
        yield f"`format` has an offset (%z), which a {each.type} cannot keep"
    if kind == "timestamp" and not form.has_offset and each.timezone is None:
        yield "a local time needs a `timezone`, or an offset (%z) in its `format`"
