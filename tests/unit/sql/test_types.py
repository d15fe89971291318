"""The types told without an engine are those that the engine says."""

import pytest
from sqlglot import exp

from backbone.engines.duckdb import DuckDBEngine
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.sql.compilation import compile_view
from backbone.sql.portable import all_rows
from backbone.sql.types import annotated, type_of
from backbone.sql.views import parse_view

TABLE = AssetName("trusted", "t")
SCHEMA = Schema.of(
    i=INTEGER, d=DOUBLE, m=CanonicalType.parse("decimal(9,3)"), s=STRING, b=BOOLEAN,
    dt=DATE, ts=TIMESTAMP, w=DATETIME, n=CanonicalType.parse("decimal(20,2)"),
)  # fmt: skip
EXAMPLES = [sql for row in all_rows() for sql, _ in row.examples]
OVER_COLUMNS = """
i + i; i + d; i + m; m + m; m + n; m * m; m * n; n * 1.5; m - 1; m % 2; n % i; i // 2; -m;
i * 1.5; d * 1.5; coalesce(m, 1); coalesce(i, 1); coalesce(m, n); greatest(m, i);
case when b then m else 0 end; case when b then dt else w end; least(w, ts); nullif(m, 0);
if(b, i, 1.5); round(m); round(n, 1); round(m, 5); round(i, -1); floor(i); floor(m);
trunc(i); trunc(n); sum(m); sum(n); sum(i); sum(d); avg(m); median(m); median(i);
quantile_cont(m, 0.5); quantile_disc(i, 0.5); min(m); max(dt); dt + 1; dt - dt; dt + interval 1 day;
ts + interval 1 month; w - interval 1 day; date_trunc('day', dt); date_trunc('day', ts);
last_day(w); coalesce(s, 'x'); coalesce(dt, '2013-01-01'); epoch_ms(ts); epoch_ms(i);
time_bucket(interval 1 day, dt); time_bucket(interval 1 day, ts); first(m order by i);
arg_max(dt, i order by i); lag(m) over (order by i); sum(m) over (order by i);
sum(m) filter (where b); count(*); (select max(u.m) from trusted.t u); i in (1, 2);
stddev(m); m between 1 and 2; s || i; concat(s, i); ntile(2) over (order by i);
"""


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=1)
    con = engine.native()
    columns = ", ".join(f"{c.name} {c.type.sql}" for c in SCHEMA)
    con.execute(f'create table "trusted.t" ({columns})')
    yield con
    con.close()
    engine.close()


def written(told):
    if told.kind == "decimal":
        return f"DECIMAL({told.precision},{told.scale})"
    if told.kind == "integer":
        return "INTEGER"
    names = {"string": "VARCHAR", "datetime": "TIMESTAMP", "null": '"NULL"',
             "timestamp": "TIMESTAMP WITH TIME ZONE"}  # fmt: skip
    return names.get(told.kind, told.kind.upper())


WHOLE = {"TINYINT", "SMALLINT", "BIGINT", "HUGEINT", "UBIGINT"}


def compared(connection, sql):
    view = compile_view(parse_view(sql, name="v", file="v.sql"), {TABLE: SCHEMA})
    tree = view.query.steps[0][1]
    made = connection.execute(f"describe {view.query.sql()}").fetchall()
    typed = annotated(tree, view.schemas)
    told = [type_of(each) for each in typed.selects]
    return [written(each) for each in told], [
        "INTEGER" if row[1] in WHOLE else row[1] for row in made
    ]


@pytest.mark.parametrize("sql", EXAMPLES)
def test_types_of_the_examples_are_the_engines(connection, sql):
    sql = sql if sql.startswith(("select", "with")) else f"select {sql} as x"
    told, made = compared(connection, sql)
    assert told == made


@pytest.mark.parametrize(
    "item", [e.strip() for e in OVER_COLUMNS.replace("\n", " ").split(";") if e.strip()]
)
def test_types_over_columns_are_the_engines(connection, item):
    told, made = compared(connection, f"select {item} as x from trusted.t")
    assert told == made


def test_types_pass_through_steps_unions_and_series(connection):
    sql = """with x as (select i as p, m as q from trusted.t union all select n, 1 from trusted.t)
             select max(x.p) as a, min(q) as b, (select count(*) from x) as c, max(g) as g
             from x, generate_series(date '2013-01-01', date '2013-01-02', interval 1 day) s(g)"""
    told, made = compared(connection, sql)
    assert told == made


def test_every_expression_of_a_portable_view_has_a_type():
    sql = "select i, case when b then round(m, 1) + 1 else sum(n) over () end as x from trusted.t"
    view = compile_view(parse_view(sql, name="v", file="v.sql"), {TABLE: SCHEMA})
    typed = annotated(view.expression, view.schemas)
    assert all(
        node.type is not None
        for item in typed.selects
        for node in item.find_all(exp.Condition)
    )
