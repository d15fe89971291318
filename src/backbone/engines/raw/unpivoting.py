"""Records that become several rows: the text of a wide file, made long."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.engines.raw.pieces import (
    RECORD,
    Job,
    Piece,
    Wanted,
    refusal,
    text_table,
)
from backbone.model.raw import RawObject, RawUnpivot

__all__ = ["refused_anyway", "unpivoted"]


def unpivoted(job: Job, unpivot: RawUnpivot | None, kept: Collection[str]) -> Piece:
    """Do a job; make the rows of every record, one after the other.

    `kept` are the raw columns that rows have, too.

    Notes
    -----
    All cells are moved by Arrow. A piece of n records of which each becomes k rows holds
    the other columns k times while it is in memory.
    """
    piece = job()
    if unpivot is None:
        return piece
    table = _long(piece.table, unpivot, kept)
    size = max(piece.size, table.nbytes)
    width = len(unpivot.rows)
    return replace(piece, table=table, size=size, unpivoted=piece.rows, width=width)


def _long(wide: pa.Table, unpivot: RawUnpivot, kept: Collection[str]) -> pa.Table:
    records, width = wide.num_rows, len(unpivot.rows)
    # row r * width + w of the result is measure w of record r
    measures = np.tile(np.arange(width, dtype=np.int64), records)
    numbers = np.repeat(np.arange(records, dtype=np.int64), width)
    by_value = {
        name: _cells(wide, [cells[place] for _, cells in unpivot.rows])
        for place, name in enumerate(unpivot.values)
    }
    places = measures * records + numbers
    columns = {name: cells.take(pa.array(places)) for name, cells in by_value.items()}
    if unpivot.drop_missing:
        filled = _filled(list(columns.values()), len(numbers))
        mask = pa.array(filled)
        columns = {name: cells.filter(mask) for name, cells in columns.items()}
        measures, numbers = measures[filled], numbers[filled]
    for place, name in enumerate(unpivot.names):
        texts = pa.array([texts[place] for texts, _ in unpivot.rows], pa.string())
        columns[name] = texts.take(pa.array(measures))
    asked = {*kept} - {*unpivot.made}
    others = wide.select([name for name in wide.column_names if name in asked])
    repeated = others.take(pa.array(numbers))
    columns |= dict(zip(repeated.column_names, repeated.columns, strict=True))
    firsts = (wide[RECORD].to_numpy() - 1) * width + 1
    return text_table(columns, firsts[numbers] + measures)


def _cells(wide: pa.Table, names: list[str | None]) -> pa.Array:
    """Return the cells of columns, one column after the other."""
    nothing = pa.nulls(wide.num_rows, pa.string())
    parts = [nothing if name is None else wide[name].combine_chunks() for name in names]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())


def _filled(columns: list[pa.Array], rows: int) -> npt.NDArray[np.bool_]:
    """Return which rows have a cell."""
    found = np.zeros(rows, np.bool_)
    for cells in columns:
        found |= cells.is_valid().to_numpy(zero_copy_only=False)
    return found


def refused_anyway(
    jobs: Iterator[Job], obj: RawObject, wanted: Wanted, problem: str
) -> Piece:
    """Count the records of an object that is refused, if for nothing worse."""
    records = 0
    for job in jobs:
        end = job().end
        if end is not None and end.refused is not None:
            return refusal(obj, wanted.sources, end.refused, records=end.records)
        records = end.records if end is not None else records
    return refusal(obj, wanted.sources, problem, records=records)
