"""A database as a source: read only, one consistent view of it for every dataset."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from backbone.errors import (
    BadResponse,
    DeclarationError,
    MissingColumn,
    SourceUnavailable,
    nearest,
)
from backbone.project.sources import SqlDataset

__all__ = ["Database", "Extract", "SourceColumn"]

_PROJECT = "{project}"
_BATCH_ROWS = 20_000
_SHOWN_CHARACTERS = 200
_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|credential", re.IGNORECASE)
_CONSISTENT: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    "mysql": {"isolation_level": "REPEATABLE READ"},
    "mariadb": {"isolation_level": "REPEATABLE READ"},
}


@dataclass(frozen=True)
class SourceColumn:
    """A column as its database declares it; a query's columns have no declared type."""

    name: str
    type: sa.types.TypeEngine[Any] | None = None


@dataclass(frozen=True)
class Extract:
    """The rows of a dataset, in an order that depends on nothing but them."""

    columns: tuple[SourceColumn, ...]
    select: sa.Select[Any]


class Database:
    """A connection that reads everything as it was at one moment.

    Parameters
    ----------
    url : an SQLAlchemy URL; `{project}` is the project's folder
    project : the project's folder; the path of an SQLite file is relative to it

    Raises
    ------
    DeclarationError : no URL, or no driver for it is installed
    SourceUnavailable : there is no such database, or it cannot be reached
    """

    def __init__(self, url: str, project: Path) -> None:
        try:
            declared = sa.make_url(url)
        except ArgumentError:
            mistake = "`url` is no SQLAlchemy URL, like sqlite:///{project}/warehouse.db"
            raise DeclarationError([mistake], project="an sql source") from None
        self.shown = _shown(declared)
        self._secrets = _secrets(declared)
        self._engine = self._created(declared, project)
        self._connection = self._connected()
        self._inspector = sa.inspect(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read one dataset: driver errors become ours, and do not spoil the next one.

        Raises
        ------
        SourceUnavailable : the connection is lost, or the database locked
        BadResponse : the database refuses the query
        """
        with self._mapped(BadResponse, "cannot be read"), self._connection.begin_nested():
            yield

    def extract(self, dataset: SqlDataset) -> Extract:
        """Return what to read for a dataset, ordered by key, else by every column.

        Raises
        ------
        BadResponse : there is no such table
        MissingColumn : `order_by` names a column that is not there
        """
        if dataset.query is not None:
            return self._query(dataset.query, dataset.order_by)
        return self._table(dataset.table or "", dataset.order_by)

    def batches(self, extract: Extract) -> Iterator[Sequence[sa.Row[Any]]]:
        """Return the rows as the driver gives them, 20,000 at a time."""
        result = self._connection.execute(
            extract.select, execution_options={"yield_per": _BATCH_ROWS}
        )
        with result:
            yield from result.partitions()

    def _created(self, declared: sa.URL, project: Path) -> sa.Engine:
        if declared.get_backend_name() == "sqlite":
            path = _sqlite_file(declared, project)
            return sa.create_engine(
                "sqlite://", creator=partial(_connect, path), poolclass=NullPool
            )
        folder = (declared.database or "").replace(_PROJECT, str(project))
        url = declared.set(database=folder or None)
        try:
            return sa.create_engine(url, poolclass=NullPool)
        except (ModuleNotFoundError, NoSuchModuleError) as exc:
            mistake = f"no driver for `{declared.drivername}` is installed ({exc})"
            raise DeclarationError([mistake], project="an sql source") from exc

    def _connected(self) -> sa.Connection:
        with self._mapped(SourceUnavailable, "cannot be reached"):
            connection = self._engine.connect()
            options = _CONSISTENT.get(self._engine.dialect.name)
            if options:
                connection = connection.execution_options(**options)
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema")
        return connection

    @contextmanager
    def _mapped(
        self, otherwise: type[BadResponse | SourceUnavailable], what: str
    ) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as exc:
            lost = isinstance(exc, DBAPIError) and exc.connection_invalidated
            locked = isinstance(exc, OperationalError) and "locked" in str(exc.orig)
            kind = SourceUnavailable if lost or locked else otherwise
            raise kind(f"{self.shown} {what}: {self._words(exc)}") from None

    def _words(self, exc: SQLAlchemyError) -> str:
        """Return what a driver said, on one line, without a password."""
        said = str(exc.orig if isinstance(exc, DBAPIError) else exc)
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return " ".join(said.split())[:_SHOWN_CHARACTERS]

    def _table(self, text: str, order_by: tuple[str, ...]) -> Extract:
        schema, name = self._find(text)
        columns = tuple(
            SourceColumn(found["name"], found["type"])
            for found in self._inspector.get_columns(name, schema)
        )
        key = self._inspector.get_pk_constraint(name, schema)["constrained_columns"]
        table = sa.table(name, *(sa.column(c.name) for c in columns), schema=schema)
        return _ordered(table, columns, order_by, tuple(key), self._key_is_unique)

    def _query(self, text: str, order_by: tuple[str, ...]) -> Extract:
        # A colon would begin a parameter, and a query of a declaration has none.
        query = sa.text(text.strip().rstrip(";").replace(":", r"\:"))
        everything = sa.select(sa.text("*")).select_from(query.columns().subquery("q"))
        with self._connection.execute(everything.limit(0)) as result:
            names = tuple(result.keys())
        columns = tuple(map(SourceColumn, names))
        rows = query.columns(*map(sa.column, names)).subquery("q")
        return _ordered(rows, columns, order_by, (), self._key_is_unique)

    @property
    def _key_is_unique(self) -> bool:
        # SQLite lets several rows have null in a primary key.
        return self._engine.dialect.name != "sqlite"

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
        raise BadResponse(
            f"there is no table `{text}` in {self.shown}",
            hint=nearest(name if dot else text, known)
            or "Tables and views can be named.",
        )

    def _names(self, schema: str | None) -> list[str]:
        tables = self._inspector.get_table_names(schema)
        return [*tables, *self._inspector.get_view_names(schema)]


def _ordered(
    rows: sa.TableClause | sa.Subquery,
    columns: tuple[SourceColumn, ...],
    order_by: tuple[str, ...],
    key: tuple[str, ...],
    key_is_unique: bool,  # noqa: FBT001
) -> Extract:
    names = [column.name for column in columns]
    for name in order_by:
        if name not in names:
            raise MissingColumn.named(name, names)
    comparable = [c.name for c in columns if not isinstance(c.type, sa.JSON)]
    rest = () if key and key_is_unique else comparable
    order = dict.fromkeys((*order_by, *key, *rest))
    select = sa.select(*rows.c).order_by(*(rows.c[name] for name in order))
    return Extract(columns, select)


def _sqlite_file(url: sa.URL, project: Path) -> Path:
    if not url.database or url.database == ":memory:":
        mistake = "`url` names no file, like sqlite:///{project}/warehouse.db"
        raise DeclarationError([mistake], project="an sql source")
    path = project / url.database.replace(_PROJECT, str(project))
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


def _shown(url: sa.URL) -> str:
    """Return a URL as it may be shown and kept."""
    hidden = {name: "***" for name in url.query if _SECRET_NAME.search(name)}
    text = url.update_query_dict(hidden).render_as_string(hide_password=True)
    return text.replace("%7Bproject%7D", _PROJECT).replace("%2A%2A%2A", "***")


def _secrets(url: sa.URL) -> set[str]:
    found = {str(url.password or "")}
    found |= {str(text) for name, text in url.query.items() if _SECRET_NAME.search(name)}
    return found - {""}
