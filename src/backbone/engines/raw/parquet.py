"""Parquet: typed columns as canonical text, so that the one grammar makes the values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

import numpy as np
import pyarrow as pa
from pyarrow import parquet as pq

from backbone.engines.raw.headers import missing_problem
from backbone.engines.raw.pieces import (
    Job,
    Part,
    Piece,
    RejectedRecord,
    Wanted,
    cut,
    ending,
    refusal,
    text_table,
)
from backbone.engines.raw.places import (
    root_of,
    source_column,
    source_field,
    with_nulls,
)
from backbone.engines.raw.streams import opened_file
from backbone.engines.raw.texts import NOT_TEXT, canonical_text, json_rows
from backbone.model.raw import RawFormat, RawObject

__all__ = ["jobs", "part_jobs", "record_texts", "row_groups"]

_BATCH_ROWS = 65_536
_MOST_ROWS = 1 << 40  # no file has more; counts are added up as 64-bit integers
_DAMAGED = (pa.ArrowException, OSError)


def jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Read an object batch by batch; each job makes text of one.

    The rest of a row group that cannot be read is rejected as a whole; an object that
    has no sound footer, or lacks a wanted column, is refused.
    """
    refuse = partial(refusal, obj, wanted.sources)
    with closing(opened_file(obj.path)) as source:
        try:
            file = pq.ParquetFile(source)
        except _DAMAGED as error:
            yield partial(refuse, f"not Parquet: {_first_line(error)}")
            return
        lie = _lie(file.metadata)
        if lie:
            yield partial(refuse, lie)
            return
        rows = file.metadata.num_rows
        problem = _problem(file.schema_arrow, wanted)
        if problem:
            yield partial(refuse, problem, records=rows)
            return
        whole = Part(0, file.num_row_groups, 1, rows)
        yield from _part_jobs(file, obj, wanted, whole)


def part_jobs(obj: RawObject, wanted: Wanted, part: Part) -> Iterator[Job]:
    """Read some row groups of an object that is not to be refused."""
    with closing(opened_file(obj.path)) as source:
        yield from _part_jobs(pq.ParquetFile(source), obj, wanted, part)


def row_groups(obj: RawObject, wanted: Wanted) -> list[tuple[int, int]]:
    """Return the rows and bytes of every row group; none if the object is refused."""
    with closing(opened_file(obj.path)) as source:
        try:
            file = pq.ParquetFile(source)
        except _DAMAGED:
            return []
        if _lie(file.metadata) or _problem(file.schema_arrow, wanted):
            return []
        groups = map(file.metadata.row_group, range(file.num_row_groups))
        return [(group.num_rows, group.total_byte_size) for group in groups]


def _part_jobs(
    file: pq.ParquetFile, obj: RawObject, wanted: Wanted, part: Part
) -> Iterator[Job]:
    first = part.first
    for group in range(part.start, part.stop):
        behind = first + file.metadata.row_group(group).num_rows
        told = "it has another number of rows than the footer says"
        try:
            for batch in _batches(file, group, wanted):
                sound = batch.slice(0, behind - first)
                yield partial(_piece, obj, sound, first, wanted)
                first += sound.num_rows
        except _DAMAGED as error:
            told = _first_line(error)
        if first < behind:
            reason = f"row group {group} cannot be read: {told}"
            yield partial(_lost, obj, wanted, reason, behind - first)
        first = behind
    unread = _undeclared(file.schema_arrow, wanted.sources)
    yield partial(ending, obj, wanted.sources, records=part.records, undeclared=unread)


def _batches(
    file: pq.ParquetFile, group: int, wanted: Wanted
) -> Iterator[pa.RecordBatch]:
    names = file.schema_arrow.names
    found = _found(file.schema_arrow, wanted)
    roots = [root_of(names, source) for source in found] or names[:1]
    columns = None if wanted.keep_raw else list(dict.fromkeys(roots))
    yield from file.iter_batches(
        _BATCH_ROWS, row_groups=[group], columns=columns, use_threads=False
    )


def _found(schema: pa.Schema, wanted: Wanted) -> list[str]:
    """Return the wanted columns that the file has: all but some optional ones."""
    return [name for name in wanted.sources if source_field(schema, name) is not None]


def _lie(footer: pq.FileMetaData) -> str | None:
    """Say where a footer contradicts itself, or claims what cannot be."""
    counts = [footer.row_group(n).num_rows for n in range(footer.num_row_groups)]
    if min(counts, default=0) < 0 or sum(counts) != footer.num_rows:
        told = f"{footer.num_rows:,} rows, and row groups of {sum(counts):,}"
        return f"not sound Parquet: its footer tells of {told}"
    if footer.num_rows > _MOST_ROWS:
        return f"not sound Parquet: its footer tells of {footer.num_rows:,} rows"
    return None


def _problem(schema: pa.Schema, wanted: Wanted) -> str | None:
    missing = [one for one in wanted.required if source_field(schema, one) is None]
    if missing:
        return missing_problem("the file has no", missing, schema.names)
    for source in _found(schema, wanted):
        if schema.names.count(root_of(schema.names, source)) > 1:
            return f"the file has the column `{source}` more than once"
        kind = source_field(schema, source)
        if pa.types.is_interval(kind):
            return f"the column `{source}` is a {kind}, of which no text is made"
    return None


def _undeclared(schema: pa.Schema, sources: Sequence[str]) -> tuple[str, ...]:
    roots = {root_of(schema.names, source) for source in sources}
    return tuple(name for name in schema.names if name not in roots)


def _lost(obj: RawObject, wanted: Wanted, reason: str, records: int) -> Piece:
    nothing = {name: pa.array([], pa.string()) for name in wanted.sources}
    lost = RejectedRecord(None, reason, records=records)
    return Piece(obj, text_table(nothing, np.empty(0, np.int64)), (lost,))


def _piece(obj: RawObject, batch: pa.RecordBatch, first: int, wanted: Wanted) -> Piece:
    columns: dict[str, pa.Array] = {}
    unsound: dict[int, str] = {}
    binary = _binary(wanted.format)
    for source in _found(batch.schema, wanted):
        cells = source_column(batch, source)
        columns[source] = canonical_text(cells, unsound, source, binary)
    raw = partial(_record, batch, first)
    rejected = tuple(
        RejectedRecord(first + row, NOT_TEXT, column, raw(first + row))
        for row, column in sorted(unsound.items())
    )
    numbers = np.arange(first, first + batch.num_rows, dtype=np.int64)
    table = text_table(with_nulls(columns, wanted.format.nulls), numbers)
    if unsound:
        table = table.take(np.delete(numbers - first, list(unsound)))
    size = sum(column.nbytes for column in columns.values())
    return Piece(obj, table, rejected, size, raw=raw if wanted.keep_raw else None)


def _binary(form: RawFormat) -> str:
    """Return how bytes are spelt."""
    return str(json.loads(form.options or "{}").get("binary", "text"))


def _record(batch: pa.RecordBatch, first: int, number: int) -> str:
    return cut(json_rows(batch.slice(number - first, 1))[0])


def record_texts(obj: RawObject) -> Iterator[str]:
    """Yield every record of an object as JSON."""
    with closing(opened_file(obj.path)) as source:
        for batch in pq.ParquetFile(source).iter_batches(_BATCH_ROWS, use_threads=False):
            for row in range(batch.num_rows):
                yield _record(batch, 0, row)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
