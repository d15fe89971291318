"""Aggregates and windows of the portable subset as Spark SQL.

Those of `AGGREGATES` are made of other aggregates of Spark, each with the FILTER and the
OVER that the one of the query has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.casts import Print, as_double, as_text
from backbone.engines.spark.sums import exact_sum
from backbone.sql.types import type_of

__all__ = ["AGGREGATES", "NAMED_AGGREGATES", "WRAPPERS"]

Around = Callable[[str], str]
Aggregate = Callable[[Generator, exp.Expr, Around], str]


def _keys(order: exp.Order) -> list[exp.Expr]:
    return list(order.expressions)


def _split(node: exp.Expr | None) -> tuple[exp.Expr, list[exp.Expr]]:
    """Return an argument and the order that stands behind it."""
    if isinstance(node, exp.Order):
        return node.this, _keys(node)
    return node or exp.null(), []


def _nulls_first(key: exp.Expr) -> bool:
    return bool(key.args.get("nulls_first"))


def _directions(keys: Sequence[exp.Expr]) -> set[tuple[bool, bool]]:
    return {(bool(key.args.get("desc")), _nulls_first(key)) for key in keys}


def _ranked(self: Generator, keys: Sequence[exp.Expr]) -> str:
    """Print keys as one value; nulls are the greatest of each."""
    parts = (
        f"{text} IS NULL, {text}" for text in (self.sql(key, "this") for key in keys)
    )
    return f"STRUCT({', '.join(parts)})"


def _sorted(
    self: Generator, value: str, keys: Sequence[exp.Expr], around: Around, some: str
) -> str:
    """Print the list of values in an order; those that are not `some` are left out."""
    fields = [f"'k{i}', {self.sql(key, 'this')}" for i, key in enumerate(keys)]
    item = f"NAMED_STRUCT({', '.join([*fields, chr(39) + 'v' + chr(39) + ', ' + value])})"
    listed = around(f"COLLECT_LIST(CASE WHEN {some} THEN {item} END)")
    branches = "".join(_compared(f"k{i}", key) for i, key in enumerate(keys))
    return f"ARRAY_SORT({listed}, (p, q) -> CASE {branches} ELSE 0 END)"


def _compared(name: str, key: exp.Expr) -> str:
    up, down = ("1", "-1") if key.args.get("desc") else ("-1", "1")
    low, high = ("-1", "1") if _nulls_first(key) else ("1", "-1")
    return (
        f" WHEN p.{name} IS NULL AND q.{name} IS NOT NULL THEN {low}"
        f" WHEN p.{name} IS NOT NULL AND q.{name} IS NULL THEN {high}"
        f" WHEN p.{name} < q.{name} THEN {up} WHEN p.{name} > q.{name} THEN {down}"
    )


def _at_end(*, last: bool, some: bool = False) -> Aggregate:
    """The first or the last value in an order; of `some`, of those that are not null."""

    def print_(self: Generator, node: exp.Expr, around: Around) -> str:
        call = node.this if isinstance(node, exp.IgnoreNulls) else node
        value, keys = _split(call.this)
        text = self.sql(value)
        kept = f"{text} IS NOT NULL" if some else "TRUE"
        directions = _directions(keys)
        if directions in ({(False, False)}, {(True, True)}):  # nulls are at one end
            up = (directions == {(False, False)}) != last
            ranked = f"CASE WHEN {kept} THEN {_ranked(self, keys)} END"
            return around(f"{'MIN_BY' if up else 'MAX_BY'}({text}, {ranked})")
        ordered = _sorted(self, text, keys, around, kept)
        return f"GET({ordered}, 0).v" if not last else f"ELEMENT_AT({ordered}, -1).v"

    return print_


def _best(name: str) -> Aggregate:
    """``arg_min`` and ``arg_max``: rows with a null in either are left out."""

    def print_(self: Generator, node: exp.Expr, around: Around) -> str:
        value, (by, keys) = self.sql(node, "this"), _split(node.expression)
        text = self.sql(by)
        kept = f"{value} IS NOT NULL AND {text} IS NOT NULL"
        first = exp.Ordered(this=by.copy(), desc=name == "MAX")
        ordered = _sorted(self, value, [first, *keys], around, kept)
        return f"GET({ordered}, 0).v"

    return print_


def _joined(self: Generator, node: exp.Expr, around: Around) -> str:
    value, keys = _split(node.this)
    distinct = isinstance(value, exp.Distinct)
    text = as_text(self, value.expressions[0] if distinct else value)
    ordered = _sorted(self, text, keys, around, f"{text} IS NOT NULL")
    listed = f"TRANSFORM({ordered}, s -> s.v)"
    if distinct:
        listed = f"ARRAY_DISTINCT({listed})"
    between = self.sql(node, "separator") or "','"
    # of nothing it is null, not an empty text
    joined = f"IF(SIZE(l) > 0, ARRAY_JOIN(l, {between}), NULL)"
    return f"TRANSFORM(ARRAY({listed}), l -> {joined})[0]"


def _most_frequent(self: Generator, node: exp.Expr, around: Around) -> str:
    value, _ = _split(node.this)
    return around(f"MODE({self.sql(value)}, TRUE)")


def _fraction(node: exp.Expr) -> str:
    if isinstance(node, exp.Median):
        return "0.5"
    if isinstance(node, exp.WithinGroup):
        return str(node.this.this.name)
    return str((node.args.get("expression") or node.args["quantile"]).name)


def _middle(self: Generator, node: exp.Expr, around: Around) -> str:
    """Between the two values next to a place, in proportion, as DuckDB reckons it."""
    value = (
        node.expression.expressions[0].this
        if isinstance(node, exp.WithinGroup)
        else _split(node.this)[0]
    )
    place = f"(SIZE(l) - 1) * {_fraction(node)}e0"
    low, high = f"l[CAST(FLOOR({place}) AS INT)]", f"l[CAST(CEIL({place}) AS INT)]"
    part = f"({place} - FLOOR({place}))"
    between = f"{low} * (1e0 - {part}) + {high} * {part}"
    made = f"IF({part} = 0, {low}, {between})"
    return _of_list(around(f"COLLECT_LIST({as_double(self, value)})"), made)


def _one_of(self: Generator, node: exp.Expr, around: Around) -> str:
    value = _split(node.this)[0]
    place = f"CAST(CEIL(SIZE(l) * CAST({_fraction(node)} AS DECIMAL(18, 17))) AS INT)"
    return _of_list(
        around(f"COLLECT_LIST({self.sql(value)})"), f"l[GREATEST({place}, 1) - 1]"
    )


def _of_list(listed: str, made: str) -> str:
    some = f"IF(SIZE(l) > 0, {made}, NULL)"
    return f"TRANSFORM(ARRAY(ARRAY_SORT({listed})), l -> {some})[0]"


def _without_order(name: str) -> Aggregate:
    """What goes through its values in order on the other engine, and has none here."""

    def print_(self: Generator, node: exp.Expr, around: Around) -> str:
        given = [node.this, node.args.get("expression")]
        values = [_split(each)[0] for each in given if each is not None]
        distinct = "DISTINCT " if isinstance(values[0], exp.Distinct) else ""
        plain = [v.expressions[0] if isinstance(v, exp.Distinct) else v for v in values]
        return around(f"{name}({distinct}{', '.join(as_double(self, v) for v in plain)})")

    return print_


def _deviation(name: str) -> Aggregate:
    plain = _without_order(name)

    def print_(self: Generator, node: exp.Expr, around: Around) -> str:
        value = plain(self, node, around)
        error = f"RAISE_ERROR('{name} is out of range')"
        return f"IF(ISNAN({value}), {error}, {value})"

    return print_


def _correlation(self: Generator, node: exp.Expr, around: Around) -> str:
    """Of pairs that do not vary it is no number; only of no pair it is null."""
    value = _without_order("CORR")(self, node, around)
    pairs = [as_double(self, _split(each)[0]) for each in (node.this, node.expression)]
    some = around(f"COUNT({' + '.join(pairs)})")
    return f"COALESCE({value}, IF({some} > 0, DOUBLE('nan'), NULL))"


def _sum(self: Generator, node: exp.Expr, around: Around) -> str:
    """Sums of whole numbers and decimals; of doubles only those in an order of theirs."""
    value, _ = _split(node.this)
    distinct = isinstance(value, exp.Distinct)
    inner = value.expressions[0] if distinct else value
    told = type_of(inner)
    text = self.sql(inner)
    if told.kind == "boolean":
        text = f"CAST({text} AS BIGINT)"
    if told.kind == "double" and distinct:
        listed = around(f"COLLECT_SET({text})")
        added = "IF(SIZE(l) > 0, AGGREGATE(l, 0e0, (t, y) -> t + y), NULL)"
        return f"TRANSFORM(ARRAY(ARRAY_SORT({listed})), l -> {added})[0]"
    if told.kind == "integer" and getattr(self, "far", False):
        text = f"CAST({text} AS DECIMAL(20, 0))"
    summed = around(f"SUM({'DISTINCT ' if distinct else ''}{text})")
    if told.kind == "decimal":
        return f"CAST({summed} AS DECIMAL(38, {told.scale}))"
    return summed


def _exact_sum(self: Generator, node: exp.Expr, around: Around) -> str:
    value = as_double(self, node.expressions[0])
    return exact_sum(value, around, far=bool(getattr(self, "far", False)))


AGGREGATES: dict[type[exp.Expr], Aggregate] = {
    exp.AnyValue: _at_end(last=False, some=True),
    exp.ArgMax: _best("MAX"),
    exp.ArgMin: _best("MIN"),
    exp.Corr: _correlation,
    exp.CovarPop: _without_order("COVAR_POP"),
    exp.CovarSamp: _without_order("COVAR_SAMP"),
    exp.First: _at_end(last=False),
    exp.GroupConcat: _joined,
    exp.Last: _at_end(last=True),
    exp.Median: _middle,
    exp.Mode: _most_frequent,
    exp.PercentileCont: _middle,
    exp.PercentileDisc: _one_of,
    exp.Quantile: _one_of,
    exp.Stddev: _deviation("STDDEV_SAMP"),
    exp.StddevPop: _deviation("STDDEV_POP"),
    exp.StddevSamp: _deviation("STDDEV_SAMP"),
    exp.Sum: _sum,
    exp.Variance: _deviation("VAR_SAMP"),
    exp.VariancePop: _deviation("VAR_POP"),
    exp.WithinGroup: _middle,
}
_BY_NAME: dict[str, Aggregate] = {"exact_sum": _exact_sum}


def _found(node: exp.Expr) -> Aggregate | None:
    if isinstance(node, exp.Anonymous):
        return _BY_NAME.get(str(node.name).lower())
    inner = node.this if isinstance(node, exp.IgnoreNulls) else node
    if isinstance(node, exp.IgnoreNulls) and not isinstance(inner, exp.AnyValue):
        return None
    return AGGREGATES.get(type(inner))


def _alone(self: Generator, node: exp.Expr) -> str:
    aggregate = _found(node)
    if aggregate is None:
        message = f"{node.key} is printed elsewhere"
        raise TypeError(message)
    return aggregate(self, node, lambda text: text)


def _wrapped(name: str) -> Print:
    """Print FILTER or OVER; inside the aggregates that one of ours is made of."""

    def print_(self: Generator, node: exp.Expr) -> str:
        inner, depth = node, 0
        while isinstance(inner, exp.Filter | exp.Window):
            inner, depth = inner.this, depth + 1
        aggregate = _found(inner)
        if aggregate is None:
            return str(getattr(self, name)(node))

        def around(text: str) -> str:
            built = node.copy()
            at = built
            for _ in range(depth):
                at = at.this
            at.replace(exp.Var(this=text))
            return self.sql(built)

        return aggregate(self, inner, around)

    return print_


WRAPPERS: dict[type[exp.Expr], Print] = {
    **dict.fromkeys(AGGREGATES, _alone),
    exp.Filter: _wrapped("filter_sql"),
    exp.Window: _wrapped("window_sql"),
}
NAMED_AGGREGATES: dict[str, Print] = dict.fromkeys(_BY_NAME, _alone)
