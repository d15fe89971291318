"""Columns of plain integers, proven by their bytes.

The grammar asks every text of an integer column for its pattern. Most columns hold
nothing but digits behind an optional minus, and that is seen sooner in the bytes of a
whole column than text by text; then Arrow makes the numbers, while text is still being
read. A column that is not so plain is left to the grammar, which knows the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from backbone.model.raw import RawColumn

__all__ = ["integer_sources", "proven_integers"]

_ZERO, _MINUS, _NINE = ord("0"), ord("-"), 9


def integer_sources(columns: Sequence[RawColumn]) -> frozenset[str]:
    """Return the sources that are read only as the whole text of an integer column."""
    readers = Counter(source for column in columns for source in column.sources)
    plain = (column.sources[0] for column in columns if _is_plain(column))
    return frozenset(name for name in plain if readers[name] == 1)


def _is_plain(column: RawColumn) -> bool:
    return (
        column.type.kind == "integer"
        and len(column.sources) == 1
        and not column.sources[0].startswith("$")
        and not (column.pattern or column.nulls or column.pad)
    )


def proven_integers(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return the numbers of texts, None if not every text is plainly one.

    >>> proven_integers(pa.chunked_array([["17", None, "-2"]])).to_pylist()
    [17, None, -2]
    >>> proven_integers(pa.chunked_array([["17", "+2"]])) is None
    True
    """
    if not all(map(_has_only_digits, _chunks(texts))):
        return None
    try:
        return texts.cast(pa.int64())
    except pa.ArrowInvalid:  # nothing at all, a minus alone, more than 64 bits
        return None


def _chunks(texts: pa.ChunkedArray) -> Iterable[pa.StringArray]:
    return (chunk for chunk in texts.chunks if len(chunk))


def _has_only_digits(texts: pa.StringArray) -> bool:
    """Tell whether the bytes of all texts are digits, but for a minus in front."""
    _, offsets, data = texts.buffers()
    if data is None:
        return True
    starts = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset)
    first, last = int(starts[0]), int(starts[-1])
    written = np.frombuffer(data, np.uint8, last - first, first)
    others = np.flatnonzero(written - np.uint8(_ZERO) > _NINE)
    if not len(others):
        return True
    is_start = np.zeros(last - first + 1, np.bool_)
    is_start[starts[:-1] - first] = True
    return bool((written[others] == _MINUS).all() and is_start[others].all())
