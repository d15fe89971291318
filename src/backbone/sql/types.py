"""The type of every expression of a bound view, told without an engine.

Engines understand the same SQL by different rules where types meet: what a sum of
decimals is, what a date and an interval make. The rules here are those of the DuckDB
dialect; where an engine prints a view, it finds on each node the type that its value
must have. Tests compare all of them with what DuckDB says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, NamedTuple

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope, walk_in_scope

from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType
from backbone.sql.copies import copied
from backbone.sql.portable import row_of

__all__ = ["LONG", "UNKNOWN", "ValueType", "annotated", "type_of"]


class ValueType(NamedTuple):
    """A type of the dialect: a canonical kind, or ``null``, ``interval``, ``unknown``.

    An integer has the digits of its width (10 of 32 bits, 19 of 64, 38 of 128).
    """

    kind: str
    precision: int = 0
    scale: int = 0

    @property
    def is_number(self) -> bool:
        """Whether values can be added."""
        return self.kind in {"integer", "decimal", "double"}

    @property
    def is_time(self) -> bool:
        """Whether values are points in time."""
        return self.kind in {"date", "datetime", "timestamp"}


Types = dict[str, ValueType]

UNKNOWN = ValueType("unknown")
NULL, BOOLEAN, DOUBLE, STRING = map(ValueType, ("null", "boolean", "double", "string"))
DATE, DATETIME, TIMESTAMP, INTERVAL = map(
    ValueType, ("date", "datetime", "timestamp", "interval")
)
SMALL, SHORT, INTEGER, LONG, HUGE = (
    ValueType("integer", digits) for digits in (3, 5, 10, 19, 38)
)
_PLAIN = {
    each.kind: each
    for each in (BOOLEAN, DOUBLE, STRING, DATE, DATETIME, TIMESTAMP, INTERVAL)
} | {"integer": LONG}
_MAX, _FAST = 38, 18
_INT32, _INT64 = 2**31, 2**63

_CASTS = {
    exp.DType.BOOLEAN: BOOLEAN,
    exp.DType.TINYINT: SMALL,
    exp.DType.SMALLINT: SHORT,
    exp.DType.INT: INTEGER,
    exp.DType.BIGINT: LONG,
    exp.DType.INT128: HUGE,
    exp.DType.DOUBLE: DOUBLE,
    exp.DType.VARCHAR: STRING,
    exp.DType.TEXT: STRING,
    exp.DType.DATE: DATE,
    exp.DType.TIMESTAMP: DATETIME,
    exp.DType.TIMESTAMPNTZ: DATETIME,
    exp.DType.DATETIME: DATETIME,
    exp.DType.TIMESTAMPTZ: TIMESTAMP,
    exp.DType.INTERVAL: INTERVAL,
}
_WRITTEN = {
    "boolean": exp.DType.BOOLEAN,
    "double": exp.DType.DOUBLE,
    "string": exp.DType.VARCHAR,
    "date": exp.DType.DATE,
    "datetime": exp.DType.TIMESTAMP,
    "timestamp": exp.DType.TIMESTAMPTZ,
    "interval": exp.DType.INTERVAL,
    "null": exp.DType.NULL,
    "unknown": exp.DType.UNKNOWN,
}
_WIDTHS = {
    3: exp.DType.TINYINT,
    5: exp.DType.SMALLINT,
    10: exp.DType.INT,
    19: exp.DType.BIGINT,
    38: exp.DType.INT128,
}


def type_of(node: exp.Expr) -> ValueType:
    """Return the type that `annotated` left on a node; `UNKNOWN` if none."""
    told = node.type
    if told is None:
        return UNKNOWN
    if told.this == exp.DType.DECIMAL:
        return _decimal_of(told)
    if told.this == exp.DType.NULL:
        return NULL
    return _CASTS.get(told.this, UNKNOWN)


def annotated(
    tree: exp.Query, schemas: Mapping[AssetName, Schema] | Mapping[str, Schema]
) -> exp.Query:
    """Return a copy of a bound tree with a type on every expression that has one."""
    tree = copied(tree)
    types = {
        str(asset): {c.name.lower(): _canonical(c.type) for c in schema}
        for asset, schema in schemas.items()
    }
    outputs: dict[int, Types] = {}
    for scope in traverse_scope(tree):
        _Typing(scope, types, outputs).annotate()
    return tree


class _Typing:
    """Tells the types in one select; each node is asked once."""

    def __init__(
        self,
        scope: Scope,
        types: Mapping[str, Types],
        outputs: dict[int, Types],
    ) -> None:
        self.scope, self.types, self.outputs = scope, types, outputs

    def annotate(self) -> None:
        query = self.scope.expression
        for node in reversed(list(walk_in_scope(query))):
            told = self.told(node)
            if told is not UNKNOWN:
                node.type = _written(told)
        self.outputs[id(query)] = self._outputs(query)

    def of(self, node: exp.Expr | None) -> ValueType:
        return NULL if node is None else type_of(node)

    def told(self, node: exp.Expr) -> ValueType:
        for classes, rule in _RULES:
            if isinstance(node, classes):
                return rule(self, node)
        row = row_of(node)
        if row is None or not isinstance(node, exp.Expr):
            return UNKNOWN
        return self.by_row(node, row.gives)

    def by_row(self, node: exp.Expr, gives: str) -> ValueType:
        if gives in _PLAIN:
            return _PLAIN[gives]
        if gives == "as x":
            return self.of(_first(node))
        if gives == "widest":
            return widest(map(self.of, _branches(node)))
        return UNKNOWN

    def column(self, node: exp.Column) -> ValueType:
        at: Scope | None = self.scope
        while at is not None and node.table not in at.sources:
            at = at.parent
        source = at.sources[node.table] if at is not None else None
        if isinstance(source, Scope):
            return self.outputs.get(id(source.expression), {}).get(node.name, UNKNOWN)
        if isinstance(source, exp.Table) and isinstance(source.this, exp.GenerateSeries):
            return self.series(source.this)
        columns = self.types.get(source.name, {}) if isinstance(source, exp.Table) else {}
        return columns.get(node.name.lower(), UNKNOWN)

    def series(self, node: exp.GenerateSeries) -> ValueType:
        start = self.of(node.args.get("start"))
        if start is UNKNOWN:  # its own scope was not walked
            start = type_of(node.args["end"])
        if start.kind == "date":
            return DATETIME
        return LONG if start.kind in {"integer", "null", "unknown"} else start

    def _outputs(self, node: exp.Expr) -> Types:
        if isinstance(node, exp.SetOperation):
            left, right = (
                self.outputs.get(id(side.unnest()), {}).values()
                for side in (node.left, node.right)
            )
            both = [widest(pair) for pair in zip(left, right, strict=False)]
            return dict(zip(node.named_selects, both, strict=False))
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return self.outputs.get(id(node.this.unnest()), {})
        if isinstance(node, exp.Values):
            rows = [
                [self.of(each) for each in row.expressions] for row in node.expressions
            ]
            columns = [widest(each) for each in zip(*rows, strict=False)]
            return dict(zip(node.alias_column_names, columns, strict=False))
        if not isinstance(node, exp.Select):
            return {}
        return {select.alias_or_name: self.of(select) for select in node.selects}


def widest(types: Iterable[ValueType]) -> ValueType:
    """Return the type that holds values of all `types`."""
    return reduce(_wider, types, NULL)


_CLOCKS = {"date": 0, "datetime": 1, "timestamp": 2}


def _wider(one: ValueType, other: ValueType) -> ValueType:
    if one == other or NULL in {one, other}:
        return other if one == NULL else one
    if one.is_number and other.is_number:
        return _wider_number(one, other)
    if one.is_time and other.is_time:
        return max(one, other, key=lambda each: _CLOCKS[each.kind])
    if STRING in {one, other} and UNKNOWN not in {one, other}:
        return other if one == STRING else one  # a quoted constant takes the type
    return UNKNOWN


def _wider_number(one: ValueType, other: ValueType) -> ValueType:
    if DOUBLE in {one, other}:
        return DOUBLE
    if one.kind == other.kind == "integer":
        return max(one, other)
    scale = max(one.scale, other.scale)
    digits = max(one.precision - one.scale, other.precision - other.scale)
    return ValueType("decimal", min(digits + scale, _MAX), scale)


def _summed(one: ValueType, other: ValueType) -> ValueType:
    """Return the type of a sum of numbers, one of them a decimal."""
    widest_one = max(one.precision, other.precision)
    scale = max(one.scale, other.scale)
    digits = max(one.precision - one.scale, other.precision - other.scale)
    needed = max(scale + digits, widest_one) + 1
    if needed > _FAST >= widest_one:
        needed = _FAST
    return ValueType("decimal", min(needed, _MAX), scale)


def _multiplied(one: ValueType, other: ValueType) -> ValueType:
    needed, scale = one.precision + other.precision, one.scale + other.scale
    if needed > _FAST >= max(one.precision, other.precision) and scale < _FAST:
        needed = _FAST
    return ValueType("decimal", min(needed, _MAX), scale)


def _arithmetic(typing: _Typing, node: exp.Expr) -> ValueType:
    one, other = typing.of(node.this), typing.of(node.expression)
    if NULL in {one, other} or one.kind == other.kind == "integer":
        return widest([one, other])
    if not (one.is_number and other.is_number):
        return _moved(node, one, other)
    if DOUBLE in {one, other}:
        return DOUBLE
    if isinstance(node, exp.Mul):
        return _multiplied(one, other)
    return _wider_number(one, other) if isinstance(node, exp.Mod) else _summed(one, other)


def _moved(node: exp.Expr, one: ValueType, other: ValueType) -> ValueType:
    """Return the type of a time and what is added to it."""
    time, moved = (one, other) if one.is_time else (other, one)
    if time.is_time and moved.is_time:
        days = one == other == DATE and isinstance(node, exp.Sub)
        return LONG if days else INTERVAL
    if time.is_time and moved is INTERVAL:
        return DATETIME if time is DATE else time
    if time is DATE and moved.kind == "integer":
        return DATE
    return INTERVAL if INTERVAL in {one, other} else UNKNOWN


def _literal(_: _Typing, node: exp.Literal) -> ValueType:
    if node.is_string:
        return STRING
    text = node.name.lower()
    if "e" in text:
        return DOUBLE
    if "." in text:
        whole, places = text.split(".")
        return ValueType("decimal", max(len(whole), 1) + len(places), len(places))
    size = int(text)
    return INTEGER if size < _INT32 else LONG if size < _INT64 else HUGE


def _rounded(typing: _Typing, node: exp.Round) -> ValueType:
    told = typing.of(node.this)
    if told.kind != "decimal":
        return told
    return ValueType("decimal", told.precision, min(max(_places(node), 0), told.scale))


def _places(node: exp.Round) -> int:
    given = node.args.get("decimals")
    if given is None:
        return 0
    inner = given.unnest()
    sign, inner = (-1, inner.this) if isinstance(inner, exp.Neg) else (1, inner)
    return sign * int(inner.name) if isinstance(inner, exp.Literal) else 0


def _whole(typing: _Typing, node: exp.Expr) -> ValueType:
    told = typing.of(node.this)
    if told.kind == "decimal":
        return ValueType("decimal", told.precision, 0)
    return told if isinstance(node, exp.Trunc) else DOUBLE


def _sum(typing: _Typing, node: exp.Sum) -> ValueType:
    told = typing.of(_first(node))
    if told.kind == "decimal":
        return ValueType("decimal", _MAX, told.scale)
    return HUGE if told.kind in {"integer", "boolean"} else told


def _middle(typing: _Typing, node: exp.Expr) -> ValueType:
    value = _first(node)
    if isinstance(node, exp.WithinGroup):
        value = node.expression.expressions[0].this
    return DOUBLE if typing.of(value).is_number else UNKNOWN


def _part(_: _Typing, node: exp.Expr) -> ValueType:
    part = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    return DOUBLE if part.name.lower() == "epoch" else LONG


def _truncated(typing: _Typing, node: exp.Expr) -> ValueType:
    return TIMESTAMP if typing.of(node.this) is TIMESTAMP else DATETIME


def _epoch(typing: _Typing, node: exp.UnixToTime) -> ValueType:
    if not node.args.get("scale"):
        return TIMESTAMP
    return LONG if typing.of(node.this).is_time else DATETIME


def _of_cast(_: _Typing, node: exp.Cast) -> ValueType:
    if node.to.this == exp.DType.DECIMAL:
        return _decimal_of(node.to)
    return _CASTS.get(node.to.this, UNKNOWN)


def _decimal_of(told: exp.DataType) -> ValueType:
    given = [int(each.name) for each in told.expressions]
    return ValueType(
        "decimal", *(given if len(given) > 1 else [*given, 0] if given else [18, 3])
    )


def _of_query(typing: _Typing, node: exp.Subquery) -> ValueType:
    outputs = list(typing.outputs.get(id(node.unnest()), {}).values())
    return outputs[0] if len(outputs) == 1 else UNKNOWN


def _canonical(told: CanonicalType) -> ValueType:
    if told.kind == "decimal":
        return ValueType("decimal", told.precision or 0, told.scale or 0)
    return _PLAIN[told.kind]


def _written(told: ValueType) -> exp.DataType:
    if told.kind == "integer":
        return exp.DataType(this=_WIDTHS[told.precision], nested=False)
    if told.kind == "decimal":
        return exp.DataType.build(f"DECIMAL({told.precision}, {told.scale})")
    return exp.DataType(this=_WRITTEN[told.kind], nested=False)


def _first(node: exp.Expr) -> exp.Expr | None:
    """Return the argument whose type a value has, without DISTINCT and ORDER BY."""
    args = node.expressions
    value = node.args.get("this") if not isinstance(node, exp.Anonymous) else None
    value = value if isinstance(value, exp.Expr) else (args[0] if args else None)
    while isinstance(value, exp.Order | exp.Distinct):
        value = value.this if isinstance(value, exp.Order) else value.expressions[0]
    return value


def _branches(node: exp.Expr) -> list[exp.Expr | None]:
    if isinstance(node, exp.Case):
        return [
            *(case.args.get("true") for case in node.args["ifs"]),
            node.args.get("default"),
        ]
    if isinstance(node, exp.If):
        return [node.args.get("true"), node.args.get("false")]
    return [node.this, *node.expressions]


_INTERVALS = frozenset(
    f"to_{unit}s" for unit in ("year", "month", "week", "hour", "minute", "second")
)


def _by_name(typing: _Typing, node: exp.Anonymous) -> ValueType:
    name = str(node.name).lower()
    if name in {"date_part", "datepart"}:
        return _part(typing, node)
    if name in _INTERVALS:
        return INTERVAL
    if name in {"exact_sum", "log10", "log2"}:
        return DOUBLE
    row = row_of(node)
    return typing.by_row(node, row.gives) if row is not None else UNKNOWN


_Rule = Callable[[_Typing, Any], ValueType]
_RULES: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], _Rule], ...] = (
    (exp.Null, lambda _typing, _node: NULL),
    (exp.Boolean, lambda _typing, _node: BOOLEAN),
    (exp.Column, lambda typing, node: typing.column(node)),
    (exp.Literal, _literal),
    ((exp.RawString, exp.ByteString), lambda _typing, _node: STRING),
    (exp.Cast, _of_cast),
    ((exp.Add, exp.Sub, exp.Mul, exp.Mod), _arithmetic),
    ((exp.Alias, exp.Paren, exp.Try), lambda typing, node: typing.of(node.this)),
    (
        (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.IntDiv),
        lambda typing, node: widest([typing.of(node.this), typing.of(node.expression)]),
    ),
    (exp.Round, _rounded),
    ((exp.Floor, exp.Ceil, exp.Trunc), _whole),
    (exp.Sum, _sum),
    ((exp.Median, exp.PercentileCont, exp.WithinGroup), _middle),
    (exp.Extract, _part),
    ((exp.TimestampTrunc, exp.DateTrunc), _truncated),
    (exp.DateBin, lambda typing, node: typing.of(node.expression)),
    (exp.UnixToTime, _epoch),
    ((exp.Interval, exp.ToDays), lambda _typing, _node: INTERVAL),
    (exp.Subquery, _of_query),
    (exp.Anonymous, _by_name),
)
