"""What the text of a rule may say: an allow-list of functions, operators and types.

Nothing else passes the parser: a rule is a predicate over the values of rows, never a
statement, an aggregate, a file or a clock. Each entry says what kinds of values it takes
and gives, so that a rule can be checked against a schema before any row is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

__all__ = [
    "ARITHMETIC",
    "CASTS",
    "FUNCTIONS",
    "MATCHES",
    "NODES",
    "UNITS",
    "Function",
    "Kind",
    "function_of",
]

Kind = Literal["number", "text", "time", "boolean", "any"]


@dataclass(frozen=True)
class Function:
    """A scalar function.

    `takes` are the kinds of its first arguments (the last one stands for all that
    follow); `gives` is the kind of its value, ``"any"`` for that of its first argument.
    """

    takes: tuple[Kind, ...]
    gives: Kind


_TEXT = Function(("text",), "text")
_NUMBER = Function(("number",), "number")
_PART = Function(("time",), "number")
_TEST = Function(("text",), "boolean")

FUNCTIONS: dict[str, Function] = {
    "abs": _NUMBER,
    "cast": Function(("any",), "any"),
    "ceil": _NUMBER,
    "coalesce": Function(("any",), "any"),
    "contains": _TEST,
    "date_diff": Function(("time",), "number"),
    "date_trunc": Function(("time",), "time"),
    "day": _PART,
    "ends_with": _TEST,
    "floor": _NUMBER,
    "hour": _PART,
    "isodow": _PART,
    "jaro_winkler_similarity": Function(("text",), "number"),
    "left": Function(("text", "number"), "text"),
    "length": Function(("text",), "number"),
    "levenshtein": Function(("text",), "number"),
    "lower": _TEXT,
    "minute": _PART,
    "mod": _NUMBER,
    "month": _PART,
    "nullif": Function(("any",), "any"),
    "power": _NUMBER,
    "regexp_full_match": _TEST,
    "regexp_matches": _TEST,
    "replace": _TEXT,
    "right": Function(("text", "number"), "text"),
    "round": _NUMBER,
    "second": _PART,
    "sign": _NUMBER,
    "split_part": Function(("text", "text", "number"), "text"),
    "sqrt": _NUMBER,
    "starts_with": _TEST,
    "substr": Function(("text", "number"), "text"),
    "trim": _TEXT,
    "try_cast": Function(("any",), "any"),
    "upper": _TEXT,
    "year": _PART,
}

NODES: dict[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.Cast: "cast",
    exp.Ceil: "ceil",
    exp.Coalesce: "coalesce",
    exp.Contains: "contains",
    exp.DateDiff: "date_diff",
    exp.DateTrunc: "date_trunc",
    exp.Day: "day",
    exp.DayOfWeekIso: "isodow",
    exp.EndsWith: "ends_with",
    exp.Floor: "floor",
    exp.Hour: "hour",
    exp.JarowinklerSimilarity: "jaro_winkler_similarity",
    exp.Left: "left",
    exp.Length: "length",
    exp.Levenshtein: "levenshtein",
    exp.Lower: "lower",
    exp.Minute: "minute",
    exp.Month: "month",
    exp.Nullif: "nullif",
    exp.Pow: "power",
    exp.RegexpFullMatch: "regexp_full_match",
    exp.RegexpLike: "regexp_matches",
    exp.Replace: "replace",
    exp.Right: "right",
    exp.Round: "round",
    exp.Second: "second",
    exp.Sign: "sign",
    exp.SplitPart: "split_part",
    exp.Sqrt: "sqrt",
    exp.StartsWith: "starts_with",
    exp.Substring: "substr",
    exp.TimestampTrunc: "date_trunc",
    exp.Trim: "trim",
    exp.TryCast: "try_cast",
    exp.Upper: "upper",
    exp.Year: "year",
}
"""What sqlglot reads the functions as."""

ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "//",
    exp.Mod: "%",
    exp.Neg: "-",
    exp.DPipe: "||",
}
"""Operators that compute a value."""

MATCHES: dict[type[exp.Expr], str] = {exp.Like: "like", exp.ILike: "ilike"}
"""Operators on text that are true or false."""

CASTS: dict[exp.DType, Kind] = {
    exp.DType.BOOLEAN: "boolean",
    exp.DType.TINYINT: "number",
    exp.DType.SMALLINT: "number",
    exp.DType.INT: "number",
    exp.DType.BIGINT: "number",
    exp.DType.FLOAT: "number",
    exp.DType.DOUBLE: "number",
    exp.DType.DECIMAL: "number",
    exp.DType.TEXT: "text",
    exp.DType.VARCHAR: "text",
    exp.DType.DATE: "time",
    exp.DType.TIMESTAMP: "time",
    exp.DType.TIMESTAMPNTZ: "time",
    exp.DType.TIMESTAMPTZ: "time",
}
"""Types that a value may be cast to, and their kinds."""

UNITS = frozenset(
    {"MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
)
"""Units of intervals and of differences between points in time."""


def function_of(node: exp.Expr) -> str | None:
    """Return the name of the allowed function that `node` calls, or None."""
    return NODES.get(type(node))
