"""Exact sums against `math.fsum` and fractions: any order, any number of threads."""

import math
import random
import struct
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from backbone.engines.duckdb import DuckDBEngine
from backbone.sql.sums import exact_average, exact_sum

X = exp.column("x")
SUM = exact_sum(X).sql("duckdb")
AVERAGE = exact_average(X).sql("duckdb")
OVER = exp.Window(this=exp.Count(this=X), over="OVER")


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=2)
    con = engine.native()
    yield con
    con.close()
    engine.close()


def bits(value):
    return None if value is None else struct.pack("<d", value)


def total(connection, values, sql=SUM):
    connection.register("given", pa.table({"x": pa.array(values, pa.float64())}))
    return connection.sql(f"select {sql} from given").fetchone()[0]


def in_lanes(value):
    return value == 0 or 2**-52 <= abs(value) < 2**63


usual = st.floats(allow_nan=False, allow_infinity=False).filter(in_lanes)
numbers = st.lists(usual, min_size=1, max_size=40)
anything = st.lists(st.none() | st.floats(), max_size=40)


@settings(max_examples=150, deadline=None)
@given(numbers)
@example([1e16, 1.0, -1e16])
@example([0.1] * 10)
@example([-(2.0**62), 2.0**62 - 1024, 2.0**-52, -(2.0**-52) * 1.5])
@example([0.9] * 30 + [-9.0] * 3)
@example([-(2.0**63) + 1024, 2.0**63 - 1024, 0.3])
def test_the_sum_is_the_double_next_to_the_true_one(connection, values):
    true = sum(map(Fraction, values))
    found = total(connection, values)
    unit = Fraction(math.ulp(float(true)))
    allowed = unit * Fraction(500_001, 1_000_000) + len(values) * Fraction(1, 2**104)
    assert abs(Fraction(found) - true) <= allowed


@settings(max_examples=150, deadline=None)
@given(anything, st.randoms(use_true_random=False))
@example([1e308, 1e308, -1e308], random.Random(1))
@example([5e-324, 1.0, -1.0], random.Random(1))
@example([math.inf, -math.inf, 1.0], random.Random(1))
@example([math.nan, math.inf], random.Random(1))
def test_the_order_of_rows_does_not_matter(connection, values, shuffler):
    mixed = list(values)
    shuffler.shuffle(mixed)
    assert bits(total(connection, values)) == bits(total(connection, mixed))
    assert bits(total(connection, values, AVERAGE)) == bits(
        total(connection, mixed, AVERAGE)
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-(2.0**-52), 2.0**-52), min_size=1, max_size=30))
@example([5e-324])
@example([1e-300, 1e-300])
def test_tiny_numbers_keep_their_digits(connection, values):
    true = sum(map(Fraction, values))
    found = total(connection, values)
    largest = max(abs(v) for v in values)
    assert abs(Fraction(found) - true) <= 2 * Fraction(math.ulp(len(values) * largest))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.floats(2.0**63, 1e306) | st.floats(-1e306, -(2.0**63)), min_size=1, max_size=30
    )
)
def test_huge_numbers_are_added_exactly(connection, values):
    assert total(connection, values) == float(sum(map(int, values)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([None, None], None),
        ([None, 1.5], 1.5),
        ([0.0], 0.0),
        ([-0.0], 0.0),
        ([math.inf, 1.0], math.inf),
        ([-math.inf, 1e308], -math.inf),
        ([math.inf, -math.inf], math.nan),
        ([math.nan, 1.0, None], math.nan),
        ([1e308, 1e308], math.inf),
        ([1e300, 1.0, -1e300], 1.0),
        ([-(2.0**63)], -(2.0**63)),
        ([2.0**63], 2.0**63),
        ([1.0, 0.6, 1.0], 2.6),
        ([0.1] * 10, 1.0),
        ([1e-300, 1e-300], 2e-300),
        ([1e-20, 1.0, -1.0], 1e-20),
        ([5e-324], 5e-324),
    ],
)
def test_corners(connection, values, expected):
    assert bits(total(connection, values)) == bits(expected)


def test_nan_and_infinity_average_like_sums(connection):
    assert total(connection, [1.0, 2.0, None], AVERAGE) == 1.5
    assert total(connection, [], AVERAGE) is None
    assert math.isnan(total(connection, [math.nan, 1.0], AVERAGE))


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e12, 1e-3])
def test_the_same_bits_on_any_number_of_threads_and_in_any_order(scale):
    chance = random.Random(7)
    values = [chance.gauss(0, 1) * scale for _ in range(300_000)]
    groups = [chance.randrange(5) for _ in values]
    fsums = {
        g: math.fsum(v for v, k in zip(values, groups, strict=True) if k == g)
        for g in range(5)
    }
    found = set()
    for threads in (1, 2, 4):
        engine = DuckDBEngine(threads=threads)
        con = engine.native()
        table = pa.table({"g": groups, "x": values})
        con.register("given", table)
        for order in ("", "order by md5(cast(x as varchar))", "order by x"):
            con.execute(f"create or replace table t as select * from given {order}")
            rows = con.execute(f"select g, {SUM} from t group by g order by g").fetchall()
            found.add(tuple((g, bits(s)) for g, s in rows))
            for g, s in rows:
                assert abs(s - fsums[g]) <= math.ulp(fsums[g])
        con.close()
        engine.close()
    assert len(found) == 1


def test_running_sums_agree_with_fsum(connection):
    chance = random.Random(3)
    values = [
        chance.choice([chance.gauss(0, 100), 1e300, -1e300, 1e-30, None])
        for _ in range(300)
    ]
    connection.register("given", pa.table({"i": range(300), "x": values}))
    frame = "over (order by i rows between 6 preceding and current row)"
    spec = exp.maybe_parse(f"count(x) {frame}", dialect="duckdb")

    def around(aggregate):
        window = spec.copy()
        window.set("this", aggregate)
        return window

    sql = exact_sum(X, around).sql("duckdb")
    rows = connection.sql(f"select i, {sql} from given order by i").fetchall()
    for i, found in rows:
        seen = [v for v in values[max(0, i - 6) : i + 1] if v is not None]
        expected = math.fsum(seen) if seen else None
        assert (
            found == pytest.approx(expected, rel=1e-15, abs=0) if seen else found is None
        )
