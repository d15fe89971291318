"""Batches: consecutive pieces, so that many small files make few large ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.engines.raw.pieces import RECORD, Piece
from backbone.engines.raw.recipes import ROW, raw_name
from backbone.model.schemas import DELIVERY, OBJECT

__all__ = ["BATCH_BYTES", "BATCH_ROWS", "Batch", "batches"]

BATCH_BYTES = 64 << 20
BATCH_ROWS = 1_000_000
_SMALL_CHUNK_ROWS = 2_048


@dataclass(frozen=True)
class Batch:
    """Pieces in their order, and their rows as one table (see `recipes.RAW`)."""

    pieces: tuple[Piece, ...]
    sources: tuple[str, ...]

    @cached_property
    def table(self) -> pa.Table:
        """The text columns under their neutral names, the origin, the row's place.

        Columns of `plain` sources hold values.
        """
        whole = pa.concat_tables([self._columns(piece) for piece in self._with_rows])
        if any(
            column.num_chunks * _SMALL_CHUNK_ROWS > whole.num_rows
            for column in whole.columns
        ):
            whole = whole.combine_chunks()
        columns = {raw_name(n): whole[name] for n, name in enumerate(self.sources)}
        columns[DELIVERY.name] = self._constant([p.object.delivery for p in self.pieces])
        columns[OBJECT.name] = self._constant([p.object.name for p in self.pieces])
        columns[RECORD] = whole[RECORD]
        columns[ROW] = pa.array(np.arange(whole.num_rows, dtype=np.int64))
        return pa.table(columns)

    @cached_property
    def rows(self) -> int:
        """The rows of all pieces together."""
        return sum(piece.rows for piece in self.pieces)

    @cached_property
    def _with_rows(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.rows] or [self.pieces[0]]

    @cached_property
    def plain(self) -> frozenset[str]:
        """The sources that hold values in all pieces."""
        first, *others = (piece.proven for piece in self._with_rows)
        return first.intersection(*others)

    def _columns(self, piece: Piece) -> pa.Table:
        """Return the columns of a piece: as text again, where another has only that."""
        table = piece.table
        for name in piece.proven - self.plain:
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].cast(pa.string()))
        return table

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """The place of the first row of every piece."""
        rows = [piece.rows for piece in self.pieces]
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)[:-1]])

    def piece_of(self, row: int) -> Piece:
        """Return the piece that a row came with."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.pieces[place]

    def record_of(self, row: int) -> range:
        """Return the rows of the record that a row is of; most often it alone."""
        place = int(np.searchsorted(self.starts, row, side="right")) - 1
        piece, start = self.pieces[place], int(self.starts[place])
        if piece.unpivoted is None:
            return range(row, row + 1)
        records = (piece.table[RECORD].to_numpy() - 1) // piece.width
        record = records[row - start]
        low, high = (np.searchsorted(records, record, side=s) for s in ("left", "right"))
        return range(start + int(low), start + int(high))

    def _constant(self, names: Sequence[str]) -> pa.DictionaryArray:
        """Return a column that has the same text in all rows of a piece."""
        places = {name: n for n, name in enumerate(dict.fromkeys(names))}
        codes = np.array([places[name] for name in names], np.int32)
        rows = [piece.rows for piece in self.pieces]
        texts = pa.array(list(places), pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(np.repeat(codes, rows)), texts)


@dataclass
class _Open:
    pieces: list[Piece] = field(default_factory=list)
    size: int = 0
    rows: int = 0


def batches(pieces: Iterable[Piece], sources: tuple[str, ...]) -> Iterator[Batch]:
    """Put pieces together until they have enough text or rows."""
    waiting = _Open()
    for piece in pieces:
        waiting.pieces.append(piece)
        waiting.size += piece.size
        waiting.rows += piece.rows
        if waiting.size >= BATCH_BYTES or waiting.rows >= BATCH_ROWS:
            yield Batch(tuple(waiting.pieces), sources)
            waiting = _Open()
    if waiting.pieces:
        yield Batch(tuple(waiting.pieces), sources)
