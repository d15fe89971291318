"""A zero has no sign: minus zero is told from zero by dividing by it and by its text.

Engines disagree on when a zero is a minus zero (``trunc(-0.5)``), and a table of the lake
has none. So what a view divides by, and what it writes as a text, has zero added to it.
"""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.types import type_of

__all__ = ["without_signs"]

_TEXTS = (exp.DPipe, exp.Concat, exp.ConcatWs)


def without_signs(tree: exp.Query) -> exp.Query:
    """Return a typed tree in which no value depends on the sign of a zero."""
    tree = tree.copy()
    for node in list(tree.find_all(exp.Div, exp.Cast, *_TEXTS)):
        for value in _values(node):
            if type_of(value).kind == "double" and not _is_constant(value):
                value.replace(_plus_zero(value))
    return tree


def _values(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Div):
        return [node.expression]
    if isinstance(node, exp.Cast):
        return [node.this] if type_of(node).kind == "string" else []
    if isinstance(node, exp.DPipe):
        return [node.this, node.expression]
    return list(node.expressions)


def _is_constant(value: exp.Expr) -> bool:
    return isinstance(value.unnest(), exp.Literal | exp.Nullif)


def _plus_zero(value: exp.Expr) -> exp.Expr:
    zero = exp.Literal.number("0e0")
    made = exp.Paren(this=exp.Add(this=exp.paren(value), expression=zero))
    for node in (zero, made, made.this, made.this.this):
        node.type = value.type
    return made
