"""Checks before reading: whether the columns are there that declarations read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from backbone.engines.raw.pieces import Wanted
from backbone.errors import bounded, nearest

__all__ = ["header_problem", "looks_like", "missing_problem"]

_DELIMITERS = (",", ";", "\t", "|")
_SPELT = {"\t": "\\t"}
_SIGNS = (
    (b"\xff\xfe", "UTF-16: declare `encoding: utf-16`"),
    (b"\xfe\xff", "UTF-16: declare `encoding: utf-16`"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive, or a workbook: declare `format: excel`"),
    (b"PAR1", "Parquet: declare `format: parquet`"),
    (b"ARROW1", "Arrow: declare `format: feather`"),
    (b"FEA1", "Feather: declare `format: feather`"),
    (b"Obj\x01", "Avro: declare `format: avro`"),
    (b"SQLite format 3", "a SQLite database: declare `format: sqlite`"),
    (b"%PDF", "a PDF document"),
)
_MARKUP = (
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<?xml", "XML: declare `format: xml`"),
)


def looks_like(head: bytes) -> str | None:
    """Say what the first bytes of a file look like, if that is something known.

    >>> looks_like(b"  <!DOCTYPE html><html>")
    'HTML'
    """
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return kind
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((kind for sign, kind in _MARKUP if start.startswith(sign)), None)


def header_problem(
    names: Sequence[str], given: Sequence[str], wanted: Wanted
) -> str | None:
    """Say why a header cannot be used: a column missing, or there twice.

    `given` are the names as they are written, which may stand there twice.
    """
    form = wanted.format
    if form.names and form.header and len(given) != len(names):
        return (
            f"the header has {len(given):,} columns, `names` has {len(names):,}: "
            f"{bounded([f'`{name}`' for name in given])}"
        )
    known = set(names)
    missing = [name for name in wanted.required if name not in known]
    if missing:
        where = "the header has no" if form.header else "without a header there is no"
        problem = missing_problem(where, missing, names)
        return problem + _delimiter_hint(given, form.delimiter)
    if wanted.sources and not known.intersection(wanted.sources):
        problem = missing_problem("the header has none of the", wanted.sources, names)
        return problem + _delimiter_hint(given, form.delimiter)
    return None if form.names else _twins_problem(names, given, wanted.sources)


def _twins_problem(
    names: Sequence[str], given: Sequence[str], sources: Sequence[str]
) -> str | None:
    """Refuse to choose between columns of one name; who reads another of them has."""
    counts = Counter(given)
    read = set(sources)
    chosen = {
        old for new, old in zip(names, given, strict=True) if new != old and new in read
    }
    twice = [name for name in sources if counts[name] > 1 and name not in chosen]
    if not twice:
        return None
    others = [
        new for new, old in zip(names, given, strict=True) if new != old == twice[0]
    ]
    shown = bounded([f"`{name}`" for name in twice])
    return (
        f"the header has {shown} more than once, and a column reads it. The next one is "
        f"`{others[0]}`: read that too, or give all columns `names`"
    )


def missing_problem(
    what: str, missing: Sequence[str], known: Sequence[str], *, kind: str = "column"
) -> str:
    """Say which columns are missing, and what is near to them.

    >>> missing_problem("the header has no", ["dep_tme"], ["dep_time", "flight"])
    'the header has no column `dep_tme`. Did you mean `dep_time`?'
    """
    names = bounded([f"`{name}`" for name in missing])
    column = kind if len(missing) == 1 else f"{kind}s"
    hints = [hint for name in missing[:5] if (hint := nearest(name, known))]
    return " ".join([f"{what} {column} {names}.", *dict.fromkeys(hints)])


def _delimiter_hint(names: Sequence[str], delimiter: str) -> str:
    if len(names) != 1:
        return ""
    counts = {sign: names[0].count(sign) for sign in _DELIMITERS if sign != delimiter}
    best = max(counts, key=lambda sign: counts[sign])
    if not counts[best]:
        return ""
    shown = _SPELT.get(best, best)
    return f" The delimiter looks like '{shown}': declare `delimiter: \"{shown}\"`."
