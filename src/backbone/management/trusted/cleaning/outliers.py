"""Outliers: numbers beyond the fences of their group.

A group's fences are

    mad:  m - k * MAD / 0.6745  and  m + k * MAD / 0.6745      (k = 3.5 unless told)
    iqr:  Q1 - k * (Q3 - Q1)    and  Q3 + k * (Q3 - Q1)        (k = 1.5 unless told)

with the median m, the median absolute deviation MAD from it, and the quartiles as
`quantiles` defines them. The first says that the modified z-score
``0.6745 * (x - m) / MAD`` is more than k; 0.6745 is the third quartile of the standard
normal distribution, so of normal values the score is the usual one. The second are
Tukey's fences.

A group has no outliers if it has fewer finite numbers than `at_least`, or if its spread
(MAD, or Q3 - Q1) is zero: half of its values are the same, and nothing tells how far is
far. Infinities lie beyond every fence and are part of none; NaN is neither.

References
----------
Iglewicz, Hoaglin. How to Detect and Handle Outliers. ASQC Quality Press, 1993.
Tukey. Exploratory Data Analysis. Addison-Wesley, 1977.
"""

from __future__ import annotations

from sqlglot import exp

from backbone.management.trusted.cleaning.changes import Search, typed
from backbone.management.trusted.cleaning.groups import (
    group_columns,
    joining,
    key_names,
    listed,
    present,
    same,
)
from backbone.management.trusted.cleaning.quantiles import between, placed
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, CanonicalType
from backbone.project.cleaning import Outliers
from backbone.sql.queries import column, table
from backbone.sql.types import annotated

__all__ = ["outliers"]

_NORMAL = 0.6745
"""The third quartile of the standard normal distribution."""
_METHODS = {"missing": "outlier", "clip": "clipped"}


def outliers(name: str, target: str, step: Outliers) -> Search:
    """Return the search for the outliers of column `target`."""

    def steps(schema: Schema) -> Steps:
        keys = key_names(step)
        return [
            ("base", _base(target, step, schema)),
            ("finite", select(f"select {listed(keys)}, x from base where isfinite(x)")),
            *_FENCES[step.method](step, keys),
            ("found", _found(step, schema[target].type, keys)),
        ]

    method = _METHODS[step.then]
    return Search(name, target, step.grouped, steps, method=method)


def _base(target: str, step: Outliers, schema: Schema) -> exp.Query:
    """Return the step of all numbers, as they are and as doubles (no minus zero)."""
    value = exp.Add(this=exp.cast(column(target), "DOUBLE"), expression=_double(0.0))
    made = exp.select(column("_row"), exp.alias_(column(target), "old"))
    made = made.select(exp.alias_(value, "x"), *group_columns(step, schema))
    made = made.from_(table(ROWS)).where(*present(target, *step.grouped))
    return typed(made, ROWS, schema)


def _by_deviation(step: Outliers, keys: tuple[str, ...]) -> Steps:
    names = listed(keys)
    off = (
        f"select {listed(keys, 'c')}, abs(c.x - m.mid) as x from finite c "
        f"join middles m on {same('c', 'm', keys)}"
    )
    middles = f"select {names}, {between('q')} as mid, total from centres"
    spread = f"select {names}, {between('q')} as mad from spreads"
    fences = (
        f"select {listed(keys, 'm')}, m.mid - over * s.mad / normal as low, "
        "m.mid + over * s.mad / normal as high from middles m "
        f"join spread s on {same('m', 's', keys)} "
        "where s.mad > 0e0 and m.total >= least"
    )
    return [
        *placed("centres", "finite", keys, {"q": 2}),
        ("middles", select(middles)),
        ("off", joining(off, keys, "m")),
        *placed("spreads", "off", keys, {"q": 2}),
        ("spread", select(spread)),
        ("fences", _filled(joining(fences, keys, "s"), step)),
    ]


def _by_quartiles(step: Outliers, keys: tuple[str, ...]) -> Steps:
    names = listed(keys)
    sides = (
        f"select {names}, {between('a')} as q1, {between('b')} as q3, total from sides"
    )
    fences = (
        f"select {names}, q1 - over * (q3 - q1) as low, q3 + over * (q3 - q1) as high "
        "from quartiles where q3 > q1 and total >= least"
    )
    return [
        *placed("sides", "finite", keys, {"a": 1, "b": 3}),
        ("quartiles", select(sides)),
        ("fences", _filled(select(fences), step)),
    ]


_FENCES = {"mad": _by_deviation, "iqr": _by_quartiles}


def _found(step: Outliers, kind: CanonicalType, keys: tuple[str, ...]) -> exp.Query:
    text = (
        "select b._row, b.old from base b "
        f"join fences f on {same('b', 'f', keys)} "
        "where b.x < f.low or (b.x > f.high and not isnan(b.x))"
    )
    value: exp.Expr = exp.cast(exp.null(), kind.sql)
    if step.then == "clip":
        below = exp.LT(this=column("x", "b"), expression=column("low", "f"))
        value = exp.Case().when(below, _inside("low", kind))
        value = value.else_(_inside("high", kind))
    made = joining(text, keys, "f")
    made.args["expressions"].append(exp.alias_(value, "value"))
    known = Schema.of(x=DOUBLE, old=kind, low=DOUBLE, high=DOUBLE)
    return annotated(made, {"base": known, "fences": known})


def _inside(fence: str, kind: CanonicalType) -> exp.Expr:
    """Return the value of type `kind` that is nearest to a fence, and inside."""
    value: exp.Expr = column(fence, "f")
    if kind == DOUBLE:
        return value
    size = _double(10.0 ** (kind.scale or 0))
    if kind.scale:
        value = exp.Mul(this=value, expression=size)
    cut: exp.Expr = (exp.Ceil if fence == "low" else exp.Floor)(this=value)
    if kind.scale:
        cut = exp.Div(this=cut, expression=size.copy())
    return exp.TryCast(this=cut, to=exp.DataType.build(kind.sql, dialect="duckdb"))


def _filled(query: exp.Query, step: Outliers) -> exp.Query:
    """Put the numbers of the declaration in the place of their names."""
    told = {
        "over": _double(step.reach),
        "normal": _double(_NORMAL),
        "least": exp.Literal.number(step.at_least),
    }
    for node in list(query.find_all(exp.Column)):
        if not node.table and node.name in told:
            node.replace(told[node.name].copy())
    return query


def _double(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.string(repr(value)), "DOUBLE")
