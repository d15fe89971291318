"""Clauses of the portable subset that Spark writes with others."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.types import type_of

__all__ = ["prepared"]


def prepared(tree: exp.Query) -> exp.Query:
    """Return a tree that Spark's dialect prints: series are tables made of rows.

    A copy, if anything is changed.
    """
    if tree.find(exp.GenerateSeries) is None:
        return tree
    tree = tree.copy()
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.GenerateSeries):
            table.replace(_rows(table))
    return tree


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
