"""What an engine does, inside a session, and one door for libraries."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from backbone.model.files import ColumnStatistics, WrittenFile
from backbone.model.raw import RawColumn, RawFormat, RawObject, RawUnpivot
from backbone.model.reports import FormattedAccount
from backbone.model.schemas import Schema
from backbone.sql.queries import Query

if TYPE_CHECKING:
    import pyarrow as pa  # slow to load, and only named here

__all__ = [
    "Capabilities",
    "ColumnStatistics",
    "Engine",
    "RawRead",
    "RawResult",
    "Relation",
    "Scan",
    "Session",
    "Staged",
    "Written",
    "WrittenFile",
]


@dataclass(frozen=True)
class Capabilities:
    """What differs between engines and is no matter of SQL spelling.

    `rows_per_group` is how many rows of one group a window may put into one place; a
    larger group is cut into ranges. None: one sort is the fastest. `deliveries_at_once`
    is how many deliveries it reads best in one go.
    """

    name: str
    dialect: str
    in_process: bool
    rows_per_group: int | None = None
    deliveries_at_once: int = 1


@dataclass(frozen=True)
class Scan:
    """A relation at rest: Parquet files (absolute paths; none is an empty relation)."""

    files: tuple[str, ...]
    schema: Schema


@dataclass(frozen=True)
class Staged:
    """A relation that a session keeps until it closes; `rows` is how many it has."""

    name: str
    schema: Schema
    rows: int


Relation = Scan | Staged


@dataclass(frozen=True)
class Written:
    """A relation that an engine wrote."""

    files: tuple[WrittenFile, ...]
    schema: Schema

    @property
    def rows(self) -> int:
        """The rows of all files together."""
        return sum(file.rows for file in self.files)

    @property
    def size_bytes(self) -> int:
        """The bytes of all files together."""
        return sum(file.size_bytes for file in self.files)

    def scan(self) -> Scan:
        """Return the relation, ready to be read."""
        return Scan(tuple(str(file.path) for file in self.files), self.schema)


@dataclass(frozen=True)
class RawRead:
    """Objects to read, their layout, and the canonical columns to make of them.

    With `unpivot` a record becomes several rows, and its raw columns some others, before
    canonical columns are made.
    """

    objects: tuple[RawObject, ...]
    format: RawFormat
    columns: tuple[RawColumn, ...]
    unpivot: RawUnpivot | None = None

    def by_delivery(self) -> dict[str, RawRead]:
        """Return what is read of each delivery, deliveries in the order of objects."""
        objects: dict[str, list[RawObject]] = {}
        for obj in self.objects:
            objects.setdefault(obj.delivery, []).append(obj)
        return {
            delivery: replace(self, objects=tuple(own))
            for delivery, own in objects.items()
        }


@dataclass(frozen=True)
class RawResult:
    """What became of raw files: three relations and an account per object.

    `main` has the canonical columns and the origin columns. `rejected` has
    ``_delivery, _object, _record, records, reason, column, raw`` (a row may stand for a
    whole object: then `_record` is null and `records` counts its records; `raw` is the
    raw text, cut to 10,000 characters). `rejected_cells` has
    ``_delivery, _object, _record, column, text, reason``.
    `undeclared` are raw columns that no declaration reads, by object.
    `refused` maps the name of an object that could not be read at all to the reason.
    """

    main: Written
    rejected: Written
    rejected_cells: Written
    accounts: Mapping[str, FormattedAccount]
    undeclared: Mapping[str, tuple[str, ...]]
    refused: Mapping[str, str]

    @property
    def account(self) -> FormattedAccount:
        """The account of all objects together."""
        return sum(self.accounts.values(), FormattedAccount())


class Session(Protocol):
    """A place to compute in: what is staged lives as long as the session."""

    @property
    def capabilities(self) -> Capabilities:
        """Return those of the engine."""
        ...

    def read_raw(self, read: RawRead, folder: Path) -> RawResult:
        """Read raw files into Parquet files under `folder`."""
        ...

    def read_deliveries(self, read: RawRead, folder: Path) -> Mapping[str, RawResult]:
        """Read raw files of several deliveries; return a result for each delivery."""
        ...

    def describe(self, query: Query, inputs: Mapping[str, Schema]) -> Schema:
        """Return the schema that `query` would have over inputs of these schemas."""
        ...

    def stage(self, query: Query, inputs: Mapping[str, Relation]) -> Staged:
        """Compute `query` once and keep the result until the session closes."""
        ...

    def hold(self, rows: pa.Table, schema: Schema) -> Staged:
        """Keep rows that this process knows, of this schema, until the session closes."""
        ...

    def write(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        schema: Schema,
        folder: Path,
        *,
        name: str = "part",
    ) -> Written:
        """Compute `query`, cast every column to `schema`, write Parquet files."""
        ...

    def fetch(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        *,
        max_rows: int | None = None,
    ) -> pa.Table:
        """Return the result of `query`, at most `max_rows` rows of it."""
        ...

    def stream(
        self,
        query: Query,
        inputs: Mapping[str, Relation],
        *,
        batch_rows: int = 65_536,
    ) -> pa.RecordBatchReader:
        """Return the result of `query` batch by batch."""
        ...


class Engine(Protocol):
    """Where relations are computed."""

    capabilities: Capabilities

    def session(self) -> AbstractContextManager[Session]:
        """Open a session; several may be open in different threads."""
        ...

    def native(self) -> object:
        """Lend the engine's connection or session to a library that needs one."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...
