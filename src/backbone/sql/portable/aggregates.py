"""The portable subset: aggregates and windows."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.checks import arity, without
from backbone.sql.portable.rows import SAMPLES, Example, Refusal, Row, row

__all__ = ["AGGREGATES", "WINDOWS"]

_T = SAMPLES["w"]
_SAMPLE = "the sample's; null of fewer than two values"


def _of(expression: str, expected: str, rows: str = _T) -> Example:
    return f"select {expression} as z from {rows}", expected


def _over(expression: str, expected: str, rows: str = _T) -> Example:
    return f"select i, {expression} as z from {rows}", expected


def _fraction(node: exp.Expr) -> Refusal | None:
    given = node.args.get("expression") or node.args.get("quantile")
    within = isinstance(node, exp.WithinGroup) or isinstance(node.parent, exp.WithinGroup)
    node = node.this if isinstance(node, exp.WithinGroup) else node
    value = node.this if within else given
    if isinstance(value, exp.Literal) and not value.is_string:
        return None
    return Refusal("takes one part that is a constant", "Write `quantile_cont(x, 0.9)`.")


def _frame(node: exp.Expr) -> Refusal | None:
    if str(node.args.get("kind") or "").upper() == "GROUPS":
        return Refusal("counts groups of equal rows", "Write `rows` or `range`.")
    if node.args.get("exclude"):
        return Refusal(
            "leaves rows out of a frame", "Subtract them: `sum(x) over (…) - x`."
        )
    return None


_ONE = without("count", instead="Write `row_number() over (…)` to keep several.")

AGGREGATES: tuple[Row, ...] = (
    row(
        "count(*), count(x), count(distinct x)",
        exp.Count,
        "integer",
        _of("count(*)", "3"),
        _of("count(s)", "2"),
        _of("count(distinct s)", "2"),
        note="nulls are not counted",
        also="count",
    ),
    row(
        "count_if(condition)",
        exp.CountIf,
        "integer",
        _of("count_if(i > 1)", "2"),
        also="countif",
    ),
    row(
        "sum(x)",
        exp.Sum,
        "sum",
        _of("sum(x)", "2.8"),
        _of("sum(i)", "6"),
        _of("sum(i * 1.5)", "9.0"),
        _of("sum(distinct i % 2)", "1"),
        note="exact; see [sums](exploitation.md#sums-are-exact)",
    ),
    row(
        "avg(x)",
        (exp.Avg, "mean"),
        "double",
        _of("avg(x)", "0.9333333333333332"),
        _of("avg(i)", "2.0"),
        also="mean",
        note="the exact sum, divided once",
        check=arity(1, 1, "avg(x)"),
    ),
    row(
        "min(x)", exp.Min, "as x", _of("min(x)", "0.1"), _of("min(s)", "'a'"), check=_ONE
    ),
    row(
        "max(x)", exp.Max, "as x", _of("max(x)", "2.5"), _of("max(s)", "'b'"), check=_ONE
    ),
    row(
        "bool_and(condition)", exp.LogicalAnd, "boolean", _of("bool_and(i > 1)", "false")
    ),
    row("bool_or(condition)", exp.LogicalOr, "boolean", _of("bool_or(i > 1)", "true")),
    row(
        "median(x)",
        exp.Median,
        "middle",
        _of("median(x)", "0.2"),
        _of("median(i)", "2.0"),
        note="of numbers",
    ),
    row(
        "quantile_cont(x, part)",
        (exp.PercentileCont, exp.WithinGroup),
        "middle",
        _of("quantile_cont(x, 0.75)", "1.35"),
        note="between two values in proportion",
        check=_fraction,
    ),
    row(
        "quantile_disc(x, part)",
        (exp.PercentileDisc, exp.Quantile),
        "as x",
        _of("quantile_disc(x, 0.5)", "0.2"),
        _of("quantile_disc(i, 0.25)", "1"),
        note="one of the values",
        also="quantile",
        check=_fraction,
    ),
    row(
        "stddev(x)",
        (exp.Stddev, exp.StddevSamp),
        "double",
        _of("stddev(i)", "1.0"),
        also="stddev_samp",
        note=_SAMPLE,
        approximate=True,
    ),
    row(
        "stddev_pop(x)",
        exp.StddevPop,
        "double",
        _of("stddev_pop(i)", "0.816496580927726"),
        approximate=True,
    ),
    row(
        "variance(x)",
        exp.Variance,
        "double",
        _of("variance(i)", "1.0"),
        also="var_samp",
        note=_SAMPLE,
        approximate=True,
    ),
    row(
        "var_pop(x)",
        exp.VariancePop,
        "double",
        _of("var_pop(i)", "0.6666666666666666"),
        approximate=True,
    ),
    row(
        "corr(x, y)",
        exp.Corr,
        "double",
        _of("corr(x, i)", "-0.8470243628419076"),
        approximate=True,
    ),
    row(
        "covar_samp(x, y)",
        exp.CovarSamp,
        "double",
        _of("covar_samp(x, i)", "-1.1500000000000001"),
        approximate=True,
    ),
    row(
        "covar_pop(x, y)",
        exp.CovarPop,
        "double",
        _of("covar_pop(x, i)", "-0.7666666666666667"),
        approximate=True,
    ),
    row(
        "string_agg(s, between order by …)",
        exp.GroupConcat,
        "string",
        _of("string_agg(s, ', ' order by s)", "'a, b'"),
        also="group_concat listagg",
        note="needs an order; nulls are left out",
    ),
    row(
        "first(x order by …)",
        (exp.First, exp.Last),
        "as x",
        _of("first(s order by x)", "'a'"),
        _of("last(s order by x)", "'b'"),
        _of("first(s order by i desc)", "null"),
        also="last",
        note="needs an order; nulls too",
    ),
    row(
        "any_value(x order by …)",
        exp.AnyValue,
        "as x",
        _of("any_value(s order by i desc)", "'a'"),
        note="needs an order; the first that is not null",
        check=without("expressions", instead=""),
    ),
    row(
        "arg_min(x, y order by …)",
        (exp.ArgMin, exp.ArgMax),
        "as x",
        _of("arg_max(s, x order by i)", "'b'"),
        _of("arg_min(i, x order by i)", "2"),
        also="arg_max min_by max_by",
        note="`x` where `y` is least, of rows where none of them is null; the order decides between equals",
        check=_ONE,
    ),
    row(
        "mode(x order by x)",
        exp.Mode,
        "as x",
        _of("mode(i % 2 order by i % 2)", "1"),
        note="the most frequent value, of several the first in order",
    ),
    row(
        "aggregate filter (where …)",
        (exp.Filter,),
        "as x",
        _of("sum(i) filter (where x < 1)", "5"),
        _of("count(*) filter (where i > 9)", "0"),
    ),
    row(
        "grouping(x)",
        exp.Grouping,
        "integer",
        (
            "select s, grouping(s) as g, count(*) as n from (values ('a'), ('a')) t(s) group by rollup (s)",
            "null, 1, 2 | 'a', 0, 2",
        ),
        note="1 where `x` is grouped away by `rollup`, `cube` or `grouping sets`",
    ),
)

_ORDER = "over (order by i)"
WINDOWS: tuple[Row, ...] = (
    row(
        "row_number() over (… order by …)",
        exp.RowNumber,
        "integer",
        _over("row_number() over (order by x)", "1, 3 | 2, 1 | 3, 2"),
    ),
    row(
        "rank(), dense_rank() over (… order by …)",
        (exp.Rank, exp.DenseRank),
        "integer",
        _over("rank() over (order by s is null)", "1, 1 | 2, 1 | 3, 3"),
        _over("dense_rank() over (order by s is null)", "1, 1 | 2, 1 | 3, 2"),
        also="rank dense_rank",
    ),
    row(
        "percent_rank(), cume_dist() over (… order by …)",
        (exp.PercentRank, exp.CumeDist),
        "double",
        _over(f"percent_rank() {_ORDER}", "1, 0.0 | 2, 0.5 | 3, 1.0"),
        _over(
            "cume_dist() over (order by s is null)",
            "1, 0.6666666666666666 | 2, 0.6666666666666666 | 3, 1.0",
        ),
        also="percent_rank cume_dist",
    ),
    row(
        "ntile(n) over (… order by …)",
        exp.Ntile,
        "integer",
        _over(f"ntile(2) {_ORDER}", "1, 1 | 2, 1 | 3, 2"),
    ),
    row(
        "lag(x [, n [, otherwise]]) over (… order by …)",
        (exp.Lag, exp.Lead),
        "as x",
        _over(f"lag(s) {_ORDER}", "1, null | 2, 'b' | 3, 'a'"),
        _over(f"lead(i, 2, 0) {_ORDER}", "1, 3 | 2, 0 | 3, 0"),
        also="lead",
    ),
    row(
        "first_value(x) over (… order by …)",
        (exp.FirstValue, exp.LastValue, exp.NthValue),
        "as x",
        _over(f"first_value(s) {_ORDER}", "1, 'b' | 2, 'b' | 3, 'b'"),
        _over(f"last_value(s ignore nulls) {_ORDER}", "1, 'b' | 2, 'a' | 3, 'a'"),
        _over(f"nth_value(s, 2) {_ORDER}", "1, null | 2, 'a' | 3, 'a'"),
        also="last_value nth_value",
        note="`ignore nulls` behind `x` leaves nulls out",
    ),
    row(
        "aggregate over (partition by … order by …)",
        (exp.Window, exp.IgnoreNulls, exp.RespectNulls),
        "as x",
        _over(f"sum(x) {_ORDER}", "1, 2.5 | 2, 2.6 | 3, 2.8"),
        _over("count(*) over (partition by s is null)", "1, 2 | 2, 2 | 3, 1"),
        note="with an order and no frame: up to the row and its equals",
    ),
    row(
        "rows between … and …",
        exp.WindowSpec,
        "",
        _over(
            "sum(i) over (order by i rows between 1 preceding and current row)",
            "1, 1 | 2, 3 | 3, 5",
        ),
        _over(
            "max(x) over (order by i rows between unbounded preceding and 1 following)",
            "1, 2.5 | 2, 2.5 | 3, 2.5",
        ),
        _over(
            "avg(x) over (order by i rows between 1 following and 2 following)",
            "1, 0.15000000000000002 | 2, 0.2 | 3, null",
        ),
        note="frames of `rows`, or `range` of numbers and intervals",
        check=_frame,
    ),
    row(
        "range between … and …",
        (),
        "",
        _over(
            "count(*) over (order by x range between 0.15 preceding and current row)",
            "1, 1 | 2, 1 | 3, 2",
        ),
        (
            (
                "select t, count(*) over (order by t range between interval 1 hour preceding and current row) as n "
                "from (values (timestamp '2013-01-01 00:00:00'), (timestamp '2013-01-01 00:59:00'), (timestamp '2013-01-01 02:00:00')) v(t)"
            ),
            "2013-01-01 00:00:00, 1 | 2013-01-01 00:59:00, 2 | 2013-01-01 02:00:00, 1",
        ),
    ),
    row(
        "window w as (…)",
        (),
        "",
        (
            "select i, sum(i) over w as z from (values (1), (2)) t(i) window w as (order by i)",
            "1, 1 | 2, 3",
        ),
    ),
    row(
        "qualify condition",
        exp.Qualify,
        "",
        (
            "select i from (values (1), (2)) t(i) qualify row_number() over (order by i desc) = 1",
            "2",
        ),
    ),
)
