"""Small made-up questions, and an engine to run their queries in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from backbone.analysis.sandbox import SandboxAccount
from backbone.model.schemas import Schema
from backbone.model.types import BOOLEAN, DOUBLE, INTEGER, STRING, TIMESTAMP
from backbone.project.analysis import Analysis


@pytest.fixture
def compute():
    """Return a function that runs a query over Arrow tables bound by name."""

    def run(query, *, threads=1, **inputs):
        with duckdb.connect(config={"threads": threads}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name, table in inputs.items():
                connection.register(name, table)
            return connection.execute(query.sql()).to_arrow_table()

    return run


@pytest.fixture
def declare():
    """Return a function that validates a declaration of an analysis."""
    return TypeAdapter(Analysis).validate_python


SCHEMA = Schema.of(
    trip=INTEGER,
    line=STRING,
    start=TIMESTAMP,
    rain=DOUBLE,
    stops=INTEGER,
    express=BOOLEAN,
    delay=DOUBLE,
)


@pytest.fixture
def schema():
    return SCHEMA


@pytest.fixture
def trips():
    """Return trips of 60 days: rain and the line make them late, stops do not matter."""
    return make_trips(1500)


def make_trips(n, seed=1):
    rng = np.random.default_rng(seed)
    first = datetime(2024, 1, 1, 5, tzinfo=UTC)
    minutes = np.sort(rng.integers(0, 60 * 24 * 60, n))
    line = rng.choice(["A", "B", "C"], n, p=[0.5, 0.3, 0.2])
    rain = np.round(np.maximum(rng.normal(0, 2, n), 0), 1)
    late = rng.normal(0, 4, n) + 3 * rain + np.select([line == "C"], [6.0], 0.0)
    missing = rng.random(n) < 0.05
    return pa.table(
        {
            "trip": pa.array(np.arange(n), pa.int64()),
            "line": pa.array(line),
            "start": pa.array(
                [first + timedelta(minutes=int(m)) for m in minutes],
                pa.timestamp("us", "UTC"),
            ),
            "rain": pa.array(np.where(missing, np.nan, rain), from_pandas=True),
            "stops": pa.array(rng.integers(3, 30, n), pa.int64()),
            "express": pa.array(rng.random(n) < 0.4),
            "delay": pa.array(
                np.where(rng.random(n) < 0.02, np.nan, np.round(late, 1)),
                from_pandas=True,
            ),
        }
    )


def predict(**more):
    """Return the declaration of a predictive question about trips, as YAML gives it."""
    return {
        "kind": "predict",
        "question": "Will a trip be late?",
        "from": "exploitation.trips",
        "rows": "trips",
        "key": ["trip"],
        "target": "delay > 5",
        "target_label": "late by more than 5 minutes",
        "features": ["line", "start", "rain", "stops", "express"],
        "split": {"by": "time", "column": "start", "test": "20%", "validation": "20%"},
        "models": {
            "linear": {"estimator": "sklearn.linear_model.LogisticRegression"},
            "tree": {
                "estimator": "sklearn.tree.DecisionTreeClassifier",
                "parameters": {"min_samples_leaf": 20},
                "search": {"max_depth": [2, 4]},
            },
        },
        "choose": {"metric": "roc_auc"},
        "validate": {"folds": 3, "metrics": ["roc_auc", "brier"], "by": ["line"]},
        "seed": 7,
        **more,
    }


def regress(**more):
    """Return the same for a number."""
    question = predict(
        target="delay",
        target_label="delay",
        unit="min",
        task="regression",
        models={
            "ridge": {"estimator": "sklearn.linear_model.Ridge"},
            "boosted": {
                "estimator": "sklearn.ensemble.HistGradientBoostingRegressor",
                "parameters": {"max_iter": 30},
            },
        },
        choose={"metric": "mae", "within": "1 standard error", "prefer": ["ridge"]},
        validate={"folds": 3, "metrics": ["mae", "r2"], "by": ["line"]},
    )
    return {**question, **more}


def describe(**more):
    """Return the declaration of a descriptive question about trips."""
    return {
        "kind": "describe",
        "question": "What goes with delays?",
        "from": "exploitation.trips",
        "rows": "trips",
        "key": ["trip"],
        "outcome": "delay",
        "outcome_label": "delay",
        "unit": "min",
        "time": "start",
        "factors": [
            "line",
            {"column": "rain", "bins": 4, "unit": "mm"},
            {"column": "start", "part": "weekday"},
            "stops",
            "express",
        ],
        **more,
    }


@pytest.fixture
def questions():
    """Return the declarations: predict, regress, describe."""
    return {"predict": predict, "regress": regress, "describe": describe}


@pytest.fixture
def account():
    return SandboxAccount(1500, 0, 30, 0, 1470, 1470)
