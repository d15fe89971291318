"""A database that SQLAlchemy reads, row by row: SQLite, and all that has a driver."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from backbone.errors import BadResponse, DeclarationError, SourceUnavailable
from backbone.management.landing.databases.columntypes import (
    LandingColumn,
    Misfit,
    SourceColumn,
    landing_column,
)
from backbone.management.landing.databases.database import (
    Extract,
    Window,
    checked_names,
    no_table,
)
from backbone.management.landing.databases.dsn import PROJECT, Address
from backbone.management.landing.databases.windows import typed
from backbone.project.sources import SqlDataset

__all__ = ["AlchemyDatabase", "close", "closed_on_error", "engine_of", "mapped", "told"]

_BATCH_ROWS = 20_000
_RAW = sa.types.NullType()  # a value goes to the driver, and comes from it, as it is
_CONSISTENT: dict[str, dict[str, Any]] = {
    "mysql": {"isolation_level": "REPEATABLE READ"},
    "mariadb": {"isolation_level": "REPEATABLE READ"},
}


class AlchemyDatabase:
    """A connection that reads everything as it was at one moment.

    Raises
    ------
    DeclarationError : no driver is installed
    SourceUnavailable : there is no such database, or it cannot be reached
    """

    def __init__(self, address: Address, project: Path) -> None:
        self.shown = address.shown
        self.notes: tuple[str, ...] = ()
        self._address = address
        self._engine = _created(address, project)
        self._connection = self._connected()
        self._inspector = sa.inspect(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        close(self._connection)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read one dataset: driver errors become ours, and do not spoil the next one."""
        errors = mapped(self._address, BadResponse, "cannot be read")
        with errors, self._connection.begin_nested():
            yield

    def extract(self, dataset: SqlDataset) -> Extract:
        """Return what to read for a dataset."""
        if dataset.query is not None:
            return self._query(dataset.query, dataset)
        return self._table(dataset.table or "", dataset)

    def batches(
        self, extract: Extract, window: Window | None = None
    ) -> Generator[pa.RecordBatch]:
        """Return the rows as they land, 20,000 at a time.

        Notes
        -----
        A column without a declared type has that of the values in its first rows. Where
        later ones do not fit, all rows are looked at before `Misfit` tells the types.
        """
        reader = _Reader(extract.columns)
        columns = sa.select(*extract.rows.c).where(*_within(extract.rows, window))
        result = self._connection.execute(
            columns.order_by(*extract.order),
            execution_options={"yield_per": _BATCH_ROWS},
        )
        with result:
            for rows in result.partitions():
                found = reader.batch(list(zip(*rows, strict=True)))
                if found is not None:
                    yield found
        if reader.is_wrong:
            raise Misfit(reader.columns)
        nothing = reader.batch([() for _ in extract.columns])
        if nothing is not None:
            yield nothing

    def greatest(self, extract: Extract, column: str, above: str | None) -> Any:
        """Return the greatest value of a column, above that of a text if there is one."""
        of = extract.rows.c[column]
        if self._engine.dialect.name == "sqlite":
            self._check_kinds(of)
        top = self._connection.execute(sa.select(sa.func.max(of, type_=_RAW))).scalar()
        if top is None or above is None:
            return top
        low = typed(above, top, column)
        greater = sa.select(sa.func.max(of, type_=_RAW)).where(of > sa.literal(low, _RAW))
        return self._connection.execute(greater).scalar()

    def nulls(self, extract: Extract, column: str) -> int:
        """Return how many rows have no value in a column."""
        of = extract.rows.c[column]
        count = sa.select(sa.func.count()).select_from(extract.rows).where(of.is_(None))
        return int(self._connection.execute(count).scalar() or 0)

    def _check_kinds(self, of: sa.ColumnElement[Any]) -> None:
        kinds = sa.select(sa.func.typeof(of)).where(of.is_not(None)).distinct()
        found = sorted(self._connection.execute(kinds).scalars())
        if len(found) > 1:
            what = f"`{of.key}` holds values of several kinds: {', '.join(found)}"
            raise BadResponse(what, hint="A cursor needs values that can be compared.")

    def _connected(self) -> sa.Connection:
        with mapped(self._address, SourceUnavailable, "cannot be reached"):
            connection = self._engine.connect()
            with closed_on_error(connection):
                options = _CONSISTENT.get(self._engine.dialect.name)
                if options:
                    connection = connection.execution_options(**options)
                if self._engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN")
                    connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
        return connection

    def _table(self, text: str, dataset: SqlDataset) -> Extract:
        schema, name = self._find(text)
        found = self._inspector.get_columns(name, schema)
        columns = tuple(SourceColumn(each["name"], each["type"]) for each in found)
        key = self._inspector.get_pk_constraint(name, schema)["constrained_columns"]
        table = sa.table(name, *(sa.column(c.name) for c in columns), schema=schema)
        required = frozenset(each["name"] for each in found if not each["nullable"])
        return self._ordered(table, columns, dataset, tuple(key), required)

    def _query(self, text: str, dataset: SqlDataset) -> Extract:
        # A colon would begin a parameter, and a query of a declaration has none.
        query = sa.text(text.strip().rstrip(";").replace(":", r"\:"))
        everything = sa.select(sa.text("*")).select_from(query.columns().subquery("q"))
        with self._connection.execute(everything.limit(0)) as result:
            names = tuple(result.keys())
        checked_names(dataset, names)
        rows = query.columns(*map(sa.column, names)).subquery("q")
        return self._ordered(rows, tuple(map(SourceColumn, names)), dataset)

    def _ordered(
        self,
        rows: sa.TableClause | sa.Subquery,
        columns: tuple[SourceColumn, ...],
        dataset: SqlDataset,
        key: tuple[str, ...] = (),
        required: frozenset[str] = frozenset(),
    ) -> Extract:
        checked_names(dataset, [column.name for column in columns])
        comparable = [c.name for c in columns if not isinstance(c.type, sa.JSON)]
        # SQLite lets several rows have null in a primary key.
        is_unique = key and self._engine.dialect.name != "sqlite"
        cursor = () if dataset.cursor is None else (dataset.cursor.column,)
        rest = () if is_unique else comparable
        order = dict.fromkeys((*cursor, *dataset.order_by, *key, *rest))
        return Extract(
            tuple(map(_Column.of, columns)),
            rows,
            tuple(rows.c[name] for name in order),
            key,
            required,
        )

    def _find(self, text: str) -> tuple[str | None, str]:
        """Return schema and name of a table or view."""
        known = self._names(None)
        if text in known:
            return None, text
        schema, dot, name = text.rpartition(".")
        if dot and schema in self._inspector.get_schema_names():
            known = self._names(schema)
            if name in known:
                return schema, name
        raise no_table(text, self.shown, known)

    def _names(self, schema: str | None) -> list[str]:
        tables = self._inspector.get_table_names(schema)
        return [*tables, *self._inspector.get_view_names(schema)]


