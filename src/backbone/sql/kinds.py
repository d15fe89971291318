"""What kind of number an expression of a bound view makes, told without an engine.

Sums of floating numbers depend on the order of their rows, other sums do not; so the
compiler has to know which is which. The rules are those of the DuckDB dialect (``/``
always makes a double, ``1.5`` is a decimal, ``1e0`` a double); tests compare them with
the engine's own answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from backbone.model.names import AssetName
from backbone.model.schemas import Schema

__all__ = ["NumberKind", "ScopeKinds", "kinds_by_scope"]

NumberKind = Literal["integer", "decimal", "float", "date", "other", "null", "unknown"]
Outputs = dict[int, list[tuple[str, NumberKind]]]

_ORDER: dict[NumberKind, int] = {"null": 0, "integer": 1, "decimal": 2, "float": 3}
_CASTS: dict[exp.DType, NumberKind] = {
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "integer"),
    **dict.fromkeys((exp.DType.FLOAT, exp.DType.DOUBLE), "float"),
    **dict.fromkeys((exp.DType.DECIMAL, exp.DType.BIGDECIMAL), "decimal"),
    exp.DType.BOOLEAN: "integer",
    exp.DType.DATE: "date",
}
_TYPES: dict[str, NumberKind] = {
    "double": "float", "integer": "integer", "boolean": "integer", "decimal": "decimal",
    "date": "date",
}  # fmt: skip
_FLOAT = (
    exp.Div, exp.Sqrt, exp.Cbrt, exp.Ln, exp.Log, exp.Exp, exp.Pow, exp.Sin, exp.Cos,
    exp.Tan, exp.Asin, exp.Acos, exp.Atan, exp.Atan2, exp.Pi, exp.Avg, exp.Stddev,
    exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Corr,
    exp.CovarPop, exp.CovarSamp, exp.Skewness, exp.Kurtosis, exp.Radians, exp.Degrees,
    exp.CumeDist, exp.PercentRank, exp.JarowinklerSimilarity, exp.TimeToUnix,
)  # fmt: skip
_INTEGER = (
    exp.Count, exp.CountIf, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile,
    exp.Length, exp.DateDiff, exp.Extract, exp.Year, exp.Month, exp.Day, exp.Hour,
    exp.Minute, exp.Second, exp.DayOfWeek, exp.DayOfYear, exp.Quarter, exp.Week,
    exp.Sign, exp.StrPosition, exp.Levenshtein, exp.BitwiseAnd, exp.BitwiseOr,
    exp.BitwiseXor, exp.BitwiseLeftShift, exp.BitwiseRightShift, exp.IntDiv,
    exp.ArraySize, exp.Predicate, exp.Not, exp.Connector, exp.Boolean, exp.LogicalAnd,
    exp.LogicalOr,
)  # fmt: skip
_SAME_AS_ARGUMENT = (
    exp.Abs, exp.Neg, exp.Paren, exp.Round, exp.Floor, exp.Ceil, exp.Trunc, exp.Min,
    exp.Max, exp.Sum, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    exp.AnyValue, exp.First, exp.Last, exp.Mode, exp.ArgMax, exp.ArgMin, exp.Alias,
    exp.Filter, exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.Distinct, exp.Order,
    exp.Ordered,
)  # fmt: skip
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod)
_BRANCHES = (exp.Coalesce, exp.Greatest, exp.Least, exp.Nullif, exp.If, exp.Case)
_TEXT = (
    exp.Concat, exp.DPipe, exp.Lower, exp.Upper, exp.Substring, exp.Trim, exp.Interval,
    exp.TimestampTrunc, exp.DateTrunc, exp.StrToTime, exp.TimeToStr, exp.AtTimeZone,
)  # fmt: skip
_NAMED: dict[str, NumberKind] = {
    **dict.fromkeys(
        (
            "mean", "fsum", "sumkahan", "kahan_sum", "favg", "product", "mad", "sem",
            "kurtosis_pop", "entropy", "log10", "fmod", "even", "gamma", "lgamma",
            "damerau", "jaccard", "julian", "jaro_similarity",
        ),
        "float",
    ),
    **dict.fromkeys(
        (
            "strlen", "epoch_ms", "epoch_us", "epoch_ns", "date_part", "datepart",
            "date_sub", "datesub", "bit_count", "gcd", "lcm", "len", "instr",
            "regr_count", "weekofyear", "isodow", "isoyear", "yearweek", "millisecond",
            "microsecond", "hamming", "damerau_levenshtein", "length_grapheme",
            "octet_length", "ord",
        ),
        "integer",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ScopeKinds:
    """Tells the kinds of number in one select of a bound tree."""

    scope: Scope
    types: Mapping[str, Schema]
    outputs: Outputs

    def of(self, node: exp.Expr | None) -> NumberKind:
        """Return the kind of number that `node` makes; "unknown" if nothing tells."""
        for classes, rule in _RULES:
            if isinstance(node, classes):
                return rule(self, node)
        return "null" if node is None else "unknown"

    def column(self, node: exp.Column) -> NumberKind:
        """Return the kind of a column of one of the select's sources."""
        at: Scope | None = self.scope
        while at is not None and node.table not in at.sources:
            at = at.parent
        source = at.sources[node.table] if at is not None else None
        if isinstance(source, Scope):
            return dict(self.outputs.get(id(source.expression), ())).get(
                node.name, "unknown"
            )
        if isinstance(source, exp.Table) and isinstance(source.this, exp.GenerateSeries):
            return self.of(source.this.args["start"])
        schema = self.types.get(source.name) if isinstance(source, exp.Table) else None
        return _of_type(schema, node.name) if schema else "unknown"


