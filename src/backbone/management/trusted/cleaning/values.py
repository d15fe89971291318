"""Values that a declaration spells: as constants of a column's type."""

from __future__ import annotations

from sqlglot import exp

from backbone.management.trusted.rows.texts import from_text
from backbone.model.types import CanonicalType
from backbone.project.cleaning import Scalar
from backbone.project.constants import canonical

__all__ = ["constant", "equal_to_any"]


def constant(value: Scalar, kind: CanonicalType) -> exp.Expr:
    """Return `value`, which is one of type `kind`, as an expression of that type."""
    text = canonical(value, kind) or ""
    return from_text(exp.Literal.string(text), kind)


def equal_to_any(
    value: exp.Expr, values: tuple[Scalar, ...], kind: CanonicalType
) -> exp.Expr:
    """Return whether the expression `value` is one of those of `values` that fit it."""
    fitting = [each for each in values if canonical(each, kind) is not None]
    made = [constant(each, kind) for each in fitting]
    return exp.In(this=value, expressions=made) if made else exp.false()
