"""Plans on Spark: the rows of the definition, and no pair of large relations compared."""

from __future__ import annotations

import datetime as dt
import math
import random
import re
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from duckdb import connect
from tests.engines.relations import scan_of
from tests.truth.denials import (
    arrow,
    brute,
    random_rows,
    random_rule,
    random_sorted_rule,
)
from tests.truth.test_mixed import MIXED, OTHERS, all_pairs
from tests.truth.test_sequences import brute as in_order
from tests.truth.test_sequences import random_claims

from backbone.engines.protocol import Scan
from backbone.management.trusted.finding import parting
from backbone.management.trusted.finding.detect import (
    Cut,
    detection,
    pair_count,
    violations,
)
from backbone.management.trusted.finding.parting import Reading, parted
from backbone.management.trusted.rows.keeping import kept, reading
from backbone.management.trusted.rows.pieces import nested, union
from backbone.management.trusted.rules.shapes import shape_of
from backbone.model.constraints import Sequence
from backbone.model.schemas import Schema
from backbone.model.types import (
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.sql.denial import parse
from backbone.sql.queries import Query

pytestmark = pytest.mark.spark

SCHEMA = Schema.of(
    _row=INTEGER, g=INTEGER, a=INTEGER, b=INTEGER, x=DOUBLE, y=DOUBLE, s=STRING, u=STRING
)
SHAPES = [
    "t1.g = t2.g",
    "t1.a <> t2.a",
    "t1.s <> t2.s and t1.a <> t2.a",
    "t1.a < t2.b",
    "t1.a < t2.a and t1.s <> t2.s",
    "t1.g = t2.g and t1.a <= t2.a",
    "t1.g = t2.g and t1.a <= t2.a and t1.s <> t2.s and t1.x <> t2.x",
]
SORTED = [
    "t1.g = t2.g and t1.a < t2.a and t1.x > t2.x",
    "t1.a <= t2.a and t1.x >= t2.y",
    "t1.g = t2.g and t1.a < t2.a and t1.x > t2.x and t1.s <> t2.s",
]
HALVED = [
    "t1.g = t2.g and t1.a < t2.a and t1.x > t2.x and t1.b <= t2.b",
    "t1.a < t2.b and t1.x > t2.x and t1.b <= t2.a",
    "t1.a < t2.a and t1.x > t2.x and t1.s <> t2.s and t1.b <> t2.b",
]


@pytest.fixture(scope="module")
def session(spark_engine):
    with spark_engine.session() as opened:
        yield opened


@pytest.mark.parametrize("key", [True, False])
def test_groups_cut_into_ranges_give_the_same_rows(session, tmp_path, key):
    rng = random.Random(3000 + key)
    rows = random_rows(rng, groups=3 if key else 1, size=16)
    path = tmp_path / "rows.parquet"
    pq.write_table(arrow(rows), path, write_statistics=False)
    inputs = {"rows": Scan((str(path),), SCHEMA)}
    for ranges in (None, 4, 40):
        constraint, claims = random_sorted_rule(rng, key=key)
        expected, _ = brute(rows, claims)
        cut = Cut(ranges, 2 * len(rows)) if ranges else None
        found = session.fetch(violations(constraint, cut=cut), inputs).to_pylist()
        assert {r["_row"]: r["role"] for r in found} == expected, constraint.text
        assert len(found) == len(expected)


@pytest.mark.parametrize("kind", ["three orders", "counts", "parts"])
def test_long_rules_find_the_same_rows(session, monkeypatch, tmp_path, kind):
    monkeypatch.setattr(parting, "_FEW", -1)
    rng = random.Random(6000 + len(kind))
    for key in (True, False):
        rows = random_rows(rng, groups=6 if key else 1, size=12)
        path = tmp_path / "rows.parquet"
        pq.write_table(arrow(rows), path, write_statistics=False)
        inputs = {"rows": Scan((str(path),), SCHEMA)}
        constraint, claims = random_rule(rng, {kind}, key=key)
        expected, _ = brute(rows, claims)
        if kind == "parts":
            source = Reading([], inputs, SCHEMA, len(rows))
            query, inputs = parted(session, constraint, source)
        else:
            hits = detection(constraint, schema=SCHEMA, rows=len(rows))
            steps = list(hits.query.steps)
            known, inputs = kept(session, steps, hits.kept, inputs)
            query = Query(tuple(reading(steps, known)))
        found = session.fetch(query, inputs).to_pylist()
        assert {r["_row"]: r["role"] for r in found} == expected, constraint.text


@pytest.mark.parametrize("per", [(), ("g",)])
def test_neighbours_are_found_in_ranges_too(session, tmp_path, per):
    rng = random.Random(4000 + len(per))
    rows = random_rows(rng, groups=3, size=16)
    path = tmp_path / "rows.parquet"
    pq.write_table(arrow(rows), path, write_statistics=False)
    inputs = {"rows": Scan((str(path),), SCHEMA)}
    for ranges in (None, 4, 40):
        order, claims = Sequence(("x",), per), random_claims(rng)
        text = " and ".join(claim.text() for claim in claims)
        constraint = parse("r", text, sequence=order)
        cut = Cut(ranges, 2 * len(rows)) if ranges else None
        query = violations(constraint, schema=SCHEMA, cut=cut)
        found = session.fetch(query, inputs).to_pylist()
        assert {r["_row"]: r["role"] for r in found} == in_order(rows, order, claims)


def test_conditions_on_both_rows_at_once_are_those_of_all_pairs(session, tmp_path):
    """A random table with many groups is as many random tables: a rule has one query."""
    rng = random.Random(7000)
    rows = random_rows(rng, groups=12, size=7)
    inputs = {"rows": scan_of(tmp_path / "rows.parquet", rows, SCHEMA)}
    rules = []
    for place, text in enumerate(MIXED):
        some = ["t1.g = t2.g", text, *rng.sample(OTHERS[1:], place % 3)]
        rules.append(parse("r", " and ".join(some)))
    found = [nested(violations(r), ["_row", "role"], n) for n, r in enumerate(rules)]
    pairs = [nested(pair_count(r, rows=100), ["pairs"], n) for n, r in enumerate(rules)]
    roles = {place: {} for place in range(len(rules))}
    for row in session.fetch(Query.of(union(found)), inputs).to_pylist():
        assert row["_row"] not in roles[row["_place"]]
        roles[row["_place"]][row["_row"]] = row["role"]
    counted = session.fetch(Query.of(union(pairs)), inputs).to_pylist()
    counts = {row["_place"]: row["pairs"] for row in counted}
    with connect() as connection:
        connection.register("rows", arrow(rows))
        for place, rule in enumerate(rules):
            expected, every = all_pairs(connection, rule.text)
            assert roles[place] == expected, rule.text
            once = {frozenset(pair) for pair in every}
            wanted = once if shape_of(rule).symmetric else every
            assert counts[place] == len(wanted), rule.text
    assert all(roles.values())


TERMS = [
    "a + 1 > 0", "a * 2 = 2", "a - b > 3", "-b > 0", "abs(b) > 1", "a // b > 0",
    "a % b = 1", "a / b > 0.5", "x / 0 > 1", "sqrt(x) is null", "sqrt(a - 2) > 0",
    "power(x, 2) > 4", "round(x, 2) = 2.68", "floor(x) < 0", "sign(x) = 1",
    "cast(x as bigint) = 3", "cast(x as varchar) like '%.5'", "d + 1 > 2", "m / 3 > 0.5",
    "cast(m as varchar) = '2.50'", "cast(t as varchar) like '%+00'",
    "length(s) = 1", "lower(s) like 'a%'", "left(s, -1) = '1'", "substr(s, -1) = '2'",
    "split_part(s, '.', 2) = '5'", "s like '%\\%'", "s ilike 'a%'",
    "regexp_full_match(s, '[0-9].*')", "regexp_matches(s, '^[0-9]+$')",
    "levenshtein(s, 'e') = 1", "jaro_winkler_similarity(s, '12') > 0.5",
    "date_diff('hour', w, timestamp '2013-01-01 04:59:59') = -1", "isodow(day) = 2",
    "date_trunc('week', t) < t", "day + 3 > cast(t as date)", "day - date '2013-01-01' > 0",
    "w + a * interval 1 minute > timestamp '2013-01-01'",
    "t + b * interval 1 day > timestamptz '2013-01-01 00:00:00+00'",
    "day + a * interval 1 month > date '2013-01-01'", "a in ('1', '7')",
    "day in ('2013-01-01')", "m in ('2.5', '0.01')", "a between m and d",
]  # fmt: skip
VALUES = {
    "a": [2**63 - 1, 1, None, -5, 0, 7],
    "b": [0, 3, -(2**63), 1, 2, -1],
    "x": [math.nan, math.inf, -2.5, 0.0, 2.675, 1e300],
    "d": [*map(Decimal, ("9999999999999999999999999999.9999999999", "-1.5", "0", "2.5"))],
    "m": [Decimal("9999999.99"), Decimal("0.01"), None, Decimal("2.50")],
    "s": ["12", "2.5", "\u00e9", "", "A\nb%_\\", "1e3"],
    "day": [dt.date(9999, 12, 31), dt.date(1, 1, 1), None, dt.date(2013, 1, 1)],
    "t": [dt.datetime(2024, 3, 31, 1, 30, 0, 250000, tzinfo=dt.UTC), None,
          dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC),
          dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)],
    "w": [dt.datetime(2013, 1, 1, 5), dt.datetime(9999, 12, 31, 23), None,
          dt.datetime(1, 1, 1)],
}  # fmt: skip
TERM_SCHEMA = Schema.of(
    _row=INTEGER,
    a=INTEGER,
    b=INTEGER,
    x=DOUBLE,
    d=CanonicalType.parse("decimal(38,10)"),
    m=CanonicalType.parse("decimal(9,2)"),
    s=STRING,
    day=DATE,
    t=TIMESTAMP,
    w=DATETIME,
)


