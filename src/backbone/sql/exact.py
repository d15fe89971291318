"""Aggregates of a view made independent of the order of its rows.

Which sums and averages need it is told by the kind of number they add (`kinds`); how an
exact sum is made is `sums`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope, walk_in_scope

from backbone.errors import ViewError
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.sql.aggregates import argument, function_name, has_order, surroundings
from backbone.sql.kinds import kinds_by_scope
from backbone.sql.operations import EXACT_SUM
from backbone.sql.sums import count_of, divided

__all__ = ["exact"]

Failure = Callable[[exp.Expr, str, str], ViewError]

_SUMS = {"sum", "fsum", "sumkahan", "kahan_sum", "sum_no_overflow"}
_DECIDED = (
    exp.First, exp.Last, exp.AnyValue, exp.ArgMin, exp.ArgMax, exp.GroupConcat,
)  # fmt: skip
_MIDDLES = (exp.Median, exp.PercentileCont)
_AVERAGES = {"avg", "mean", "favg"}
_ORDERED = {
    "stddev", "stddev_samp", "stddev_pop", "variance", "variance_pop", "corr",
    "covar_samp", "covar_pop", "skewness", "kurtosis", "kurtosis_pop", "sem", "product",
    "entropy", "regr_slope", "regr_intercept", "regr_r2", "regr_avgx", "regr_avgy",
    "regr_sxx", "regr_syy", "regr_sxy",
}  # fmt: skip


def exact(
    tree: exp.Query, schemas: Mapping[AssetName, Schema], failure: Failure
) -> exp.Query:
    """Return a copy of a bound tree whose aggregates do not depend on the order of rows.

    Parameters
    ----------
    tree : the expression of a bound view
    schemas : of the assets that it reads
    failure : makes the error for an expression, from why it cannot be and a hint

    Returns
    -------
    A tree in which ``sum`` and ``avg`` of doubles are the operation ``exact_sum`` (see
    `backbone.sql.operations` and `backbone.sql.sums`),
    sums of integers are 64-bit integers (beyond them an error, not another number),
    averages of integers and decimals are an exact sum divided once, and what lies between
    two decimals (``median``, ``quantile_cont``) is a double. Aggregates without
    an exact form (``stddev``, ``corr``, …; and ``sum(distinct …)`` of doubles) go through
    their values in order: the same on every run of one engine, and within their usual
    rounding error of another engine's. Where an order of `first`, `string_agg` and their
    like leaves rows equal, the value decides.

    Raises
    ------
    ViewError : it cannot be told whether a sum is one of floating numbers

    Notes
    -----
    On DuckDB a sum of doubles costs about 30 ns of processor time a row more than a plain
    one, in a window about three times a plain one; `stddev` and its like sort a group.
    """
    tree = tree.copy()
    kinds = kinds_by_scope(tree, schemas)
    scopes = [(s.expression, kinds[id(s.expression)]) for s in traverse_scope(tree)]
    for node, told in scopes:
        calls = [n for n in walk_in_scope(node) if isinstance(n, exp.Func)]
        sums = [
            (n, told.of(argument(n)))
            for n in calls
            if function_name(n) in _SUMS | _AVERAGES
        ]
        for call in calls:
            if function_name(call) in _ORDERED:
                _go_in_order(call)
            if isinstance(call, _DECIDED):
                _decide(call)
            if isinstance(call, _MIDDLES):
                middle = _middle_of(call)
                if told.of(middle) == "decimal":
                    middle.replace(exp.cast(middle, "double"))
        for call, kind in reversed(sums):
            _rewrite(call, kind, failure)
    return tree


def _decide(call: exp.Func) -> None:
    """Let the value itself decide between rows that are equal in the order given."""
    value = argument(call)
    for order in (call.this, call.args.get("expression")):
        if isinstance(order, exp.Order) and value is not None:
            plain = value.expressions[0] if isinstance(value, exp.Distinct) else value
            order.append("expressions", _ascending([plain])[0])


def _middle_of(call: exp.Func) -> exp.Expr:
    """Return what a median is of; ``within group`` has it outside."""
    value: exp.Expr = argument(call) or call
    if isinstance(call.parent, exp.WithinGroup):
        value = call.parent.expression.expressions[0].this
    if isinstance(value, exp.Distinct):
        value = value.expressions[0]
    return value


def _rewrite(call: exp.Func, kind: str, failure: Failure) -> None:
    name, value = function_name(call), argument(call)
    outer, around = surroundings(call)
    if kind == "unknown" or value is None:
        why = "adds values of which it cannot be told whether they are doubles"
        hint = (
            "Write `cast(… as double)`, `as bigint` or `as decimal(18, 2)` around them."
        )
        raise failure(call, why, hint)
    if kind == "float" and isinstance(value, exp.Distinct):
        outer.replace(_of_distinct(call, value, failure))
    elif kind == "float":
        total = around(exp.Anonymous(this=EXACT_SUM, expressions=[value.copy()]))
        if name in _AVERAGES:
            total = divided(total, around(count_of(value)))
        outer.replace(total)
    elif kind in {"integer", "decimal", "null"}:
        total = around(exp.Sum(this=value.copy()))
        if name in _AVERAGES:
            total = divided(exp.cast(total, "double"), around(count_of(value)))
        outer.replace(
            exp.cast(total, "bigint") if kind == "integer" and name in _SUMS else total
        )


def _of_distinct(call: exp.Func, value: exp.Distinct, failure: Failure) -> exp.Expr:
    outer, around = surroundings(call)
    if isinstance(outer, exp.Window):
        why = "of distinct values has no exact form over a window"
        hint = "Take the distinct values in a step of their own (`with … as`), then sum."
        raise failure(call, why, hint)
    ordered = exp.Order(this=value.copy(), expressions=_ascending([value]))
    total = around(exp.Sum(this=ordered))
    if function_name(call) in _SUMS:
        return total
    return divided(total, around(count_of(value)))


def _go_in_order(call: exp.Func) -> None:
    outer, _ = surroundings(call)
    values = [call.args[key] for key in ("this", "expression") if key in call.args]
    values = list(call.expressions) if isinstance(call, exp.Anonymous) else values
    running = isinstance(outer, exp.Window) and has_order(call)
    if values and not running and not has_order(call):
        values[-1].replace(
            exp.Order(this=values[-1].copy(), expressions=_ascending(values))
        )


def _ascending(values: list[exp.Expr]) -> list[exp.Expr]:
    plain = [v.expressions[0] if isinstance(v, exp.Distinct) else v for v in values]
    return [exp.Ordered(this=value.copy(), nulls_first=False) for value in plain]
