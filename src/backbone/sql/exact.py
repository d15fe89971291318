"""Sums and averages of floating numbers that do not depend on the order of rows.

Adding doubles rounds at every step, so an engine that adds in parallel gives another
last digit each time. Here a double x is cut into lanes of whole numbers,

    x = trunc(x) + a / 2**52 + b / 2**104,      |a|, |b| < 2**52,

which is exact for every x with 2**-52 <= |x| < 2**63. Lanes are summed as integers,
where order does not matter; the sums are carried over and put together once. Numbers
beyond 2**63 and what the lanes leave of numbers under 2**-52 are summed as integers of
any length, infinities and NaN as themselves (which order does not change either).
The cutting follows the idea of Shewchuk's partial sums and of reproducible summation by
bins, with bins at two fixed places instead of many.

References
----------
Shewchuk. Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
Predicates. Discrete & Computational Geometry 18, 1997.
Demmel, Nguyen. Parallel Reproducible Summation. IEEE Transactions on Computers 64, 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope, walk_in_scope

from backbone.errors import ViewError
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.sql.aggregates import (
    Around,
    argument,
    function_name,
    has_order,
    surroundings,
)
from backbone.sql.kinds import kinds_by_scope

__all__ = ["exact", "exact_average", "exact_sum"]

Failure = Callable[[exp.Expr, str, str], ViewError]
Make = Callable[[], exp.Expr]

_LANE = 2**52
_BEYOND = 2.0**63
_BELOW = 2.0**-52
_SCALE = 2.0**918
_SUMS = {"sum", "fsum", "sumkahan", "kahan_sum", "sum_no_overflow"}
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
    A tree in which ``sum`` and ``avg`` of doubles are exact sums (see `exact_sum`), sums
    of integers are 64-bit integers (beyond them an error, not another number), averages
    of integers and decimals are an exact sum divided once. Aggregates without an exact
    form (``stddev``, ``corr``, …; and ``sum(distinct …)`` of doubles) go through their
    values in order: the same on every run of one engine, and within their usual
    rounding error of another engine's.

    Raises
    ------
    ViewError : it cannot be told whether a sum is one of floating numbers

    Notes
    -----
    A sum of doubles costs about 15 ns a row more than a plain one; in a window, about
    seven times a plain one. `stddev` and its like sort each group.
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
        for call, kind in reversed(sums):
            _rewrite(call, kind, failure)
    return tree


def exact_sum(value: exp.Expr, around: Around = lambda aggregate: aggregate) -> exp.Expr:
    """Return the sum of doubles `value`, the same in whatever order rows come.

    `around` puts each aggregate into its FILTER and OVER. As of ``sum``: nulls are left
    out, the sum of nothing is null; an infinity gives an infinity, two of different sign
    or a NaN give NaN; a sum too large is an infinity; zero has no sign.

    Notes
    -----
    If all values are 0 or in ``2**-52 <= |x| < 2**63``, n of them, and the true sum is
    under ``2**53``: the result is the double next to the true sum, but for ties, and for
    ``n * 2**-105``; beyond ``2**53`` it is within two units in the last place. With other
    values there are three parts (beyond, lanes, below), which each have that accuracy
    and are added as doubles.
    """
    x = _fresh(value)
    left = _cut(_cut(_cut(x)))

    def large() -> exp.Expr:
        return _rounded(around(_large(x)))

    small = _over(_over(_rounded(around(_small(x, left))), _SCALE), _LANE)
    small = _over(_over(small, _LANE), _LANE)
    finite = _coalesce(_add(_in_lanes(x, around), _or_zero(large())), large())
    strange = _one_nan(around(_strange(x)), around(_strange(x)))
    return _coalesce(strange, _add(finite, _or_zero(small)))


def exact_average(
    value: exp.Expr, around: Around = lambda aggregate: aggregate
) -> exp.Expr:
    """Return the average of doubles `value`: `exact_sum`, divided once."""
    return _divided(exact_sum(value, around), around(_count(value)))


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
        made = exact_sum if name in _SUMS else exact_average
        outer.replace(_group(made(value, around)))
    elif kind in {"integer", "decimal", "null"}:
        total = around(exp.Sum(this=value.copy()))
        if name in _AVERAGES:
            total = _divided(_double(total), around(_count(value)))
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
    return _divided(total, around(_count(value)))


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


def _fresh(value: exp.Expr) -> Make:
    plain = value.copy()
    for node in plain.walk():
        node.meta.clear()
    return plain.copy


def _in_lanes(x: Make, around: Around) -> exp.Expr:
    """Return the sum of the lanes: carried over, then added with what rounding lost."""
    first, second = _cut(x), _cut(_cut(x))

    def units() -> exp.Expr:
        carried = _carried(around(_whole(first)), exp.IntDiv)
        return _double(_add(around(_whole(x)), _group(carried)))

    def fraction() -> exp.Expr:
        return _over(_double(_carried(around(_whole(first)), exp.Mod)), _LANE)

    def rounded() -> exp.Expr:
        return _group(_add(units(), fraction()))

    # Dekker's fast two-sum: units are whole, so they are 0 or larger than the fraction
    lost = _add(_group(exp.Sub(this=units(), expression=rounded())), fraction())
    last = _over(_over(_double(around(_whole(second))), _LANE), _LANE)
    return _add(rounded(), _group(_add(_group(lost), last)))


def _cut(value: Make) -> Make:
    """Return what is behind the point, as 52 bits before it (and the rest behind)."""

    def cut() -> exp.Expr:
        fraction = exp.Sub(this=value(), expression=exp.Trunc(this=value()))
        return _group(exp.Mul(this=_group(fraction), expression=_number(_LANE)))

    return cut


def _whole(lane: Make) -> exp.Expr:
    return exp.Sum(
        this=exp.TryCast(this=exp.Trunc(this=lane()), to=_type(exp.DType.BIGINT))
    )


def _carried(carry: exp.Expr, how: type[exp.Binary]) -> exp.Expr:
    return how(this=carry, expression=exp.Literal.number(_LANE))


def _large(x: Make) -> exp.Expr:
    above = exp.GTE(this=x(), expression=_number(_BEYOND))
    below = exp.LT(this=x(), expression=exp.Neg(this=_number(_BEYOND)))
    beyond = _group(exp.Or(this=above, expression=below))
    condition = exp.And(this=beyond, expression=exp.Not(this=_is_strange(x)))
    return _sum_where(condition, exp.Cast(this=x(), to=_type(exp.DType.BIGNUM)))


def _small(x: Make, left: Make) -> exp.Expr:
    near = exp.LT(this=exp.Abs(this=x()), expression=_number(_BELOW))
    condition = exp.And(this=near, expression=exp.NEQ(this=x(), expression=_number(0)))
    # `left` is what the lanes leave, times 2**156: `_SCALE` makes it a whole number
    scaled = exp.Mul(this=left(), expression=_number(_SCALE))
    return _sum_where(condition, exp.Cast(this=scaled, to=_type(exp.DType.BIGNUM)))


def _strange(x: Make) -> exp.Expr:
    return _sum_where(_is_strange(x), x())


def _is_strange(x: Make) -> exp.Expr:
    return exp.GTE(this=exp.Abs(this=x()), expression=_double(exp.Literal.string("inf")))


def _one_nan(value: exp.Expr, again: exp.Expr) -> exp.Expr:
    # NaN has a sign, which is that of whichever came first
    nan = _double(exp.Literal.string("nan"))
    return exp.Case(ifs=[exp.If(this=exp.IsNan(this=value), true=nan)], default=again)


def _rounded(value: exp.Expr) -> exp.Expr:
    # by way of text: BIGNUM to DOUBLE is off in the last place, and fails beyond 1e308
    return _double(exp.Cast(this=value, to=_type(exp.DType.VARCHAR)))


def _sum_where(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Sum(this=exp.Case(ifs=[exp.If(this=condition, true=value)]))


def _group(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value)


def _add(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return exp.Add(this=left, expression=right)


def _over(value: exp.Expr, divisor: float) -> exp.Expr:
    return exp.Div(this=value, expression=_number(divisor))


def _divided(total: exp.Expr, count: exp.Expr) -> exp.Expr:
    return _group(exp.Div(this=_group(total), expression=count))


def _number(value: float) -> exp.Expr:
    text = repr(float(value)).removesuffix(".0")
    return exp.Literal.number(text if "e" in text else f"{text}e0")


def _type(kind: exp.DType) -> exp.DataType:
    return exp.DataType(this=kind, nested=False)


def _double(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=_type(exp.DType.DOUBLE))


def _coalesce(value: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[otherwise])


def _or_zero(value: exp.Expr) -> exp.Expr:
    return _coalesce(value, _number(0))


def _count(value: exp.Expr) -> exp.Expr:
    return exp.Count(this=value.copy(), big_int=True)
