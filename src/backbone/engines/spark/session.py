"""A session: views of Spark bound to names, and files that are kept while it lasts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import SparkSession as Spark
from pyspark.sql.types import StructType
from sqlglot import exp

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import (
    Capabilities,
    RawRead,
    RawResult,
    Relation,
    Scan,
    Staged,
    Written,
)
from backbone.engines.spark.dialect import spark_sql
from backbone.engines.spark.failures import mapped, present, reading
from backbone.engines.spark.functions import lend
from backbone.engines.spark.raw import read_deliveries, read_raw
from backbone.engines.spark.statistics import row_counts, written_files
from backbone.engines.spark.sums import meets_far
from backbone.engines.spark.types import schema_of, spark_schema, storable
from backbone.errors import EngineUnavailable, OutOfMemory
from backbone.model.schemas import Column, Schema
from backbone.sql.queries import Query, column, table

__all__ = ["SparkSession"]

T = TypeVar("T")

_SMALL_BYTES = 8 << 20
_SMALL_FILES = 64
_COMPILED = {
    "spark.sql.codegen.wholeStage": ("true", "false"),
    "spark.sql.codegen.factoryMode": ("FALLBACK", "NO_CODEGEN"),
}
"""What says whether Java is made of a query: its values where it is, and where not."""


@dataclass(frozen=True)
class _Kept:
    schema: StructType
    size_bytes: int


class SparkSession:
    """A place to compute in; used by one thread at a time.

    Intermediate results are Parquet files below `scratch`, which every executor sees: a
    lost executor costs the task it was at, and nothing is computed twice. With `own`, the
    Spark session is this one's alone, and its configuration may be changed. About
    `parallelism` tasks run at once.
    """

    capabilities = Capabilities(
        name="spark",
        dialect="spark",
        in_process=False,
        rows_per_group=2_000_000,
        deliveries_at_once=500,
    )

    def __init__(
        self,
        spark: Spark,
        name: str,
        scratch: Path,
        binder: DuckDBEngine,
        *,
        own: bool = False,
        parallelism: int = 4,
    ) -> None:
        self._spark = spark
        self._own = own
        self._parallelism = parallelism
        self._binder = binder
        self._name = name
        self._scratch = scratch
        self._views: dict[Relation, str] = {}
        self._kept: dict[str, _Kept] = {}
        self._made = 0
        self._compiled = True
        self._lent: set[str] = set()

    def read_raw(self, read: RawRead, folder: Path) -> RawResult:
        """Read raw files into Parquet files under `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        with mapped("while raw files were read"):
            return read_raw(self._spark, read, folder, parallelism=self._parallelism)

    def read_deliveries(self, read: RawRead, folder: Path) -> Mapping[str, RawResult]:
        """Read raw files of several deliveries in one job."""
        folder.mkdir(parents=True, exist_ok=True)
        with mapped("while raw files were read"):
            return read_deliveries(
                self._spark, read, folder, parallelism=self._parallelism
            )

    def describe(self, query: Query, inputs: Mapping[str, Schema]) -> Schema:
        """Return the schema that `query` would have over inputs of these schemas.

        Queries are in DuckDB's dialect, so DuckDB says what their types are: columns are
        of the same types on every engine. No data is read.
        """
        with self._binder.session() as session:
            return session.describe(query, inputs)

    def stage(self, query: Query, inputs: Mapping[str, Relation]) -> Staged:
        """Compute `query` once into Parquet files."""
        name = self._next("staged")
        folder = self._scratch / name
        with self._computing(inputs):
            kept = self._asked(
                query, inputs, lambda frame: _stored(frame, folder), folder
            )
            files = _files(folder)
            rows = sum(row_counts(files))
        self._kept[name] = _Kept(kept, sum(file.stat().st_size for file in files))
        return Staged(name, schema_of(kept), rows)

    def hold(self, rows: pa.Table, schema: Schema) -> Staged:
        """Keep rows that this process knows in a Parquet file, which executors see."""
        name = self._next("staged")
        folder = self._scratch / name
        folder.mkdir(parents=True)
        pq.write_table(rows, folder / "part.parquet")
        size = sum(file.stat().st_size for file in _files(folder))
        self._kept[name] = _Kept(spark_schema(schema), size)
        return Staged(name, schema, rows.num_rows)

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

        A task writes a file; an empty result is no file.
        """
        folder.mkdir(parents=True, exist_ok=True)
        final = query.then(f"{name}__cast", _cast(query.result, schema))
        with self._computing(inputs):
            self._asked(
                final,
                inputs,
                lambda frame: frame.write.parquet(str(folder / name)),
                folder / name,
            )
        _tidy(folder / name)
        return Written(written_files(_files(folder / name), schema), schema)

    def fetch(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        *,
        max_rows: int | None = None,
    ) -> pa.Table:
        """Return the result of `query` in memory, at most `max_rows` rows of it."""
        with self._computing(inputs):
            return self._asked(query, inputs, lambda frame: _fetched(frame, max_rows))

    def stream(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        *,
        batch_rows: int = 65_536,
    ) -> pa.RecordBatchReader:
        """Return the result of `query` batch by batch, by way of Parquet files.

        Spark has no way to hand out Arrow batches without holding all of them.
        """
        folder = self._scratch / self._next("streamed")
        with self._computing(inputs):
            self._asked(
                query, inputs, lambda frame: frame.write.parquet(str(folder)), folder
            )
        files = ds.dataset([str(file) for file in _files(folder)], format="parquet")
        return pa.RecordBatchReader.from_batches(
            files.schema, files.to_batches(batch_size=batch_rows)
        )

    def close(self) -> None:
        """Forget the views; the files go with the engine."""
        with suppress(EngineUnavailable, OutOfMemory), mapped():  # they went with Java
            for view in self._views.values():
                self._spark.catalog.dropTempView(view)
        self._views.clear()

    def _next(self, what: str) -> str:
        self._made += 1
        return f"{what}_{self._made}"

    def _asked(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        ask: Callable[[DataFrame], T],
        folder: Path | None = None,
    ) -> T:
        """Ask for the result of a query; again, if its sums meet numbers that need it.

        `folder` is where the result is written.
        """
        try:
            return ask(self._frame(query, inputs))
        except PySparkException as error:
            if not meets_far(str(error)):
                raise
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        return ask(self._frame(query, inputs, far=True))

    def _frame(
        self, query: Query, inputs: Mapping[str, Relation], *, far: bool = False
    ) -> DataFrame:
        views = {name: self._view(relation) for name, relation in inputs.items()}
        self._compile(wanted=not all(map(self._is_small, inputs.values())))
        sql = spark_sql(query, views, far=far)
        lend(self._spark, sql, self._lent)
        return self._spark.sql(sql)

    def _compile(self, *, wanted: bool) -> None:
        """Have Java compiled for the next query, or not: on few rows it costs more."""
        if self._own and wanted != self._compiled:
            for key, (made, not_made) in _COMPILED.items():
                self._spark.conf.set(key, made if wanted else not_made)
            self._compiled = wanted

    def _is_small(self, relation: Relation) -> bool:
        """Tell whether one task reads the relation faster than several would."""
        if isinstance(relation, Staged):
            return self._kept[relation.name].size_bytes <= _SMALL_BYTES
        if len(relation.files) > _SMALL_FILES:
            return False
        return sum(Path(f).stat().st_size for f in relation.files) <= _SMALL_BYTES

    @contextmanager
    def _computing(self, inputs: Mapping[str, Relation]) -> Iterator[None]:
        """Run a query over `inputs` in the block."""
        scans = [one for one in inputs.values() if isinstance(one, Scan)]
        with reading([file for scan in scans for file in scan.files]):
            yield

    def _view(self, relation: Relation) -> str:
        """Return the name of the view of a relation, made when it is first asked for."""
        if relation not in self._views:
            name = f"bb_{self._name}_{self._next('view')}"
            self._source(relation).createOrReplaceTempView(name)
            self._views[relation] = name
        return self._views[relation]

    def _source(self, relation: Relation) -> DataFrame:
        if isinstance(relation, Staged):
            kept = self._kept[relation.name].schema
            folder = str(self._scratch / relation.name)
            found = self._spark.read.schema(kept).parquet(folder)
        elif relation.files:
            present(relation.files)
            schema = spark_schema(relation.schema)
            found = self._spark.read.schema(schema).parquet(*relation.files)
        else:
            return self._spark.createDataFrame([], spark_schema(relation.schema))
        # what is in one partition is grouped, joined and sorted without a shuffle
        return found.coalesce(1) if self._is_small(relation) else found


def _stored(frame: DataFrame, folder: Path) -> StructType:
    """Write a result in types that Parquet keeps; return them."""
    kept = storable(frame.schema)
    (frame if kept == frame.schema else frame.to(kept)).write.parquet(str(folder))
    return kept


def _fetched(frame: DataFrame, max_rows: int | None) -> pa.Table:
    return (frame if max_rows is None else frame.limit(max_rows)).toArrow()


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _tidy(folder: Path) -> None:
    """Remove what Spark leaves beside the files: a mark of success, sums of blocks."""
    for path in folder.glob("*"):  # a server may write nothing, not even the folder
        if path.suffix != ".parquet":
            path.unlink()


def _cast(source: str, schema: Schema) -> exp.Select:
    return exp.select(*map(_as_type, schema)).from_(table(source))


def _as_type(col: Column) -> exp.Expr:
    value: exp.Expr = exp.cast(column(col.name), col.type.sql)
    if col.type.kind == "double":  # minus zero is zero, as on every engine
        value = exp.Add(this=value, expression=exp.cast(exp.Literal.number(0), "double"))
    return exp.alias_(value, col.name, quoted=True)
