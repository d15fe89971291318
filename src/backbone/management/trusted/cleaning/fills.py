"""Missing cells that are given a value, made of the cells that are known.

``median``, ``mean`` and ``mode`` are those of the known cells of the group: the median as
`quantiles` defines it, the mean an exact sum divided once, of values that occur equally
often the smallest.

``interpolate``, ``last`` and ``next`` look at the known cells before and after, in the
order of `by`, rows of the same place in the order of their origin (``_row``). With
``(t0, v0)`` the last known before and ``(t1, v1)`` the first known after, what lies at t
is ``v0 + (v1 - v0) * ((t - t0) / (t1 - t0))``, computed in doubles. Before the first
known cell and after the last one there is nothing between.

A cell is known if it is neither missing nor, of a double, an infinity or NaN.
"""

from __future__ import annotations

from datetime import timedelta

from sqlglot import exp

from backbone.management.trusted.cleaning.changes import Change, Search, Tidy, typed
from backbone.management.trusted.cleaning.groups import (
    group_columns,
    joining,
    key_names,
    listed,
    present,
    same,
)
from backbone.management.trusted.cleaning.quantiles import placed
from backbone.management.trusted.cleaning.values import constant
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, CanonicalType
from backbone.project.cleaning import STATISTICS, Fill, span_of
from backbone.sql.operations import EXACT_SUM
from backbone.sql.queries import column, table
from backbone.sql.sums import count_of, divided

__all__ = ["METHODS", "filled"]

METHODS = {
    "median": "median",
    "mean": "mean",
    "mode": "mode",
    "interpolate": "interpolated",
    "last": "last_known",
    "next": "next_known",
}
"""What the repairs say of each way to fill."""


def filled(name: str, target: str, step: Fill, kind: CanonicalType) -> Change:
    """Return the change that fills missing cells of column `target`, of type `kind`."""
    if step.method is None:
        value = constant(step.constant if step.constant is not None else "", kind)

        def change(cell: exp.Expr) -> exp.Expr:
            return exp.func("coalesce", cell, value.copy())

        return Tidy(name, target, change, method="constant")
    is_statistic = step.method in STATISTICS
    made = _by_statistic if is_statistic else _by_neighbours
    others = step.grouped if is_statistic or step.by is None else (*step.per, step.by)

    def steps(schema: Schema) -> Steps:
        return made(target, step, schema)

    return Search(name, target, others, steps, method=METHODS[step.method])


def _by_statistic(target: str, step: Fill, schema: Schema) -> Steps:
    keys, kind = key_names(step), schema[target].type
    base = exp.select(column("_row"), exp.alias_(_plain(target, kind), "x"))
    base = base.select(*group_columns(step, schema)).from_(table(ROWS))
    base = base.where(*present(*step.grouped))
    known = f"select {listed(keys)}, x from base where {_known('x', kind)}"
    found = (
        "select b._row, b.x as old, s.value from base b "
        f"join statistic s on {same('b', 's', keys)} where b.x is null "
        "and s.value is not null"
    )
    return [
        ("base", typed(base, ROWS, schema)),
        ("known", select(known)),
        *_STATISTICS[str(step.method)](keys, kind),
        ("found", joining(found, keys, "s")),
    ]


def _median(keys: tuple[str, ...], kind: CanonicalType) -> Steps:
    """Of whole numbers and decimals too it is exact where one value is in the middle."""
    low, high = (exp.cast(column(f"q_{end}"), "DOUBLE") for end in ("low", "high"))
    half = exp.cast(exp.Literal.string("0.5"), "DOUBLE")
    both = exp.Add(
        this=exp.Mul(this=low, expression=half),
        expression=exp.Mul(this=high, expression=half.copy()),
    )
    middle = exp.EQ(this=column("q_low"), expression=column("q_high"))
    value = exp.Case().when(middle, column("q_low")).else_(_as(both, kind))
    made = exp.select(*map(column, keys), exp.alias_(value, "value"))
    known = Schema.of(q_low=kind, q_high=kind)
    return [
        *placed("centres", "known", keys, {"q": 2}),
        ("statistic", typed(made.from_(table("centres")), "centres", known)),
    ]


def _mean(keys: tuple[str, ...], kind: CanonicalType) -> Steps:
    double = exp.select(
        *map(column, keys), exp.alias_(exp.cast(column("x"), "DOUBLE"), "x")
    )
    total = exp.Anonymous(this=EXACT_SUM, expressions=[column("x")])
    value = divided(total, count_of(column("x")))
    means = exp.select(*map(column, keys), exp.alias_(value, "mean"))
    means = means.from_(table("doubles")).group_by(*map(column, keys))
    made = exp.select(*map(column, keys), exp.alias_(_as(column("mean"), kind), "value"))
    return [
        (
            "doubles",
            typed(double.from_(table("known")), "known", Schema.of(x=kind)),
        ),
        ("means", typed(means, "doubles", Schema.of(x=DOUBLE))),
        ("statistic", typed(made.from_(table("means")), "means", _MEAN)),
    ]


_MEAN = Schema.of(mean=DOUBLE)


def _mode(keys: tuple[str, ...], _: CanonicalType) -> Steps:
    names = listed(keys)
    counted = f"select {names}, x, count(*) as n from known group by {names}, x"
    best = f"select {names}, max(n) as n from counted group by {names}"
    first = (
        f"select {listed(keys, 'c')}, min(c.x) as value from counted c "
        f"join best b on {same('c', 'b', keys)} and c.n = b.n "
        f"group by {listed(keys, 'c')}"
    )
    return [
        ("counted", select(counted)),
        ("best", select(best)),
        ("statistic", joining(first, keys, "b")),
    ]


