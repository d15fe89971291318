"""Where columns come from, through every shape of select."""

import time

import pytest

from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER
from backbone.sql.binding import bind
from backbone.sql.lineage import column_lineage
from backbone.sql.views import parse_view


def told(sources):
    return {
        f"{s.asset.table}.{s.column}" + ("" if s.kind == "value" else f" {s.kind}")
        for s in sources
    }


@pytest.fixture
def lineage(bound):
    def found(sql):
        traced = column_lineage(bound(sql))
        return {name: told(s) for name, s in traced.values.items()}, told(traced.rows)

    return found


CASES = {
    "where": (
        "select a, b * 2 as z, 1 as one from trusted.t where k = 'x'",
        {"a": {"t.a"}, "z": {"t.b"}, "one": set()},
        {"t.k filter"},
    ),
    "star and join": (
        "select t.*, c from trusted.t left join trusted.u using (a)",
        {"a": {"t.a"}, "b": {"t.b"}, "k": {"t.k"}, "at": {"t.at"}, "c": {"u.c"}},
        {"t.a join", "u.a join"},
    ),
    "group, having": (
        "select k, sum(b) as s from trusted.t group by k having max(a) > 1",
        {"k": {"t.k"}, "s": {"t.b"}},
        {"t.k group", "t.a filter"},
    ),
    "group by all": (
        "select k, count(*) as n from trusted.t group by all",
        {"k": {"t.k"}, "n": set()},
        {"t.k group"},
    ),
    "steps": (
        """with s as (select a + 1 as p, b from trusted.t where k = 'x'),
           r as (select p as q, max(b) as m from s group by p) select q, m / 2 as h from r""",
        {"q": {"t.a"}, "h": {"t.b"}},
        {"t.k filter", "t.a group"},
    ),
    "filtered aggregate": (
        "select sum(b) filter (where k = 'x') as s from trusted.t",
        {"s": {"t.b", "t.k filter"}},
        set(),
    ),
    "window": (
        "select a, rank() over (partition by k order by b) as r from trusted.t",
        {"a": {"t.a"}, "r": {"t.k window", "t.b window"}},
        set(),
    ),
    "named window, qualify": (
        """select a, sum(b) over w as s from trusted.t window w as (partition by k)
           qualify s > 1""",
        {"a": {"t.a"}, "s": {"t.b", "t.k window"}},
        {"t.b filter", "t.k filter"},
    ),
    "union": (
        "select a from trusted.t union select a from trusted.u",
        {"a": {"t.a", "u.a"}},
        {"t.a group", "u.a group"},
    ),
    "union all": (
        "select a, k from trusted.t union all select c, 'x' from trusted.u where temp > 1",
        {"a": {"t.a", "u.c"}, "k": {"t.k"}},
        {"u.Temp filter"},
    ),
    "except": (
        "select a from trusted.t except all select a from trusted.u where c > 1",
        {"a": {"t.a"}},
        {"u.a filter", "u.c filter"},
    ),
    "subquery of a column": (
        "select (select max(c) from trusted.u where u.a = t.a) as m from trusted.t",
        {"m": {"u.c", "u.a filter", "t.a filter"}},
        set(),
    ),
    "exists": (
        "select a from trusted.t where exists (select 1 from trusted.u where u.c = t.b)",
        {"a": {"t.a"}},
        {"u.c filter", "t.b filter"},
    ),
    "in": (
        "select a from trusted.t where a in (select a from trusted.u)",
        {"a": {"t.a"}},
        {"t.a filter", "u.a filter"},
    ),
    "semi join": (
        "select t.a from trusted.t semi join trusted.u on t.a = u.a and u.c > 1",
        {"a": {"t.a"}},
        {"t.a join", "u.a join", "u.c join"},
    ),
    "lateral": (
        """select l.m from trusted.t left join lateral
           (select max(c) as m from trusted.u where u.a = t.a) l on true""",
        {"m": {"u.c"}},
        {"u.a filter", "t.a filter"},
    ),
    "unnest": (
        "select q.z from trusted.t, unnest([t.b]) as q(z)",
        {"z": {"t.b"}},
        set(),
    ),
    "distinct": (
        "select distinct k from trusted.t",
        {"k": {"t.k"}},
        {"t.k group"},
    ),
    "distinct on": (
        "select distinct on (k) k as key, b from trusted.t order by k, a",
        {"key": {"t.k"}, "b": {"t.b"}},
        {"t.k group", "t.k filter", "t.a filter"},
    ),
    "first few": (
        "select a as x from trusted.t order by x, b limit 3",
        {"x": {"t.a"}},
        {"t.a filter", "t.b filter"},
    ),
    "an order changes no rows": (
        "select a from trusted.t order by b",
        {"a": {"t.a"}},
        set(),
    ),
    "first few of a union": (
        "select a, b from trusted.t union all select a, c from trusted.u order by b limit 3",
        {"a": {"t.a", "u.a"}, "b": {"t.b", "u.c"}},
        {"t.b filter", "u.c filter"},
    ),
    "values and series": (
        "select v.p, n from (values (1)) v(p), range(3) r(n)",
        {"p": set(), "n": set()},
        set(),
    ),
    "lambda": (
        "select list_sum(list_transform([a], x -> x + b)) as l from trusted.t",
        {"l": {"t.a", "t.b"}},
        set(),
    ),
    "our verbs": (
        "select to_utc(at, k) as u from trusted.t",
        {"u": {"t.at", "t.k"}},
        set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "values", "rows"), CASES.values(), ids=CASES.keys())
def test_sources_of_columns_and_rows(lineage, sql, values, rows):
    assert lineage(sql) == (values, rows)


def test_all_sources_of_a_column(bound):
    traced = column_lineage(bound("select a, b from trusted.t where k = 'x'"))
    assert told(traced.of("a")) == {"t.a", "t.k filter"}


def test_wide_views_are_quick():
    table = AssetName("trusted", "wide")
    names = [f"c{i}" for i in range(300)]
    schema = Schema.of(a=INTEGER, **dict.fromkeys(names, DOUBLE))
    sums = ", ".join(f"sum({n}) as {n}" for n in names)
    sql = f"""with x as (select * from trusted.wide), y as (select a, {sums} from x group by a),
        z as (select * from y union all select * from y) select z.* from z where c1 > 0"""
    began = time.process_time()
    traced = column_lineage(
        bind(parse_view(sql, name="v", file="v.sql"), {table: schema})
    )
    assert len(traced.values) == 301
    assert told(traced.of("c7")) == {"wide.c7", "wide.a group", "wide.c1 filter"}
    assert time.process_time() - began < 5
