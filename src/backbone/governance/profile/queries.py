"""The queries of a profile: what is asked of a whole table, and of one column.

They are asked of DuckDB, as everything that only looks.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from backbone.model.schemas import ORIGIN, Column, Schema
from backbone.sql.operations import EXACT_SUM
from backbone.sql.queries import Query, column, table

__all__ = [
    "QUANTILES",
    "ROWS",
    "buckets",
    "frequent",
    "groups",
    "sampled",
    "shapes",
    "spread",
    "total",
    "whole",
]

ROWS = "rows"
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_GROUPS = "groups"
_MAD_SCALE = 0.6745
_SHAPES = (
    ("\\p{Nd}", "9"), ("[\\p{Ll}\\p{Lm}\\p{Lo}]", "a"), ("[\\p{Lu}\\p{Lt}]", "A"),
)  # fmt: skip
_SHAPED = 60


def sampled(schema: Schema, every: int) -> Query:
    """Return the public columns of about one row in `every`, always the same rows.

    A row is in the sample by a hash of its origin; where it has none, of all its values,
    so that equal rows are in it together.
    """
    names = schema.names
    keys = ORIGIN.names if set(ORIGIN.names) <= set(names) else names
    rows = exp.select(*map(column, schema.public.names)).from_(table(ROWS))
    kept = rows.where(_one_in(every, *map(column, keys)))
    return Query.of(kept, "sampled")


def whole(columns: Sequence[Column], *, values: int) -> Query:
    """Return what is counted over all rows: aggregates ``<what>_<place>``, one row.

    Of the distinct values one in `values` is counted (``picked_<place>``), by a hash of
    the value; none where that is 1, for then they are counted elsewhere.
    """
    found = [
        exp.alias_(aggregate, f"{what}_{place}", quoted=True)
        for place, one in enumerate(columns)
        for what, aggregate in _aggregates(one, values).items()
    ]
    return Query.of(exp.select(*found).from_(table(ROWS)), "whole")


def _aggregates(one: Column, values: int) -> dict[str, exp.Expr]:
    value: exp.Expr = column(one.name)
    found: dict[str, exp.Expr] = {"there": exp.Count(this=value, big_int=True)}
    if values > 1:
        number = exp.Case().when(_one_in(values, value), _call("hash", value))
        found["picked"] = exp.Count(this=exp.Distinct(expressions=[number]))
    if one.type.kind == "double":
        finite = _finite(value)
        found["nan"] = _count_where(_call("isnan", value))
        found["infinite"] = _count_where(_call("isinf", value))
        found["sum"] = exp.Anonymous(this=EXACT_SUM, expressions=[finite])
        value = finite
    elif one.type.is_numeric:
        found["sum"] = _cast(exp.Sum(this=value.copy()), "VARCHAR")
    elif one.type.kind == "string":
        length = _call("length", value)
        empty = exp.EQ(this=value.copy(), expression=exp.Literal.string(""))
        found["empty"] = _count_where(empty)
        found["shortest"] = exp.Min(this=length)
        found["longest"] = exp.Max(this=length.copy())
        found["letters"] = _cast(exp.Sum(this=length.copy()), "VARCHAR")
    if one.type.kind != "boolean":
        found["least"] = exp.Min(this=value.copy())
        found["most"] = exp.Max(this=value.copy())
    return found


def spread(columns: Sequence[Column]) -> Query:
    """Return quantiles, median and its absolute deviation, of numbers and times.

    Columns ``quantiles_<place>`` (a list), ``middle_<place>``, ``mad_<place>`` and
    ``known_<place>``, how many values there are. Quantiles are values that occur: the
    least one that has the share of values at or below it.
    """
    shares = exp.Array(expressions=[exp.Literal.number(str(q)) for q in QUANTILES])
    found = []
    for place, one in enumerate(columns):
        value, axis = _known(one), _axis(one)
        listed = exp.Anonymous(this="quantile_disc", expressions=[value, shares.copy()])
        made = {
            "quantiles": listed,
            "middle": _call("median", axis),
            "mad": _call("mad", axis.copy()),
            "known": exp.Count(this=value.copy(), big_int=True),
        }
        found += [exp.alias_(e, f"{w}_{place}", quoted=True) for w, e in made.items()]
    return Query.of(exp.select(*found).from_(table(ROWS)), "spread")


def groups(one: Column) -> Query:
    """Return the distinct values ``v`` of a column, each with its count ``n``."""
    value = column(one.name)
    values = exp.select(exp.alias_(value, "v", quoted=True)).from_(table(ROWS))
    known = exp.not_(exp.Is(this=column("v"), expression=exp.null()))
    counted = exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    grouped = exp.select(column("v"), counted).from_("held")
    grouped = grouped.where(known).group_by(column("v"))
    return Query.of(values, "held").then("grouped", grouped)


def total() -> Query:
    """Return how many values there are that are not missing (``n``)."""
    return Query.of(exp.select(_total("n")).from_(table(_GROUPS)))


def frequent(at_most: int) -> Query:
    """Return the values that occur most; of equally frequent ones the least."""
    order = [
        exp.Ordered(this=column("n"), desc=True),
        exp.Ordered(this=column("v"), desc=False),
    ]
    picked = exp.select(column("v"), column("n")).from_(table(_GROUPS))
    return Query.of(picked.order_by(*order).limit(at_most))


def buckets(one: Column, edges: Sequence[float], *, middle: float, mad: float) -> Query:
    """Return how many values are in which bucket, and how many of them are outliers.

    ``bucket`` is -1 below the first edge and the number of buckets above the last.
    """
    low, high, number = edges[0], edges[-1], len(edges) - 1
    width = (high - low) / number
    x = column("x")
    place = exp.Anonymous(
        this="floor",
        expressions=[
            exp.Div(
                this=exp.Paren(this=exp.Sub(this=x, expression=_double(low))),
                expression=_double(width or 1.0),
            )
        ],
    )
    inside = exp.Least(this=place, expressions=[_double(float(number - 1))])
    bucket = (
        exp.Case()
        .when(exp.LT(this=x.copy(), expression=_double(low)), exp.Literal.number(-1))
        .when(exp.GT(this=x.copy(), expression=_double(high)), exp.Literal.number(number))
        .else_(inside)
    )
    away = exp.Abs(
        this=exp.Paren(this=exp.Sub(this=x.copy(), expression=_double(middle)))
    )
    score = exp.Mul(this=_double(_MAD_SCALE), expression=away)
    far = exp.GT(this=score, expression=_double(3.5 * mad))
    outlying = exp.Case().when(far, column("n")).else_(exp.Literal.number(0))
    values = exp.select(exp.alias_(_axis(one, "v"), "x", quoted=True), column("n")).from_(
        table(_GROUPS)
    )
    known = exp.not_(exp.Is(this=x.copy(), expression=exp.null()))
    placed = exp.select(
        exp.alias_(_cast(bucket, "BIGINT"), "bucket", quoted=True),
        column("n"),
        exp.alias_(outlying, "far", quoted=True),
    ).from_("values_")
    counted = (
        exp.select(column("bucket"), _total("n"), _total("far"))
        .from_("placed")
        .group_by(column("bucket"))
    )
    return (
        Query.of(values, "values_")
        .then("placed", placed.where(known))
        .then("counted", counted.order_by(column("bucket")))
    )


def shapes(every: int, at_most: int) -> Query:
    """Return the commonest shapes of texts: letters as a or A, digits as 9.

    ``shape``, ``n``; ``of`` is how many texts were looked at, ``kinds`` how many shapes
    they have. Only the first 60 characters are looked at; of the distinct texts one in
    `every`, always the same ones.
    """
    shape: exp.Expr = exp.Left(this=column("v"), expression=exp.Literal.number(_SHAPED))
    for pattern, letter in _SHAPES:
        shape = exp.Anonymous(
            this="regexp_replace",
            expressions=[
                shape,
                exp.Literal.string(pattern),
                exp.Literal.string(letter),
                exp.Literal.string("g"),
            ],
        )
    texts = exp.select(exp.alias_(shape, "shape", quoted=True), column("n"))
    texts = texts.from_(table(_GROUPS))
    if every > 1:
        texts = texts.where(_one_in(every, column("v")))
    counted = exp.select(column("shape"), _total("n")).from_("texts")
    counted = counted.group_by(column("shape"))
    of = exp.select(
        exp.alias_(_cast(exp.Sum(this=column("n")), "BIGINT"), "of", quoted=True),
        exp.alias_(exp.Count(this=exp.Star()), "kinds", quoted=True),
    ).from_("counted")
    picked = (
        exp.select(column("shape"), column("n"), column("of"), column("kinds"))
        .from_("counted")
        .join("totals", join_type="cross")
    )
    order = [
        exp.Ordered(this=column("n"), desc=True),
        exp.Ordered(this=column("shape"), desc=False),
    ]
    return (
        Query.of(texts, "texts")
        .then("counted", counted)
        .then("totals", of)
        .then("picked", picked.order_by(*order).limit(at_most))
    )


def _axis(one: Column, name: str | None = None) -> exp.Expr:
    """Return a value as a double on an axis: a time as its seconds since 1970."""
    value = _known(one, name)
    if one.type.is_temporal:
        return _call("epoch", value)
    return _cast(value, "DOUBLE")


def _known(one: Column, name: str | None = None) -> exp.Expr:
    value = column(name or one.name)
    return _finite(value) if one.type.kind == "double" else value


def _finite(value: exp.Expr) -> exp.Expr:
    return exp.Case().when(_call("isfinite", value), value.copy())


def _one_in(number: int, *values: exp.Expr) -> exp.Expr:
    """Return whether values that are not missing belong to one in `number`, by a hash."""
    hashed = exp.Anonymous(this="hash", expressions=[each.copy() for each in values])
    rest = exp.Mod(this=hashed, expression=exp.Literal.number(number))
    picked = exp.EQ(this=rest, expression=exp.Literal.number(0))
    if len(values) > 1:
        return picked
    there = exp.not_(exp.Is(this=values[0].copy(), expression=exp.null()))
    return exp.and_(there, picked)


def _count_where(condition: exp.Expr) -> exp.Expr:
    one = exp.Case().when(condition, exp.Literal.number(1))
    return exp.Count(this=one, big_int=True)


def _total(name: str) -> exp.Expr:
    return exp.alias_(_cast(exp.Sum(this=column(name)), "BIGINT"), name, quoted=True)


def _call(name: str, value: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[value.copy()])


def _cast(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.cast(value, kind)


def _double(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.string(repr(float(value))), "DOUBLE")
