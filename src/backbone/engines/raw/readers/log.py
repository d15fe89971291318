r"""Logs: entries whose parts a regular expression names.

The expression is RE2's, which takes time linear in the text whatever the text is; it has
to match the whole entry. `common` and `combined` are the formats of web servers, whose
escapes (``\"``) stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backbone.engines.raw.readers.protocol import Lines
from backbone.project.reads import LogRead

__all__ = ["PATTERNS", "Settings", "expression", "mistakes", "names", "read_lines"]

Settings = LogRead

_QUOTED = r"(?:[^\"\\]|\\.)*"
_COMMON = (
    r"(?P<host>\S+) (?P<ident>\S+) (?P<user>[^\[]+) \[(?P<time>[^\]]+)\] "
    rf'"(?P<request>{_QUOTED})" (?P<status>\d{{3}}|-) (?P<bytes>\d+|-)'
)
# taken apart by itself: alternatives inside of the expression above cost twice the time
_REQUEST = r'^(?P<method>[A-Z]+) (?P<path>[^" ]*)(?: (?P<protocol>HTTP/[\d.]+))?$'
_OF_REQUEST = ("method", "path", "protocol")
PATTERNS = {
    "common": _COMMON,
    "combined": rf'{_COMMON} "(?P<referer>{_QUOTED})" "(?P<user_agent>{_QUOTED})"',
}
"""The expressions of well-known formats."""

_NAME = re.compile(r"\(\?P<(\w+)>")


def names(settings: LogRead) -> tuple[str, ...]:
    """Return the named groups of the pattern."""
    text = PATTERNS.get(settings.pattern, settings.pattern)
    more = _OF_REQUEST if settings.pattern in PATTERNS else ()
    return (*dict.fromkeys(_NAME.findall(text)), *more)


@cache
def expression(pattern: str) -> str:
    """Return the expression that matches a whole entry."""
    return f"(?s)^(?:{PATTERNS.get(pattern, pattern)})$"


def mistakes(settings: LogRead) -> Iterator[str]:
    """Say why the expressions cannot be used."""
    nothing = pa.array([], pa.string())
    try:
        pc.extract_regex(nothing, expression(settings.pattern))
        if settings.starts_with:
            pc.match_substring_regex(nothing, f"^(?:{settings.starts_with})")
    except pa.ArrowInvalid as error:
        yield str(error).partition("\n")[0]


def read_lines(lines: pa.Array, settings: LogRead) -> Lines:
    """Take the named parts out of every entry."""
    found = _parts(lines, expression(settings.pattern))
    known = found.type.names
    columns = {name: pc.struct_field(found, [name]) for name in known}
    reason = "does not match the pattern"
    if settings.pattern in PATTERNS:
        request = _parts(columns["request"], _REQUEST)
        columns |= {name: pc.struct_field(request, [name]) for name in _OF_REQUEST}
        reason = f"no entry of the {settings.pattern} log format"
    bad = np.flatnonzero(pc.is_null(found).to_numpy(zero_copy_only=False))
    return Lines(columns, dict.fromkeys(bad.tolist(), reason))


def _parts(texts: pa.Array, pattern: str) -> pa.StructArray:
    found = pc.extract_regex(texts, pattern)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
