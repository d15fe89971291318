"""Models, intervals and splits on data whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from pydantic import TypeAdapter

from backbone.analysis.measure.metrics import Judged
from backbone.analysis.measure.resampling import Units, resample, row_units
from backbone.analysis.prepare.frames import ordered
from backbone.analysis.sandbox import sandbox_query
from backbone.analysis.study import study
from backbone.model.schemas import Schema
from backbone.model.types import BOOLEAN, DOUBLE, INTEGER, STRING, TIMESTAMP
from backbone.project.analysis import Analysis

SCHEMA = Schema.of(
    id=INTEGER,
    at=TIMESTAMP,
    up=DOUBLE,
    down=DOUBLE,
    idle=DOUBLE,
    kind=STRING,
    yes=BOOLEAN,
)
EFFECTS = {"a": -0.5, "b": 0.0, "c": 1.5}


def chance(table):
    kinds = np.array([EFFECTS[k] for k in table["kind"].to_pylist()])
    score = -1 + 1.0 * table["up"].to_numpy() - 0.7 * table["down"].to_numpy() + kinds
    return 1 / (1 + np.exp(-score))


def planted(n, seed=0):
    rng = np.random.default_rng(seed)
    first = datetime(2024, 1, 1, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array(np.arange(n)),
            "at": pa.array(
                [first + timedelta(hours=i // 10) for i in range(n)],
                pa.timestamp("us", "UTC"),
            ),
            "up": rng.normal(size=n),
            "down": rng.normal(size=n),
            "idle": rng.normal(size=n),
            "kind": pa.array(rng.choice(list(EFFECTS), n)),
        }
    )
    return table.append_column("yes", pa.array(rng.random(n) < chance(table)))


def declared(**more):
    question = {
        "kind": "predict",
        "question": "?",
        "from": "trusted.a",
        "key": ["id"],
        "target": "yes",
        "features": ["up", "down", "idle", "kind"],
        "split": {"by": "time", "column": "at", "test": "30%", "validation": "20%"},
        "models": {"m": {"estimator": "sklearn.linear_model.LogisticRegression"}},
        "choose": {"metric": "roc_auc"},
        "validate": {"folds": 3, "metrics": ["roc_auc", "brier"]},
        **more,
    }
    return TypeAdapter(Analysis).validate_python(question)


def studied(source, **more):
    declaration = declared(**more)
    query, schema = sandbox_query(declaration, SCHEMA)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("source", source)
        sandbox = connection.execute(query.sql()).to_arrow_table()
    return study(declaration, ordered(sandbox), schema), ordered(sandbox)


@pytest.fixture(scope="module")
def found():
    return studied(planted(8000))


def test_planted_coefficients_are_found(found):
    model = found[0].model.pipeline
    names = [n.split("__")[1] for n in model["prepare"].get_feature_names_out()]
    weights = dict(zip(names, model["model"].coef_[0], strict=True))
    assert weights["up"] == pytest.approx(1.0, abs=0.15)
    assert weights["down"] == pytest.approx(-0.7, abs=0.15)
    assert abs(weights["idle"]) < 0.12
    assert weights["kind_c"] - weights["kind_a"] == pytest.approx(2.0, abs=0.3)


def test_probabilities_are_those_that_were_planted(found):
    done, sandbox = found
    assert np.abs(done.predicted - chance(sandbox)).mean() < 0.02
    covered = [b.low <= b.predicted <= b.high for b in done.calibration]
    assert sum(covered) >= 8


def test_what_matters_is_what_was_planted(found):
    order = [one.feature for one in found[0].importances]
    assert order[-1] == "idle"
    assert found[0].importances[-1].drop < 0.01


def test_the_model_is_as_good_as_the_truth_allows(found):
    done, sandbox = found
    test = np.array(sandbox["_part"].to_pylist()) == "test"
    truth = sandbox["_target"].to_numpy()[test].astype(float)
    best = Judged("classification", truth, chance(sandbox)[test]).value("roc_auc")
    assert done.verdict.scores["roc_auc"].value == pytest.approx(best, abs=0.01)
    assert done.verdict.gains["roc_auc"].low > 0.2


def test_a_target_of_chance_is_not_predicted():
    source = planted(3000, seed=4)
    yes = np.random.default_rng(9).random(3000) < 0.3
    source = source.set_column(6, "yes", pa.array(yes))
    done, _ = studied(source)
    gain = done.verdict.gains["roc_auc"]
    assert gain.low < 0.03
    assert abs(gain.value) < 0.06


def test_a_model_that_memorises_is_found_out():
    """Rows of a group are alike; split by chance a tree knows them, by group it does not."""
    rng = np.random.default_rng(1)
    n, size = 3000, 10
    group = np.arange(n) // size
    place = rng.normal(size=n // size)[group]
    yes = (rng.random(n // size) < 0.4)[group]
    source = planted(n).set_column(2, "up", pa.array(place)).set_column(
        6, "yes", pa.array(yes)
    ).set_column(5, "kind", pa.array([f"g{g}" for g in group]))  # fmt: skip
    tree = {"m": {"estimator": "sklearn.tree.DecisionTreeClassifier"}}
    scores = {}
    for by in ("random", "group"):
        split = {"by": by} if by == "random" else {"by": by, "column": "kind"}
        done, _ = studied(source, split=split, models=tree, features=["up"])
        scores[by] = done.verdict.scores["roc_auc"].value
    assert scores["random"] > 0.95
    assert scores["group"] < 0.6


def test_intervals_of_a_metric_cover_its_truth():
    rng = np.random.default_rng(0)
    score = rng.normal(size=400_000)
    yes = (rng.random(400_000) < 1 / (1 + np.exp(-score))).astype(float)
    truth = Judged("classification", yes, score).value("roc_auc")
    inside, tries, n = 0, 120, 500
    for at in range(tries):
        part = slice(at * n, (at + 1) * n)
        one = Judged("classification", yes[part], score[part])
        found = resample({"m": one}, ["roc_auc"], row_units(n), times=200, seed=at)
        interval = found.interval("m", "roc_auc")
        inside += interval.low <= truth <= interval.high
    assert 0.88 <= inside / tries <= 0.99


def test_intervals_know_that_days_are_alike():
    inside = {"day": 0, "row": 0}
    tries, days, per_day = 80, 40, 25
    for seed in range(tries):
        rng = np.random.default_rng(seed)
        day = np.repeat(np.arange(days), per_day)
        error = rng.normal(0, 1, days)[day] + rng.normal(0, 1, days * per_day)
        one = Judged("regression", error, np.zeros(days * per_day))
        for units in (Units(day, "day"), row_units(days * per_day)):
            found = resample({"m": one}, ["rmse"], units, times=200, seed=seed)
            interval = found.interval("m", "rmse")
            inside[units.name] += interval.low <= np.sqrt(2) <= interval.high
    assert inside["day"] / tries >= 0.85
    assert inside["row"] < inside["day"] - 10
