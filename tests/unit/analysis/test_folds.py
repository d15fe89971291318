"""Folds keep together what the split keeps together."""

from __future__ import annotations

import numpy as np
import pytest

from backbone.analysis.prepare.frames import features_of, ordered, rows_of
from backbone.analysis.sandbox import sandbox_query
from backbone.analysis.validate.folds import folds_of


@pytest.fixture
def rows(compute, declare, questions, schema, trips):
    def make(kind="predict", **split):
        declaration = declare(questions[kind](split=split))
        query, made = sandbox_query(declaration, schema)
        table = ordered(compute(query, source=trips))
        features = features_of(declaration.features, made, table, timezone=None)
        return declaration, rows_of(table, features)

    return make


def test_time_goes_forward(rows):
    declaration, all_rows = rows(by="time", column="start")
    start = all_rows.table["start"].to_numpy()
    folds = list(folds_of(declaration, all_rows))
    assert len(folds) == 3
    for train, test in folds:
        assert start[train].max() < start[test].min()
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) < 0.05 * len(all_rows)


def test_whole_groups_are_held_out(rows):
    declaration, all_rows = rows(by="group", column="stops")
    stops = all_rows.table["stops"].to_numpy()
    for train, test in folds_of(declaration, all_rows):
        assert not set(stops[train]) & set(stops[test])


@pytest.mark.parametrize("kind", ["predict", "regress"])
def test_strata_are_alike_in_every_fold(rows, kind):
    declaration, all_rows = rows(kind, by="stratified")
    means = [all_rows.target[test].mean() for _, test in folds_of(declaration, all_rows)]
    assert np.ptp(means) < 0.1 * all_rows.target.std()


def test_every_row_is_held_out_once(rows):
    for split in ({"by": "random"}, {"by": "stratified", "column": "line"}):
        declaration, all_rows = rows(**split)
        held = np.concatenate([test for _, test in folds_of(declaration, all_rows)])
        assert sorted(held) == list(range(len(all_rows)))
