"""Sums and averages of floating numbers that do not depend on the order of rows.

Adding doubles rounds at every step, so an engine that adds in parallel gives another
last digit each time. Here a double x is cut into lanes of whole numbers,

    x = trunc(x) + a / 2**52 + b / 2**104,      |a|, |b| < 2**52,

which is exact for every x with 2**-52 <= |x| < 2**63. Lanes are summed as integers,
where order does not matter; the sums are put together once, with what rounding loses,
in a way that every engine has the same (`joined`).
Numbers beyond 2**63 and what the lanes leave of numbers under 2**-52 are summed as
integers of any length, infinities and NaN as themselves (which order does not change).
The cutting follows the idea of Shewchuk's partial sums and of reproducible summation by
bins, with bins at two fixed places instead of many.

References
----------
Shewchuk. Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
Predicates. Discrete & Computational Geometry 18, 1997.
Demmel, Nguyen. Parallel Reproducible Summation. IEEE Transactions on Computers 64, 2015.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.sql.aggregates import Around

__all__ = ["count_of", "divided", "exact_average", "exact_sum", "joined"]

Make = Callable[[], exp.Expr]

_BITS, _HALF = 52, 32
_LANE = 2**_BITS
_BEYOND = 2.0**63
_BELOW = 2.0**-52
_SCALE = 2.0**918


def exact_sum(value: exp.Expr, around: Around = lambda aggregate: aggregate) -> exp.Expr:
    """Return the sum of doubles `value`, the same in whatever order rows come.

    `around` puts each aggregate into its FILTER and OVER. As of ``sum``: nulls are left
    out, the sum of nothing is null; an infinity gives an infinity, two of different sign
    or a NaN give NaN; a sum too large is an infinity; zero has no sign.

    Notes
    -----
    If all values are 0 or in ``2**-52 <= |x| < 2**63``, n of them: the result is the
    double next to the true sum, but for ties, and for ``n * 2**-104``. With other values
    there are three parts (beyond, lanes, below), which each have that accuracy and are
    added as doubles.
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
    return divided(exact_sum(value, around), around(count_of(value)))


def divided(total: exp.Expr, count: exp.Expr) -> exp.Expr:
    """Return `total` divided by `count`, in parentheses; null if there are none."""
    some = exp.Nullif(this=count, expression=exp.Literal.number(0))
    return _group(exp.Div(this=_group(total), expression=some))


def count_of(value: exp.Expr) -> exp.Expr:
    """Return the count of the values of `value` that are not null."""
    return exp.Count(this=value.copy(), big_int=True)


def _fresh(value: exp.Expr) -> Make:
    plain = value.copy()
    for node in plain.walk():
        node.meta.clear()
    return plain.copy


def _in_lanes(x: Make, around: Around) -> exp.Expr:
    """Return the sum of the lanes, put together by `joined`."""

    def rest() -> exp.Expr:
        return around(_whole(_cut(_cut(x))))

    def parts() -> exp.Expr:
        return _group(_add(around(_whole(_cut(x))), _carried(rest, _BITS)))

    def units() -> exp.Expr:
        return _group(_add(around(_whole(x)), _carried(parts, _BITS)))

    return joined(
        lambda: _carried(units, _HALF),
        lambda: _kept(units, _HALF),
        lambda: _kept(parts, _BITS),
        lambda: _kept(rest, _BITS),
    )


def joined(high: Make, low: Make, first: Make, second: Make) -> exp.Expr:
    """Return ``high * 2**32 + low + first / 2**52 + second / 2**104`` as a double.

    All four are 64-bit integers, `low` of 32 bits, `first` and `second` of 52, none of
    them negative; so a sum has one spelling. Each of them is a double without loss but
    for a `high` beyond 2**53, and so the result is the same wherever it is computed.
    """

    def top() -> exp.Expr:
        return _group(exp.Mul(this=_double(high()), expression=_number(2.0**_HALF)))

    def bottom() -> exp.Expr:
        return _double(low())

    def units() -> exp.Expr:
        return _group(_add(top(), bottom()))

    def parts() -> exp.Expr:
        return _group(_over(_double(first()), _LANE))

    back = exp.Cast(this=_double(high()), to=_type(exp.DType.BIGINT))
    beyond = _double(_group(exp.Sub(this=high(), expression=back)))
    cut_off = exp.Mul(this=beyond, expression=_number(2.0**_HALF))
    last = _over(_over(_double(second()), _LANE), _LANE)
    lost = _add(_add(_lost(top, bottom), _lost(units, parts)), _add(cut_off, last))
    return _group(_add(_group(_add(units(), parts())), _group(lost)))


def _carried(whole: Make, bits: int) -> exp.Expr:
    """Return what of a whole number is above its last `bits`, rounded down."""
    return _group(exp.BitwiseRightShift(this=_group(whole()), expression=_count(bits)))


def _kept(whole: Make, bits: int) -> exp.Expr:
    """Return the last `bits` of a whole number, never negative."""
    mask = exp.Cast(this=_count(2**bits - 1), to=_type(exp.DType.INT128))
    return _group(exp.BitwiseAnd(this=_group(whole()), expression=mask))


def _lost(a: Make, b: Make) -> exp.Expr:
    """Return what the rounding of a + b loses (Knuth's two-sum, exact)."""

    def second() -> exp.Expr:
        return _group(exp.Sub(this=_group(_add(a(), b())), expression=a()))

    first = _group(exp.Sub(this=_group(_add(a(), b())), expression=second()))
    return _add(
        _group(exp.Sub(this=a(), expression=first)),
        _group(exp.Sub(this=b(), expression=second())),
    )


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


def _number(value: float) -> exp.Expr:
    text = repr(float(value)).removesuffix(".0")
    return exp.Literal.number(text if "e" in text else f"{text}e0")


def _count(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _type(kind: exp.DType) -> exp.DataType:
    return exp.DataType(this=kind, nested=False)


def _double(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=_type(exp.DType.DOUBLE))


def _coalesce(value: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=value, expressions=[otherwise])


def _or_zero(value: exp.Expr) -> exp.Expr:
    return _coalesce(value, _number(0))
