"""DuckDB's errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from backbone.errors import CorruptLake, EngineError, OutOfMemory

__all__ = ["mapped", "reading"]

_LONGEST = 600
_EXCERPT = "\n\nLINE "  # of the query as it was compiled, which nobody wrote
_NO_FUNCTION = re.compile(
    r'Function with name (?P<name>\w+) does not exist!(\s+Did you mean "(?P<near>\w+)")?'
)
_OF_FILES = (duckdb.IOException, duckdb.InvalidInputException, duckdb.InternalException)


@contextmanager
def mapped(where: str | None = None) -> Iterator[None]:
    """Raise our errors in place of DuckDB's."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OutOfMemory(
            _first(error),
            where=where,
            hint="Give the engine more memory, or a disk to spill to, in backbone.yml: "
            "engine: {kind: duckdb, memory_limit: 8GB}",
        ) from error
    except duckdb.IOException as error:
        hint = None
        if "No space left" in str(error):
            hint = "The disk is full; `backbone run` goes on when there is space again."
        raise EngineError(_first(error), where=where, hint=hint) from error
    except duckdb.Error as error:
        unknown = _NO_FUNCTION.search(str(error))
        if unknown is None:
            raise EngineError(_first(error), where=where) from error
        what = f"there is no function `{unknown['name']}`"
        hint = f"Did you mean `{unknown['near']}`?" if unknown["near"] else None
        raise EngineError(what, where=where, hint=hint) from error


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
        told = _first(error)
        raise CorruptLake(
            f"a file of the lake cannot be read: {told}",
            where=None if file in told else file,
            hint="Bring it back from a copy of the lake. Without one: remove the folder "
            "of the table and the catalog, and `backbone run` makes both anew.",
        ) from error


def _first(error: Exception) -> str:
    text = str(error).partition(_EXCERPT)[0].strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
