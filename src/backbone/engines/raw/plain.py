"""Columns whose texts are plainly values, proven by their bytes.

The grammar asks every text for its pattern. Most columns hold nothing but numbers, dates
and times of one shape, and that is seen sooner in the bytes of a whole column than text
by text; then Arrow makes the values, while text is still being read. A column that is not
so plain is left to the grammar, which knows the same values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from backbone.engines.raw.numbers import is_dressed
from backbone.model.raw import RawColumn
from backbone.model.types import CanonicalType

__all__ = ["plain_sources", "proven"]

_ZERO, _MINUS, _POINT, _NINE = ord("0"), ord("-"), ord("."), 9
_LONGEST = 300  # digits of a double that is not infinite
_DATE, _DATETIME = b"0000-00-00", b"0000-00-00 00:00:00"

Bytes = npt.NDArray[np.uint8]


def plain_sources(columns: Sequence[RawColumn]) -> dict[str, CanonicalType]:
    """Return the types of sources that are read only as the whole text of one column."""
    readers = Counter(source for column in columns for source in column.sources)
    plain = (column for column in columns if _is_plain(column))
    return {c.sources[0]: c.type for c in plain if readers[c.sources[0]] == 1}


def _is_plain(column: RawColumn) -> bool:
    kind = column.type.kind
    return (
        kind in _KINDS
        and len(column.sources) == 1
        and not column.sources[0].startswith("$")
        and not (column.pattern or column.nulls or column.pad or column.format)
        and not (column.means_true or column.means_false)
        and (kind == "integer" or not is_dressed(column))
    )


def proven(texts: pa.ChunkedArray, kind: CanonicalType) -> pa.ChunkedArray | None:
    """Return the values of texts, None if not every text is plainly one.

    >>> integer = CanonicalType("integer")
    >>> proven(pa.chunked_array([["17", None, "-2"]]), integer).to_pylist()
    [17, None, -2]
    >>> proven(pa.chunked_array([["17", "+2"]]), integer) is None
    True
    """
    if kind.kind == "boolean":
        return _booleans(texts)
    target, is_sound = _KINDS[kind.kind]
    chunks = (_Chunk.of(chunk) for chunk in texts.chunks if len(chunk))
    if not all(is_sound(chunk, kind) for chunk in chunks):
        return None
    try:
        return texts.cast(target(kind))
    except pa.ArrowInvalid:  # no day of the calendar, too many digits, no digit
        return None


def _booleans(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    true = pc.equal(texts, "true")
    known = pc.or_(true, pc.equal(texts, "false"))
    return true if pc.all(known, min_count=0).as_py() else None


@dataclass(frozen=True)
class _Chunk:
    """The bytes of texts, where each starts (and the last ends), how many are missing."""

    written: Bytes
    starts: npt.NDArray[np.int64]
    missing: int

    @classmethod
    def of(cls, texts: pa.StringArray) -> _Chunk:
        _, offsets, data = texts.buffers()
        starts = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset)
        first, last = int(starts[0]), int(starts[-1])
        written = np.frombuffer(data or b"", np.uint8, last - first, first if data else 0)
        return cls(written, starts.astype(np.int64) - first, texts.null_count)

    def others(self) -> npt.NDArray[np.int64]:
        """Where there are bytes that are no digits."""
        return np.flatnonzero(self.written - np.uint8(_ZERO) > _NINE)

    def sizes(self) -> npt.NDArray[np.int64] | None:
        """The sizes of texts that are there; None if one of them is empty."""
        sizes = np.diff(self.starts)
        there = sizes[sizes != 0]
        return there if len(sizes) - len(there) == self.missing else None


def _is_integer(chunk: _Chunk, _: CanonicalType) -> bool:
    """Tell whether the bytes of all texts are digits, but for a minus in front."""
    others = chunk.others()
    if not len(others):
        return True
    is_start = np.zeros(len(chunk.written) + 1, np.bool_)
    is_start[chunk.starts[:-1]] = True
    return bool((chunk.written[others] == _MINUS).all() and is_start[others].all())


def _is_number(chunk: _Chunk, kind: CanonicalType) -> bool:
    """Tell whether all texts are digits, perhaps a minus before, a point among them."""
    sizes = chunk.sizes()
    if sizes is None or (len(sizes) and int(sizes.max()) > _LONGEST):
        return False
    others = chunk.others()
    signs = chunk.written[others]
    points, minuses = others[signs == _POINT], others[signs == _MINUS]
    if len(points) + len(minuses) < len(others):
        return False
    is_edge = np.zeros(len(chunk.written) + 2, np.bool_)
    is_edge[chunk.starts] = True  # where a text starts, or the one before ends
    if not is_edge[minuses].all() or is_edge[minuses + 1].any():
        return False
    if is_edge[points].any() or is_edge[points + 1].any():
        return False
    rows = np.searchsorted(chunk.starts, points, side="right")
    behind = chunk.starts[rows] - points - 1
    fits = kind.kind != "decimal" or bool((behind <= (kind.scale or 0)).all())
    alone = not (np.diff(rows) == 0).any()
    return fits and alone and not (chunk.written[minuses + 1] == _POINT).any()


def _has_shape(chunk: _Chunk, shape: bytes) -> bool:
    """Tell whether all texts have the signs of `shape`, and digits in place of its."""
    sizes = chunk.sizes()
    if sizes is None or (sizes != len(shape)).any():
        return False
    if not len(sizes):
        return True
    rows = chunk.written.reshape(-1, len(shape))
    digits = np.frombuffer(shape, np.uint8) == _ZERO
    if ((rows - np.uint8(_ZERO) <= _NINE) != digits).any():
        return False
    signs = np.flatnonzero(~digits)
    same = all((rows[:, place] == shape[place]).all() for place in signs)
    return same and bool((rows[:, :4] != _ZERO).any(axis=1).all())  # there is no year 0


def _decimals(kind: CanonicalType) -> pa.DataType:
    return pa.decimal128(kind.precision or 38, kind.scale or 0)


Sound = Callable[[_Chunk, CanonicalType], bool]
_KINDS: dict[str, tuple[Callable[[CanonicalType], pa.DataType], Sound]] = {
    "boolean": (lambda _: pa.bool_(), lambda _, __: False),
    "integer": (lambda _: pa.int64(), _is_integer),
    "double": (lambda _: pa.float64(), _is_number),
    "decimal": (_decimals, _is_number),
    "date": (lambda _: pa.date32(), lambda c, _: _has_shape(c, _DATE)),
    "datetime": (lambda _: pa.timestamp("us"), lambda c, _: _has_shape(c, _DATETIME)),
}
