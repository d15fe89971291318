"""The terms of a rule: expressions over the columns of one row, and constants."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp, parse_one

from backbone.model.constraints import ColumnRef, Predicate, RowVariable, Term
from backbone.sql.denial_functions import ARITHMETIC, function_of

__all__ = [
    "column_node",
    "column_term",
    "constant_term",
    "expression",
    "predicate_expression",
    "term_of",
]

_ROWS: dict[str, RowVariable] = {"t2": "t2", "previous": "previous", "next": "next"}
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HARMLESS = frozenset(
    {"coalesce", "contains", "ends_with", "length", "lower", "nullif", "starts_with",
     "trim", "try_cast", "upper"}
)  # fmt: skip
_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}


def column_node(row: str, name: str) -> exp.Column:
    """Return ``row.name``; the name is quoted where SQL needs it."""
    plain = _SIMPLE.fullmatch(name) is not None
    return exp.Column(
        this=exp.to_identifier(name, quoted=not plain), table=exp.to_identifier(row)
    )


def column_term(row: RowVariable, name: str) -> Term:
    """Return the term that is one column.

    >>> column_term("t1", "Air Temp").sql
    't1."Air Temp"'
    """
    return term_of(column_node(row, name))


def constant_term(value: float | Decimal | str | date) -> Term:
    """Return the term that is one constant.

    >>> constant_term(date(2013, 1, 2)).sql
    "CAST('2013-01-02' AS DATE)"
    """
    return term_of(_constant(value))


def _constant(value: float | Decimal | str | date) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, datetime):
        kind = "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMP"
        return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), kind)
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, str):
        return exp.Literal.string(value)
    number = exp.Literal.number(
        format(abs(value), "f" if isinstance(value, Decimal) else "")
    )
    return exp.Neg(this=number) if value < 0 else number


def term_of(node: exp.Expr) -> Term:
    """Return `node`, whose columns are qualified by a row, as a term."""
    plain = node.unnest()
    refs = tuple(
        ColumnRef(_row_of(found), found.name)
        for found in plain.find_all(exp.Column, bfs=False)
    )
    return Term(plain.sql(dialect="duckdb", comments=False), tuple(dict.fromkeys(refs)))


def expression(term: Term, column_of: Callable[[ColumnRef], exp.Expr]) -> exp.Expr:
    """Return `term` as an expression, each of its columns made by `column_of`.

    What may fail on some value (overflow, the root of a negative number) is null there:
    bad data make no rule fail, and a predicate on a null is false.
    """
    return _safe(_bound(term, column_of))


def _bound(term: Term, column_of: Callable[[ColumnRef], exp.Expr]) -> exp.Expr:
    refs = {(ref.row, ref.column): ref for ref in term.columns}

    def bind(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return column_of(refs[_row_of(node), node.name])
        return node

    return _parsed(term.sql).transform(bind)


@lru_cache(maxsize=4_096)
def _parsed(sql: str) -> exp.Expr:
    return parse_one(sql, read="duckdb", into=exp.Condition)


def _row_of(node: exp.Column) -> RowVariable:
    return _ROWS.get(node.table, "t1")


def predicate_expression(
    predicate: Predicate, column_of: Callable[[ColumnRef], exp.Expr]
) -> exp.Expr:
    """Return `predicate` as a condition; a null in it makes it null, which is no hit."""
    left = expression(predicate.left, column_of)
    if predicate.op == "is null":
        return exp.Is(this=exp.paren(left), expression=exp.null())
    if predicate.op == "is not null":
        return exp.not_(exp.Is(this=exp.paren(left), expression=exp.null()))
    if predicate.right is None:
        return exp.paren(left)
    right = expression(predicate.right, column_of)
    return _COMPARISONS[predicate.op](this=exp.paren(left), expression=exp.paren(right))


def _safe(node: exp.Expr) -> exp.Expr:
    logical = (exp.And, exp.Or, exp.Not, exp.Paren, exp.In, exp.Predicate)
    if isinstance(node, logical) and not isinstance(node, exp.SubqueryPredicate):
        for key, value in list(node.args.items()):
            if isinstance(value, exp.Expr):
                node.set(key, _safe(value))
            elif isinstance(value, list):
                node.set(key, [_safe(v) if isinstance(v, exp.Expr) else v for v in value])
        return node
    return exp.Try(this=node) if _may_fail(node) else node


def _may_fail(node: exp.Expr) -> bool:
    def risky(inner: exp.Expr) -> bool:
        if isinstance(inner, exp.Neg) and isinstance(inner.this, exp.Literal):
            return False
        name = function_of(inner)
        literal_cast = name == "cast" and isinstance(inner.this, exp.Literal)
        risky_call = name is not None and name not in _HARMLESS and not literal_cast
        return type(inner) in ARITHMETIC or risky_call

    return any(risky(inner) for inner in node.walk())