@dataclass(frozen=True)
class _Column:
    """A column, the Python types of its values so far, and how it lands therefore."""

    source: SourceColumn
    landing: LandingColumn
    kinds: frozenset[type] = frozenset()

    @classmethod
    def of(cls, source: SourceColumn, kinds: frozenset[type] = frozenset()) -> _Column:
        return cls(source, landing_column(source, set(kinds)), kinds)

    def after(self, values: Sequence[Any]) -> _Column:
        """Return the column, given more of its values."""
        kinds = self.kinds.union(map(type, values))
        if self.landing.is_textual or kinds == self.kinds:
            return self
        return self.of(self.source, kinds)

    def textual(self) -> _Column:
        return replace(self, landing=self.landing.textual())


class _Reader:
    """Makes batches of rows; once a type is wrong, finds what all should have been."""

    def __init__(self, columns: Sequence[_Column]) -> None:
        self.columns = list(columns)
        self.is_wrong = False
        self._is_first = True

    def batch(self, values: Sequence[Sequence[Any]]) -> pa.RecordBatch | None:
        """Return rows as they land; None once a type has turned out wrong."""
        arrays = [self._array(index, column) for index, column in enumerate(values)]
        self._is_first = False
        if self.is_wrong:
            return None
        fields = [(c.landing.name, c.landing.type) for c in self.columns]
        return pa.record_batch(arrays, schema=pa.schema(fields))

    def _array(self, index: int, values: Sequence[Any]) -> pa.Array:
        before = self.columns[index]
        column = before.after(values)
        try:
            array = column.landing.array(values)
        except ValueError:
            column = column.textual()
            array = column.landing.array(values)
        if column.landing != before.landing and not self._is_first:
            self.is_wrong = True
        self.columns[index] = column
        return array


