"""Results of DuckDB as Parquet files, with their statistics."""

from __future__ import annotations

from pathlib import Path

import duckdb
from sqlglot import exp

from backbone.engines.raw.statistics import column_statistics
from backbone.model.files import WrittenFile
from backbone.model.schemas import Schema
from backbone.sql.queries import column

__all__ = ["copied"]


def copied(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    schema: Schema,
    path: Path,
    *,
    file_bytes: str | None = None,
) -> tuple[WrittenFile, ...]:
    """Write the result of a select, whose columns have the types of `schema`.

    It is one file, `path`. With `file_bytes` (such as ``"512MB"``) `path` becomes a
    folder of files of about that size; files without rows may be among them.
    """
    target = exp.Literal.string(str(path)).sql(dialect="duckdb")
    options = "FORMAT parquet, RETURN_STATS"
    if file_bytes is not None:
        options += f", FILE_SIZE_BYTES '{file_bytes}'"
    select = _without_minus_zero(sql, schema)
    rows = connection.execute(f"COPY ({select}) TO {target} ({options})").fetchall()
    return tuple(
        WrittenFile(
            Path(row[0]), int(row[1]), int(row[2]), column_statistics(row[4], schema)
        )
        for row in rows
    )


def _without_minus_zero(sql: str, schema: Schema) -> str:
    """Make every zero the same: DuckDB's Parquet filters take -0.0 for another value."""
    doubles = [
        exp.alias_(column(c.name) + exp.Literal.number("0.0"), c.name, quoted=True)
        for c in schema
        if c.type.kind == "double"
    ]
    if not doubles:
        return sql
    replaced = ", ".join(one.sql(dialect="duckdb") for one in doubles)
    return f"SELECT * REPLACE ({replaced}) FROM ({sql})"
