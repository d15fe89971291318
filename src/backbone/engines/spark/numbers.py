"""Numbers of the portable subset as Spark SQL."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.casts import (
    Print,
    as_double,
    as_long,
    exactly,
    failing,
    rounded,
)
from backbone.sql.types import type_of

__all__ = ["NAMED_NUMBERS", "NUMBERS"]

_WHOLE_BELOW = "4503599627370496D"  # 2**52: a double beyond it has no places


def _is_some(node: exp.Expr) -> bool:
    """Whether a divisor is never zero: a constant, or null instead of zero."""
    plain = node.unnest()
    plain = plain.this if isinstance(plain, exp.Neg) else plain
    if isinstance(plain, exp.Literal):
        return bool(float(plain.name))
    zero = plain.args.get("expression")
    return (
        isinstance(plain, exp.Nullif)
        and isinstance(zero, exp.Literal)
        and zero.name == "0"
    )


def _divided(self: Generator, node: exp.Expr) -> str:
    """By zero a division of doubles is infinite, or not a number: never an error."""
    left, right = as_double(self, node.this), as_double(self, node.expression)
    if _is_some(node.expression):
        return f"{left} / {right}"
    some = f"NULLIF({right}, 0D)"
    return f"COALESCE({left} / {some}, {left} * POWER({right}, -1D))"


def _whole_part(self: Generator, node: exp.Expr) -> str:
    left, right = self.sql(node, "this"), self.sql(node, "expression")
    if not _is_some(node.expression):
        right = f"NULLIF({right}, 0)"
    return f"({left} DIV {right})"


def _remainder(self: Generator, node: exp.Expr) -> str:
    left, right = self.sql(node, "this"), self.sql(node, "expression")
    if type_of(node).kind == "double":
        left, right = as_double(self, node.this), as_double(self, node.expression)
        if _is_some(node.expression):
            return f"{left} % {right}"
        none = f"{left} + {right} + double('nan')"
        return f"CASE WHEN {right} = 0 THEN {none} ELSE TRY_MOD({left}, {right}) END"
    if _is_some(node.expression):
        return exactly(node, f"{left} % {right}")
    return exactly(node, f"TRY_MOD({left}, {right})")


def _computed(sign: str) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        text = f"{self.sql(node, 'this')} {sign} {self.sql(node, 'expression')}"
        return exactly(node, text)

    return print_


def _rounding(self: Generator, node: exp.Expr) -> str:
    told, value = type_of(node.this), self.sql(node, "this")
    given = node.args.get("decimals")
    places = _constant(given)
    if told.kind in {"double", "unknown"} and places is not None:
        return rounded(
            f"CAST({value} AS DOUBLE)" if told.kind == "unknown" else value, places
        )
    if told.kind == "integer" and (places is None or places >= 0):
        return value
    return exactly(node, f"ROUND({value}, {places or 0})")


def _constant(given: exp.Expr | None) -> int | None:
    if given is None:
        return 0
    plain = given.unnest()
    sign, plain = (-1, plain.this) if isinstance(plain, exp.Neg) else (1, plain)
    return sign * int(plain.name) if isinstance(plain, exp.Literal) else None


def _down_or_up(name: str) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        told, value = type_of(node.this), self.sql(node, "this")
        if told.kind == "integer":
            return f"CAST({value} AS DOUBLE)"
        if told.kind == "decimal":
            return exactly(node, f"{name}({value})")
        near = f"ABS({value}) < {_WHOLE_BELOW}"
        return f"CASE WHEN {near} THEN CAST({name}({value}) AS DOUBLE) ELSE {value} END"

    return print_


def _cut(self: Generator, node: exp.Expr) -> str:
    told, value = type_of(node.this), self.sql(node, "this")
    if told.kind == "integer":
        return value
    if told.kind == "decimal":
        cut = f"CASE WHEN {value} < 0 THEN CEIL({value}) ELSE FLOOR({value}) END"
        return exactly(node, cut)
    return f"COALESCE(CAST(TRY_CAST({value} AS BIGINT) AS DOUBLE), {value})"


def _signum(self: Generator, node: exp.Expr) -> str:
    value = self.sql(node, "this")
    above = f"{value} > 0"
    if type_of(node.this).kind in {"double", "unknown"}:
        above += f" AND NOT isnan({value})"
    return (
        f"CASE WHEN {above} THEN 1L WHEN {value} < 0 THEN -1L "
        f"WHEN {value} IS NULL THEN NULL ELSE 0L END"
    )


def _root(self: Generator, node: exp.Expr) -> str:
    value = as_double(self, node.this)
    error = failing("cannot take square root of a negative number")
    return f"CASE WHEN {value} < 0 THEN {error} ELSE SQRT({value}) END"


def lent(name: str, *arguments: str) -> str:
    """Print a function that DuckDB computes; where it has no value, that is an error."""
    call = f"{name}({', '.join(arguments)})"
    known = " AND ".join(f"{each} IS NOT NULL" for each in arguments)
    return (
        f"COALESCE({call}, CASE WHEN {known} THEN {failing(f'{name}: out of range')} END)"
    )


def _lent(name: str) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        values = (node.this, node.args.get("expression"))
        if isinstance(node, exp.Anonymous):
            values = tuple(node.expressions)
        return lent(name, *(as_double(self, each) for each in values if each is not None))

    return print_


def _is_nan(self: Generator, node: exp.Expr) -> str:
    value = as_double(self, node.this)
    return f"CASE WHEN {value} IS NOT NULL THEN ISNAN({value}) END"


def _bits(sign: str) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        left, right = as_long(self, node.this), as_long(self, node.expression)
        return f"({left} {sign} {right})"

    return print_


NUMBERS: dict[type[exp.Expr], Print] = {
    exp.Acos: _lent("bb_acos"),
    exp.Add: _computed("+"),
    exp.Asin: _lent("bb_asin"),
    exp.Atan: _lent("bb_atan"),
    exp.Atan2: _lent("bb_atan2"),
    exp.BitwiseXor: _bits("^"),
    exp.Cbrt: _lent("bb_cbrt"),
    exp.Ceil: _down_or_up("CEIL"),
    exp.Cos: _lent("bb_cos"),
    exp.Degrees: _lent("bb_degrees"),
    exp.Div: _divided,
    exp.Exp: _lent("bb_exp"),
    exp.Floor: _down_or_up("FLOOR"),
    exp.IntDiv: _whole_part,
    exp.IsInf: lambda self, node: f"ABS({as_double(self, node.this)}) = double('inf')",
    exp.IsNan: _is_nan,
    exp.Ln: _lent("bb_ln"),
    exp.Mod: _remainder,
    exp.Mul: _computed("*"),
    exp.Pow: _lent("bb_power"),
    exp.Radians: _lent("bb_radians"),
    exp.Round: _rounding,
    exp.Sign: _signum,
    exp.Sin: _lent("bb_sin"),
    exp.Sqrt: _root,
    exp.Sub: _computed("-"),
    exp.Tan: _lent("bb_tan"),
    exp.Trunc: _cut,
}

NAMED_NUMBERS: dict[str, Print] = {
    "isfinite": lambda self, node: (
        f"ABS({as_double(self, node.expressions[0])}) < double('inf')"
    ),
    "log10": _lent("bb_log10"),
    "log2": _lent("bb_log2"),
}
