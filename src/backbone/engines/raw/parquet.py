"""Parquet: typed columns as canonical text, so that the one grammar makes the values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
from backbone.engines.raw.streams import opened_file
from backbone.model.raw import RawObject

__all__ = ["canonical_text", "jobs", "part_jobs", "record_texts", "row_groups"]

_BATCH_ROWS = 65_536
_UNSOUND = "text that is not Unicode, or has a NUL"
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
        if _problem(file.schema_arrow, wanted):
            return []
        groups = map(file.metadata.row_group, range(file.num_row_groups))
        return [(group.num_rows, group.total_byte_size) for group in groups]


def _part_jobs(
    file: pq.ParquetFile, obj: RawObject, wanted: Wanted, part: Part
) -> Iterator[Job]:
    first = part.first
    for group in range(part.start, part.stop):
        behind = first + file.metadata.row_group(group).num_rows
        try:
            for batch in _batches(file, group, wanted):
                yield partial(_piece, obj, batch, first, wanted)
                first += batch.num_rows
        except _DAMAGED as error:
            reason = f"row group {group} cannot be read: {_first_line(error)}"
            yield partial(_lost, obj, wanted, reason, behind - first)
        first = behind
    unread = _undeclared(file.schema_arrow, wanted.sources)
    yield partial(ending, obj, wanted.sources, records=part.records, undeclared=unread)


def _batches(
    file: pq.ParquetFile, group: int, wanted: Wanted
) -> Iterator[pa.RecordBatch]:
    names = file.schema_arrow.names
    found = _found(file.schema_arrow, wanted)
    roots = [_root(names, source) for source in found] or names[:1]
    columns = None if wanted.keep_raw else list(dict.fromkeys(roots))
    yield from file.iter_batches(
        _BATCH_ROWS, row_groups=[group], columns=columns, use_threads=False
    )


def _found(schema: pa.Schema, wanted: Wanted) -> list[str]:
    """Return the wanted columns that the file has: all but some optional ones."""
    return [name for name in wanted.sources if _field(schema, name) is not None]


def _root(names: Sequence[str], source: str) -> str:
    return source if source in names else source.partition(".")[0]


def _problem(schema: pa.Schema, wanted: Wanted) -> str | None:
    missing = [one for one in wanted.required if _field(schema, one) is None]
    if missing:
        return missing_problem("the file has no", missing, schema.names)
    for source in _found(schema, wanted):
        if schema.names.count(_root(schema.names, source)) > 1:
            return f"the file has the column `{source}` more than once"
        kind = _field(schema, source)
        if pa.types.is_duration(kind) or pa.types.is_interval(kind):
            return f"the column `{source}` is a {kind}, of which no text is made"
    return None


def _field(schema: pa.Schema, source: str) -> pa.DataType | None:
    """Return the type of `source`: a column, or a dotted path into structures."""
    names = schema.names
    if source in names:
        return schema.types[names.index(source)]
    root, *path = source.split(".")
    if root not in names:
        return None
    kind = schema.types[names.index(root)]
    for step in path:
        if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
            return None
        kind = kind.field(step).type
    return kind


def _undeclared(schema: pa.Schema, sources: Sequence[str]) -> tuple[str, ...]:
    roots = {_root(schema.names, source) for source in sources}
    return tuple(name for name in schema.names if name not in roots)


def _lost(obj: RawObject, wanted: Wanted, reason: str, records: int) -> Piece:
    nothing = {name: pa.array([], pa.string()) for name in wanted.sources}
    lost = RejectedRecord(None, reason, records=records)
    return Piece(obj, text_table(nothing, np.empty(0, np.int64)), (lost,))


def _piece(obj: RawObject, batch: pa.RecordBatch, first: int, wanted: Wanted) -> Piece:
    columns: dict[str, pa.Array] = {}
    unsound: dict[int, str] = {}
    for source in _found(batch.schema, wanted):
        columns[source] = canonical_text(_column(batch, source), unsound, source)
    raw = partial(_record, batch, first)
    rejected = tuple(
        RejectedRecord(first + row, _UNSOUND, column, raw(first + row))
        for row, column in sorted(unsound.items())
    )
    numbers = np.arange(first, first + batch.num_rows, dtype=np.int64)
    table = text_table(_with_nulls(columns, wanted.format.nulls), numbers)
    if unsound:
        table = table.take(np.delete(numbers - first, list(unsound)))
    size = sum(column.nbytes for column in columns.values())
    return Piece(obj, table, rejected, size, raw=raw if wanted.keep_raw else None)


def _column(batch: pa.RecordBatch, source: str) -> pa.Array:
    if source in batch.schema.names:
        return batch.column(source)
    root, *path = source.split(".")
    return pc.struct_field(batch.column(root), path)


def _with_nulls(
    columns: Mapping[str, pa.Array], nulls: Sequence[str]
) -> dict[str, pa.Array]:
    """Take texts that mean missing for nulls; an empty text is a value here."""
    texts = pa.array([text for text in nulls if text], pa.string())
    if not len(texts):
        return dict(columns)
    nothing = pa.scalar(None, pa.string())
    return {
        name: pc.if_else(pc.is_in(column, texts), nothing, column)
        for name, column in columns.items()
    }


def canonical_text(column: pa.Array, unsound: dict[int, str], source: str) -> pa.Array:
    """Return a column as text that the grammar reads back without loss.

    Rows of binary or text cells that are no sound text are added to `unsound`.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return canonical_text(column.dictionary_decode(), unsound, source)
    if pa.types.is_nested(kind):
        return _each(column, _json)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    if pa.types.is_floating(kind):
        column = column.cast(pa.float64())
    if _is_bytes(kind):
        return _sound(column.cast(pa.large_binary()), unsound, source)
    text = column.cast(pa.string())
    if pa.types.is_decimal(kind) and pc.any(pc.match_substring(text, "E")).as_py():
        return _each(column, lambda value: format(value, "f"))
    return text


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _each(column: pa.Array, spell: Callable[[object], str]) -> pa.Array:
    values = (None if value is None else spell(value) for value in column.to_pylist())
    return pa.array(list(values), pa.string())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _sound(column: pa.Array, unsound: dict[int, str], source: str) -> pa.Array:
    with_nul = pc.any(pc.match_substring(column, b"\0")).as_py()
    if not with_nul:
        try:
            return column.cast(pa.large_string()).cast(pa.string())
        except pa.ArrowInvalid:
            pass
    texts: list[str | None] = []
    for row, value in enumerate(column.to_pylist()):
        try:
            text = None if value is None else value.decode()
        except UnicodeDecodeError:
            text = "\0"
        if text is not None and "\0" in text:
            unsound.setdefault(row, source)
            text = None
        texts.append(text)
    return pa.array(texts, pa.string())


def _record(batch: pa.RecordBatch, first: int, number: int) -> str:
    values = batch.slice(number - first, 1).to_pylist()[0]
    return cut(_json(values))


def record_texts(obj: RawObject) -> Iterator[str]:
    """Yield every record of an object as JSON."""
    with closing(opened_file(obj.path)) as source:
        for batch in pq.ParquetFile(source).iter_batches(_BATCH_ROWS, use_threads=False):
            for row in range(batch.num_rows):
                yield _record(batch, 0, row)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
