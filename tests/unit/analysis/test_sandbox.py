"""The sandbox: which rows, in which order, and where the others went."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from backbone.analysis.sandbox import (
    account_query,
    read_account,
    sandbox_query,
    sandbox_schema,
)
from backbone.errors import DeclarationError
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE


def made(compute, declaration, schema, source, **more):
    return compute(sandbox_query(declaration, schema)[0], source=source, **more)


def test_it_holds_what_is_named_and_what_is_made(
    declare, questions, schema, trips, compute
):
    declaration = declare(questions["predict"]())
    query, made_schema = sandbox_query(declaration, schema)
    table = compute(query, source=trips)
    assert table.column_names == list(made_schema.names)
    assert table.column_names == [
        "trip", "start", "line", "rain", "stops", "express", "_row", "_target", "_part",
    ]  # fmt: skip
    assert made_schema == sandbox_schema(declaration, schema)


def test_rows_without_target_are_counted_not_kept(
    declare, questions, schema, trips, compute
):
    declaration = declare(questions["predict"](sandbox={"where": "stops >= 10"}))
    table = made(compute, declaration, schema, trips)
    counts = compute(account_query(declaration, schema), source=trips)
    account = read_account(counts, declaration)
    stops, delay = trips["stops"].to_numpy(), trips["delay"].to_numpy()
    inside = stops >= 10
    assert account.source == 1500
    assert account.outside == (~inside).sum()
    assert account.unlabelled == (inside & np.isnan(delay)).sum()
    assert account.sandbox == table.num_rows == (inside & ~np.isnan(delay)).sum()
    assert table["_target"].null_count == 0


def test_infinite_outcomes_are_no_outcomes(declare, questions, schema, compute, trips):
    bad = pa.array([float("inf"), float("nan"), None, -1.0])
    source = trips.slice(0, 4).set_column(6, "delay", bad)
    table = made(compute, declare(questions["describe"]()), schema, source)
    assert table["_outcome"].to_pylist() == [-1.0]


def test_a_sample_has_its_size_and_only_rows_of_the_source(
    declare, questions, schema, trips, compute
):
    declaration = declare(questions["describe"](sandbox={"sample": 100}))
    table = made(compute, declaration, schema, trips)
    counts = compute(account_query(declaration, schema), source=trips)
    assert table.num_rows == read_account(counts, declaration).sandbox == 100
    assert len(set(table["trip"].to_pylist())) == 100
    assert sorted(table["_row"].to_pylist()) == list(range(1, 101))


def test_a_larger_sample_holds_the_smaller(declare, questions, schema, trips, compute):
    keys = []
    for sample in (50, 200):
        declaration = declare(questions["describe"](sandbox={"sample": sample}))
        keys.append(set(made(compute, declaration, schema, trips)["trip"].to_pylist()))
    assert keys[0] < keys[1]


def test_another_seed_takes_another_sample(declare, questions, schema, trips, compute):
    taken = []
    for seed in (0, 1):
        sandbox = {"sample": 100, "seed": seed}
        declaration = declare(questions["describe"](sandbox=sandbox))
        taken.append(set(made(compute, declaration, schema, trips)["trip"].to_pylist()))
    assert 0 < len(taken[0] & taken[1]) < 40


def test_a_sample_looks_like_its_source(declare, questions, schema, trips, compute):
    declaration = declare(questions["describe"](sandbox={"sample": 400}, key=[]))
    table = made(compute, declaration, schema, trips)
    mean = np.nanmean(trips["delay"].to_numpy())
    error = np.nanstd(trips["delay"].to_numpy()) / 20
    assert abs(np.mean(table["_outcome"].to_numpy()) - mean) < 4 * error


def test_own_names_are_refused(declare, questions):
    declaration = declare(questions["describe"](factors=["_row"]))
    with pytest.raises(DeclarationError, match="Backbone's own"):
        sandbox_query(declaration, Schema.of(_row=DOUBLE, delay=DOUBLE))
