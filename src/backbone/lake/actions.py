"""Actions: the lines of a Delta log that add files to a table, and take them out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from backbone.model.files import WrittenFile

__all__ = ["added", "added_again", "null_counts", "removed"]

_NULLS = "null_count."


def added(folder: Path, file: WrittenFile) -> AddAction:
    """Return the action that makes a new file part of a table."""
    return AddAction(
        file.path.relative_to(folder).as_posix(),
        file.size_bytes,
        {},
        _now_ms(),
        data_change=True,
        stats=_statistics(file),
    )


def added_again(folder: Path, path: str, rows: int) -> AddAction:
    """Return the action that brings back a file of an earlier version."""
    size = (folder / path).stat().st_size
    stats = json.dumps({"numRecords": rows})
    return AddAction(path, size, {}, _now_ms(), data_change=True, stats=stats)


def removed(path: str, size_bytes: int) -> RemoveAction:
    """Return the action that takes a file out of a table; it stays on the disk."""
    now = _now_ms()
    return RemoveAction(path, data_change=True, deletion_timestamp=now, size=size_bytes)


def _statistics(file: WrittenFile) -> str:
    columns = file.statistics.items()
    low = _object({name: s.low for name, s in columns if s.low is not None})
    high = _object({name: s.high for name, s in columns if s.high is not None})
    nulls = _object({name: str(s.nulls) for name, s in columns})
    return (
        f'{{"numRecords":{file.rows},"minValues":{low},'
        f'"maxValues":{high},"nullCount":{nulls}}}'
    )


def _object(literals: Mapping[str, str | None]) -> str:
    return "{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in literals.items()) + "}"


def _now_ms() -> int:
    return int(time.time() * 1000)


def null_counts(table: DeltaTable) -> dict[str, int]:
    """Return how many values of each column are missing, as the log has it.

    A column that some file says nothing of is left out.
    """
    actions = pa.table(table.get_add_actions(flatten=True))
    counts = {
        name.removeprefix(_NULLS): actions.column(name)
        for name in actions.column_names
        if name.startswith(_NULLS)
    }
    return {
        name: int(pc.sum(of_files).as_py() or 0)
        for name, of_files in counts.items()
        if not of_files.null_count
    }
