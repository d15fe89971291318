"""What this process knows, handed to an engine as a relation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from backbone.engines.protocol import Scan
from backbone.model.schemas import Schema

if TYPE_CHECKING:
    import pyarrow as pa  # slow to load, and only named here

__all__ = ["handed"]


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
