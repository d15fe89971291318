"""Sandbox and split against slow references, and against the order of rows."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from backbone.analysis.sandbox import sandbox_query
from backbone.model.schemas import Schema
from backbone.model.types import DATE, DOUBLE, INTEGER, STRING, TIMESTAMP
from backbone.project.analysis import Analysis

FIRST = datetime(2024, 3, 1, tzinfo=UTC)
SCHEMA = Schema.of(
    id=INTEGER, name=STRING, at=TIMESTAMP, day=DATE, x=DOUBLE, y=DOUBLE, g=STRING
)


def declared(**more):
    question = {
        "kind": "predict",
        "question": "?",
        "from": "trusted.a",
        "target": "x > 0",
        "features": ["y", "name", "day"],
        "models": {"m": {"estimator": "sklearn.svm.SVC"}},
        "choose": {"metric": "brier"},
        "validate": {"metrics": ["brier"]},
        "split": {"by": "time", "column": "at"},
        **more,
    }
    return TypeAdapter(Analysis).validate_python(question)


def rows_of(declaration, source, *, threads=1):
    query, _ = sandbox_query(declaration, SCHEMA)
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("source", source)
        return (
            connection.execute(query.sql()).to_arrow_table().sort_by("_row").to_pylist()
        )


def table_of(minutes, groups, numbers):
    n = len(minutes)
    return pa.table(
        {
            "id": pa.array(range(n), pa.int64()),
            "name": pa.array([f"n{i % 3}" if i % 4 else None for i in range(n)]),
            "at": pa.array(
                [FIRST + timedelta(minutes=m) for m in minutes],
                pa.timestamp("us", "UTC"),
            ),
            "day": pa.array([(FIRST + timedelta(days=m)).date() for m in minutes]),
            "x": pa.array([1.0] * n),
            "y": pa.array(numbers, pa.float64()),
            "g": pa.array(groups, pa.string()),
        }
    )


lists = st.integers(5, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 12), min_size=n, max_size=n),
        st.lists(st.sampled_from(["a", "b", "c", "d", "", None]), min_size=n, max_size=n),
        st.lists(
            st.one_of(
                st.none(),
                st.sampled_from([0.0, -0.0, float("nan"), float("inf"), 1e300, 1e12]),
                st.floats(-100, 100),
            ),
            min_size=n,
            max_size=n,
        ),
    )
)
shares = st.sampled_from([(0.1, 0.1), (0.2, 0.3), (0.5, 0.1)])


@settings(max_examples=25, deadline=None)
@given(lists=lists, shares=shares)
def test_one_instant_is_on_one_side(lists, shares):
    test, validation = shares
    split = {"by": "time", "column": "at", "test": test, "validation": validation}
    minutes = lists[0]
    rows = rows_of(declared(split=split, key=["id"]), table_of(*lists))
    n = len(minutes)
    for row in rows:
        later = sum(other > minutes[row["id"]] for other in minutes)
        expected = "train"
        if later < n * (test + validation) - 1e-9:
            expected = "validation"
        if later < n * test - 1e-9:
            expected = "test"
        assert row["_part"] == expected


@settings(max_examples=25, deadline=None)
@given(lists=lists, shares=shares)
def test_whole_groups_in_the_order_of_their_digests(lists, shares):
    test, validation = shares
    split = {
        "by": "group", "column": "g", "test": test, "validation": validation, "seed": 3,
    }  # fmt: skip
    groups = lists[1]
    rows = rows_of(declared(split=split, key=["id"]), table_of(*lists))

    def digest(group):
        text = "n" if group is None else f"{len(group)}:{group}"
        return hashlib.md5(f"split:3|{text}".encode()).hexdigest()

    digests = [digest(group) for group in groups]
    n = len(groups)
    for row in rows:
        before = sum(other < digests[row["id"]] for other in digests)
        expected = "train"
        if before < n * (test + validation) - 1e-9:
            expected = "validation"
        if before < n * test - 1e-9:
            expected = "test"
        assert row["_part"] == expected


@settings(max_examples=30, deadline=None)
@given(
    lists=lists,
    by=st.sampled_from(
        [
            {"by": "random"},
            {"by": "stratified", "column": "name"},
            {"by": "group", "column": "g"},
            {"by": "time", "column": "at"},
        ]
    ),
    keyed=st.booleans(),
    data=st.data(),
)
def test_the_order_of_rows_does_not_matter(lists, by, keyed, data):
    key = ["id"] if keyed else []
    columns = [] if keyed else ["g", "at"]
    sandbox = {"sample": 8, "seed": 5, "columns": columns}
    declaration = declared(split=by, key=key, sandbox=sandbox)
    source = table_of(*lists)
    order = data.draw(st.permutations(range(source.num_rows)))
    shuffled = source.take(pa.array(order))
    # NaN is not itself and 0 is -0 in Python: the text of rows tells them apart or not
    first = [str(row) for row in rows_of(declaration, source)]
    second = [str(row) for row in rows_of(declaration, shuffled, threads=2)]
    assert [text.replace("-0.0", "0.0") for text in first] == [
        text.replace("-0.0", "0.0") for text in second
    ]


def test_a_sample_is_a_fair_draw():
    n, taken = 4000, 400
    numbers = list(np.linspace(0, 1, n))
    source = table_of([i % 13 for i in range(n)], ["a"] * n, numbers)
    means = []
    for seed in range(30):
        sandbox = {"sample": taken, "seed": seed}
        rows = rows_of(declared(key=["id"], sandbox=sandbox), source)
        means.append(np.mean([row["y"] for row in rows]))
    error = np.std(numbers) / np.sqrt(taken) * np.sqrt(1 - taken / n)
    assert np.std(means) == pytest.approx(error, rel=0.35)
    assert np.mean(means) == pytest.approx(0.5, abs=4 * error / np.sqrt(30))
