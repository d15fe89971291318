"""All rows that break rules, in a file of their own."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

from backbone.engines.protocol import Session
from backbone.errors import BackboneError
from backbone.management.trusted.checking import Checked
from backbone.management.trusted.finding.broken import OURS, broken_rows
from backbone.management.trusted.rows.state import State
from backbone.model.schemas import RECORD

__all__ = ["check_target", "write_violations"]


def check_target(path: Path, read: Sequence[Path]) -> None:
    """Refuse a file that rows cannot be written to, before anything is read.

    Raises
    ------
    BackboneError : its name does not end in .csv or .parquet, there is no such folder, or
        it is one of the files that are `read`
    """
    if path.exists() and any(one.exists() and path.samefile(one) for one in read):
        hint = "Name another file; this one would be lost."
        raise BackboneError(f"{path} is what is checked", hint=hint)
    if path.suffix.lower() not in {".csv", ".parquet"}:
        hint = "Its name ends in .csv or .parquet."
        raise BackboneError(f"{path}: rows cannot be written in this format", hint=hint)
    if not path.parent.is_dir():
        raise BackboneError(f"there is no folder {path.parent}")


def write_violations(
    session: Session,
    checked: Sequence[Checked],
    state: State,
    origin: Sequence[str],
    path: Path,
    *,
    header: Sequence[str] | None = None,
) -> int:
    """Write a row for every row that breaks a rule, batch by batch; return how many.

    Columns `origin` (where the row is), ``_rule``, ``_role``, ``_blamed``, ``_reason``,
    then those of `state`, called as the `header` says. A column of ours that is called
    like one of those gets a ``_`` before it. A row that breaks several rules is there for
    each. An older file of that name is replaced when all is written.
    """
    cells = tuple(header or state.schema.names)
    taken = {name.lower() for name in cells}
    first = {name: _free(name, taken) for name in (*origin, *OURS)}
    names = (*first.values(), *cells)
    places = {name: f"o{n}" for n, name in enumerate(first)}
    seen = [each for one in checked for each in one.seen]
    made = broken_rows(
        seen,
        state,
        {name: places[name] for name in origin},
        {name: places[name] for name in OURS},
    )
    if made is None:
        known = {first[RECORD.name]: pa.int64(), first["_blamed"]: pa.bool_()}
        schema = pa.schema([(name, known.get(name, pa.string())) for name in names])
        return _written(pa.RecordBatchReader.from_batches(schema, []), path)
    batches = session.stream(*made)
    schema = pa.schema(
        [(name, field.type) for name, field in zip(names, batches.schema, strict=True)]
    )
    renamed = (pa.RecordBatch.from_arrays(b.columns, schema=schema) for b in batches)
    return _written(pa.RecordBatchReader.from_batches(schema, renamed), path)


def _free(name: str, taken: Container[str]) -> str:
    while name.lower() in taken:
        name = f"_{name}"
    return name


def _written(batches: pa.RecordBatchReader, path: Path) -> int:
    part = path.with_name(f".{path.name}.part")
    written = 0
    try:
        with _writer(part, path.suffix.lower(), batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                written += batch.num_rows
        part.replace(path)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror or error}"
        raise BackboneError(what) from error
    finally:
        part.unlink(missing_ok=True)
    return written


def _writer(path: Path, suffix: str, schema: pa.Schema) -> Any:
    if suffix == ".parquet":
        return pq.ParquetWriter(path, schema)
    return csv.CSVWriter(
        path, schema, write_options=csv.WriteOptions(quoting_style="needed")
    )
