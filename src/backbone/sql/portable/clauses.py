"""The portable subset: the clauses of a select."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.rows import SAMPLES, Refusal, Row, row

__all__ = ["CLAUSES", "SILENT"]

_T, _U = SAMPLES["t"], SAMPLES["u"]

SILENT: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Alias,
        exp.Boolean,
        exp.Column,
        exp.DataType,
        exp.DataTypeParam,
        exp.Dot,
        exp.From,
        exp.Identifier,
        exp.Literal,
        exp.Null,
        exp.Ordered,
        exp.Paren,
        exp.RawString,
        exp.Table,
        exp.TableAlias,
        exp.Tuple,
        exp.Var,
        exp.National,
        exp.Where,
        exp.Having,
        exp.Select,
        exp.Subquery,
        exp.CTE,
        exp.PropertyEQ,
        exp.ByteString,
        exp.Order,
    }
)
"""What is in every select, or only a part of what a row describes."""


def _using(node: exp.Expr) -> Refusal | None:
    if str(node.args.get("method") or "").upper() == "ASOF" and node.args.get("using"):
        return Refusal(
            "does not say which time comes first",
            "Write `asof join u on t.k = u.k and t.at >= u.at`.",
        )
    return None


def _limit(node: exp.Expr) -> Refusal | None:
    options = node.args.get("limit_options")
    if options is not None and (
        options.args.get("percent") or options.args.get("with_ties")
    ):
        return Refusal(
            "keeps a part of the rows",
            "Write `qualify row_number() over (order by …) <= n`.",
        )
    return None


def _series(node: exp.Expr) -> Refusal | None:
    if not isinstance(node.parent, exp.Table):
        instead = "Write it behind `from`: `from generate_series(1, 3) s(n)`."
        return Refusal("makes a list", instead)
    step, start = node.args.get("step"), node.args.get("start")
    unit = str(step.args.get("unit") or "") if isinstance(step, exp.Interval) else ""
    day = str(start.name)[8:10] if isinstance(start, exp.Cast) else ""
    if unit.upper().startswith(_LONG) and not "01" <= day <= "28":
        return Refusal(
            "counts months from a day that not every month has",
            "Count numbers: `date '2013-01-31' + to_months(n) … from range(12) s(n)`.",
        )
    return None


_LONG = ("MONTH", "QUARTER", "YEAR")


CLAUSES: tuple[Row, ...] = (
    row(
        "select … from … where …",
        (),
        "",
        (f"select k, s as name from {_T} where s > 'a'", "2, 'b' | 2, 'c'"),
        (f"select s from {_T} where k > (select min(k) from {_T})", "'b' | 'c'"),
    ),
    row(
        "select *, t.*, * exclude (…), * replace (…)",
        exp.Star,
        "",
        (f"select * exclude (s) from {_T} where k = 1", "1"),
        (f"select * replace (k + 1 as k) from {_T} where k = 1", "2, 'a'"),
        note="the public columns: those without an underscore in front",
    ),
    row("select distinct", exp.Distinct, "", (f"select distinct k from {_T}", "1 | 2")),
    row(
        "select distinct on (…) … order by …",
        (),
        "",
        (f"select distinct on (k) k, s from {_T} order by k, s desc", "1, 'a' | 2, 'c'"),
        note="needs an order that decides",
    ),
    row(
        "join … on …, join … using (…)",
        exp.Join,
        "",
        (f"select t.s, u.n from {_T} join {_U} on t.k = u.k", "'b', 10 | 'c', 10"),
        (
            f"select k, s, n from {_T} left join {_U} using (k)",
            "1, 'a', null | 2, 'b', 10 | 2, 'c', 10",
        ),
        (
            f"select t.s, u.n from {_T} full join {_U} on t.k = u.k",
            "null, 20 | 'a', null | 'b', 10 | 'c', 10",
        ),
        (
            f"select t.s, u.n from {_T} right join {_U} on t.k = u.k and t.s = 'b'",
            "null, 20 | 'b', 10",
        ),
        (f"select t.s, u.n from {_T} cross join {_U} where u.n > t.k * 10", "'a', 20"),
        (f"select s from {_T} semi join {_U} using (k)", "'b' | 'c'"),
        (f"select s from {_T} anti join {_U} using (k)", "'a'"),
        note="`inner`, `left`, `right`, `full`, `cross`, `semi`, `anti`",
        check=_using,
    ),
    row(
        "exists (…), in (select …)",
        exp.Exists,
        "boolean",
        (
            f"select s from {_T} where exists (select 1 from {_U} where u.k = t.k)",
            "'b' | 'c'",
        ),
        (f"select s from {_T} where k not in (select u.k from {_U})", "'a'"),
    ),
    row(
        "join lateral (…)",
        exp.Lateral,
        "",
        (
            f"select t.s, l.n from {_T} left join lateral (select max(n) as n from {_U} where u.k = t.k) l on true",
            "'a', null | 'b', 10 | 'c', 10",
        ),
    ),
    row(
        "group by … having …",
        exp.Group,
        "",
        (f"select k, count(*) as n from {_T} group by k having count(*) > 1", "2, 2"),
        (f"select k % 2 as odd, count(*) as n from {_T} group by odd", "0, 2 | 1, 1"),
        (f"select k, max(s) as s from {_T} group by all", "1, 'a' | 2, 'c'"),
        note="by columns, by aliases, by place, `all`",
    ),
    row(
        "group by rollup | cube | grouping sets",
        (exp.Rollup, exp.Cube, exp.GroupingSets),
        "",
        (
            f"select k, count(*) as n from {_T} group by rollup (k)",
            "null, 3 | 1, 1 | 2, 2",
        ),
        (
            f"select k, s, count(*) as n from {_T} where k = 2 group by grouping sets ((k), (s))",
            "null, 'b', 1 | null, 'c', 1 | 2, null, 2",
        ),
    ),
    row(
        "with … as (…)",
        exp.With,
        "",
        (
            f"with a as (select k from {_T}), b(x) as (select k + 1 from a) select max(x) as m from b",
            "3",
        ),
        note="not recursive",
    ),
    row(
        "union [all], intersect, except",
        (exp.Union, exp.Intersect, exp.Except),
        "",
        (f"select k from {_T} union select k from {_U}", "1 | 2 | 3"),
        (f"select k from {_T} union all select k from {_U}", "1 | 2 | 2 | 2 | 3"),
        (f"select k from {_T} intersect select k from {_U}", "2"),
        (f"select k from {_T} except select k from {_U}", "1"),
        (f"select k from {_T} except all select k from {_U}", "1 | 2"),
    ),
    row(
        "order by … limit … offset …",
        (exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions),
        "",
        (f"select s from {_T} order by k desc, s limit 1", "'b'"),
        (f"select s from {_T} order by s limit 1 offset 1", "'b'"),
        ("select x from (values (1), (null)) v(x) order by x limit 1", "1"),
        note="nulls come last unless `nulls first` is written; `limit` needs an order",
        check=_limit,
    ),
    row(
        "values (…), (…)",
        exp.Values,
        "",
        ("select a, b from (values (1, 'x'), (2, null)) v(a, b)", "1, 'x' | 2, null"),
    ),
    row(
        "generate_series(from, to [, step])",
        exp.GenerateSeries,
        "",
        ("select n from generate_series(1, 3) s(n)", "1 | 2 | 3"),
        ("select n from range(1, 3) s(n)", "1 | 2"),
        ("select n from generate_series(3, 1) s(n)", ""),
        ("select n from generate_series(5, 1, -2) s(n)", "1 | 3 | 5"),
        (
            "select d from generate_series(timestamp '2013-01-15', timestamp '2013-04-01', interval 1 month) s(d)",
            "2013-01-15 00:00:00 | 2013-02-15 00:00:00 | 2013-03-15 00:00:00",
        ),
        note="behind `from`; `range` leaves the end out",
        also="range",
        check=_series,
    ),
)
