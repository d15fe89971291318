"""Rows of a database as a Parquet file: the same rows make the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from backbone.lake.incoming import Writer
from backbone.management.landing.columntypes import LandingColumn

__all__ = ["write_rows"]


def write_rows(
    writer: Writer, columns: Sequence[LandingColumn], batches: Iterable[Sequence[Any]]
) -> None:
    """Write batches of rows, each as one row group.

    Raises
    ------
    Misfit : a value does not fit the type of its column; what was written is no file
    """
    schema = pa.schema([(column.name, column.type) for column in columns])
    # The Arrow schema is left out: Parquet's own says as much, in fewer versions.
    with (
        pa.PythonFile(writer, mode="w") as sink,
        pq.ParquetWriter(sink, schema, compression="zstd", store_schema=False) as file,
    ):
        for rows in batches:
            values = zip(*rows, strict=True)
            arrays = [c.array(v) for c, v in zip(columns, values, strict=True)]
            file.write_batch(pa.record_batch(arrays, schema=schema))
