"""Origin rows against what they mean: without the others the row stays as it is.

For small random tables, every row of a view and every way to leave out input rows that
are not among its origins: the row is still there (so nothing that matters was left
out); and from the origins alone the same row is made.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.duckdb import DuckDBEngine
from backbone.governance.provenance import origins
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import INTEGER, STRING
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

T, U = AssetName("trusted", "t"), AssetName("trusted", "u")
W = AssetName("exploitation", "w")
SCHEMAS = {
    T: Schema.of(a=INTEGER, b=INTEGER, k=STRING).with_columns(*ORIGIN),
    U: Schema.of(a=INTEGER, c=INTEGER).with_columns(*ORIGIN),
}
INNER = "select a, max(b) as m, count(*) as n from trusted.t group by a"

VIEWS = {
    "filter": "select a, b + 1 as b1 from trusted.t where b > 0",
    "inner join": "select t.a, b, c from trusted.t join trusted.u using (a)",
    "left join": "select t.a, b, c from trusted.t left join trusted.u using (a)",
    "full join": "select t.a, u.a as ua, b, c from trusted.t full join trusted.u on t.a = u.a",
    "orphans": "select t.a, b from trusted.t left join trusted.u using (a) where u.a is null",
    "self join": "select x.a, y.b from trusted.t x join trusted.t y on x.a = y.b",
    "cross join": "select t.b, u.c from trusted.t, trusted.u",
    "group": "select a, sum(b) as s, count(*) as n from trusted.t group by a",
    "group all": "select a, k, avg(b) as m from trusted.t group by all",
    "filtered aggregate": "select a, sum(b) filter (where k = 'x') as s from trusted.t group by a",
    "whole": "select count(*) as n, max(b) as m from trusted.t",
    "having": "select a, min(b) as m from trusted.t group by a having count(*) > 1",
    "rollup": "select a, k, count(*) as n from trusted.t group by rollup (a, k)",
    "join of groups": """with x as (select a, sum(b) as s from trusted.t group by a),
        y as (select a, max(c) as m from trusted.u group by a)
        select x.a, s, m from x left join y using (a)""",
    "group of join": """select t.k, sum(c) as s from trusted.t join trusted.u on t.a = u.a
        group by t.k""",
    "distinct": "select distinct a, k from trusted.t",
    "distinct, first": "select distinct a from trusted.t order by a limit 2",
    "distinct on": "select distinct on (a) a, b, k from trusted.t order by a, b, k",
    "first": "select a, b, k from trusted.t order by a, b, k limit 2",
    "union all": "select a, b from trusted.t union all select a, c from trusted.u",
    "union": "select a from trusted.t union select a from trusted.u",
    "intersect": "select a, b from trusted.t intersect select a, c from trusted.u",
    "except": "select a, b from trusted.t except select a, c from trusted.u",
    "nested sets": """(select a from trusted.t union all select c from trusted.u)
        intersect select b from trusted.t""",
    "exists": "select a, b from trusted.t where exists (select 1 from trusted.u where u.a = t.a)",
    "not exists": """select a, b from trusted.t
        where not exists (select 1 from trusted.u where u.a = t.a)""",
    "in": "select k, count(*) as n from trusted.t where a in (select a from trusted.u) group by k",
    "pairs in": "select k from trusted.t where (a, b) in (select a, c from trusted.u)",
    "not in": "select a, b from trusted.t where a not in (select a from trusted.u where a > 0)",
    "semi join": "select t.a, b from trusted.t semi join trusted.u on t.a = u.a and u.c > 0",
    "anti join": "select t.a, b from trusted.t anti join trusted.u on t.a = u.a",
    "a looked up": """select a, b, (select max(c) from trusted.u where u.a = t.a) as m
        from trusted.t""",
    "more than average": "select a, b from trusted.t where b >= (select avg(c) from trusted.u)",
    "asked in a group": """select a, sum(b) as s, (select count(*) from trusted.u) as n
        from trusted.t group by a having sum(b) >= (select min(c) from trusted.u)""",
    "asked in a sum": """select a, sum(b * (select max(c) from trusted.u where u.a = t.a)) as s
        from trusted.t group by a""",
    "lateral": """select t.a, t.b, l.m from trusted.t left join lateral
        (select max(c) as m from trusted.u where u.a = t.a) l on true""",
    "steps used twice": """with x as (select a, b from trusted.t where b > 0)
        select p.a, q.b from x p join x q on p.a = q.a""",
    "series": "select n, sum(b) as s from range(3) r(n) left join trusted.t on a = n group by n",
    "values": """select v.name, t.b from (values (1, 'one'), (2, 'two')) v(id, name)
        join trusted.t on t.a = v.id""",
    "of a view": "select w.a, m, c from exploitation.w join trusted.u on w.n = u.a",
}  # fmt: skip


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=1)
    con = engine.native()
    columns = ", ".join(f"{c.name} {c.type.sql}" for c in SCHEMAS[T])
    con.execute(f"create table t ({columns}, id bigint, here boolean)")
    columns = ", ".join(f"{c.name} {c.type.sql}" for c in SCHEMAS[U])
    con.execute(f"create table u ({columns}, id bigint, here boolean)")
    con.execute('create view "trusted.t" as select * from t where here')
    con.execute('create view "trusted.u" as select * from u where here')
    con.execute(
        f'create view "exploitation.w" as {INNER.replace("trusted.t", "t where here")}'
    )
    yield con
    con.close()
    engine.close()


INNER_VIEW = compile_view(parse_view(INNER, name="w", file="w.sql"), SCHEMAS)
SCHEMAS[W] = Schema.of(a=INTEGER, m=INTEGER, n=INTEGER)

small = st.integers(-1, 2)
t_rows = st.lists(st.tuples(small | st.none(), small, st.sampled_from("xy")), max_size=4)
u_rows = st.lists(st.tuples(small | st.none(), small), max_size=3)


def fill(con, name, rows):
    con.execute(f"delete from {name}")
    for number, row in enumerate(rows):
        marks = ", ".join("?" for _ in row)
        con.execute(
            f"insert into {name} values ({marks}, 'd', 'f', {number}, {number}, true)",
            row,
        )


def keep(con, t_ids, u_ids):
    for name, ids in (("t", t_ids), ("u", u_ids)):
        wanted = ", ".join(map(str, ids)) or "null"
        con.execute(f"update {name} set here = coalesce(id in ({wanted}), false)")


def found_by(con, view, row):
    key = dict(zip(view.columns, row, strict=True))
    found = con.execute(origins(view, key, views={W: INNER_VIEW}).sql()).fetchall()
    return {
        name: {record for asset, _, _, record, _ in found if asset == f"trusted.{name}"}
        for name in "tu"
    }


@pytest.mark.parametrize("sql", VIEWS.values(), ids=VIEWS.keys())
@settings(max_examples=12, deadline=None)
@given(t=t_rows, u=u_rows)
def test_origins_are_all_that_a_row_needs(connection, sql, t, u):
    view = compile_view(parse_view(sql, name="v", file="v.sql"), SCHEMAS)
    fill(connection, "t", t)
    fill(connection, "u", u)
    everything = {"t": set(range(len(t))), "u": set(range(len(u)))}
    text = view.query.sql()
    rows = set(connection.execute(text).fetchall())
    for row in sorted(rows, key=repr)[:3]:
        keep(connection, everything["t"], everything["u"])
        own = found_by(connection, view, row)
        kept = [own] + [
            {**everything, name: everything[name] - {left_out}}
            for name in "tu"
            for left_out in everything[name] - own[name]
        ]
        for ids in kept:
            keep(connection, ids["t"], ids["u"])
            assert row in connection.execute(text).fetchall(), (row, own, ids)


def test_origins_are_no_more_than_is_needed(connection):
    fill(connection, "t", [(1, 5, "x"), (1, 7, "x"), (2, 9, "y")])
    fill(connection, "u", [(1, 3), (2, 4)])
    view = compile_view(
        parse_view(VIEWS["join of groups"], name="v", file="v.sql"), SCHEMAS
    )
    assert found_by(connection, view, (1, 12, 3)) == {"t": {0, 1}, "u": {0}}
