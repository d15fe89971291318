"""What an engine says of columns before anything is read: types, and mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
from sqlglot import exp

from backbone.engines.raw.computed import computed_plan, expression_of
from backbone.engines.raw.expressions import call, cast, named, text
from backbone.model.raw import RawColumn

__all__ = ["computed_types", "engine_mistakes"]


def computed_types(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn]
) -> Mapping[str, str]:
    """Return the SQL types of the expressions of computed columns.

    Raises
    ------
    duckdb.Error : the engine cannot use one of them
    """
    computed = [each for each in columns if each.sql is not None]
    if not computed:
        return {}
    values = (named(cast(exp.Null(), each.type.sql), each.name) for each in columns)
    select = exp.select(*(named(expression_of(each), each.name) for each in computed))
    query = select.from_(exp.select(*values).subquery("row", copy=False))
    rows = connection.execute(f"DESCRIBE {query.sql(dialect='duckdb')}").fetchall()
    return {each.name: str(row[1]) for each, row in zip(computed, rows, strict=True)}


def engine_mistakes(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[RawColumn]
) -> list[str]:
    """Return what the engine cannot do for columns.

    A function that is not there, a regular expression that it does not know, a time zone
    that it does not know, a type of which no exact value is made.
    """
    found = []
    for place, each in enumerate(columns):
        try:
            _try(connection, each, place, columns)
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0]
            found.append(f"column `{each.name}`: {reason}")
        except ValueError as error:
            found.append(f"column `{each.name}`: {error}")
    return found


def _try(
    connection: duckdb.DuckDBPyConnection,
    each: RawColumn,
    place: int,
    columns: Sequence[RawColumn],
) -> None:
    tried = []
    if each.pattern is not None:
        tried.append(call("regexp_matches", text("x"), text(each.pattern)))
    if each.timezone is not None:
        noon = cast(text("2000-01-01 12:00:00"), "TIMESTAMP")
        tried.append(call("timezone", text(each.timezone), noon))
    if tried:
        connection.execute(exp.select(*tried).sql(dialect="duckdb"))
    if each.sql is not None:
        others = [other for other in columns if other.sql is None or other is each]
        before = [other for other in columns[:place] if other.sql is not None]
        kind = computed_types(connection, [*before, *others])[each.name]
        computed_plan(each, place, kind)
