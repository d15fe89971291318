"""What may fail on some value is null there: ``TRY(…)`` of the DuckDB dialect.

Spark has a function that tries for each operation, and none for an expression. So inside
of a ``TRY`` operations are printed as those functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.casts import Print, as_double
from backbone.sql.types import type_of

__all__ = ["tried", "with_trying"]

_TRIES: dict[type[exp.Expr], str] = {
    exp.Add: "TRY_ADD",
    exp.Mul: "TRY_MULTIPLY",
    exp.Sub: "TRY_SUBTRACT",
}


def tried(self: Generator, node: exp.Expr) -> str:
    """Print what is inside of a ``TRY``."""
    outer = _is_trying(self)
    self.trying = True  # type: ignore[attr-defined]
    try:
        return str(self.sql(node, "this"))
    finally:
        self.trying = outer  # type: ignore[attr-defined]


def with_trying(printed: Mapping[type[exp.Expr], Print]) -> dict[type[exp.Expr], Print]:
    """Return how operations that may fail are printed: by `printed`, if nothing tries."""
    tries: dict[type[exp.Expr], Print] = dict.fromkeys(_TRIES, _operation)
    tries |= {exp.Abs: _absolute, exp.Neg: _negated, exp.Pow: _power, exp.Sqrt: _root}
    return {kind: _either(kind, tries[kind], printed.get(kind)) for kind in tries} | {
        exp.Try: tried
    }


def _either(kind: type[exp.Expr], trying: Print, usual: Print | None) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        if _is_trying(self):
            return trying(self, node)
        if usual is not None:
            return usual(self, node)
        own: Any = getattr(self, f"{kind.key}_sql", self.function_fallback_sql)
        return str(own(node))

    return print_


def _is_trying(self: Generator) -> bool:
    return bool(getattr(self, "trying", False))


def _operation(self: Generator, node: exp.Expr) -> str:
    left, right = node.this, node.expression
    kinds = type_of(left).kind, type_of(right).kind
    if isinstance(node, exp.Sub) and kinds == ("date", "date"):
        return f"CAST({self.func('DATEDIFF', left, right)} AS BIGINT)"
    if not isinstance(node, exp.Mul) and set(kinds) == {"date", "integer"}:
        return _days(self, node)
    if isinstance(node, exp.Mul) and type_of(right).kind == "interval":
        left, right = right, left
    call = f"{_TRIES[type(node)]}({_operand(self, left)}, {_operand(self, right)})"
    told = type_of(node)
    if told.kind == "decimal":
        return f"TRY_CAST({call} AS DECIMAL({told.precision}, {told.scale}))"
    return call


def _operand(self: Generator, node: exp.Expr) -> str:
    """A day and an interval make a wall clock."""
    wall = type_of(node).kind == "date"
    return f"CAST({self.sql(node)} AS TIMESTAMP_NTZ)" if wall else str(self.sql(node))


def _days(self: Generator, node: exp.Expr) -> str:
    day, count = node.this, node.expression
    if type_of(count).kind == "date":
        day, count = count, day
    name = "DATE_SUB" if isinstance(node, exp.Sub) else "DATE_ADD"
    return f"{name}({self.sql(day)}, TRY_CAST({self.sql(count)} AS INT))"


def _negated(self: Generator, node: exp.Expr) -> str:
    if isinstance(node.this, exp.Literal):
        return f"-{self.sql(node, 'this')}"
    return f"TRY_SUBTRACT(0, {self.sql(node, 'this')})"


def _absolute(self: Generator, node: exp.Expr) -> str:
    value = self.sql(node, "this")
    if type_of(node.this).kind != "integer":
        return f"ABS({value})"
    return f"CASE WHEN {value} < 0 THEN TRY_SUBTRACT(0, {value}) ELSE {value} END"


def _power(self: Generator, node: exp.Expr) -> str:
    base, exponent = as_double(self, node.this), as_double(self, node.expression)
    return f"bb_power({base}, {exponent})"


def _root(self: Generator, node: exp.Expr) -> str:
    value = as_double(self, node.this)
    return f"CASE WHEN {value} >= 0 THEN SQRT({value}) END"
