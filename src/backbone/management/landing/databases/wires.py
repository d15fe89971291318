"""Two ways to a PostgreSQL database: ADBC, which answers in Arrow, and SQLAlchemy.

Both read in one transaction, as everything was when it began; a statement that fails
does not spoil the next one. Their answers are the same, values and types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Protocol

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from backbone.errors import BadResponse, SourceUnavailable
from backbone.management.landing.databases.alchemy import (
    close,
    closed_on_error,
    engine_of,
    mapped,
    told,
)
from backbone.management.landing.databases.dsn import Address

__all__ = ["AdbcWire", "AlchemyWire", "Wire"]

_BATCH_ROWS = 20_000
_CONNECT_TIMEOUT_S = 30
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# What a value's text depends on.
_SETTINGS = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL standard_conforming_strings = on",
)


class Wire(Protocol):
    """A connection to PostgreSQL that reads everything as it was at one moment."""

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """Return a short answer."""
        ...

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """Return the names of an answer's columns."""
        ...

    def batches(
        self, statement: sa.Select[Any], types: Sequence[pa.DataType]
    ) -> Iterator[list[pa.Array]]:
        """Return a long answer, column by column; what does not fit a type is text."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Read something; errors become ours and do not spoil what is read next."""
        ...

    def close(self) -> None:
        """End the transaction and the connection."""


class AdbcWire:
    """Through libpq and ADBC: COPY in its binary form, made Arrow in C.

    Raises
    ------
    ModuleNotFoundError : the driver is not installed
    SourceUnavailable : the database cannot be reached
    """

    def __init__(self, address: Address) -> None:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - an extra

        self._address = address
        self._error = dbapi.Error
        url = address.url.set(drivername="postgresql")
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(_CONNECT_TIMEOUT_S)})
        with self._mapped(SourceUnavailable, "cannot be reached"):
            uri = url.render_as_string(hide_password=False)
            self._connection = dbapi.connect(uri, autocommit=True)
            with closed_on_error(self._connection):
                for command in (_BEGIN, *_SETTINGS):
                    self._command(command)

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """Return a short answer."""
        with self._connection.cursor() as cursor:
            cursor.execute(_text(statement))
            return list(cursor.fetchall())

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """Return the names of an answer's columns."""
        with self._connection.cursor() as cursor:
            cursor.execute(_text(statement))
            return [name for name, *_ in cursor.description]

    def batches(
        self, statement: sa.Select[Any], types: Sequence[pa.DataType]
    ) -> Iterator[list[pa.Array]]:
        """Return a long answer, column by column."""
        del types  # the database says them
        with self._connection.cursor() as cursor:
            cursor.execute(_text(statement))
            # While one batch is written, the next one is fetched.
            with (
                closing(cursor.fetch_record_batch()) as reader,
                ThreadPoolExecutor(1, thread_name_prefix="postgres") as ahead,
            ):
                coming = ahead.submit(next, reader, None)
                while (batch := coming.result()) is not None:
                    coming = ahead.submit(next, reader, None)
                    yield batch.columns

    def reading(self) -> AbstractContextManager[None]:
        """Read something; errors become ours and do not spoil what is read next."""
        return _reading(self._command, self._mapped)

    def close(self) -> None:
        """End the transaction and the connection."""
        self._connection.close()

    def _command(self, text: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(text)

    @contextmanager
    def _mapped(
        self,
        kind: type[BadResponse | SourceUnavailable],
        what: str,
        before: BaseException | None = None,
    ) -> Iterator[None]:
        try:
            yield
        except (self._error, OSError) as exc:
            said = self._address.words(_said(before or exc))
            raise kind(f"{self._address.shown} {what}: {said}") from None


class AlchemyWire:
    """Through a driver of SQLAlchemy's, row by row.

    Raises
    ------
    DeclarationError : no driver is installed
    SourceUnavailable : the database cannot be reached
    """

    def __init__(self, address: Address, url: sa.URL) -> None:
        self._address = address
        self._engine = engine_of(address, url)
        with mapped(address, SourceUnavailable, "cannot be reached"):
            self._connection = self._engine.connect().execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            with closed_on_error(self._connection):
                for command in _SETTINGS:
                    self._connection.exec_driver_sql(command)

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """Return a short answer."""
        return [tuple(row) for row in self._result(statement)]

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """Return the names of an answer's columns."""
        with self._result(statement) as result:
            return list(result.keys())

    def batches(
        self, statement: sa.Select[Any], types: Sequence[pa.DataType]
    ) -> Iterator[list[pa.Array]]:
        """Return a long answer, column by column."""
        with self._result(statement, yield_per=_BATCH_ROWS) as result:
            for rows in result.partitions(_BATCH_ROWS):
                columns = zip(*rows, strict=True)
                yield [_array(c, t) for c, t in zip(columns, types, strict=True)]

    def reading(self) -> AbstractContextManager[None]:
        """Read something; errors become ours and do not spoil what is read next."""
        return _reading(self._command, self._mapped)

    def close(self) -> None:
        """End the transaction and the connection."""
        close(self._connection)

    def _command(self, text: str) -> None:
        self._connection.exec_driver_sql(text)

    @contextmanager
    def _mapped(
        self,
        kind: type[BadResponse | SourceUnavailable],
        what: str,
        before: BaseException | None = None,
    ) -> Iterator[None]:
        driver = self._engine.dialect.loaded_dbapi.Error
        try:
            yield
        except (SQLAlchemyError, driver, OSError) as exc:
            said = self._address.words(told(before or exc))
            raise kind(f"{self._address.shown} {what}: {said}") from None

    def _result(self, statement: sa.Select[Any], **options: int) -> sa.CursorResult[Any]:
        # Without parameters no driver takes a percent sign for one.
        return self._connection.exec_driver_sql(
            _text(statement), execution_options={"no_parameters": True, **options}
        )


@contextmanager
def _reading(
    command: Callable[[str], None], mapped_: Callable[..., AbstractContextManager[None]]
) -> Iterator[None]:
    """Read between a savepoint and, if something fails, the return to it.

    What fails in the middle of an answer often has no code: whether the database is still
    there is told by the connection.
    """
    with mapped_(SourceUnavailable, "cannot be read"):
        command("SAVEPOINT backbone")
    try:
        yield
    except BaseException as exc:
        with mapped_(SourceUnavailable, "was lost", exc):
            command("ROLLBACK TO SAVEPOINT backbone")
        with mapped_(BadResponse, "cannot be read"):
            raise


def _text(statement: sa.Select[Any]) -> str:
    """Return a statement with its values in place, as PostgreSQL reads it."""
    dialect = postgresql.dialect(  # type: ignore[no-untyped-call]
        paramstyle="numeric_dollar"  # in which no colon and no percent sign is escaped
    )
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, ArithmeticError, TypeError, ValueError):
        texts = [None if value is None else str(value) for value in values]
        return pa.array(texts, pa.string())


def _said(exc: BaseException) -> str:
    """Return what the server said, without the statement."""
    for name, value in getattr(exc, "details", None) or ():
        if name in {"PG_DIAG_MESSAGE_PRIMARY", b"PG_DIAG_MESSAGE_PRIMARY"}:
            return bytes(value).decode("utf-8", "replace")
    said = str(exc).partition("\n\nQuery was")[0]
    return said.rpartition("[libpq] ")[2]
