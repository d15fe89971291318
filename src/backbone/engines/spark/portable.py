"""The portable subset of SQL as Spark SQL: what Spark spells or means otherwise."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.aggregates import NAMED_AGGREGATES, WRAPPERS
from backbone.engines.spark.casts import CASTS, Print, exactly
from backbone.engines.spark.numbers import NAMED_NUMBERS, NUMBERS
from backbone.engines.spark.readings import READINGS
from backbone.engines.spark.texts import NAMED_TEXTS, TEXTS
from backbone.engines.spark.times import NAMED_TIMES, TIMES, added, subtracted

__all__ = ["NAMED", "PRINTED"]


def _as_decimal(name: str) -> Print:
    """Print as Spark does; a decimal of other digits than it has to have is cast."""

    def print_(self: Generator, node: exp.Expr) -> str:
        return exactly(node, str(getattr(self, name)(node)))

    return print_


def _added(self: Generator, node: exp.Expr) -> str:
    return added(self, node) or NUMBERS[exp.Add](self, node)


def _subtracted(self: Generator, node: exp.Expr) -> str:
    return subtracted(self, node) or NUMBERS[exp.Sub](self, node)


def _without_nulls(self: Generator, node: exp.Expr) -> str:
    if isinstance(node.this, exp.AnyValue):
        return WRAPPERS[exp.AnyValue](self, node)
    return f"{self.sql(node, 'this')} IGNORE NULLS"


PRINTED: dict[type[exp.Expr], Print] = {
    **CASTS,
    **NUMBERS,
    **TEXTS,
    **TIMES,
    **WRAPPERS,
    exp.Add: _added,
    exp.Case: _as_decimal("case_sql"),
    exp.Coalesce: lambda self, node: exactly(
        node, self.func("COALESCE", node.this, *node.expressions)
    ),
    exp.Greatest: lambda self, node: exactly(
        node, self.func("GREATEST", node.this, *node.expressions)
    ),
    exp.IgnoreNulls: _without_nulls,
    exp.Least: lambda self, node: exactly(
        node, self.func("LEAST", node.this, *node.expressions)
    ),
    exp.Sub: _subtracted,
}
"""How a node is printed."""

NAMED: dict[str, Print] = {
    **NAMED_NUMBERS,
    **NAMED_TEXTS,
    **NAMED_TIMES,
    **NAMED_AGGREGATES,
    **READINGS,
}
"""How a function is printed that sqlglot has no node for, by its name."""
