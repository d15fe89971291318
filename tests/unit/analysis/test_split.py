"""The split: every row on one side, what belongs together together."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from backbone.analysis.sandbox import sandbox_query


def split(compute, declare, questions, schema, source, **how):
    declaration = declare(questions["predict"](split=how))
    return compute(sandbox_query(declaration, schema)[0], source=source)


@pytest.fixture
def parted(compute, declare, questions, schema, trips):
    def run(source=trips, **how):
        return split(compute, declare, questions, schema, source, **how)

    return run


def test_random_parts_have_their_shares_exactly(parted):
    table = parted(by="random", test="20%", validation="10%")
    n = table.num_rows
    parts = Counter(table["_part"].to_pylist())
    assert parts["test"] == np.ceil(n * 0.2)
    assert parts["test"] + parts["validation"] == np.ceil(n * 0.3)
    assert parts["train"] == n - parts["test"] - parts["validation"]


def test_another_seed_splits_another_way(parted):
    first, second = (
        dict(zip(t["trip"].to_pylist(), t["_part"].to_pylist(), strict=True))
        for t in (parted(by="random"), parted(by="random", seed=1))
    )
    assert first.keys() == second.keys()
    assert first != second


def test_stratified_parts_have_the_same_share_of_targets(parted):
    table = parted(by="stratified", test="20%", validation="20%").to_pandas()
    shares = table.groupby("_part")["_target"].mean()
    assert shares.max() - shares.min() < 0.01


def test_strata_of_a_number_are_its_deciles(compute, declare, questions, schema, trips):
    declaration = declare(questions["regress"](split={"by": "stratified"}))
    table = compute(sandbox_query(declaration, schema)[0], source=trips).to_pandas()
    means = table.groupby("_part")["_target"].mean()
    assert means.max() - means.min() < 0.8


def test_no_group_is_on_two_sides(parted):
    table = parted(by="group", column="stops", test="30%", validation="20%").to_pandas()
    assert (table.groupby("stops")["_part"].nunique() == 1).all()
    shares = table["_part"].value_counts(normalize=True)
    assert shares["test"] >= 0.3
    assert shares["test"] + shares["validation"] >= 0.5


def test_time_parts_follow_each_other(parted):
    table = parted(by="time", column="start").to_pandas()
    bounds = table.groupby("_part")["start"].agg(["min", "max"])
    assert bounds.loc["train", "max"] < bounds.loc["validation", "min"]
    assert bounds.loc["validation", "max"] < bounds.loc["test", "min"]