_STATISTICS = {"median": _median, "mean": _mean, "mode": _mode}


def _by_neighbours(target: str, step: Fill, schema: Schema) -> Steps:
    keys, kind, by = key_names(step), schema[target].type, step.by or ""
    place = _place(column(by), schema[by].type)
    base = exp.select(column("_row"), exp.alias_(_plain(target, kind), "x"))
    base = base.select(exp.alias_(place, "t"), *group_columns(step, schema))
    base = base.from_(table(ROWS)).where(*present(by, *step.per))
    known = _known("x", kind)
    points = (
        f"select _row, x, t, {listed(keys)}, case when {known} then t end as at, "
        f"case when {known} then x end as v from base"
    )
    sides = {"interpolate": ("before", "after"), "last": ("before",), "next": ("after",)}
    around = ", ".join(_looking(side, keys) for side in sides[str(step.method)])
    gaps = f"select _row, x, t, {around} from points "
    where = " and ".join(f"{side}_at is not null" for side in sides[str(step.method)])
    return [
        ("base", typed(base, ROWS, schema)),
        ("points", select(points)),
        ("seen", select(gaps)),
        ("gaps", select(f"select * from seen where x is null and {where}")),
        ("found", _between(step, kind, schema[by].type)),
    ]


def _looking(side: str, keys: tuple[str, ...]) -> str:
    """Return SQL for the nearest known cell on one side of a row.

    Both look back, the one that looks ahead in the order turned round: a window that
    ends at the last row is slow on some engines.
    """
    turn = "" if side == "before" else " desc"
    window = (
        f"over (partition by {listed(keys)} order by t{turn}, _row{turn} "
        "rows between unbounded preceding and current row)"
    )
    return (
        f"last_value(v ignore nulls) {window} as {side}, "
        f"last_value(at ignore nulls) {window} as {side}_at"
    )


def _between(step: Fill, kind: CanonicalType, place: CanonicalType) -> exp.Query:
    spot = DOUBLE if place.is_numeric else INTEGER
    known = Schema.of(
        x=kind, t=spot, before=kind, after=kind, before_at=spot, after_at=spot
    )
    ends = {
        "interpolate": ("before_at", "after_at"),
        "last": ("before_at", "t"),
        "next": ("t", "after_at"),
    }
    near, far = ends[str(step.method)]
    value = {
        "interpolate": _line(kind),
        "last": column("before"),
        "next": column("after"),
    }[str(step.method)]
    made = exp.select(column("_row"), exp.alias_(column("x"), "old"))
    made = made.select(exp.alias_(value, "value")).from_(table("gaps"))
    if step.limit is not None:
        width = exp.Sub(this=column(far), expression=column(near))
        made = made.where(exp.LTE(this=width, expression=_width(step.limit, spot)))
    return typed(made, "gaps", known)


def _line(kind: CanonicalType) -> exp.Expr:
    """Return what lies between the known cells; at the place of one, its value."""

    def way(start: str, end: str) -> exp.Expr:
        gone = exp.Sub(this=column(end), expression=column(start))
        return exp.cast(gone, "DOUBLE")

    def double(name: str) -> exp.Expr:
        return exp.cast(column(name), "DOUBLE")

    share = exp.Div(this=way("before_at", "t"), expression=way("before_at", "after_at"))
    rise = exp.paren(exp.Sub(this=double("after"), expression=double("before")))
    moved = exp.Mul(this=rise, expression=exp.paren(share))
    value = _as(exp.Add(this=double("before"), expression=moved), kind)
    at_start = exp.EQ(this=column("t"), expression=column("before_at"))
    at_end = exp.EQ(this=column("t"), expression=column("after_at"))
    level = exp.EQ(this=column("before"), expression=column("after"))
    made = exp.Case().when(exp.or_(at_start, level), column("before"))
    return made.when(at_end, column("after")).else_(value)


def _place(value: exp.Expr, kind: CanonicalType) -> exp.Expr:
    """Return the place of a row in the order: microseconds, or a double."""
    if kind.is_numeric:
        return exp.cast(value, "DOUBLE")
    time = exp.cast(value, "TIMESTAMP") if kind.kind == "date" else value
    return exp.Anonymous(this="epoch_us", expressions=[time])


def _width(limit: str | float, spot: CanonicalType) -> exp.Expr:
    if spot == DOUBLE:
        return exp.cast(exp.Literal.string(repr(float(limit))), "DOUBLE")
    span = span_of(str(limit)) or timedelta()
    return exp.Literal.number(span // timedelta(microseconds=1))


def _plain(name: str, kind: CanonicalType) -> exp.Expr:
    """Return a column as it is; zero has no sign."""
    if kind != DOUBLE:
        return column(name)
    zero = exp.cast(exp.Literal.string("0.0"), "DOUBLE")
    return exp.Add(this=column(name), expression=zero)


def _known(name: str, kind: CanonicalType) -> str:
    return f"isfinite({name})" if kind == DOUBLE else f"{name} is not null"


def _as(value: exp.Expr, kind: CanonicalType) -> exp.Expr:
    """Return a double as a value of type `kind`: the nearest, of two the even one."""
    if kind == DOUBLE:
        return value
    return exp.TryCast(this=value, to=exp.DataType.build(kind.sql, dialect="duckdb"))
