"""SQLite files: the rows of a table, in the order of their row ids.

The file is not trusted: it is opened read-only, as it is (a journal beside it is not
looked for), nothing that its schema says is executed, and it is checked in full first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from backbone.engines.raw.readers.protocol import RawFile, Records
from backbone.engines.raw.streams import opened_file
from backbone.engines.raw.texts import spelt
from backbone.errors import DataError, bounded, nearest
from backbone.project.reads import SqliteRead
from backbone.sql.queries import column, table

__all__ = ["Settings", "read"]

Settings = SqliteRead

_BATCH_ROWS = 8_192
_MOST_BYTES = 64 << 20
_GUARDED = ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON")
_ROW_IDS = ("rowid", "_rowid_", "oid")


def read(file: RawFile, settings: SqliteRead) -> Iterator[Records]:
    """Give the rows of the table."""
    with closing(opened_file(file.path)) as source:
        if not source.read(16).startswith(b"SQLite format 3\0"):
            raise DataError("not a SQLite database")
    with closing(_connected(file.path)) as connection:
        _check(connection)
        name = _table(connection, settings.table)
        names, rest = _columns(connection, name)
        wanted = [each for each in names if each in file.columns or not file.columns]
        query = exp.select(*(column(each) for each in wanted or names[:1]))
        query = query.from_(table(name))
        row_id = next((each for each in _ROW_IDS if each not in rest), None)
        if row_id and _has_row_ids(connection, name):
            query = query.order_by(exp.column(row_id))
        cursor = connection.execute(query.sql(dialect="sqlite"))
        while rows := cursor.fetchmany(_BATCH_ROWS):
            yield Records(_batch(rows, wanted, settings.binary), columns=names)
        yield Records(_batch([], wanted, settings.binary), columns=names)


def _connected(path: str) -> sqlite3.Connection:
    address = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str:
    """Return sound text; what is not is a NUL, for which its record is rejected."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "\0"


def _check(connection: sqlite3.Connection) -> None:
    for guard in _GUARDED:
        connection.execute(f"PRAGMA {guard}")
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    text = str(found).partition("\n")[0]
    if text != "ok":
        raise DataError(f"the database is damaged: {text}")


def _table(connection: sqlite3.Connection, asked: str | None) -> str:
    """Return the name of the table to read."""
    found = {
        name: (sql or "").lstrip().upper()
        for name, sql in connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
    }
    plain = [str(n) for n, sql in found.items() if not sql.startswith("CREATE VIRTUAL")]
    told = bounded([f"`{name}`" for name in plain]) or "none"
    if asked is None:
        if len(plain) != 1:
            raise DataError(f"say which `table` to read; there are: {told}")
        return plain[0]
    if asked in plain:
        return asked
    hint = nearest(asked, plain) or f"There are: {told}"
    raise DataError(f"the database has no table `{asked}`. {hint}")


def _columns(
    connection: sqlite3.Connection, name: str
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the names of the columns, and those in lower case."""
    rows = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (name,))
    names = tuple(found for (found,) in rows)
    return names, frozenset(each.lower() for each in names)


def _has_row_ids(connection: sqlite3.Connection, name: str) -> bool:
    asked = "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'"
    return connection.execute(asked, (name,)).fetchone() in {(0,), None}


def _batch(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str], binary: str
) -> pa.RecordBatch:
    cells = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    columns = [_texts(each, binary) for each in cells[: len(names)]]
    if not names:
        return pa.RecordBatch.from_arrays([pa.nulls(len(rows))], [""])
    return pa.RecordBatch.from_arrays(columns, list(names))


def _texts(values: Sequence[Any], binary: str) -> pa.Array:
    """Spell values; what is no sound text stays so, to reject its record."""
    return pa.array([spelt(value, binary) for value in values], pa.string())
