"""Scalar SQL that people write in a declaration: parsed, and kept to an allow-list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.schema import MappingSchema

from backbone.errors import MissingColumn, RuleSyntaxError
from backbone.model.schemas import Schema
from backbone.sql.queries import column, table

__all__ = ["SOURCE", "Scalar", "parse_scalar"]

SOURCE = "source"

ValueKind = Literal["boolean", "number", "text", "time", "unknown"]

_ALLOWED: tuple[type[exp.Expr], ...] = (
    exp.Abs, exp.Add, exp.And, exp.AtTimeZone, exp.Between, exp.Boolean, exp.Case,
    exp.Cast, exp.Ceil, exp.Coalesce, exp.Column, exp.DataType, exp.Div, exp.EQ, exp.Exp,
    exp.Extract, exp.Floor, exp.GT, exp.GTE, exp.Greatest, exp.Identifier, exp.If, exp.In,
    exp.Is, exp.LT, exp.LTE, exp.Least, exp.Length, exp.Like, exp.Literal, exp.Ln,
    exp.Lower, exp.Mod, exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null, exp.Nullif, exp.Or,
    exp.Paren, exp.Round, exp.Sqrt, exp.StartsWith, exp.Sub, exp.Trim, exp.TryCast,
    exp.Upper, exp.Var,
)  # fmt: skip
_WHAT_WORKS = (
    "columns, constants, comparisons, and/or/not, arithmetic, in, between, like, is "
    "null, case, coalesce, nullif, greatest, least, abs, round, floor, ceil, sqrt, ln, "
    "exp, lower, upper, trim, length, starts_with, cast, extract and at time zone can be "
    "used; compute anything else in a view"
)
_KINDS: dict[ValueKind, frozenset[exp.DType]] = {
    "boolean": frozenset({exp.DType.BOOLEAN}),
    "number": frozenset({*exp.DataType.NUMERIC_TYPES}),
    "text": frozenset({*exp.DataType.TEXT_TYPES}),
    "time": frozenset({*exp.DataType.TEMPORAL_TYPES}),
}


@dataclass(frozen=True)
class Scalar:
    """An expression over the columns of one row.

    `expression` has quoted columns; `columns` are those it reads, each once; `kind` is
    what its value is, as far as the columns' types tell.
    """

    text: str
    expression: exp.Expr
    columns: tuple[str, ...]
    kind: ValueKind


def parse_scalar(text: str, schema: Schema, *, where: str) -> Scalar:
    """Parse `text` as an expression over the columns of `schema`.

    Raises
    ------
    RuleSyntaxError : it does not parse, or is more than an expression over one row
    MissingColumn : it names a column that is not there

    >>> from backbone.model.types import DOUBLE
    >>> late = parse_scalar("delay >= 15", Schema.of(delay=DOUBLE), where="target")
    >>> late.kind, late.columns
    ('boolean', ('delay',))
    """
    try:
        parsed = parse_one(text, dialect="duckdb")
    except SqlglotError as exc:
        what = f"`{text}` cannot be parsed{_near(exc)}"
        raise RuleSyntaxError(what, where=where, hint=_WHAT_WORKS) from exc
    for node in parsed.walk():
        if not isinstance(node, _ALLOWED) or (
            isinstance(node, exp.Column) and node.table
        ):
            what = f"`{node.sql(dialect='duckdb')}` cannot be used in `{text}`"
            raise RuleSyntaxError(what, where=where, hint=_WHAT_WORKS)
    names = tuple(dict.fromkeys(node.name for node in parsed.find_all(exp.Column)))
    for name in names:
        if name not in schema:
            raise MissingColumn.named(name, schema.names, where=where)
    expression = parsed.transform(_quoted)
    return Scalar(text, expression, names, _kind(expression, schema))


def _near(exc: SqlglotError) -> str:
    at = exc.errors[0].get("col") if isinstance(exc, ParseError) and exc.errors else None
    return "" if at is None else f" near its character {at}"


def _quoted(node: exp.Expr) -> exp.Expr:
    return column(node.name) if isinstance(node, exp.Column) else node


def _kind(expression: exp.Expr, schema: Schema) -> ValueKind:
    qualified = expression.transform(
        lambda node: column(node.name, SOURCE) if isinstance(node, exp.Column) else node
    )
    select = exp.select(exp.alias_(qualified, "value")).from_(table(SOURCE))
    types = {c.name: c.type.sql for c in schema}
    known = MappingSchema({SOURCE: types}, dialect="duckdb", normalize=False)
    typed = annotate_types(select, schema=known, dialect="duckdb").selects[0].type
    for kind, members in _KINDS.items():
        if typed is not None and typed.this in members:
            return kind
    return "unknown"
