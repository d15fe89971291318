"""Clauses of the portable subset that Spark writes with others."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.types import type_of

__all__ = ["prepared"]

_SOURCES = (exp.Table, exp.Subquery, exp.Values, exp.Lateral, exp.Unnest)
_MARK = "@"


def prepared(tree: exp.Query) -> exp.Query:
    """Return a tree that Spark's dialect prints, a copy if anything is changed.

    Series are tables made of rows. A table has a name that no column has: in a subquery
    Spark takes ``t.x`` for a part of a column ``t`` before it looks for a table outside.
    """
    names = _names(tree)
    if not names and tree.find(exp.GenerateSeries) is None:
        return tree
    tree = tree.copy()
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.GenerateSeries):
            table.replace(_rows(table))
    for alias in tree.find_all(exp.TableAlias):
        if isinstance(alias.parent, _SOURCES) and alias.name in names:
            alias.set("this", exp.to_identifier(alias.name + _MARK, quoted=True))
    for column in tree.find_all(exp.Column):
        if column.table in names:
            column.set("table", exp.to_identifier(column.table + _MARK, quoted=True))
    return tree


def _names(tree: exp.Query) -> set[str]:
    """Return the names of tables that are aliases wherever they stand."""
    if tree.find(exp.SubqueryPredicate, exp.Subquery, exp.In, exp.Lateral) is None:
        return set()
    names = {
        alias.name
        for alias in tree.find_all(exp.TableAlias)
        if alias.name and isinstance(alias.parent, _SOURCES)
    }
    bare = {table.name for table in tree.find_all(exp.Table) if not table.alias}
    return names - bare


def _rows(table: exp.Table) -> exp.Expr:
    series, alias = table.this, table.args.get("alias")
    name = (
        alias.columns[0].name
        if alias is not None and alias.columns
        else "generate_series"
    )
    made = exp.Anonymous(this="EXPLODE", expressions=[_listed(series)])
    rows = exp.select(exp.alias_(made, name, quoted=True)).subquery(
        table.alias or "series"
    )
    if series.find(exp.Column) is None:
        return rows
    return exp.Lateral(this=rows.this.subquery(), alias=rows.args["alias"].copy())


def _listed(series: exp.GenerateSeries) -> exp.Expr:
    start, end, step = series.args["start"], series.args["end"], series.args.get("step")
    if type_of(start).kind == "date" or type_of(end).kind == "date":
        start, end = exp.cast(start, "timestamp"), exp.cast(end, "timestamp")
    elif not type_of(start).is_time:
        start, end = exp.cast(start, "bigint"), exp.cast(end, "bigint")
    down = isinstance(step.unnest(), exp.Neg) if step is not None else False
    step = step.copy() if step is not None else exp.Literal.number(1)
    listed = exp.Anonymous(this="SEQUENCE", expressions=[start.copy(), end.copy(), step])
    some = (exp.GTE if down else exp.LTE)(this=start.copy(), expression=end.copy())
    if series.args.get("is_end_exclusive"):
        each = exp.to_identifier("n")
        inside = (exp.GT if down else exp.LT)(
            this=exp.Column(this=each), expression=end.copy()
        )
        kept = exp.Lambda(this=inside, expressions=[each.copy()])
        listed = exp.Anonymous(this="FILTER", expressions=[listed, kept])
    none = exp.Anonymous(this="ARRAY")
    return exp.Anonymous(this="IF", expressions=[some, listed, none])