def test_terms_mean_the_same_and_what_fails_on_a_value_is_null(
    session, duckdb_engine, tmp_path
):
    rows = [
        {"_row": i, **{n: v[(i * place + i // 7) % len(v)] for place, (n, v) in told}}
        for i in range(42)
        for told in [list(enumerate(VALUES.items(), start=1))]
    ]
    inputs = {"rows": scan_of(tmp_path / "rows.parquet", rows, TERM_SCHEMA)}
    made = [violations(parse("r", text), schema=TERM_SCHEMA) for text in TERMS]
    nested_ = [nested(query, ["_row"], place) for place, query in enumerate(made)]
    every = Query.of(union(nested_))

    def found(opened):
        rows = opened.fetch(every, inputs).to_pylist()
        places = {text: [] for text in TERMS}
        for row in rows:
            places[TERMS[row["_place"]]].append(row["_row"])
        return {text: sorted(numbers) for text, numbers in places.items()}

    with duckdb_engine.session() as opened:
        expected = found(opened)
    assert found(session) == expected
    assert [text for text, numbers in expected.items() if not numbers] == []


def queries():
    for text in (*SHAPES, *SORTED, *HALVED):
        constraint = parse("r", text)
        yield pytest.param(violations(constraint, rows=4), id=text)
        if shape_of(constraint).has_counts:
            yield pytest.param(pair_count(constraint, rows=4), id=f"pairs: {text}")
        if text in SORTED:
            cut = violations(constraint, cut=Cut(50, 10**8))
            yield pytest.param(cut, id=f"cut: {text}")


@pytest.mark.parametrize("query", list(queries()))
def test_no_plan_compares_all_pairs(spark_engine, tmp_path, query):
    from backbone.engines.spark.dialect import spark_sql  # noqa: PLC0415 - needs pyspark

    spark = spark_engine.native()
    path = tmp_path / "rows.parquet"
    pq.write_table(arrow([dict.fromkeys(SCHEMA.names, None)]), path)
    spark.read.parquet(str(path)).createOrReplaceTempView("rows_of_plans")
    broadcast = "spark.sql.autoBroadcastJoinThreshold"
    before = spark.conf.get(broadcast)
    spark.conf.set(broadcast, "-1")  # nothing is taken for small that is not said to be
    try:
        text = f"EXPLAIN {spark_sql(query, {'rows': 'rows_of_plans'})}"
        plan = spark.sql(text).collect()[0][0]
    finally:
        spark.conf.set(broadcast, before)
        spark.catalog.dropTempView("rows_of_plans")
    assert "CartesianProduct" not in plan
    for join in re.findall(r"BroadcastNestedLoopJoin (\w+)", plan):
        assert join == "BuildRight", "all of a relation would go to every task"
