"""Checks before reading: whether the columns are there that declarations read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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
    names: Sequence[str], sources: Sequence[str], delimiter: str
) -> str | None:
    """Say why a header cannot be used: a column missing, or there twice."""
    missing = [name for name in sources if name not in names]
    if missing:
        problem = missing_problem("the header has no", missing, names)
        return problem + _delimiter_hint(names, delimiter)
    counts = Counter(names)
    twice = [f"`{name}`" for name in sources if counts[name] > 1]
    if twice:
        return f"the header has {bounded(twice)} more than once, and a column reads it"
    return None


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
