"""Rows of a database as a Parquet file: the same rows make the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backbone.lake.incoming import Writer

__all__ = ["RowsHash", "hashed", "row_groups", "write_rows"]

_GROUP_ROWS = 50_000
_GROUP_BYTES = 128 << 20
_DECIMAL_BYTES = 16


class RowsHash:
    """A hash of columns and rows, in which no version of a library has a part.

    It is fed row group by row group: the number of rows, then of each column its nulls,
    the lengths of its texts, and its values.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def update(self, group: pa.RecordBatch) -> None:
        """Add rows."""
        if not self.rows:
            columns = [(field.name, str(field.type)) for field in group.schema]
            self._digest.update(repr(columns).encode("utf-8", "backslashreplace"))
        self.rows += group.num_rows
        self._digest.update(group.num_rows.to_bytes(8, "little"))
        for column in group.columns:
            for part in _parts(column):
                self._digest.update(part)

    @property
    def text(self) -> str:
        """The hash so far, 32 hexadecimal digits."""
        return self._digest.hexdigest()[:32]


def hashed(batches: Iterable[pa.RecordBatch]) -> RowsHash:
    """Return the hash of rows that are kept nowhere."""
    found = RowsHash()
    for group in row_groups(batches):
        found.update(group)
    return found


def write_rows(writer: Writer, batches: Iterable[pa.RecordBatch]) -> RowsHash:
    """Write rows as Parquet, and return their hash.

    Parameters
    ----------
    writer : gets the file
    batches : one at least, all of one schema; if they raise, what was written is no file

    Notes
    -----
    One row group is in memory.
    """
    found = RowsHash()
    with ExitStack() as stack:
        file: pq.ParquetWriter | None = None
        for group in row_groups(batches):
            found.update(group)
            if file is None:
                sink = stack.enter_context(pa.PythonFile(writer, mode="w"))
                # The Arrow schema is left out: Parquet's own says as much, in fewer
                # versions.
                made = pq.ParquetWriter(
                    sink, group.schema, compression="zstd", store_schema=False
                )
                file = stack.enter_context(made)
            file.write_batch(group)
    return found


def row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut batches, as a driver gives them, into groups that only their rows decide.

    A group has 50,000 rows, or as many as have 128 MiB of text. If there are no rows,
    there is one group without any.
    """
    held: list[pa.RecordBatch] = []
    rows = size = groups = 0
    schema: pa.Schema | None = None
    for batch in batches:
        schema, start = batch.schema, 0
        while start < batch.num_rows:
            fits, weight = _fitting(batch.slice(start), rows, size)
            if fits:
                held.append(batch.slice(start, fits))
            start, rows, size = start + fits, rows + fits, size + weight
            if rows == _GROUP_ROWS or start < batch.num_rows:
                yield _joined(held)
                held, rows, size, groups = [], 0, 0, groups + 1
    if held or (schema is not None and not groups):
        yield _joined(held) if held else pa.RecordBatch.from_pylist([], schema=schema)


def _fitting(batch: pa.RecordBatch, rows: int, size: int) -> tuple[int, int]:
    """Return how many rows still go into a group, and the bytes of their texts."""
    batch = batch.slice(0, _GROUP_ROWS - rows)
    lengths = [
        pc.fill_null(pc.binary_length(column), 0)
        for column in batch.columns
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type)
    ]
    total = sum(pc.sum(each).as_py() or 0 for each in lengths)
    if size + total <= _GROUP_BYTES:
        return batch.num_rows, total
    ends = size + np.cumsum(sum(each.to_numpy().astype(np.int64) for each in lengths))
    fits = int(np.searchsorted(ends, _GROUP_BYTES, side="right"))
    fits = fits if fits or rows else 1
    return fits, int(ends[fits - 1]) - size if fits else 0


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _parts(column: pa.Array) -> Iterator[Any]:
    """Return the bytes of a column, whatever lies beneath its nulls."""
    kind = column.type
    if column.null_count:
        yield _bits(column.is_null())
    if pa.types.is_boolean(kind):
        yield _bits(column.fill_null(False))
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        column = column.fill_null("" if pa.types.is_string(kind) else b"")
        _, offsets, values = column.buffers()
        ends = np.frombuffer(offsets, np.int32)[column.offset :][: len(column) + 1]
        yield np.diff(ends).data
        if values is not None and len(column):
            yield memoryview(values)[ends[0] : ends[-1]]
    elif pa.types.is_decimal(kind):
        column = column.fill_null(0)
        start, width = column.offset * _DECIMAL_BYTES, len(column) * _DECIMAL_BYTES
        yield memoryview(column.buffers()[1])[start : start + width]
    else:
        plain = column.view({32: pa.int32(), 64: pa.int64()}[kind.bit_width])
        yield plain.fill_null(0).to_numpy(zero_copy_only=False).data


def _bits(column: pa.BooleanArray) -> Any:
    return np.packbits(column.to_numpy(zero_copy_only=False)).data
