"""The column `_flags`: the names of the rules that a row breaks, comma-separated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from backbone.model.names import AssetName
from backbone.model.schemas import FLAGS, Schema
from backbone.sql.binding import BoundView
from backbone.sql.queries import Query, column, table

__all__ = [
    "LeftOut",
    "between_commas",
    "flagged_by",
    "flagged_rows",
    "listed_among",
    "unflagged",
    "without_flagged",
]

_ROWS = "rows_"
LeftOut = Mapping[AssetName, Sequence[str]]
"""Of each of these tables the rows that one of these rules flags are not read."""

_COMMA = ","


def flagged_by(flags: exp.Expr, rules: Sequence[str]) -> exp.Expr:
    """Return whether `flags` has one of the names `rules`; false where it is null.

    >>> flagged_by(exp.column("flags"), ["late"]).sql(dialect="duckdb")
    "CONTAINS(CONCAT_WS(',', '', flags, ''), ',late,')"
    """
    return listed_among(between_commas(flags), rules)


def between_commas(flags: exp.Expr) -> exp.Expr:
    """Return `flags` with a comma at each end; of null, that alone."""
    ends = [exp.Literal.string(""), flags.copy(), exp.Literal.string("")]
    return exp.ConcatWs(
        expressions=[exp.Literal.string(_COMMA), *ends], safe=True, coalesce=True
    )


def listed_among(listed: exp.Expr, rules: Sequence[str]) -> exp.Expr:
    """Return whether `listed`, made by `between_commas`, has one of the names `rules`."""
    found = [exp.Contains(this=listed.copy(), expression=_name(r)) for r in rules]
    return exp.or_(*found, copy=False)


def unflagged(name: str, schema: Schema, rules: Sequence[str]) -> exp.Select:
    """Return the select of all columns of relation `name`, without flagged rows."""
    kept = exp.not_(flagged_by(column(FLAGS.name, _ROWS), rules))
    wanted = [exp.alias_(column(n, _ROWS), n, quoted=True) for n in schema.names]
    return exp.select(*wanted).from_(table(name, _ROWS)).where(kept)


def flagged_rows(name: str, rules: Sequence[str]) -> Query:
    """Return the query that counts (``n``) the rows of `name` that `rules` flag."""
    counted = exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    flagged = flagged_by(column(FLAGS.name), rules)
    return Query.of(exp.select(counted).from_(table(name)).where(flagged))


def without_flagged(bound: BoundView, left_out: LeftOut) -> BoundView:
    """Return a view that reads tables without the rows that rules flag.

    Wherever one of the tables is read, a select without those rows takes its place, so
    that all that is made of the view (its query, its lineage, the way back of its rows)
    sees the same.
    """
    if not left_out:
        return bound
    tree = bound.expression.copy()
    names = {str(asset): asset for asset in left_out}
    for node in list(tree.find_all(exp.Table)):
        asset = names.get(node.name)
        if asset is None:
            continue
        rows = unflagged(node.name, bound.schemas[asset], left_out[asset])
        inner = exp.Subquery(this=rows, alias=node.args.get("alias"))
        inner.set("joins", node.args.get("joins"))
        node.replace(inner)
    return replace(bound, expression=tree)


def _name(rule: str) -> exp.Literal:
    return exp.Literal.string(f"{_COMMA}{rule}{_COMMA}")
