"""Plans on Spark: the rows of the definition, and no pair of large relations compared."""

from __future__ import annotations

import random
import re

import pyarrow.parquet as pq
import pytest
from tests.truth.denials import arrow, brute, random_rows, random_sorted_rule

from backbone.engines.protocol import Scan
from backbone.management.trusted.detect import Cut, pair_count, violations
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.sql.denial import parse

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
]
SORTED = [
    "t1.g = t2.g and t1.a < t2.a and t1.x > t2.x",
    "t1.a <= t2.a and t1.x >= t2.y",
    "t1.g = t2.g and t1.a < t2.a and t1.x > t2.x and t1.s <> t2.s",
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


def queries():
    for text in (*SHAPES, *SORTED):
        constraint = parse("r", text)
        yield pytest.param(violations(constraint), id=text)
        if counted := pair_count(constraint):
            yield pytest.param(counted, id=f"pairs: {text}")
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
