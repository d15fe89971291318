"""Preparation learns from training rows and from nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.prepare.recipes import pipeline, preparation_for, recipe_of
from backbone.analysis.train.fitting import fit, predict

FEATURES = (
    Feature("n", "number", "double"),
    Feature("c", "category", "string"),
    Feature("b", "truth", "boolean"),
    Feature("t", "time", "timestamp", ("hour", "day_of_year")),
)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 300
    found = pd.DataFrame(
        {
            "n": rng.normal(10, 2, n),
            "c": pd.Series(rng.choice(["x", "y", "(missing)"], n), dtype=object),
            "b": rng.integers(0, 2, n).astype(float),
            "t.hour": rng.integers(0, 24, n).astype(float),
            "t.day_of_year": rng.integers(1, 366, n).astype(float),
        }
    )
    found.loc[::7, "n"] = np.nan
    found.loc[::11, "b"] = np.nan
    return found


TARGET = (np.arange(300) % 2).astype(float)


def trained(estimator, frame):
    rows = Rows(pa.table({}), frame, TARGET)
    return fit(
        pipeline(clone(estimator), FEATURES, frame), rows, "classification", name="m"
    ).pipeline


ESTIMATORS = [
    LogisticRegression(),
    RandomForestClassifier(n_estimators=5),
    HistGradientBoostingClassifier(max_iter=5),
    GaussianNB(),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_new_and_missing_values_are_no_surprise(frame, estimator):
    fitted = trained(estimator, frame)
    new = frame.iloc[:3].copy()
    new["c"] = pd.Series(["never seen", "x", "(missing)"], dtype=object)
    new["t.hour"] = [np.nan, 25.0, 3.0]
    new["n"] = [np.nan, 1e9, 10.0]
    assert np.isfinite(predict(fitted, new, "classification")).all()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_a_column_that_begins_later_is_no_surprise(frame, estimator):
    fitted = trained(estimator, frame.assign(n=np.nan))
    assert np.isfinite(predict(fitted, frame, "classification")).all()


def test_what_is_imputed_and_scaled_is_that_of_the_training_rows(frame):
    fitted = trained(LogisticRegression(), frame)
    number = fitted["prepare"].named_transformers_["number"]
    assert number[0].statistics_[0] == pytest.approx(np.nanmedian(frame["n"]))


def test_rare_levels_have_no_column(frame):
    frame.loc[:4, "c"] = ["r1", "r2", "r3", "r4", "r5"]
    fitted = trained(LogisticRegression(), frame)
    encoder = fitted["prepare"].named_transformers_["category"]
    assert list(encoder.categories_[0]) == ["(missing)", "x", "y"]


def test_names_for_every_row_leave_one_level(frame):
    frame["c"] = pd.Series([f"id{i}" for i in range(len(frame))], dtype=object)
    for estimator in ESTIMATORS:
        fitted = trained(estimator, frame)
        encoder = fitted["prepare"].named_transformers_["category"]
        assert list(encoder.categories_[0]) == ["id0"]


def test_histogram_trees_are_told_which_columns_are_categories(frame):
    fitted = trained(HistGradientBoostingClassifier(max_iter=3), frame)
    assert fitted["model"].is_categorical_.tolist() == [True, False, False, False, False]


def test_a_linear_model_does_not_see_the_day_of_the_year(frame):
    fitted = trained(LogisticRegression(), frame)
    steps = fitted["prepare"].transformers_
    used = [c for _, step, columns in steps for c in columns if step != "drop"]
    assert "t.day_of_year" not in used
    assert "t.hour" in used


def test_a_recipe_is_told_in_words():
    assert recipe_of(HistGradientBoostingClassifier) == "histogram trees"
    assert recipe_of(RandomForestClassifier) == "trees"
    said = dict(preparation_for("linear", FEATURES).steps)
    assert said.keys() == {"number", "category", "truth", "time"}
    assert "median" in said["number"]
