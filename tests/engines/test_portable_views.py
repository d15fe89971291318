"""Whole views on DuckDB and on Spark: groups, windows, joins and verbs, sums to the bit."""

from __future__ import annotations

import math
import random
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines.expressions import SCHEMA, edges
from tests.truth.test_readings import ALL as READ

from backbone.engines.protocol import Scan
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

EDGES, NUMBERS, TEXTS = (AssetName("trusted", name) for name in ("t", "numbers", "texts"))
SCHEMAS = {
    EDGES: SCHEMA,
    NUMBERS: Schema.of(id=INTEGER, g=INTEGER, x=DOUBLE),
    TEXTS: Schema.of(id=INTEGER, s=STRING),
}
APPROXIMATE = {"sd", "vp", "co", "cs"}
VIEWS = {
    "aggregates": """select i as g, count(*) as n, count(x) as c, count(distinct s) as cd, sum(i) as si,
        sum(x) as sx, avg(x) as ax, sum(m) as sm, avg(m) as am, avg(j) as aj, min(x) as mn, max(x) as mx,
        min(s) as ms, max(w) as mw, min(b) as mb, bool_and(b) as ba, bool_or(b) as bo, count_if(b) as cb,
        sum(distinct j) as sd_, sum(distinct y) as sy from trusted.t group by i""",
    "middles": """select j as g, median(x) as a, median(i) as b, median(m) as c, quantile_cont(y, 0.9) as d,
        quantile_cont(n, 0.25) as e, quantile_disc(x, 0.3) as f, quantile_disc(s, 0.5) as h,
        quantile_disc(d, 0.75) as k, mode(i order by i) as o,
        percentile_cont(0.4) within group (order by y) as p from trusted.t group by j""",
    "ordered": """select j as g, string_agg(s, '|' order by u, id) as a, string_agg(s, ',' order by id desc) as b,
        first(s order by x, id) as c, last(s order by x desc, id) as d, first(x order by s nulls first) as e,
        any_value(u order by y desc, id) as f, arg_max(s, x order by id) as h, arg_min(d, y order by id) as k,
        first(i order by b, x desc) as l, last(i order by s) as m, string_agg(distinct s, '/' order by s) as n,
        string_agg(i, '-' order by i) as o from trusted.t group by j""",
    "approximate": """select i as g, stddev(j) as sd, var_pop(m) as vp, corr(j, m) as co, covar_samp(j, i) as cs
        from trusted.t group by i""",
    "filters": """select i as g, sum(x) filter (where b) as a, count(*) filter (where s is null) as n,
        avg(m) filter (where j > 0) as c, median(y) filter (where not b) as d,
        string_agg(s, ',' order by id) filter (where b) as e, first(s order by id) filter (where j > 1) as f
        from trusted.t group by i""",
    "windows": """select id, row_number() over (partition by i order by x, id) as a, rank() over (order by x) as b,
        dense_rank() over (order by s desc nulls first) as c, percent_rank() over (order by i) as d,
        cume_dist() over (order by j) as e, ntile(7) over (order by id) as f, lag(s, 2, 'none') over (order by id) as h,
        lead(x) over (partition by b order by id) as k, first_value(x) over (partition by i order by id) as l,
        last_value(s ignore nulls) over (order by id) as m, nth_value(d, 2) over (partition by j order by id) as n,
        sum(x) over (partition by j order by id) as o, avg(y) over (order by id rows between 5 preceding and current row) as p,
        sum(i) over (order by j) as q, count(*) over (order by x range between 1.5 preceding and 1 following) as r,
        max(s) over (partition by i) as t, sum(m) over (order by id rows between 1 following and 3 following) as u,
        median(x) over (partition by j) as v, min(w) over (order by d range between interval 400 days preceding and current row) as w
        from trusted.t""",
    "joins": """with a as (select id, i, s, x from trusted.t where id < 40),
        b as (select id, j as i, s, y from trusted.t where id >= 30)
        select a.id as left_id, b.id as right_id, coalesce(a.s, b.s) as s, a.x / b.y as q
        from a full join b on a.i = b.i and a.s is not distinct from b.s""",
    "subqueries": """select id, (select max(z.id) from trusted.t z where z.i = t.i and z.j < t.j) as m from trusted.t
        where exists (select 1 from trusted.t z where z.j = t.i and z.id <> t.id)
        and j not in (select i from trusted.t where i > 5) and s in (select u from trusted.t)""",
    "sets": """select i, s from trusted.t union select j, u from trusted.t
        except select i, u from trusted.t order by i, s limit 30""",
    "groupings": """select i, b, grouping(i) as gi, grouping(b) as gb, count(*) as n, sum(x) as s from trusted.t
        where isfinite(x) group by grouping sets ((i, b), (i), ()) having count(*) > 1""",
    "distinct_on": "select distinct on (i) i, x, id from trusted.t order by i, x desc nulls last, id",
    "qualified": """select i, s, id from trusted.t qualify row_number() over (partition by i order by s, id) <= 2
        and count(*) over (partition by i) > 3""",
    "series": """select t.id, z, t.d + z as day from trusted.t, range(3) r(z) where t.id < 9 union all
        select g, g * 2, null from generate_series(10, 4, -3) s(g)""",
    "lateral": """select t.id, l.n, l.m from trusted.t
        left join lateral (select count(*) as n, max(z.x) as m from trusted.t z where z.i = t.j) l on true""",
    "asof": """select l.id, r.id as found, r.s, r.x from trusted.t l asof left join trusted.t r
        on l.i = r.j and l.w >= r.w""",
    "asof_next": """select l.id, r.d as day, r.m from trusted.t l asof join trusted.t r on l.e < r.d""",
    "counters": """select id, counter_increase(i) over (partition by b order by id) as a,
        counter_increase(x) over (order by id) as c from trusted.t where isfinite(x) or x is null""",
    "buckets": """select time_bucket(interval 6 hours, at, timestamptz '2013-01-01 03:00:00Z') as bucket,
        local_day(at, 'Europe/Belgrade') as day, count(*) as n, sum(x) as s from trusted.t
        where isfinite(x) group by bucket, day""",
    "values": """select coalesce(v.name, 'other') as name, sum(t.m) as total
        from trusted.t left join (values (1, 'one'), (2, 'two')) v(k, name) on t.i = v.k group by name""",
}  # fmt: skip


