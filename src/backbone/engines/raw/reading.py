"""The whole job of an engine in process: raw objects in, Parquet files out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backbone.engines.protocol import RawRead, RawResult, Written, WrittenFile
from backbone.engines.raw.batches import Batch, batches
from backbone.engines.raw.binding import computed_types
from backbone.engines.raw.checks import check
from backbone.engines.raw.pieces import RECORD, Part, Piece, RejectedRecord
from backbone.engines.raw.reader import PIECE_BYTES, read, sources_of
from backbone.engines.raw.recipes import RAW, ROW, Recipe, raw_name
from backbone.engines.raw.sides import (
    CELLS,
    REJECTED,
    CopyFile,
    SideTable,
    bound,
    rejected_table,
)
from backbone.errors import AccountMismatch
from backbone.model.raw import RawColumn
from backbone.model.reports import FormattedAccount
from backbone.model.schemas import DELIVERY, OBJECT, ORIGIN, Column, Schema

__all__ = ["main_schema", "read_raw"]


def main_schema(columns: Sequence[RawColumn]) -> Schema:
    """Return the schema of the rows that `columns` make: theirs, then the origin."""
    own = (Column(each.name, each.type, timezone=each.timezone) for each in columns)
    return Schema((*own, *ORIGIN))


def read_raw(
    connection: duckdb.DuckDBPyConnection,
    request: RawRead,
    folder: Path,
    *,
    threads: int,
    copy: CopyFile,
    piece_bytes: int = PIECE_BYTES,
    part: Part | None = None,
    prefix: str = "",
    is_checked: bool = False,
) -> RawResult:
    """Read raw objects into Parquet files under `folder`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the grammar runs. Text is lent to it under names of temporary views, so
        `copy` must use this connection, not a cursor of it.
    request : RawRead
        The objects, their layout, and the columns to be made of them.
    folder : Path
        Gets ``part-<n>.parquet``, ``rejected-<n>.parquet`` and ``cells-<n>.parquet``,
        with `prefix` in front of the names.
    threads : int
        How many pieces of text are read at once.
    copy : CopyFile
        ``copy(sql, schema, path)`` writes the result of a select, whose columns have
        the types of `schema`, to a Parquet file (replacing one that is there) and
        returns it with the null counts of its columns.
    piece_bytes : int
        About how many bytes of text make a piece.
    part : Part, optional
        What is to be read of the only object; its account is that of the part.
    prefix : str
        Begins the names of files.
    is_checked : bool
        Whether it is known that the request can be used as it is declared.

    Raises
    ------
    DeclarationError : the layout or the columns cannot be used; before anything is read
    LakeError : an object is not there
    AccountMismatch : records went missing (a bug)
    duckdb.Error : the engine failed, or the SQL of a computed column did on a value

    Notes
    -----
    A batch is written as if all its texts had values, which most often they have. Only
    if the file has more nulls than there were missing texts are the bad cells looked
    for, and only if one of them rejects its record is the file written again.
    """
    if not is_checked:
        check(request, connection)
    job = _Job(connection, request, folder, copy, prefix)
    rejecting = any(each.on_bad_cell == "reject" for each in request.columns)
    found = read(
        request,
        threads=threads,
        piece_bytes=piece_bytes,
        keep_raw=rejecting,
        prove_plain=True,
        part=part,
    )
    with closing(found) as pieces:
        for batch in batches(pieces, sources_of(request.columns)):
            job.take(batch)
    return job.result()


def _missing(texts: pa.Table, names: Sequence[str]) -> int:
    """Return how many rows lack one of the texts."""
    gaps = [texts[name].is_null() for name in names if texts[name].null_count]
    if len(gaps) < 2:  # noqa: PLR2004 - one column's nulls are counted already
        return max(int(texts[name].null_count) for name in names)
    whole = gaps[0]
    for gap in gaps[1:]:
        whole = pc.or_(whole, gap)
    return int(pc.sum(whole).as_py())


class _Job:
    """One reading of raw objects, batch by batch."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        request: RawRead,
        folder: Path,
        copy: CopyFile,
        prefix: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = connection
        self.columns = request.columns
        self.unpivot = request.unpivot
        self.main = folder / f"{prefix}part"
        self.copy = copy
        self.types = computed_types(connection, request.columns)
        self.recipes: dict[frozenset[str], tuple[Recipe, str]] = {}
        self.schema = main_schema(request.columns)
        self.files: list[WrittenFile] = []
        self.rejected = SideTable(
            connection, copy, REJECTED, folder / f"{prefix}rejected"
        )
        self.cells = SideTable(connection, copy, CELLS, folder / f"{prefix}cells")
        self.accounts: dict[str, FormattedAccount] = defaultdict(FormattedAccount)
        self.undeclared: dict[str, tuple[str, ...]] = {}
        self.refused: dict[str, str] = {}

    def take(self, batch: Batch) -> None:
        """Write a batch and enter it in the accounts."""
        dropped = self._write(batch) if batch.rows else {}
        rejects = [(p.object, reject) for p in batch.pieces for reject in p.rejected]
        objects = {rows: batch.piece_of(rows.start).object for rows in dropped}
        rejects += [(objects[rows], reject) for rows, reject in dropped.items()]
        self.rejected.add(rejected_table(rejects))
        for piece in batch.pieces:
            left = piece.left_out
            self._formatted(piece.object.name, piece.records, piece.rows)
            told = FormattedAccount(read=-left, left_out=left)
            self._enter(piece.object.name, told)
            self._end(piece)
        for obj, reject in rejects:
            self._enter(obj.name, FormattedAccount(rejected=reject.records))
        for rows, obj in objects.items():
            self._formatted(obj.name, -1, -len(rows))

    def _formatted(self, name: str, records: int, rows: int) -> None:
        account = FormattedAccount(formatted=records)
        if self.unpivot is not None:
            unfilled = records * len(self.unpivot.rows) - rows
            account = replace(account, rows=rows, unfilled=unfilled)
        self._enter(name, account)

    def _enter(self, name: str, account: FormattedAccount) -> None:
        self.accounts[name] += account

    def _end(self, piece: Piece) -> None:
        name, end = piece.object.name, piece.end
        if end is None:
            return
        told = FormattedAccount(read=end.records, left_out=end.before)
        self._enter(name, told)
        if end.undeclared:
            self.undeclared[name] = end.undeclared
        if end.refused is not None:
            self.refused[name] = end.refused

    def _write(self, batch: Batch) -> dict[range, RejectedRecord]:
        """Write the rows of a batch; return the records that a bad cell rejects."""
        path = self.main.with_name(f"{self.main.name}-{len(self.files)}.parquet")
        recipe, sql = self._recipe(batch.plain)
        with bound(self.connection, RAW, batch.table):
            file = self._copied(sql, path, batch.rows)
            suspects = self._suspects(recipe, file, batch.table)
            if not suspects:
                self.files.append(file)
                return {}
            query = recipe.bad_cells(suspects)
            found = self.connection.execute(query.sql()).to_arrow_table()
        dropped = self._dropped(batch, suspects, found)
        self._list_cells(batch, suspects, found, dropped)
        if dropped:
            self._rewrite(batch, path, dropped)
        else:
            self.files.append(file)
        return dropped

    def _recipe(self, plain: frozenset[str]) -> tuple[Recipe, str]:
        """Return the recipe for batches with these plain columns, and its SQL."""
        if plain not in self.recipes:
            recipe = Recipe(self.columns, self.types, plain)
            self.recipes[plain] = recipe, recipe.values().sql()
        return self.recipes[plain]

    def _copied(self, sql: str, path: Path, rows: int) -> WrittenFile:
        file = self.copy(sql, self.schema, path)
        if file.rows != rows:
            what = f"{rows:,} rows were to be written, {file.rows:,} were"
            raise AccountMismatch(what, where=str(path))
        return file

    def _rewrite(self, batch: Batch, path: Path, dropped: Iterable[range]) -> None:
        """Write a batch again, without rows."""
        kept = np.delete(np.arange(batch.rows), list(chain.from_iterable(dropped)))
        path.unlink(missing_ok=True)
        if not len(kept):
            return
        _, sql = self._recipe(batch.plain)
        with bound(self.connection, RAW, batch.table.take(kept)):
            self.files.append(self._copied(sql, path, len(kept)))

    def _suspects(self, recipe: Recipe, file: WrittenFile, texts: pa.Table) -> list[str]:
        """Return the columns that have more nulls than missing texts."""
        raw = {name: raw_name(n) for n, name in enumerate(recipe.sources)}
        missing: dict[str, int] = {}
        counted = []
        for name, plan in recipe.plans.items():
            if plan.can_fail and plan.sources:
                missing[name] = _missing(texts, [raw[each] for each in plan.sources])
            elif plan.can_fail:
                counted.append(name)
        if counted:
            query = recipe.text_counts(counted)
            counts = self.connection.execute(query.sql()).fetchone() or ()
            for name, count in zip(counted, counts, strict=True):
                missing[name] = texts.num_rows - count
        found = [name for name in missing if file.statistics[name].nulls != missing[name]]
        return [each.name for each in self.columns if each.name in found]

    def _dropped(
        self, batch: Batch, suspects: Sequence[str], found: pa.Table
    ) -> dict[range, RejectedRecord]:
        """Return the records that a bad cell rejects, by the first such cell of each.

        They are told by their rows.
        """
        rejecting = {each.name for each in self.columns if each.on_bad_cell == "reject"}
        numbers = batch.table[RECORD]
        dropped: dict[range, RejectedRecord] = {}
        for place, name in enumerate(suspects):
            if name not in rejecting:
                continue
            bad = found.filter(pc.is_valid(found[f"text:{place}"]))
            rows, reasons = bad[ROW].to_pylist(), bad[f"reason:{place}"].to_pylist()
            for row, reason in zip(rows, reasons, strict=True):
                whole = batch.record_of(row)
                if whole not in dropped:
                    piece = batch.piece_of(row)
                    number = (numbers[row].as_py() - 1) // piece.width + 1
                    text = piece.raw(number) if piece.raw else ""
                    dropped[whole] = RejectedRecord(number, reason, name, text)
        return dict(sorted(dropped.items(), key=lambda one: one[0].start))

    def _list_cells(
        self,
        batch: Batch,
        suspects: Sequence[str],
        found: pa.Table,
        dropped: Iterable[range],
    ) -> None:
        """List the bad cells of the rows that stay."""
        gone = pa.array(list(chain.from_iterable(dropped)), pa.int64())
        found = found.filter(pc.invert(pc.is_in(found[ROW], gone)))
        parts = []
        for place, name in enumerate(suspects):
            bad = found.filter(pc.is_valid(found[f"text:{place}"]))
            origin = batch.table.select([*ORIGIN.names]).take(bad[ROW])
            columns = {each: origin[each] for each in ORIGIN.names}
            for each in (DELIVERY.name, OBJECT.name):
                columns[each] = columns[each].cast(pa.string())
            columns["column"] = pa.repeat(name, bad.num_rows)
            columns |= {"text": bad[f"text:{place}"], "reason": bad[f"reason:{place}"]}
            parts.append(pa.table(columns))
        cells = pa.concat_tables(parts)
        self.cells.add(cells)
        for count in pc.value_counts(cells[OBJECT.name].combine_chunks()).to_pylist():
            told = FormattedAccount(rejected_cells=count["counts"])
            self._enter(count["values"], told)

    def result(self) -> RawResult:
        """Return what became of the objects.

        Raises
        ------
        AccountMismatch : the account of an object does not add up
        """
        return RawResult(
            main=Written(tuple(self.files), self.schema),
            rejected=self.rejected.written(),
            rejected_cells=self.cells.written(),
            accounts={name: each.check(name) for name, each in self.accounts.items()},
            undeclared=self.undeclared,
            refused=self.refused,
        )
