"""Rules in SQL: the rows of the table that a query of the user's selects."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from backbone.errors import ViewError
from backbone.management.trusted.rows.steps import Steps, select
from backbone.model.constraints import Selected
from backbone.model.names import AssetName
from backbone.model.schemas import Column, Schema
from backbone.model.types import INTEGER
from backbone.sql.compilation import CompiledView, compile_view
from backbone.sql.queries import column, table
from backbone.sql.views import parse_view

__all__ = ["compiled", "selected_rows"]

_ROW = Column("_row", INTEGER)
_NUMBERS = {exp.DType.BIGINT, exp.DType.INT, exp.DType.NULL, exp.DType.UNKNOWN}


def compiled(
    name: str, selected: Selected, own: str, schemas: Mapping[str, Schema]
) -> CompiledView:
    """Compile the query of the rule `name` for the `schemas` of what it reads.

    The table `own`, which the rule is about, has a column ``_row`` besides those of its
    schema, which the query gives as ``row``.

    Raises
    ------
    ViewError : it is not portable, does not read `own`, or gives no ``row``
    MissingColumn : no table has a column that it names
    """
    called = f"rule `{name}`"
    view = parse_view(selected.sql, name=name, file=called, noun="rule")
    if own not in selected.tables:
        hint = f"Write `select f._row as row from {own} f where …`."
        raise ViewError(f"it does not read {own}", where=called, hint=hint)
    named = {AssetName.parse(asset): schema for asset, schema in schemas.items()}
    asset = AssetName.parse(own)
    named[asset] = named[asset].public.with_columns(_ROW)
    made = compile_view(view, named)
    if "row" not in made.columns:
        hint = "It tells which rows break the rule: `select f._row as row from …`."
        raise ViewError("it selects no `row`", where=called, hint=hint)
    row = next(one for one in made.expression.selects if one.alias_or_name == "row")
    if row.type is not None and row.type.this not in _NUMBERS:
        hint = "Select the `_row` of the table: `select f._row as row from …`."
        raise ViewError("its `row` is not the `_row` of a row", where=called, hint=hint)
    return made


def selected_rows(made: CompiledView, own: str, rows: str, schema: Schema) -> Steps:
    """Return steps of which the last has the rows (``_row, role``) that are selected.

    `rows` are the rows of `own` that the rule looks at, with the columns of `schema`.
    """
    names = ("_row", *schema.public.names)
    mine = exp.select(*(column(name) for name in names)).from_(table(rows))
    kept = select(
        "select distinct r._row, 't1' as role from selected s "
        "join looked_at r on s.row = r._row"
    )
    looked_at = exp.select(column("_row")).from_(table(rows))
    return [
        (own, mine),
        ("looked_at", looked_at),
        ("selected", made.expression.copy()),
        ("violations", kept),
    ]
