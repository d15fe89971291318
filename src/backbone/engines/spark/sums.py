"""Exact sums of doubles as Spark SQL: whole numbers of 64 bits, put together once.

What DuckDB adds in lanes of 52 bits as integers of 128 bits is added here in halves of
lanes as integers of 64; the numbers that come out are the same, and so is what is made of
them (`backbone.sql.sums.joined`). Numbers of 2**63 and beyond, and those under 2**-104,
have no place in the lanes. They are rare, and what they need costs much: a query that
meets one fails with an error of ours, and is asked again with `far` sums, which gather
such numbers and add their digits.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.sql.sums import joined

__all__ = ["exact_sum", "meets_far"]

_FAR = "backbone: a sum of numbers that are very large or very small"
_BEYOND_64_BITS = "ARITHMETIC_OVERFLOW"

_LANE = "4503599627370496e0"  # 2**52
_BEYOND = "9223372036854775808e0"  # 2**63
_SCALE = f"{2.0**918!r}"
_UP, _DOWN, _NAN, _RARE, _SOME = 1, 2, 4, 8, 16
_HALF, _WHOLE = 2**26 - 1, 2**32 - 1
_LAST = 33  # digits of 32 bits of a sum of doubles, and one that is carried


def meets_far(error: str) -> bool:
    """Tell whether a query failed of an error after which it is asked with `far` sums.

    Whole numbers are of 64 bits, their sums of more until they are added up: one that is
    too large on the way may fit at the end.
    """
    return _FAR in error or _BEYOND_64_BITS in error


def exact_sum(x: str, around: Callable[[str], str], *, far: bool) -> str:
    """Print the sum of doubles `x`; `around` puts an aggregate into FILTER and OVER."""
    lanes = [x]
    for _ in range(3):
        lanes.append(_rest(lanes[-1]))
    parts = {"kind": around(f"BIT_OR({_kind(x)})")}
    for name, lane, bits in zip("sabc", lanes, (32, 26, 26, 26), strict=True):
        parts[f"{name}1"] = around(f"SUM(SHIFTRIGHT({_long(lane)}, {bits}))")
        parts[f"{name}0"] = around(f"SUM({_long(lane)} & {2**bits - 1}L)")
    if far:
        parts |= _far_parts(x, lanes[3], around)
    told = ", ".join(f"'{name}', {text}" for name, text in parts.items())
    return f"TRANSFORM(ARRAY(NAMED_STRUCT({told})), t -> {_total(far=far)})[0]"


def _long(lane: str) -> str:
    return f"TRY_CAST({lane} AS BIGINT)"


def _rest(lane: str) -> str:
    return f"(({lane} - CAST({_long(lane)} AS DOUBLE)) * {_LANE})"


def _kind(x: str) -> str:
    """Tell of a number what it asks for, as bits."""
    in_lanes = f"ABS({x}) < {_BEYOND} AND ABS({x}) >= {2.0**-104!r} OR {x} = 0"
    return (
        f"CASE WHEN {in_lanes} THEN {_SOME} WHEN ISNAN({x}) THEN {_NAN} "
        f"WHEN {x} = DOUBLE('inf') THEN {_UP} WHEN {x} = DOUBLE('-inf') THEN {_DOWN} "
        f"WHEN {x} IS NOT NULL THEN {_RARE} END"
    )


def _total(*, far: bool) -> str:
    """Print the sum from its parts, the struct ``t``."""
    finite = f"{_in_lanes()} + {_small()}"
    if far:
        large, small = _rounded("t.large"), f"{_rounded('t.small')} / {_SCALE}"
        some = f"COALESCE({_in_lanes()} + COALESCE({large}, 0e0), {large})"
        tiny = f"COALESCE({small} / {_LANE} / {_LANE} / {_LANE}, 0e0)"
        finite = f"{some} + {tiny}"
    else:
        finite = f"IF(t.kind & {_RARE} > 0, RAISE_ERROR('{_FAR}'), {finite})"
    both = _UP | _DOWN
    return (
        f"CASE WHEN t.kind & {_NAN} > 0 OR t.kind & {both} = {both} THEN DOUBLE('nan') "
        f"WHEN t.kind & {_UP} > 0 THEN DOUBLE('inf') "
        f"WHEN t.kind & {_DOWN} > 0 THEN DOUBLE('-inf') "
        f"WHEN t.kind IS NOT NULL THEN {finite} END"
    )


def _in_lanes() -> str:
    """Print the sum of the lanes: what is carried from half to half, then `joined`."""
    second = "t.b1 + SHIFTRIGHT(t.b0, 26)"
    low = f"t.a0 + SHIFTRIGHT({second}, 26)"
    first = f"t.a1 + SHIFTRIGHT({low}, 26)"
    units = f"t.s0 + SHIFTRIGHT({first}, 26)"
    told = (
        f"'h', t.s1 + SHIFTRIGHT({units}, 32), 'l', ({units}) & {_WHOLE}L, "
        f"'a', (({first}) & {_HALF}) * 67108864 + (({low}) & {_HALF}), "
        f"'b', (({second}) & {_HALF}) * 67108864 + (t.b0 & {_HALF})"
    )
    made = joined(*(_field(name) for name in "hlab")).sql(dialect="spark")
    return f"TRANSFORM(ARRAY(NAMED_STRUCT({told})), z -> {made})[0]"


def _field(name: str) -> Callable[[], exp.Expr]:
    return lambda: exp.Var(this=f"z.{name}")


def _small() -> str:
    """Print what the third lane adds: little, and seldom."""
    whole = "CAST(CAST(t.c1 AS DECIMAL(20, 0)) * 67108864 + t.c0 AS DOUBLE)"
    scaled = f"{whole} / {_LANE} / {_LANE} / {_LANE}"
    return f"IF(t.c1 <> 0 OR t.c0 <> 0, {scaled}, 0e0)"


def _far_parts(x: str, left: str, around: Callable[[str], str]) -> dict[str, str]:
    """Print what gathers the numbers that have no place in the lanes, as whole ones."""
    beyond = f"ABS({x}) >= {_BEYOND} AND ABS({x}) < DOUBLE('inf')"
    near = f"ABS({x}) < {2.0**-52!r} AND {x} <> 0"
    return {
        "large": around(f"COLLECT_LIST(CASE WHEN {beyond} THEN {x} END)"),
        "small": around(f"COLLECT_LIST(CASE WHEN {near} THEN {left} * {_SCALE} END)"),
    }


def _rounded(values: str) -> str:
    """Print the double next to the true sum of doubles that are whole numbers.

    They are added digit by digit, of 32 bits; the highest three digits and whether
    anything stands below them decide the double.
    """
    digit = "CAST(FLOOR((ABS(y) / POWER(2e0, 32 * j)) % 4294967296e0) AS BIGINT)"
    signed = f"IF(y < 0, - {digit}, {digit})"
    added = f"AGGREGATE({values}, 0L, (r, y) -> r + {signed})"
    digits = f"TRANSFORM(SEQUENCE(0, 31), j -> {added})"
    signs = f"TRANSFORM(ARRAY({_carried(digits)}), d -> IF(d[32] < 0, -1, 1))[0]"
    size = f"{_carried(f'TRANSFORM({digits}, q -> q * n)')}"
    top = f"AGGREGATE(SEQUENCE(0, {_LAST - 1}), 0, (m, i) -> IF(d[i] > 0, i, m))"
    high = " + ".join(
        f"CAST(COALESCE(GET(d, k - {back}), 0L) AS DECIMAL(20, 0)) * {unit}BD"
        for back, unit in enumerate((2**64, 2**32, 1))
    )
    below = f"EXISTS(SEQUENCE(0, {_LAST - 1}), i -> i < k - 2 AND d[i] > 0)"
    whole = f"CAST(CAST({high} AS DECIMAL(36, 0)) * 2 + IF({below}, 1, 0) AS DOUBLE)"
    made = f"n * {whole} * POWER(2e0, 32 * (k - 2) - 1)"
    by_top = f"TRANSFORM(ARRAY({top}), k -> {made})[0]"
    by_size = f"TRANSFORM(ARRAY({size}), d -> {by_top})[0]"
    return f"IF(SIZE({values}) > 0, TRANSFORM(ARRAY({signs}), n -> {by_size})[0], NULL)"


def _carried(digits: str) -> str:
    none = "NAMED_STRUCT('c', 0L, 'd', CAST(ARRAY() AS ARRAY<BIGINT>))"
    kept = f"CONCAT(g.d, ARRAY((g.c + e) & {_WHOLE}L))"
    step = f"NAMED_STRUCT('c', SHIFTRIGHT(g.c + e, 32), 'd', {kept})"
    last = "g -> CONCAT(g.d, ARRAY(g.c))"
    return f"AGGREGATE({digits}, {none}, (g, e) -> {step}, {last})"
