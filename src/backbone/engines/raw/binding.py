"""What an engine says of the columns before anything is read: types, and mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import duckdb
import pyarrow as pa

from backbone.engines.raw.pieces import RECORD
from backbone.engines.raw.reader import sources_of
from backbone.engines.raw.sides import bound
from backbone.engines.raw.values import (
    RAW,
    ROW,
    computed_probe,
    plans_of,
    raw_name,
    values,
)
from backbone.errors import DeclarationError
from backbone.model.raw import RawColumn
from backbone.model.schemas import DELIVERY, OBJECT

__all__ = ["computed_types"]


def computed_types(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn]
) -> Mapping[str, str]:
    """Return the SQL types of the expressions of computed columns.

    Raises
    ------
    DeclarationError : the engine cannot use a column (a function that is not there, a
        regular expression that it does not know), or has no exact value for its type
    """
    types: dict[str, str] = {}
    mistakes: list[str] = []
    with bound(connection, RAW, _no_text(columns)):
        for each in columns:
            if each.sql is None:
                _probe(connection, each, values((each,), {}).sql(), mistakes)
            elif not mistakes:
                sql = computed_probe(columns, types, each.name).sql()
                kind = _probe(connection, each, sql, mistakes)
                if kind is not None:
                    types[each.name] = kind
                    _try(lambda: plans_of(columns, types), each, mistakes)
    if mistakes:
        raise DeclarationError(mistakes, project="the columns to read")
    return types


def _probe(
    connection: duckdb.DuckDBPyConnection,
    column: RawColumn,
    sql: str,
    mistakes: list[str],
) -> str | None:
    """Let the engine look at a query; return the type of its first column."""
    try:
        described = connection.execute(f"DESCRIBE {sql}").fetchone()
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        mistakes.append(f"column `{column.name}`: {reason}")
        return None
    return str(described[1]) if described else None


def _try(make: Callable[[], object], column: RawColumn, mistakes: list[str]) -> None:
    try:
        make()
    except ValueError as error:
        mistakes.append(f"column `{column.name}`: {error}")


def _no_text(columns: Sequence[RawColumn]) -> pa.Table:
    count = len(sources_of(columns))
    texts = [(raw_name(place), pa.string()) for place in range(count)]
    origin = [(DELIVERY.name, pa.string()), (OBJECT.name, pa.string())]
    numbers = [(RECORD, pa.int64()), (ROW, pa.int64())]
    return pa.schema([*texts, *origin, *numbers]).empty_table()
