"""ORC, stripe by stripe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pyarrow as pa
from pyarrow import orc

from backbone.engines.raw.readers.protocol import RawFile, Records
from backbone.engines.raw.streams import opened_file
from backbone.errors import DataError
from backbone.project.reads import OrcRead

__all__ = ["Settings", "read"]

Settings = OrcRead

_BATCH_ROWS = 65_536


def read(file: RawFile, settings: OrcRead) -> Iterator[Records]:  # noqa: ARG001
    """Give the rows of an object."""
    with closing(opened_file(file.path)) as source:
        found = orc.ORCFile(source)
        schema = found.schema
        names = tuple(schema.names)
        wanted = [name for name in names if file.wants(name)] or list(names[:1])
        rows = 0
        for place in range(found.nstripes):
            stripe = found.read_stripe(place, columns=wanted)
            stripe.validate(full=True)
            rows += stripe.num_rows
            for start in range(0, stripe.num_rows, _BATCH_ROWS):
                yield Records(stripe.slice(start, _BATCH_ROWS), columns=names)
        if rows != found.nrows:
            what = f"its footer tells of {found.nrows:,} rows, its stripes have {rows:,}"
            raise DataError(f"not sound ORC: {what}")
        empty = pa.RecordBatch.from_pylist([], schema=schema)
        yield Records(empty, columns=names)
