"""Checks of what is asked for, before any byte is read; all mistakes at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from zoneinfo import available_timezones

import duckdb

from backbone.engines.protocol import RawRead
from backbone.engines.raw.binding import engine_mistakes
from backbone.engines.raw.computed import sql_mistake
from backbone.engines.raw.moments import FormatError, parse_format
from backbone.engines.raw.readers.checking import reader_mistakes
from backbone.errors import DeclarationError, nearest
from backbone.model.raw import RawColumn, RawFormat

__all__ = ["check", "mistakes"]

_TEMPORAL = {"date", "datetime", "timestamp"}


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
    found = [f"read: {text}" for text in _layout_mistakes(request.format)]
    found += _name_mistakes(request.columns)
    known = [each.name for each in request.columns if each.sql is None]
    for each in request.columns:
        found += [f"column `{each.name}`: {text}" for text in _mistakes(each, known)]
        if each.sql is not None:
            known.append(each.name)
    return found


def _layout_mistakes(form: RawFormat) -> Iterator[str]:
    for name, sign in (("delimiter", form.delimiter), ("quote", form.quote)):
        if len(sign) != 1 or not sign.isascii() or sign in "\r\n\0":
            yield f"`{name}` is one ASCII character that ends no line"
    if form.delimiter == form.quote:
        yield "`delimiter` and `quote` are the same"
    try:
        b"ab".decode(form.encoding, errors="replace")
    except (LookupError, UnicodeError):
        yield f"there is no text encoding `{form.encoding}`"
    if form.format not in {"csv", "json", "jsonl", "parquet"}:
        yield from reader_mistakes(form)


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
    elif not each.sources:
        yield "it is made of nothing: `from` or `sql` is needed"
    for source, width in each.pad:
        if source not in each.sources or width < 1:
            yield f"`pad` has `{source}: {width}`: a raw column of it, and a width"
    if each.pad and each.type.kind == "string" and len(each.sources) == 0:
        yield "`pad` needs raw columns"
    yield from _pattern_mistakes(each)
    yield from _time_mistakes(each)


def _computed_mistakes(each: RawColumn, known: Sequence[str]) -> Iterator[str]:
    wrong = sql_mistake(each, known)
    if wrong:
        yield wrong
    if each.nulls:
        yield "`nulls` are texts of raw columns; `sql` reads values"


def _pattern_mistakes(each: RawColumn) -> Iterator[str]:
    if each.pattern is None:
        return
    try:
        groups = re.compile(each.pattern).groups
    except re.error as error:
        yield f"`pattern` is no regular expression: {error}"
        return
    if not groups:
        yield "`pattern` needs a group: what is in its first parentheses is taken"


def _time_mistakes(each: RawColumn) -> Iterator[str]:
    kind = each.type.kind
    if each.timezone is not None and kind != "timestamp":
        yield f"`timezone` is for timestamps, not for {each.type}"
    elif each.timezone is not None and each.timezone not in available_timezones():
        hint = nearest(each.timezone, sorted(available_timezones())) or ""
        yield f"there is no time zone `{each.timezone}`. {hint}".rstrip()
    if each.format is None:
        return
    if kind not in _TEMPORAL:
        yield f"`format` is for dates and times, not for {each.type}"
        return
    try:
        form = parse_format(each.format)
    except FormatError as error:
        yield f"`format: {each.format}` cannot be used: {error}"
        return
    if form.has_offset and kind != "timestamp":
        yield f"`format` has an offset (%z), which a {each.type} cannot keep"
    if kind == "timestamp" and not form.has_offset and each.timezone is None:
        yield "a local time needs a `timezone`, or an offset (%z) in its `format`"
