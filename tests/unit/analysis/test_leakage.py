"""Features that know the answer are caught; strong ones are not accused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.train.leakage import leaks

N = 600


def parts(**columns):
    rng = np.random.default_rng(0)
    target = (rng.random(N) < 0.3).astype(float)
    frame = pd.DataFrame({name: make(rng, target) for name, make in columns.items()})
    half = N // 2
    rows = Rows(pa.table({"at": np.arange(N)}), frame, target)
    return rows.where(np.arange(half)), rows.where(np.arange(half, N))


def texts(values):
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("number", lambda rng, y: y * 10 + rng.normal(size=N)),
        ("number", lambda _, y: np.where(y == 1, np.nan, 3.0)),
        ("number", lambda rng, y: np.where(y == 1, -1, 1) * rng.random(N)),
        ("category", lambda _, y: texts(np.where(y == 1, "cancelled", "flown"))),
        ("truth", lambda _, y: 1 - y),
    ],
    ids=["a number", "being missing", "the other way round", "a category", "a truth"],
)
def test_a_feature_that_knows_the_answer_is_named(kind, make):
    training, validation = parts(x=make)
    (leak,) = leaks([Feature("x", kind, "?")], training, validation, "classification")
    assert leak.feature == "x"
    assert leak.value > 0.98
    assert "Was it known when the prediction would have been made?" in leak.sentence


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("number", lambda rng, y: y * 2 + rng.normal(size=N)),
        ("number", lambda _, __: np.full(N, np.nan)),
        ("number", lambda _, __: np.ones(N)),
        ("category", lambda _, __: texts([f"id{i}" for i in range(N)])),
    ],
    ids=["a strong number", "nothing", "a constant", "a name for every row"],
)
def test_other_features_are_not_accused(kind, make):
    training, validation = parts(x=make)
    assert leaks([Feature("x", kind, "?")], training, validation, "classification") == ()


def test_a_number_that_is_the_target_in_another_unit():
    rng = np.random.default_rng(1)
    target = rng.normal(size=N)
    frame = pd.DataFrame({"x": target * 1.8 + 32 + rng.normal(0, 0.01, N)})
    rows = Rows(pa.table({"at": np.arange(N)}), frame, target)
    found = leaks([Feature("x", "number", "double")], rows, rows, "regression")
    assert "correlation 1.00" in found[0].sentence