def close(connection: sa.Connection) -> None:
    """Close a connection, lost or not."""
    with suppress(Exception):  # one that is lost cannot be closed, and need not be
        connection.close()
    connection.engine.dispose()


@contextmanager
def closed_on_error(connection: Any) -> Iterator[None]:
    """Close a connection that turns out not to work."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def told(exc: BaseException) -> str:
    """Return what a driver said."""
    orig = getattr(exc, "orig", None) or exc
    said = orig.args[0] if orig.args else None
    # pg8000 hands on the fields of an error message: M is the one for people.
    return str(said["M"] if isinstance(said, dict) and "M" in said else orig)


@contextmanager
def mapped(
    address: Address, otherwise: type[BadResponse | SourceUnavailable], what: str
) -> Iterator[None]:
    """Make our errors of SQLAlchemy's."""
    try:
        yield
    except SQLAlchemyError as exc:
        kind = SourceUnavailable if _is_gone(exc) else otherwise
        said = told(exc)
        hint = "Somebody is writing it; try again." if _is_locked(exc) else None
        raise kind(f"{address.shown} {what}: {address.words(said)}", hint=hint) from None


def engine_of(address: Address, url: sa.URL) -> sa.Engine:
    """Return an engine for `url`, without a pool.

    Raises
    ------
    DeclarationError : no driver is installed
    """
    # Where a connection is lost, the pool would print a traceback to standard error.
    logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())
    try:
        return sa.create_engine(url, poolclass=NullPool)
    except (ModuleNotFoundError, NoSuchModuleError) as exc:
        mistake = f"no driver for `{address.url.drivername}` is installed ({exc})"
        raise DeclarationError([mistake], project="an sql source") from exc


def _created(address: Address, project: Path) -> sa.Engine:
    if address.url.get_backend_name() == "sqlite":
        path = _sqlite_file(address.url, project)
        return sa.create_engine(
            "sqlite://", creator=partial(_connect, path), poolclass=NullPool
        )
    folder = (address.url.database or "").replace(PROJECT, str(project))
    return engine_of(address, address.url.set(database=folder or None))


def _is_gone(exc: SQLAlchemyError) -> bool:
    if not isinstance(exc, DBAPIError):
        return False
    lost = exc.connection_invalidated or isinstance(exc, InterfaceError)
    return lost or _is_locked(exc)


def _is_locked(exc: SQLAlchemyError) -> bool:
    return isinstance(exc, OperationalError) and "locked" in str(exc.orig)


def _within(
    rows: sa.FromClause, window: Window | None
) -> tuple[sa.ColumnElement[bool], ...]:
    if window is None:
        return ()
    of, high = rows.c[window.column], sa.literal(window.high, _RAW)
    if window.low is None:
        return (of <= high,)
    low = sa.literal(window.low, _RAW)
    return (of >= low if window.from_low else of > low, of <= high)


def _sqlite_file(url: sa.URL, project: Path) -> Path:
    if not url.database or url.database == ":memory:":
        mistake = "`url` names no file, like sqlite:///{project}/warehouse.db"
        raise DeclarationError([mistake], project="an sql source")
    path = project / url.database.replace(PROJECT, str(project))
    if not path.is_file():
        raise SourceUnavailable(
            f"there is no database at {path}",
            hint="The path in `url` is relative to the project's folder.",
        )
    return path


def _connect(path: Path) -> sqlite3.Connection:
    """Open an SQLite file that must exist and is not written.

    Text that is no UTF-8 keeps its odd bytes as backslash escapes.
    """
    name = f"file:{quote(str(path.absolute()))}?mode=ro"
    connection = sqlite3.connect(name, uri=True, isolation_level=None)
    connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
    return connection
