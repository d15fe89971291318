"""Arrow's own formats: IPC files (Feather), IPC streams, and the first Feather."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa

from backbone.engines.raw.readers.protocol import RawFile, Records
from backbone.engines.raw.streams import opened_file
from backbone.project.reads import FeatherRead

__all__ = ["Settings", "read"]

Settings = FeatherRead

_FILE, _FIRST = b"ARROW1", b"FEA1"
_BATCH_ROWS = 65_536


def read(file: RawFile, settings: FeatherRead) -> Iterator[Records]:  # noqa: ARG001
    """Give the batches of an object.

    Notes
    -----
    Arrow trusts what it reads: offsets that point anywhere would be followed there. So
    every batch is checked in full before a value of it is used.
    """
    with closing(opened_file(file.path)) as source:
        start = source.read(8)
        source.seek(0)
        if start.startswith(_FIRST):
            yield from _first_feather(file)
        elif start.startswith(_FILE):
            yield from _of_file(pa.ipc.open_file(source), file)
        else:
            yield from _of_stream(pa.ipc.open_stream(source), file)


def _of_file(reader: Any, file: RawFile) -> Iterator[Records]:
    names = tuple(reader.schema.names)
    for place in range(reader.num_record_batches):
        yield from _cut(reader.get_batch(place), names, file)
    yield from _none(reader.schema)


def _of_stream(reader: Any, file: RawFile) -> Iterator[Records]:
    names = tuple(reader.schema.names)
    for batch in reader:
        yield from _cut(batch, names, file)
    yield from _none(reader.schema)


def _none(schema: pa.Schema) -> Iterator[Records]:
    """Tell the columns of an object that has no rows, too."""
    yield Records(pa.RecordBatch.from_pylist([], schema=schema))


def _cut(
    batch: pa.RecordBatch, names: tuple[str, ...], file: RawFile
) -> Iterator[Records]:
    batch.validate(full=True)
    places = [place for place, name in enumerate(names) if file.wants(name)]
    wanted = pa.RecordBatch.from_arrays(
        [batch.column(place) for place in places],
        schema=pa.schema([batch.schema.field(place) for place in places]),
    )
    if not places:  # rows are counted, whoever reads what of them
        wanted = batch.select(list(range(min(1, len(names)))))
    for start in range(0, batch.num_rows, _BATCH_ROWS):
        yield Records(wanted.slice(start, _BATCH_ROWS), columns=names)


def _first_feather(file: RawFile) -> Iterator[Records]:
    from pyarrow import feather  # noqa: PLC0415 - seldom needed

    table = feather.read_table(file.path, memory_map=False)
    names = tuple(table.column_names)
    for batch in table.to_batches(_BATCH_ROWS):
        yield from _cut(batch, names, file)
