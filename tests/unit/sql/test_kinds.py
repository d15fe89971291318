"""The kinds of number told without an engine agree with what the engine says."""

import pytest

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
from backbone.sql.binding import bind
from backbone.sql.kinds import kinds_by_scope
from backbone.sql.views import parse_view

TABLE = AssetName("trusted", "t")
SCHEMA = Schema.of(
    i=INTEGER, d=DOUBLE, m=CanonicalType.parse("decimal(9,3)"), s=STRING, b=BOOLEAN,
    dt=DATE, ts=TIMESTAMP, w=DATETIME,
)  # fmt: skip
EXPRESSIONS = """
i; d; m; b; dt; i + 1; i + d; i * m; m * d; m / 2; i / 2; i // 2; i % 2; d % 2; -i;
-d; -m; i * 1.0; i * 1e0; d * 1.5; m * 1.5; greatest(i, d); least(i, 2);
coalesce(d, 0); 1; 1.5; 1e3; coalesce(i, 0); coalesce(m, 0); abs(d); abs(i); abs(m);
round(d, 2); round(m, 1); floor(d); ceil(d); trunc(d); sqrt(i); ln(d); exp(i);
power(i, 2); i ** 2; pow(i, 2); log10(d); log(d); date_diff('day', dt, dt);
datediff('hour', w, w); length(s); strlen(s); epoch(ts); epoch_ms(ts); epoch_us(ts);
date_part('hour', ts); extract(hour from ts); year(dt); hour(w); month(dt);
dayofweek(dt); minute(w); extract(epoch from ts); if(b, 1, 0); if(b, d, 0);
case when b then i else d end; case when b then 1 end; ifnull(d, 0); nullif(d, 0);
cast(i as double); cast(s as float); try_cast(s as double);
cast(s as decimal(10, 2)); i::hugeint; (i > 3)::int; sum(i); sum(d); sum(m); avg(i);
avg(m); avg(d); min(d); max(i); count(*); count(i); median(d); quantile_cont(d, 0.5);
stddev(d); corr(d, d); sin(d); sign(d); d - d; i - d; m - m; dt - dt; bit_count(i);
product(d); mode(d order by d); arg_max(d, i order by i); any_value(d order by d);
count(*) filter (where b); mad(d); sum(i) over (order by i);
lag(d) over (order by i); row_number() over (order by i); avg(i) over (order by i);
rank() over (order by i); fmod(d, 2); gcd(i, i); len(s);
jaro_winkler_similarity(s, s); levenshtein(s, s); instr(s, 'a'); position('a' in s);
(select max(u.d) from trusted.t u); (select max(u.i) from trusted.t u);
i between 1 and 2; b and b; i in (1, 2); not b; sum(distinct d); count(distinct i);
"""
KINDS = {"DOUBLE": "float", "FLOAT": "float", "BOOLEAN": "integer", "DATE": "date"}


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=1)
    con = engine.native()
    columns = ", ".join(f"{c.name} {c.type.sql}" for c in SCHEMA)
    con.execute("create schema trusted")
    con.execute(f"create table trusted.t ({columns})")
    yield con
    con.close()
    engine.close()


def told(sql):
    view = bind(parse_view(sql, name="v", file="v.sql"), {TABLE: SCHEMA})
    kinds = kinds_by_scope(view.expression, view.schemas)
    return kinds[id(view.expression)].of(view.expression.selects[0])


@pytest.mark.parametrize(
    "expression",
    [e.strip() for e in EXPRESSIONS.replace("\n", ";").split(";") if e.strip()],
)
def test_the_kind_is_what_the_engine_makes(connection, expression):
    sql = f"select {expression} as z from trusted.t"
    made = connection.execute(f"describe {sql}").fetchone()[1]
    expected = KINDS.get(made) or ("decimal" if made.startswith("DECIMAL") else "integer")
    assert told(sql) == expected, made


def test_kinds_pass_through_steps_unions_and_series():
    through = """with x as (select i as p, d as q from trusted.t union all select d, i
                 from trusted.t), y as (select max(p) as p, min(q) as q from x)
                 select {} as z from y"""
    assert told(through.format("y.p")) == told(through.format("q")) == "float"
    assert told("select n as z from range(3) r(n)") == "integer"


def test_what_nothing_tells_is_unknown():
    assert told("select some_function(i) as z from trusted.t") == "unknown"
    assert told("select some_function(i) + d as z from trusted.t") == "float"
