"""DuckDB's errors as ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from backbone.engines.raw.failures import mapped, told
from backbone.errors import CorruptLake, EngineError

__all__ = ["mapped", "reading"]

_OF_FILES = (duckdb.IOException, duckdb.InvalidInputException, duckdb.InternalException)


@contextmanager
def reading(
    connection: duckdb.DuckDBPyConnection, files: Iterable[str]
) -> Iterator[None]:
    """Raise our errors in place of DuckDB's; one that a file caused names the file.

    Parameters
    ----------
    connection : reads the files one by one, once something has failed
    files : Parquet files of the lake that are read in the block

    Raises
    ------
    CorruptLake : one of `files` is not there or cannot be read
    """
    try:
        with mapped():
            yield
    except EngineError as error:
        cause = error.__cause__
        if isinstance(cause, _OF_FILES) or type(cause) is duckdb.Error:
            for file in files:
                _check(connection, file)
        raise


def _check(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    try:
        connection.execute("SELECT count(COLUMNS(*)) FROM read_parquet(?)", [file])
        connection.fetchall()
    except duckdb.Error as error:
        text = told(error)
        raise CorruptLake(
            f"a file of the lake cannot be read: {text}",
            where=None if file in text else file,
            hint="Bring it back from a copy of the lake. Without one: remove the folder "
            "of the table and the catalog, and `backbone run` makes both anew.",
        ) from error
