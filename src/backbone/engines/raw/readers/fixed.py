"""Fixed width: fields that stand at the same characters of every line.

Places are counted in characters of the decoded text, the first is 1; of encodings of one
byte a character, these are the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backbone.engines.raw.readers.protocol import Lines
from backbone.project.reads import FixedRead

__all__ = ["Settings", "names", "read_lines"]

Settings = FixedRead


def names(settings: FixedRead) -> tuple[str, ...]:
    """Return the fields."""
    return tuple(settings.fields)


def read_lines(lines: pa.Array, settings: FixedRead) -> Lines:
    """Cut every line at the places of its fields."""
    columns: dict[str, pa.Array] = {}
    for name, (first, width) in settings.fields.items():
        start = first - 1
        cell = pc.utf8_slice_codeunits(lines, start, start + width)
        columns[name] = pc.utf8_trim(cell, " \t") if settings.trim else cell
    bad = {} if settings.short == "pad" else dict(_short(lines, settings))
    return Lines(columns, bad)


def _short(lines: pa.Array, settings: FixedRead) -> Iterator[tuple[int, str]]:
    """Yield the lines that end before their last field does."""
    least = max(first + width - 1 for first, width in settings.fields.values())
    lengths = pc.utf8_length(lines)
    for row in np.flatnonzero(pc.less(lengths, least)).tolist():
        found = lengths[row].as_py()
        yield row, f"expected {least:,} characters, found {found:,}"
