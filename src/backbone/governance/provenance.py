"""The way back of a row: which origin rows a row of a view was made of.

The view's select is rewritten so that each row carries the list of the rows it comes
from, in the manner of Perm, with lists in place of Perm's joined columns (a join of two
groups would multiply those). A join puts its sides' lists together, a group all lists
of its rows, ``union all`` passes them on; other set operations and ``distinct`` are
joined back to the sides they come from. A subquery in a condition adds the rows that
make it true; what is asked by ``not exists`` or ``except`` is an absence and adds none.
Not followed: a window function adds no rows but the row's own.

References
----------
Glavic, Alonso. Perm: Processing Provenance and Data on the same Data Model through Query
Rewriting. ICDE 2009.
Cheney, Chiticariu, Tan. Provenance in Databases: Why, How, and Where. Foundations and
Trends in Databases 1(4), 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from backbone.errors import MissingColumn
from backbone.governance.rewriting import ORIGINS, Rewriting
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN
from backbone.sql.compilation import CompiledView
from backbone.sql.queries import Query, column, quoted, table

__all__ = ["origins"]

_TRACED, _ROWS, _RESULT = "traced_rows", "origin_rows", "origins"


def origins(
    view: CompiledView,
    key: Mapping[str, object],
    *,
    views: Mapping[AssetName, CompiledView] | None = None,
    max_rows: int = 100,
) -> Query:
    """Return the query for the origin rows of the rows of `view` that have `key`.

    Parameters
    ----------
    view : the view, compiled with the schemas of its inputs
    key : output columns and their values (None asks for a null); dates and times also
        as text
    views : views that `view` reads, directly or not: traced through, instead of ending
        at their tables
    max_rows : at most so many rows per asset

    Returns
    -------
    A query over the assets that `Query.reads` names, with the columns ``asset,
    _delivery, _object, _record, total``: distinct rows ordered by these, `total` being
    how many there are of that asset. Assets without origin columns add none.

    Raises
    ------
    MissingColumn : the view has no such column; raised before any query runs

    Notes
    -----
    Costs about what the view costs for the rows with that key: engines push the
    condition on the key into the view where its grouping allows.
    """
    for name in key:
        if name not in view.columns:
            raise MissingColumn.named(name, view.columns, where=str(view.asset))
    rewritten = Rewriting(view, dict(views or {})).tree()
    traced = rewritten.subquery("v", copy=False)
    wanted = exp.select(column(ORIGINS, "v")).from_(traced)
    for name, value in key.items():
        wanted = wanted.where(_is(column(name, "v"), value), copy=False)
    return (
        Query.of(wanted, _TRACED)
        .then(_ROWS, _origin_rows())
        .then(_RESULT, _bounded(max_rows))
    )


def _origin_rows() -> exp.Select:
    unnested = exp.alias_(exp.Explode(this=column(ORIGINS)), "row_", quoted=True)
    inner = exp.select(unnested).from_(table(_TRACED)).subquery("u")
    fields = ["asset", *ORIGIN.names]
    picked = [
        exp.alias_(
            exp.Dot(this=column("row_", "u"), expression=quoted(name)), name, quoted=True
        )
        for name in fields
    ]
    return exp.select(*picked).distinct().from_(inner)


def _bounded(max_rows: int) -> exp.Select:
    fields = ["asset", *ORIGIN.names]
    asset = [column("asset")]
    order = exp.Order(expressions=[exp.Ordered(this=column(n)) for n in ORIGIN.names])
    total = exp.Window(this=exp.Count(this=exp.Star()), partition_by=asset, over="OVER")
    place = exp.Window(
        this=exp.RowNumber(), partition_by=[column("asset")], order=order, over="OVER"
    )
    counted = exp.select(
        *map(column, fields),
        exp.alias_(total, "total", quoted=True),
        exp.alias_(place, "place", quoted=True),
    ).from_(table(_ROWS))
    kept = exp.LTE(this=column("place"), expression=exp.Literal.number(max_rows))
    names = [*fields, "total"]
    return (
        exp.select(*map(column, names))
        .from_(counted.subquery("c"))
        .where(kept)
        .order_by(*map(column, fields))
    )


def _is(name: exp.Column, value: object) -> exp.Expr:
    if value is None:
        return exp.Is(this=name, expression=exp.null())
    return exp.EQ(this=name, expression=_literal(value))


def _literal(value: object) -> exp.Expr:
    kind = next((t for t in _LITERALS if isinstance(value, t)), object)
    return _LITERALS[kind](value)


def _number(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.string(str(value)), "double")


def _moment(value: datetime) -> exp.Expr:
    instant = value.astimezone(UTC) if value.tzinfo else value
    kind = "timestamptz" if value.tzinfo else "timestamp"
    return exp.cast(exp.Literal.string(instant.isoformat(" ")), kind)


# the first that fits: True is an int, too, and a datetime a date
_LITERALS: dict[type, Callable[[Any], exp.Expr]] = {
    bool: lambda value: exp.true() if value else exp.false(),
    int: exp.Literal.number,
    float: _number,
    Decimal: lambda value: exp.Literal.number(format(value, "f")),
    datetime: _moment,
    date: lambda value: exp.cast(exp.Literal.string(value.isoformat()), "date"),
    object: lambda value: exp.Literal.string(str(value)),
}
