"""Digests of rows, alike on every engine: they order rows as if by chance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from sqlglot import exp

from backbone.model.schemas import Column
from backbone.sql.queries import column

__all__ = ["digest"]


def digest(salt: str, columns: Sequence[Column]) -> exp.Expr:
    """Return the md5 of `salt` and the values of `columns`, as an expression.

    Each value is preceded by its length and a missing one is a mark, so different rows
    have different texts. How doubles are printed differs between engines: they are cut
    at six digits after the point, from 1e9 on at the point, and share one text from 1e18
    on. So who orders by a digest breaks ties by the values themselves.
    """
    texts = [_marked(_text(c)) for c in columns]
    return exp.MD5(this=_joined([exp.Literal.string(f"{salt}|"), *texts]))


def _joined(parts: Sequence[exp.Expr]) -> exp.Expr:
    return reduce(lambda a, b: exp.DPipe(this=a, expression=b, safe=True), parts)


def _marked(text: exp.Expr) -> exp.Expr:
    length = exp.cast(exp.Length(this=text.copy()), "VARCHAR")
    framed = _joined([length, exp.Literal.string(":"), text])
    return exp.Coalesce(this=framed, expressions=[exp.Literal.string("n")])


def _text(c: Column) -> exp.Expr:
    value = column(c.name)
    if c.type.kind == "string":
        return value
    if c.type.kind in {"timestamp", "datetime"}:
        return exp.cast(exp.UnixMicros(this=value), "VARCHAR")
    if c.type.kind == "double":
        return _double(value)
    return exp.cast(value, "VARCHAR")


def _double(value: exp.Expr) -> exp.Expr:
    millionths = exp.Mul(this=value.copy(), expression=exp.Literal.number("1e6"))
    return (
        exp.Case()
        .when(_smaller(value, "1e9"), _whole(millionths))
        .when(_smaller(value, "1e18"), _whole(value))
        .when(value.copy().is_(exp.null()).not_(), exp.Literal.string("large"))
    )


def _smaller(value: exp.Expr, bound: str) -> exp.Expr:
    return exp.LT(this=exp.Abs(this=value.copy()), expression=exp.Literal.number(bound))


def _whole(value: exp.Expr) -> exp.Expr:
    return exp.cast(exp.cast(exp.Floor(this=value.copy()), "BIGINT"), "VARCHAR")
