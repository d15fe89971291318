"""A session: a connection with relations bound to names and kept while it lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from backbone.engines import raw
from backbone.engines.duckdb.failures import mapped, reading
from backbone.engines.duckdb.types import schema_of
from backbone.engines.protocol import (
    Capabilities,
    RawRead,
    RawResult,
    Relation,
    Scan,
    Staged,
    Written,
    WrittenFile,
)
from backbone.model.schemas import Column, Schema
from backbone.sql.queries import Query, column, quoted, table

__all__ = ["DuckDBSession"]

_FILE_BYTES = "512MB"
_HELD = "held_rows"


class DuckDBSession:
    """A place to compute in; used by one thread at a time."""

    capabilities = Capabilities(name="duckdb", dialect="duckdb", in_process=True)

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, threads: int) -> None:
        self._connection = connection
        self._threads = threads
        self._bound: dict[str, Relation | Schema] = {}
        self._staged = 0

    def read_raw(self, read: RawRead, folder: Path) -> RawResult:
        """Read raw files into Parquet files under `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        with mapped("while raw files were read"):
            return raw.read_raw(
                self._connection, read, folder, threads=self._threads, copy=self._copy
            )

    def read_deliveries(self, read: RawRead, folder: Path) -> Mapping[str, RawResult]:
        """Read raw files of several deliveries, one after the other."""
        return {
            delivery: self.read_raw(of_delivery, folder / delivery)
            for delivery, of_delivery in read.by_delivery().items()
        }

    def describe(self, query: Query, inputs: Mapping[str, Schema]) -> Schema:
        """Return the schema that `query` would have over inputs of these schemas."""
        with mapped():
            for name, schema in inputs.items():
                self._bind(name, schema)
            rows = self._connection.execute(f"DESCRIBE {query.sql()}").fetchall()
        return schema_of([(str(row[0]), str(row[1])) for row in rows])

    def stage(self, query: Query, inputs: Mapping[str, Relation]) -> Staged:
        """Compute `query` once into a temporary table (it spills when it must)."""
        with self._computing(inputs):
            return self._kept(query)

    def hold(self, rows: pa.Table, schema: Schema) -> Staged:
        """Keep rows that this process knows in a temporary table."""
        with mapped():
            self._connection.register(_HELD, rows)
            try:
                return self._kept(Query.of(_cast(_HELD, schema)))
            finally:
                self._connection.unregister(_HELD)

    def _kept(self, query: Query) -> Staged:
        self._staged += 1
        name = f"staged_{self._staged}"
        made = self._connection.execute(f"CREATE TEMP TABLE {name} AS {query.sql()}")
        (rows,) = made.fetchone() or (0,)
        columns = self._connection.execute(f"DESCRIBE {name}").fetchall()
        schema = schema_of([(str(row[0]), str(row[1])) for row in columns])
        staged = Staged(name, schema, int(rows))
        self._bound[name] = staged
        return staged

    def write(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        schema: Schema,
        folder: Path,
        *,
        name: str = "part",
    ) -> Written:
        """Compute `query`, cast every column to `schema`, write Parquet files.

        A file is about 512 MB at most; an empty result is no file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        final = query.then(f"{name}__cast", _cast(query.result, schema))
        with self._computing(inputs):
            files = raw.copied(
                self._connection,
                final.sql(),
                schema,
                folder / name,
                file_bytes=_FILE_BYTES,
            )
        return Written(tuple(filter(_has_rows, files)), schema)

    def fetch(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        *,
        max_rows: int | None = None,
    ) -> pa.Table:
        """Return the result of `query` in memory, at most `max_rows` rows of it."""
        sql = query.sql()
        if max_rows is not None:
            sql = f"SELECT * FROM ({sql}) LIMIT {int(max_rows)}"
        with self._computing(inputs):
            return self._connection.execute(sql).to_arrow_table()

    def stream(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        *,
        batch_rows: int = 65_536,
    ) -> pa.RecordBatchReader:
        """Return the result of `query` batch by batch; the session is busy meanwhile."""
        with self._computing(inputs):
            return self._connection.execute(query.sql()).to_arrow_reader(batch_rows)

    def _copy(self, sql: str, schema: Schema, path: Path) -> WrittenFile:
        return raw.copied(self._connection, sql, schema, path)[0]

    @contextmanager
    def _computing(self, inputs: Mapping[str, Relation]) -> Iterator[None]:
        """Bind the inputs of a query that is run in the block."""
        scans = [one for one in inputs.values() if isinstance(one, Scan)]
        with reading(self._connection, [file for scan in scans for file in scan.files]):
            for name, relation in inputs.items():
                self._bind(name, relation)
            yield

    def _bind(self, name: str, relation: Relation | Schema) -> None:
        if self._bound.get(name) == relation:
            return
        view = quoted(name).sql(dialect="duckdb")
        body = _source(relation).sql(dialect="duckdb")
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {body}")
        self._bound[name] = relation


def _has_rows(file: WrittenFile) -> bool:
    if not file.rows:
        file.path.unlink()
    return file.rows > 0


def _source(relation: Relation | Schema) -> exp.Select:
    if isinstance(relation, Staged):
        return exp.select("*").from_(table(relation.name))
    if isinstance(relation, Scan) and relation.files:
        files = exp.Array(expressions=[exp.Literal.string(f) for f in relation.files])
        union = exp.EQ(this=exp.column("union_by_name"), expression=exp.true())
        reader = exp.Anonymous(this="read_parquet", expressions=[files, union])
        return exp.select(*map(_as_type, relation.schema)).from_(reader)
    schema = relation.schema if isinstance(relation, Scan) else relation
    nothing = [
        exp.alias_(exp.cast(exp.null(), c.type.sql), c.name, quoted=True) for c in schema
    ]
    return exp.select(*nothing).where(exp.false())


def _cast(source: str, schema: Schema) -> exp.Select:
    return exp.select(*map(_as_type, schema)).from_(table(source))


def _as_type(col: Column) -> exp.Expr:
    return exp.alias_(exp.cast(column(col.name), col.type.sql), col.name, quoted=True)
