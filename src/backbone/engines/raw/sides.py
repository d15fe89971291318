"""The tables beside the main one: rejected records, and cells that have no value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from backbone.engines.protocol import Written, WrittenFile
from backbone.engines.raw.pieces import RejectedRecord
from backbone.model.raw import RawObject
from backbone.model.schemas import DELIVERY, OBJECT, RECORD, Column, Schema
from backbone.model.types import INTEGER, STRING
from backbone.sql.queries import column, table

__all__ = ["CELLS", "REJECTED", "CopyFile", "SideTable", "bound", "rejected_table"]

CopyFile = Callable[[str, Schema, Path], WrittenFile]

REJECTED = Schema(
    (
        DELIVERY,
        OBJECT,
        RECORD,
        Column("records", INTEGER, "how many records the row stands for"),
        Column("reason", STRING),
        Column("column", STRING, "the column that is to blame, if one is"),
        Column("raw", STRING, "the raw text, at most 10,000 characters of it"),
    )
)
CELLS = Schema(
    (
        DELIVERY,
        OBJECT,
        RECORD,
        Column("column", STRING),
        Column("text", STRING, "what was written"),
        Column("reason", STRING),
    )
)

_VIEW = "raw_side"
_FILE_ROWS = 500_000
_FILE_BYTES = 64 << 20
_ARROW = {STRING: pa.string(), INTEGER: pa.int64()}


@contextmanager
def bound(
    connection: duckdb.DuckDBPyConnection, name: str, data: pa.Table
) -> Iterator[None]:
    """Let queries read `data` as the relation `name`."""
    connection.register(name, data)
    try:
        yield
    finally:
        connection.unregister(name)


def arrow_schema(schema: Schema) -> pa.Schema:
    """Return the schema of a side table as Arrow has it."""
    return pa.schema([(each.name, _ARROW[each.type]) for each in schema])


def rejected_table(rows: Sequence[tuple[RawObject, RejectedRecord]]) -> pa.Table:
    """Return rejected records as rows of the rejected table."""
    lists = {
        "_delivery": [obj.delivery for obj, _ in rows],
        "_object": [obj.name for obj, _ in rows],
        "_record": [reject.record for _, reject in rows],
        "records": [reject.records for _, reject in rows],
        "reason": [reject.reason for _, reject in rows],
        "column": [reject.column for _, reject in rows],
        "raw": [reject.raw for _, reject in rows],
    }
    return pa.table(lists, schema=arrow_schema(REJECTED))


class SideTable:
    """Collects the rows of a side table and writes them to few files."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        copy: CopyFile,
        schema: Schema,
        stem: Path,
    ) -> None:
        self._connection = connection
        self._copy = copy
        self._schema = schema
        self._stem = stem
        self._waiting: list[pa.Table] = []
        self._files: list[WrittenFile] = []

    def add(self, rows: pa.Table) -> None:
        """Take rows; they are written when there are many."""
        if not rows.num_rows:
            return
        self._waiting.append(rows)
        count = sum(each.num_rows for each in self._waiting)
        size = sum(each.nbytes for each in self._waiting)
        if count >= _FILE_ROWS or size >= _FILE_BYTES:
            self._write()

    def written(self) -> Written:
        """Write what is left; return the whole."""
        self._write()
        return Written(tuple(self._files), self._schema)

    def _write(self) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting = []
        path = self._stem.with_name(f"{self._stem.name}-{len(self._files)}.parquet")
        query = exp.select(*map(column, self._schema.names)).from_(table(_VIEW))
        with bound(self._connection, _VIEW, rows):
            sql = query.sql(dialect="duckdb")
            self._files.append(self._copy(sql, self._schema, path))
