"""Statistics of written files, from their Parquet footers to Delta's spelling."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from backbone.model.files import ColumnStatistics, WrittenFile
from backbone.model.schemas import Schema
from backbone.model.types import Kind

__all__ = ["row_counts", "written_files"]

_LONGEST = 32
_TOP = "\U0010ffff"
_READERS = 8
_AT_ONCE = 16


def written_files(paths: Sequence[Path], schema: Schema) -> tuple[WrittenFile, ...]:
    """Return the files with what their footers tell; files without rows are removed.

    Parameters
    ----------
    paths : Parquet files, absolute
    schema : the schema they were written with

    Notes
    -----
    Eight footers are read at once, a few hundred kB each at most. Columns of doubles get
    no bounds, since a footer does not tell whether there is a NaN. No data is read but
    of columns with texts of several kB: Spark writes no statistics of those, and their
    missing values are counted.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        found = tuple(pool.map(lambda path: _file(path, schema), paths))
    for file in found:
        if not file.rows:
            file.path.unlink()
    return tuple(file for file in found if file.rows)


def row_counts(paths: Sequence[Path]) -> list[int]:
    """Return how many rows each Parquet file has, by its footer."""
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(_rows, paths))


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def _file(path: Path, schema: Schema) -> WrittenFile:
    footer = pq.read_metadata(path)
    places = {footer.schema.column(i).path: i for i in range(footer.num_columns)}
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    statistics = {}
    for c in schema:
        chunks = [group.column(places[c.name]) for group in groups]
        known = all(_nulls(chunk) is not None for chunk in chunks)
        statistics[c.name] = (
            _column(chunks, c.type.kind) if known else _counted(path, c.name)
        )
    return WrittenFile(path, footer.num_rows, path.stat().st_size, statistics)


def _nulls(chunk: Any) -> int | None:
    """Return how many values are missing; None if the footer does not say."""
    return None if chunk.statistics is None else chunk.statistics.null_count


def _counted(path: Path, name: str) -> ColumnStatistics:
    """Return what reading the column tells, a few rows at a time."""
    with pq.ParquetFile(path) as file:
        batches = file.iter_batches(_AT_ONCE, columns=[name])
        return ColumnStatistics(sum(batch.column(0).null_count for batch in batches))


def _column(chunks: Sequence[Any], kind: Kind) -> ColumnStatistics:
    """Return the statistics of one column of a file, from those of its row groups."""
    known = [(chunk.statistics, chunk.num_values) for chunk in chunks]
    nulls = sum(int(one.null_count) for one, _ in known)
    filled = [one for one, count in known if one.null_count < count]
    spell = _SPELT.get(kind)
    if spell is None or not filled or not all(one.has_min_max for one in filled):
        return ColumnStatistics(nulls)
    low, high = min(one.min for one in filled), max(one.max for one in filled)
    return ColumnStatistics(nulls, *spell(low, high))


def _texts(low: str, high: str) -> tuple[str, str]:
    cut = high[:_LONGEST] + _TOP if len(high) > _LONGEST else high
    return _json(low[:_LONGEST]), _json(cut)


def _both(spell: Callable[[Any], str]) -> Callable[[Any, Any], tuple[str, str]]:
    return lambda low, high: (spell(low), spell(high))


def _instant(value: datetime) -> str:
    return _json(value.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z")


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


_SPELT: dict[Kind, Callable[[Any, Any], tuple[str, str]]] = {
    "boolean": _both(lambda value: "true" if value else "false"),
    "integer": _both(str),
    "decimal": _both(lambda value: f"{value:f}"),
    "string": _texts,
    "date": _both(lambda value: _json(value.isoformat())),
    "timestamp": _both(_instant),
}