def kinds_by_scope(
    tree: exp.Query, schemas: Mapping[AssetName, Schema]
) -> Mapping[int, ScopeKinds]:
    """Return what tells the kinds of number in each select, by the select's identity."""
    types = {str(asset): schema for asset, schema in schemas.items()}
    outputs: Outputs = {}
    found: dict[int, ScopeKinds] = {}
    for scope in traverse_scope(tree):
        kinds = ScopeKinds(scope, types, outputs)
        found[id(scope.expression)] = kinds
        outputs[id(scope.expression)] = _outputs(scope.expression, kinds)
    return found


def _outputs(node: exp.Expr, kinds: ScopeKinds) -> list[tuple[str, NumberKind]]:
    if isinstance(node, exp.SetOperation):
        left, right = (
            [kind for _, kind in kinds.outputs.get(id(side.unnest()), ())]
            for side in (node.left, node.right)
        )
        pairs = map(_widest, zip(left, right, strict=False))
        return list(zip(node.named_selects, pairs, strict=False))
    if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
        return kinds.outputs.get(id(node.this.unnest()), [])
    if isinstance(node, exp.Values):
        rows = [map(kinds.of, each.expressions) for each in node.expressions]
        columns = map(_widest, zip(*rows, strict=False))
        return list(zip(node.alias_column_names, columns, strict=False))
    if not isinstance(node, exp.Select):
        return []
    return [(select.alias_or_name, kinds.of(select)) for select in node.selects]


def _extracted(_: ScopeKinds, node: exp.Extract) -> NumberKind:
    return "float" if node.name.lower() in {"epoch", "julian"} else "integer"


def _interpolated(kinds: ScopeKinds, node: exp.Expr) -> NumberKind:
    within = node.expression if isinstance(node, exp.WithinGroup) else None
    inner = kinds.of(within.expressions[0].this if within else node.this)
    return "float" if inner in {"integer", "float"} else inner


def _of_time(kinds: ScopeKinds, node: exp.UnixToTime) -> NumberKind:
    return "integer" if kinds.of(node.this) in {"other", "date"} else "other"


def _of_query(kinds: ScopeKinds, node: exp.Subquery) -> NumberKind:
    outputs = kinds.outputs.get(id(node.unnest()), [])
    return outputs[0][1] if len(outputs) == 1 else "unknown"


def _literal(_: ScopeKinds, node: exp.Literal) -> NumberKind:
    if node.is_string:
        return "other"
    if "e" in node.name.lower():
        return "float"
    return "decimal" if "." in node.name else "integer"


def _arithmetic(kinds: ScopeKinds, node: exp.Expr) -> NumberKind:
    left, right = kinds.of(node.this), kinds.of(node.expression)
    if left == right == "date" and isinstance(node, exp.Sub):
        return "integer"
    return _widest([left, right])


def _widest(kinds: Iterable[NumberKind]) -> NumberKind:
    found = set(kinds)
    if "unknown" in found:
        return "float" if "float" in found else "unknown"
    if found & {"other", "date"}:
        return "date" if found <= {"date", "null"} else "other"
    return max(found, key=_ORDER.__getitem__, default="null")


def _branches(node: exp.Expr) -> list[exp.Expr | None]:
    if isinstance(node, exp.Case):
        cases: list[exp.Expr | None] = [
            case.args.get("true") for case in node.args["ifs"]
        ]
        return [*cases, node.args.get("default")]
    if isinstance(node, exp.If):
        return [node.args.get("true"), node.args.get("false")]
    if isinstance(node, exp.Nullif):
        return [node.this]
    return [node.this, *node.expressions]


def _of_type(schema: Schema, name: str) -> NumberKind:
    for column in schema:
        if column.name.lower() == name.lower():
            return _TYPES.get(column.type.kind, "other")
    return "unknown"


_Rule = Callable[[ScopeKinds, Any], NumberKind]
_RULES: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], _Rule], ...] = (
    (exp.Null, lambda _kinds, _node: "null"),
    (exp.Column, lambda kinds, node: kinds.column(node)),
    (exp.Literal, _literal),
    (exp.Cast, lambda _kinds, node: _CASTS.get(node.to.this, "other")),
    (_ARITHMETIC, _arithmetic),
    (_BRANCHES, lambda kinds, node: _widest(map(kinds.of, _branches(node)))),
    (exp.Anonymous, lambda _kinds, node: _NAMED.get(node.name.lower(), "unknown")),
    (exp.Subquery, _of_query),
    (exp.Extract, _extracted),
    ((exp.PercentileCont, exp.Median, exp.WithinGroup), _interpolated),
    (exp.UnixToTime, _of_time),
    (_FLOAT, lambda _kinds, _node: "float"),
    (_INTEGER, lambda _kinds, _node: "integer"),
    (_SAME_AS_ARGUMENT, lambda kinds, node: kinds.of(node.this or node.expressions[0])),
    (_TEXT, lambda _kinds, _node: "other"),
)
