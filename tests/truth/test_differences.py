"""What changed between two tables, against multisets of Python's."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.engines.duckdb import DuckDBEngine
from backbone.governance.differences import AFTER, BEFORE, CHANGES, compared
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, STRING

SCHEMA = Schema.of(k=INTEGER, v=DOUBLE, s=STRING)
TYPES = pa.schema([("k", pa.int64()), ("v", pa.float64()), ("s", pa.string())])
ROW = st.tuples(
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([None, 0.0, -0.0, 1.5, math.nan, math.inf]),
    st.sampled_from([None, "", "a", "é"]),
)
TABLE = st.lists(ROW, max_size=8)


@pytest.fixture(scope="module")
def engine():
    with_engine = DuckDBEngine(threads=1)
    yield with_engine
    with_engine.close()


def changes(engine, before, after, key):
    columns = compared(SCHEMA, SCHEMA, key)
    with engine.session() as session:
        sides = {
            name: session.hold(
                pa.table(list(zip(*rows, strict=True)) or [[]] * 3, schema=TYPES), SCHEMA
            )
            for name, rows in ((BEFORE, before), (AFTER, after))
        }
        made = session.stage(columns.changes(), sides)
        totals = session.fetch(columns.totals(), {CHANGES: made}).to_pylist()[0]
        return totals, session.fetch(
            columns.sample("changed"), {CHANGES: made}
        ).to_pylist()


def plain(row):
    """A row as it is compared: NaN is equal to itself, and the zeros to one another."""
    return tuple(
        "nan" if isinstance(x, float) and math.isnan(x) else (x + 0.0 if x == 0 else x)
        for x in row
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=TABLE, after=TABLE)
def test_without_a_key_rows_come_and_go(engine, before, after):
    totals, _ = changes(engine, before, after, ())
    old, new = Counter(map(plain, before)), Counter(map(plain, after))
    assert (totals["added"], totals["removed"]) == (
        (new - old).total(),
        (old - new).total(),
    )
    assert totals["changed"] == 0


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=TABLE, after=TABLE)
def test_by_key_rows_change(engine, before, after):
    totals, sample = changes(engine, before, after, ("k",))
    old, new = Counter(map(plain, before)), Counter(map(plain, after))
    went, came = (new - old, old - new)[1], (new - old, old - new)[0]
    by_key = {
        key: (
            sum(n for row, n in went.items() if row[0] == key),
            sum(n for row, n in came.items() if row[0] == key),
        )
        for key in {row[0] for row in itertools.chain(went, came)}
    }
    assert totals["changed"] == sum(min(pair) for pair in by_key.values())
    assert totals["added"] == sum(max(n - m, 0) for m, n in by_key.values())
    assert totals["removed"] == sum(max(m - n, 0) for m, n in by_key.values())
    for row in sample:
        assert row["o0"] == row["n0"]
        assert plain((row["o1"], row["o2"])) != plain((row["n1"], row["n2"]))


def test_a_key_of_another_type_is_none():
    other = Schema.of(k=STRING, v=DOUBLE)
    found = compared(SCHEMA, other, ("k",))
    assert (found.names, found.key) == (["v"], ())
    assert [one.name for one in found.removed] == ["s"]
    assert [(old.name, str(new.type)) for old, new in found.retyped] == [("k", "string")]
