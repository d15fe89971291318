"""What this process knows, handed to an engine as a relation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backbone.engines.protocol import Scan
from backbone.model.schemas import Schema

if TYPE_CHECKING:
    import pyarrow as pa  # slow to load, and only named here

__all__ = ["handed", "handed_in_batches"]


@contextmanager
def handed(rows: pa.Table, schema: Schema, folder: Path, name: str) -> Iterator[Scan]:
    """Lend `rows` as a relation while the block lasts, by way of a file in `folder`.

    A statement that spells out thousands of values is slow to read on every engine, and
    too long for some.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to load

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.handed.parquet"
    pq.write_table(rows, path)
    try:
        yield Scan((str(path),), schema)
    finally:
        path.unlink()


@contextmanager
def handed_in_batches(
    batches: Iterable[pa.RecordBatch],
    arrow: pa.Schema,
    schema: Schema,
    folder: Path,
    name: str,
) -> Iterator[Scan]:
    """Lend the rows of `batches`, one of which is in memory at a time, as `handed` does.

    Parameters
    ----------
    arrow : the schema of every batch; `schema` is the same in canonical types
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to load

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.handed.parquet"
    try:
        with pq.ParquetWriter(path, arrow) as writer:
            for batch in batches:
                writer.write_batch(batch)
        yield Scan((str(path),), schema)
    finally:
        path.unlink(missing_ok=True)
