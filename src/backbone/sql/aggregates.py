"""What is an aggregate, what stands around it, and in what order it takes its rows.

sqlglot knows most aggregates by class, some of DuckDB's only by name.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.optimizer.scope import walk_in_scope

__all__ = [
    "Around",
    "argument",
    "function_name",
    "has_order",
    "is_aggregate",
    "is_grouped",
    "surroundings",
]

Around = Callable[[exp.Expr], exp.Expr]

_BY_NAME = {
    "mean", "fsum", "sumkahan", "kahan_sum", "favg", "product", "mad", "histogram",
    "sem", "kurtosis_pop", "entropy", "geomean", "geometric_mean", "sum_no_overflow",
    "arg_min_null", "arg_max_null", "arbitrary", "bitstring_agg", "reservoir_quantile",
    "json_group_array", "json_group_object", "json_group_structure", "map_agg",
    "weighted_avg", "count_star",
}  # fmt: skip
_ONLY_IN_WINDOWS = (
    exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead, exp.Rank,
    exp.DenseRank, exp.Ntile, exp.CumeDist, exp.PercentRank, exp.RowNumber,
)  # fmt: skip


def function_name(call: exp.Expr) -> str:
    """Return the lower-case name of a function, in sqlglot's first spelling."""
    if isinstance(call, exp.Anonymous):
        return str(call.name).lower()
    return call.sql_names()[0].lower() if isinstance(call, exp.Func) else call.key


def argument(call: exp.Func) -> exp.Expr | None:
    """Return the first argument of a function, without an ORDER BY of its own."""
    args = call.expressions
    value = args[0] if isinstance(call, exp.Anonymous) and args else call.args.get("this")
    return value.this if isinstance(value, exp.Order) else value


def is_aggregate(node: exp.Expr) -> bool:
    """Tell whether a function makes one value of the rows of a group."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _BY_NAME
    return isinstance(node, exp.AggFunc) and not isinstance(node, _ONLY_IN_WINDOWS)


def is_grouped(select: exp.Select) -> bool:
    """Tell whether a select makes its rows of groups of rows."""
    if select.args.get("group") or select.args.get("having"):
        return True
    return any(
        is_aggregate(node) and not isinstance(surroundings(node)[0], exp.Window)
        for item in select.selects
        for node in walk_in_scope(item)
    )


def surroundings(call: exp.Expr) -> tuple[exp.Expr, Around]:
    """Return the call with its FILTER and OVER, and what puts another call into them."""
    outer, depth = call, 0
    while isinstance(outer.parent, (exp.Filter, exp.IgnoreNulls, exp.Window)):
        if outer.arg_key != "this":
            break
        outer, depth = outer.parent, depth + 1

    def around(aggregate: exp.Expr) -> exp.Expr:
        if not depth:
            return aggregate
        built = outer.copy()
        inner = built
        for _ in range(depth):
            inner = inner.this
        inner.replace(aggregate)
        return built

    return outer, around


def has_order(call: exp.Expr) -> bool:
    """Tell whether a function takes its rows in an order that its author wrote."""
    values = [*call.args.values(), *call.expressions]
    if any(isinstance(value, exp.Order) for value in values):
        return True
    outer, _ = surroundings(call)
    return isinstance(outer, exp.Window) and _window_order(outer)


def _window_order(window: exp.Window) -> bool:
    if window.args.get("order"):
        return True
    select = window.find_ancestor(exp.Select)
    named = select.args.get("windows") or [] if select is not None else []
    return any(
        _window_order(other)
        for other in named
        if other is not window and other.name.lower() == window.alias.lower()
    )