NUMBERS_OF = {
    "usual": lambda chance: chance.gauss(0, 1) * 10 ** chance.randint(-6, 6),
    "whole": lambda chance: float(chance.randint(-(10**15), 10**15)),
    "large": lambda chance: chance.uniform(-1, 1) * 2.0 ** chance.randint(50, 63),
    "small": lambda chance: chance.uniform(-1, 1) * 2.0 ** chance.randint(-103, -40),
    "cancel": lambda chance: chance.choice([1e16, -1e16, 1.0, 0.1, -0.1, None]),
    "special": lambda chance: chance.choice(
        [math.inf, -math.inf, math.nan, 0.0, -0.0, 1.5, None]
    ),
    "far": lambda chance: chance.uniform(-1, 1) * 2.0 ** chance.randint(-1060, 1023),
    "ends": lambda chance: chance.choice([5e-324, -5e-324, 1e-310, 2e-300, 1e308, 1e300]),
}


def numbers(kinds, seed):
    chance = random.Random(seed)
    rows = [
        (group, NUMBERS_OF[kind](chance))
        for group in range(300)
        for kind in [chance.choice(kinds)]
        for _ in range(chance.randint(1, 25))
    ]
    chance.shuffle(rows)
    groups, values = zip(*rows, strict=True)
    columns = [range(len(rows)), groups, values]
    types = [pa.int64(), pa.int64(), pa.float64()]
    arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=["id", "g", "x"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def rows_of(engines, table, asset, sql, folder):
    """Return the rows of a view by engine, in an order of their own."""
    path = folder / f"{asset.table}_{abs(hash(sql))}.parquet"
    pq.write_table(table, path)
    view = compile_view(parse_view(sql, name="v", file="v.sql"), SCHEMAS)
    found = []
    for engine in engines:
        with engine.session() as session:
            scan = Scan((str(path),), SCHEMAS[asset])
            made = session.fetch(view.query, {str(asset): scan}).to_pylist()
        found.append(
            sorted(([same(n, row[n]) for n in view.columns] for row in made), key=repr)
        )
    return found


def same(name, value):
    if not isinstance(value, float):
        return value
    if name in APPROXIMATE and math.isfinite(value):
        return f"{value:.9g}"
    return "nan" if math.isnan(value) else struct.pack("<d", value + 0.0)


@pytest.mark.spark
@pytest.mark.parametrize("sql", VIEWS.values(), ids=VIEWS)
def test_a_view_has_the_same_rows_on_spark(duckdb_engine, spark_engine, folder, sql):
    ours, theirs = rows_of(
        (duckdb_engine, spark_engine), edges(70, 3), EDGES, sql, folder
    )
    assert len(ours) > 1
    assert theirs == ours


USUAL = ["usual", "whole", "large", "small", "cancel", "special"]
SUMS = "select g, sum(x) as s, avg(x) as a, sum(x) filter (where id % 2 = 0) as f from trusted.numbers group by g"
RUNNING = """select id, avg(x) over (partition by g) as a,
             sum(x) over (partition by g order by id rows between 3 preceding and current row) as s
             from trusted.numbers"""


@pytest.mark.spark
@pytest.mark.parametrize("sql", [SUMS, RUNNING], ids=["groups", "windows"])
@pytest.mark.parametrize("kinds", [USUAL, [*USUAL, "far", "ends"]], ids=["usual", "far"])
def test_sums_are_the_same_to_the_bit(duckdb_engine, spark_engine, folder, sql, kinds):
    table = numbers(kinds, 5)
    ours, theirs = rows_of((duckdb_engine, spark_engine), table, NUMBERS, sql, folder)
    assert theirs == ours


@pytest.mark.spark
def test_a_sum_that_fits_at_the_end_fits(duckdb_engine, spark_engine, folder):
    values = [2**62, 2**62, 2**62, -(2**62), -(2**62), 1]
    table = pa.table({"id": pa.array(values, pa.int64()), "g": [1] * 6, "x": [0.0] * 6})
    sql = "select sum(id) as s, avg(id) as a from trusted.numbers"
    ours, theirs = rows_of((duckdb_engine, spark_engine), table, NUMBERS, sql, folder)
    assert theirs == ours
    assert ours[0][0] == 2**62 + 1


KINDS = [
    "boolean",
    "bigint",
    "int",
    "double",
    "decimal(6,2)",
    "date",
    "timestamp",
    "timestamptz",
]
FORMATS = [
    "%d.%m.%Y %H:%M",
    "%Y%m%d",
    "%b %d, %Y %I:%M %p",
    "%d %B %y %H:%M:%S.%f",
    "%m/%d/%Y",
]
WRITTEN = [
    "10.03.2013 07:05", "1.3.2013 7:05", "30.02.2013 07:05", "20130310", "20130230", "00010203",
    "Mar 10, 2013 07:05 PM", "march 10, 2013 12:05 AM", "MAR 9, 2013 12:00 pm", "3/9/2013",
    "10 March 69 07:05:09.5", "9 may 68 07:05:09.123456", "12/31/9999", "13/1/2013", "",
]  # fmt: skip


@pytest.mark.spark
def test_texts_are_the_same_values(duckdb_engine, spark_engine, folder):
    texts = [None, *READ, *WRITTEN]
    table = pa.table({"id": pa.array(range(len(texts)), pa.int64()), "s": texts})
    casts = [f"safe_cast(s as {kind}) as k{i}" for i, kind in enumerate(KINDS)]
    times = [f"try_strptime(s, '{form}') as f{i}" for i, form in enumerate(FORMATS)]
    sql = f"select id, {', '.join([*casts, *times])} from trusted.texts"
    ours, theirs = rows_of((duckdb_engine, spark_engine), table, TEXTS, sql, folder)
    wrong = [
        (texts[a[0]], a, b)
        for a, b in zip(
            *(sorted(each, key=lambda row: row[0]) for each in (ours, theirs)),
            strict=True,
        )
        if a != b
    ]
    assert wrong == []
