"""Values as text: canonical, so that they cast back exactly, and as people read them."""

from __future__ import annotations

from sqlglot import exp

from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType
from backbone.sql.queries import column

__all__ = ["canonical_text", "from_text", "values_text"]


def canonical_text(value: exp.Expr) -> exp.Expr:
    """Return the canonical text of `value`; null stays null.

    Doubles are written with the digits that give the same double back, instants in UTC.
    """
    return exp.cast(value, "VARCHAR")


def from_text(text: exp.Expr, kind: CanonicalType) -> exp.Expr:
    """Return the value of type `kind` whose canonical text is `text`."""
    return exp.cast(text, kind.sql)


def values_text(names: tuple[str, ...], schema: Schema, *, of: str) -> exp.Expr:
    """Return ``a = 1, b = 'x'`` for the columns `names` of relation `of`."""
    made: exp.Expr | None = None
    for name in names:
        text = canonical_text(column(name, of))
        if schema[name].type.kind == "string":
            text = _joined(exp.Literal.string("'"), text, exp.Literal.string("'"))
        shown = exp.func("coalesce", text, exp.Literal.string("missing"))
        lead = f"{name} = " if made is None else f", {name} = "
        piece = _joined(exp.Literal.string(lead), shown)
        made = piece if made is None else _joined(made, piece)
    return made or exp.Literal.string("")


def _joined(first: exp.Expr, *more: exp.Expr) -> exp.Expr:
    for expression in more:
        first = exp.DPipe(this=first, expression=expression)
    return first
