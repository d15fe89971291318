"""Values as text: canonical, so that they cast back exactly, and as people read them."""

from __future__ import annotations

from sqlglot import exp

from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType
from backbone.sql.operations import DOUBLE_TEXT
from backbone.sql.queries import column

__all__ = ["canonical_text", "from_text", "values_text"]


def canonical_text(value: exp.Expr, kind: CanonicalType) -> exp.Expr:
    """Return the canonical text of `value`, of type `kind`; null stays null.

    ============  ====================================================================
    string        itself
    boolean       ``true``, ``false``
    integer       digits, with ``-`` if negative
    decimal       digits, as many after the point as its scale says
    double        the fewest digits that give the same double back, of those the nearest:
                  ``0.1``, ``2.0``; from 1e16 and below 1e-4 with an exponent of two
                  digits or more: ``1e+16``, ``2.5e-05``; ``nan`` (of either sign),
                  ``inf``, ``-inf``. That is how Python writes a float.
    date          ``0987-01-31``
    datetime      ``2013-01-31 05:00:00``, or ``2013-01-31 05:00:00.25``
    timestamp     as a datetime, in UTC, then ``+00``
    ============  ====================================================================
    """
    if kind.kind == "double":
        return exp.Anonymous(this=DOUBLE_TEXT, expressions=[value])
    if kind.kind == "timestamp":
        wall = exp.cast(exp.cast(value, exp.DType.TIMESTAMP), exp.DType.VARCHAR)
        return exp.DPipe(this=wall, expression=_text("+00"))
    return value if kind.kind == "string" else exp.cast(value, exp.DType.VARCHAR)


def from_text(text: exp.Expr, kind: CanonicalType) -> exp.Expr:
    """Return the value of type `kind` whose canonical text is `text`."""
    return exp.cast(text, kind.sql)


def values_text(
    names: tuple[str, ...],
    schema: Schema,
    *,
    of: str,
    labels: tuple[str, ...] | None = None,
) -> exp.Expr:
    """Return ``a = 1, b = 'x'`` for the columns `names` of relation `of`.

    `labels` are what they are called in the text, if not by their names.
    """
    made: exp.Expr | None = None
    for name, label in zip(names, labels or names, strict=True):
        kind = schema[name].type
        text = canonical_text(column(name, of), kind)
        if kind.kind == "string":
            text = _joined(_text("'"), text, _text("'"))
        shown = exp.func("coalesce", text, _text("missing"))
        lead = f"{label} = " if made is None else f", {label} = "
        piece = _joined(_text(lead), shown)
        made = piece if made is None else _joined(made, piece)
    return made or _text("")


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _joined(first: exp.Expr, *more: exp.Expr) -> exp.Expr:
    for expression in more:
        first = exp.DPipe(this=first, expression=expression)
    return first
