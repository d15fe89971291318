"""The portable subset: comparisons, conditions, nulls and casts."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.rows import Refusal, Row, row

__all__ = ["CASTS", "CONDITIONS"]

CASTS = {
    exp.DType.BOOLEAN: "boolean", exp.DType.INT: "integer", exp.DType.BIGINT: "integer",
    exp.DType.SMALLINT: "integer", exp.DType.DOUBLE: "double", exp.DType.DECIMAL: "decimal",
    exp.DType.VARCHAR: "string", exp.DType.TEXT: "string", exp.DType.DATE: "date",
    exp.DType.TIMESTAMP: "datetime", exp.DType.TIMESTAMPNTZ: "datetime", exp.DType.DATETIME: "datetime",
    exp.DType.TIMESTAMPTZ: "timestamp",
}  # fmt: skip
"""The types of SQL that views may cast to, and their canonical types."""

_INSTEAD = {
    exp.DType.FLOAT: "Write `double`.",
    exp.DType.INT128: "Write `bigint`, or `decimal(38, 0)`.",
    exp.DType.TIME: "Write `strftime(t, '%H:%M:%S')`, or keep the time with its day.",
    exp.DType.INTERVAL: "Write `to_minutes(n)`, or `date_diff('minute', a, b)`.",
}
_KNOWN = "There are: boolean, int, bigint, double, decimal(p, s), varchar, date, timestamp, timestamptz."


def _type(node: exp.Expr) -> Refusal | None:
    target = node.args["to"].this
    if target in CASTS and not node.args["to"].args.get("nested"):
        return None
    why = f"makes a {node.args['to'].sql('duckdb')}, which no table of the lake holds"
    return Refusal(why, _INSTEAD.get(target, _KNOWN))


def _of_list(node: exp.Expr) -> Refusal | None:
    if node.args.get("field") or node.args.get("unnest"):
        return Refusal("looks into a list", "Write `x in ('a', 'b')`, or a subquery.")
    return None


CONDITIONS: tuple[Row, ...] = (
    row(
        "= <> < <= > >=",
        (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
        "boolean",
        ("1 = 1.0", "true"),
        ("'a' < 'B'", "false"),
        ("1 = null", "null"),
        ("0e0 = -0e0", "true"),
        ("'nan'::double = 'nan'::double", "true"),
        ("'nan'::double > 'inf'::double", "true"),
        note="`nan` equals itself and is the greatest number; texts compare by code point",
    ),
    row(
        "is [not] null",
        exp.Is,
        "boolean",
        ("null is null", "true"),
        ("1 is not null", "true"),
        ("(1 = 2) is not true", "true"),
    ),
    row(
        "is [not] distinct from",
        (exp.NullSafeEQ, exp.NullSafeNEQ),
        "boolean",
        ("null is distinct from 1", "true"),
        ("null is not distinct from null", "true"),
    ),
    row(
        "and, or, not",
        (exp.And, exp.Or, exp.Not),
        "boolean",
        ("null and false", "false"),
        ("null or true", "true"),
        ("not (1 = 2)", "true"),
    ),
    row(
        "x between a and b",
        exp.Between,
        "boolean",
        ("2 between 1 and 2", "true"),
        ("2 not between 1 and 3", "false"),
    ),
    row(
        "x in (a, b, …)",
        exp.In,
        "boolean",
        ("2 in (1, 2)", "true"),
        ("3 in (1, null)", "null"),
        ("3 not in (1, 2)", "true"),
        note="or `in (select …)`",
        check=_of_list,
    ),
    row(
        "case when … then … else … end",
        (exp.Case, exp.If),
        "widest",
        ("case when 1 = 1 then 'a' else 'b' end", "'a'"),
        ("case 2 when 1 then 'a' end", "null"),
        ("if(true, 1, 2)", "1"),
        also="if",
    ),
    row(
        "coalesce(a, b, …)",
        exp.Coalesce,
        "widest",
        ("coalesce(null, 2)", "2"),
        ("ifnull(null, 'a')", "'a'"),
        also="ifnull",
    ),
    row(
        "nullif(a, b)",
        exp.Nullif,
        "as x",
        ("nullif(1, 1)", "null"),
        ("nullif('a', '')", "'a'"),
    ),
    row(
        "greatest(a, b, …)",
        exp.Greatest,
        "widest",
        ("greatest(1, null, 3)", "3"),
        ("greatest(1, 2.5)", "2.5"),
        note="nulls are left out",
    ),
    row(
        "least(a, b, …)",
        exp.Least,
        "widest",
        ("least(1, null, 3)", "1"),
        ("least('b', 'a')", "'a'"),
        note="nulls are left out",
    ),
    row(
        "cast(x as type)",
        exp.Cast,
        "cast",
        ("cast(2.5e0 as bigint)", "2"),
        ("cast(3.5e0 as bigint)", "4"),
        ("cast(2.5 as bigint)", "3"),
        ("cast(true as int)", "1"),
        ("cast(0.285e0 as decimal(9, 2))", "0.28"),
        ("cast(1.005 as decimal(9, 2))", "1.01"),
        ("cast(1e20 as varchar)", "'1e+20'"),
        ("cast(1.50 as varchar)", "'1.50'"),
        ("cast(date '2013-01-31' as varchar)", "'2013-01-31'"),
        ("cast(timestamp '2013-01-31 17:05:00.5' as date)", "2013-01-31"),
        ("cast('42' as bigint)", "42"),
        ("'2013-01-31'::date", "2013-01-31"),
        note="a double to the nearest whole number, of two the even one; a decimal half away from zero; "
        "a text only if it is a value of the type by the [grammar](formatted.md#the-grammar), otherwise an error",
        check=_type,
    ),
    row(
        "try_cast(x as type)",
        exp.TryCast,
        "cast",
        ("try_cast('2.5' as bigint)", "null"),
        ("try_cast(' 42 ' as bigint)", "42"),
        ("try_cast('0x10' as bigint)", "null"),
        ("safe_cast('1e400' as double)", "null"),
        ("safe_cast('yes' as boolean)", "true"),
        ("try_cast('2013-02-30' as date)", "null"),
        ("try_cast(1e300 as bigint)", "null"),
        ("try_cast('1.239' as decimal(4, 2))", "null"),
        also="safe_cast",
        note="null instead of an error; also `safe_cast`",
        check=_type,
    ),
)
