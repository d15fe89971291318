"""What the rewriting of aggregates leaves, changes and refuses."""

import math

import pytest
from sqlglot import parse_one

from backbone.engines.duckdb import DuckDBEngine
from backbone.errors import EngineError
from backbone.sql.queries import Query

ROWS = """(1, 0.1, 'x'), (1, 0.2, 'x'), (1, 0.3, 'y'), (2, 1e16, 'x'), (2, 1.0, 'y'),
          (2, -1e16, 'y'), (3, null, 'x'), (4, 0.5, 'x'), (4, 0.5, 'y')"""


TENTHS = math.fsum([0.1, 0.2, 0.3])


@pytest.fixture(scope="module")
def session():
    engine = DuckDBEngine(threads=2)
    con = engine.native()
    con.execute(
        f"""create table "trusted.t" as select a::bigint as a, b::double as b, k,
            timestamp '2013-01-01' as at from (values {ROWS}) v(a, b, k)"""
    )
    yield con
    con.close()
    engine.close()


@pytest.fixture
def run(session, compiled):
    return lambda sql: session.execute(
        compiled(sql, portable=False).query.sql()
    ).fetchall()


CASES = [
    ("sum(b)", "a", {1: TENTHS, 2: 1.0, 3: None, 4: 1.0}),
    ("avg(b)", "a", {1: TENTHS / 3, 2: 1 / 3, 3: None, 4: 0.5}),
    ("mean(b)", "a", {1: TENTHS / 3, 2: 1 / 3, 3: None, 4: 0.5}),
    ("fsum(b)", "a", {1: TENTHS, 2: 1.0, 3: None, 4: 1.0}),
    (
        "sum(b order by b desc)",
        "a",
        {1: TENTHS, 2: 1.0, 3: None, 4: 1.0},
    ),
    ("sum(b) filter (where k = 'x')", "a", {1: 0.1 + 0.2, 2: 1e16, 3: None, 4: 0.5}),
    ("avg(b) filter (where k = 'y')", "a", {1: 0.3, 2: -5e15, 3: None, 4: 0.5}),
    ("sum(b) + count(b)", "a", {1: 3.6, 2: 4.0, 3: None, 4: 3.0}),
    ("sum(b * 2 + 1)", "a", {1: 4.2, 2: 3.0, 3: None, 4: 4.0}),
    ("sum(distinct b)", "a", {1: 0.1 + 0.2 + 0.3, 2: 0.0, 3: None, 4: 0.5}),
    ("avg(distinct b)", "a", {1: (0.1 + 0.2 + 0.3) / 3, 2: 0.0, 3: None, 4: 0.5}),
    ("sum(a)", "a", {1: 3, 2: 6, 3: 3, 4: 8}),
    ("avg(a)", "a", {1: 1.0, 2: 2.0, 3: 3.0, 4: 4.0}),
    ("stddev(b)", "a", {1: pytest.approx(0.1), 2: pytest.approx(1e16), 3: None, 4: 0.0}),
]


@pytest.mark.parametrize(
    ("item", "by", "expected"), CASES, ids=[case[0] for case in CASES]
)
def test_grouped_aggregates(run, item, by, expected):
    found = dict(run(f"select {by} as g, {item} as x from trusted.t group by all"))
    assert found == expected


def test_sums_in_every_clause(run):
    sql = """select a, sum(b) as s from trusted.t group by a
             having sum(b) >= 0.6 and avg(b) < 0.4 order by sum(b) desc"""
    assert run(sql) == [(2, 1.0), (1, TENTHS)]


def test_windows(run):
    sql = """select a, sum(b) over (partition by a) as s, avg(b) over (partition by a) as m,
             sum(b) over (partition by k order by a, b rows between 1 preceding and current row) as r
             from trusted.t where a < 3"""
    found = sorted(run(sql), key=repr)
    assert {(a, s, m) for a, s, m, _ in found} == {
        (1, TENTHS, TENTHS / 3), (2, 1.0, 1 / 3)
    }  # fmt: skip
    assert sorted(r for *_, r in found) == sorted(
        [0.1, 0.1 + 0.2, 0.2 + 1e16, 0.3, 0.3 - 1e16, -1e16 + 1.0]
    )


def test_a_sum_of_sums(run):
    sql = "select a, sum(sum(b)) over (order by a) as s from trusted.t where a < 3 group by a"
    assert sorted(run(sql)) == [(1, TENTHS), (2, 1.6)]


def test_sums_in_steps_and_subqueries(run):
    sql = """with s as (select a, sum(b) as s from trusted.t group by a)
             select sum(s) as total, (select avg(b) from trusted.t where a = 1) as m from s"""
    assert run(sql) == [(math.fsum([TENTHS, 1.0, 1.0]), TENTHS / 3)]


def test_grouping_sets(run):
    found = dict(
        run("select a, sum(b) as s from trusted.t where a < 3 group by rollup (a)")
    )
    assert found == {1: TENTHS, 2: 1.0, None: 1.6}


def test_types_stay_what_they_are(session, compiled):
    sql = """select sum(a) as i, sum(b) as d, sum(a * 1.5) as m, avg(a) as ai, avg(a * 1.5) as am,
             sum(a > 1) as n, sum(cast(b as float)) as f, count(*) as c from trusted.t"""
    described = session.execute(
        f"describe {compiled(sql, portable=False).query.sql()}"
    ).fetchall()
    assert [row[1] for row in described] == [
        "BIGINT", "DOUBLE", "DECIMAL(38,1)", "DOUBLE", "DOUBLE", "BIGINT", "DOUBLE", "BIGINT"
    ]  # fmt: skip


def test_a_sum_of_integers_beyond_64_bits_is_an_error_not_another_number(compiled):
    view = compiled("select sum(9223372036854775807 + 0 * a) as s from trusted.t")
    rows = parse_one("select 1::bigint as a from range(3)", dialect="duckdb")
    engine = DuckDBEngine(threads=1)
    with engine.session() as session:
        staged = session.stage(Query.of(rows), {})
        with pytest.raises(EngineError):
            session.fetch(view.query, {"trusted.t": staged})
    engine.close()


def test_approximate_aggregates_go_through_their_values_in_order(compiled):
    sql = compiled(
        "select stddev(b) as s, corr(a, b) as c, var_pop(distinct b) as v, product(b) as p, "
        "stddev(b) over (order by a) as r, stddev(b) over (partition by k) as w from trusted.t "
        "group by all",
        portable=False,
    ).query.sql()
    for written in (
        'STDDEV("t"."b" ORDER BY "t"."b")',
        'CORR("t"."a", "t"."b" ORDER BY "t"."a", "t"."b")',
        'VAR_POP(DISTINCT "t"."b" ORDER BY "t"."b")',
        'PRODUCT("t"."b" ORDER BY "t"."b")',
        'STDDEV("t"."b") OVER (ORDER BY "t"."a")',
        'STDDEV("t"."b" ORDER BY "t"."b") OVER (PARTITION BY "t"."k")',
    ):
        assert written in sql


def test_what_is_not_about_numbers_is_left_alone(bound, compiled):
    for sql in (
        "select count(*) as n, max(b) as m, min(k) as k from trusted.t",
        "select sum(at - at) as s from trusted.t",
        "select median(b) as m, quantile_cont(b, 0.9) as q from trusted.t",
    ):
        assert compiled(sql).expression == bound(sql).expression
