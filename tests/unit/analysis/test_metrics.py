"""Metrics against those of scikit-learn, whole and resampled."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from backbone.analysis.measure.metrics import HIGHER_IS_BETTER, METRIC_NAMES, Judged
from backbone.project.analysis import CLASSIFICATION_METRICS, REGRESSION_METRICS

HALF = 0.5
REFERENCES = {
    "roc_auc": lambda y, p, w: reference.roc_auc_score(y, p, sample_weight=w),
    "average_precision": lambda y, p, w: reference.average_precision_score(
        y, p, sample_weight=w
    ),
    "brier": lambda y, p, w: reference.brier_score_loss(y, p, sample_weight=w),
    "log_loss": lambda y, p, w: reference.log_loss(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: reference.accuracy_score(y, p >= HALF, sample_weight=w),
    "balanced_accuracy": lambda y, p, w: reference.balanced_accuracy_score(
        y, p >= HALF, sample_weight=w
    ),
    "precision": lambda y, p, w: reference.precision_score(y, p >= HALF, sample_weight=w),
    "recall": lambda y, p, w: reference.recall_score(y, p >= HALF, sample_weight=w),
    "f1": lambda y, p, w: reference.f1_score(y, p >= HALF, sample_weight=w),
    "mae": lambda y, p, w: reference.mean_absolute_error(y, p, sample_weight=w),
    "rmse": lambda y, p, w: reference.root_mean_squared_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: reference.r2_score(y, p, sample_weight=w),
}


def judged(task, n=300, seed=0):
    rng = np.random.default_rng(seed)
    if task == "regression":
        truth = 1e6 + rng.normal(0, 3, n)
        return Judged(task, truth, truth + rng.normal(0, 2, n))
    chance = np.round(rng.random(n), 2)  # with ties
    truth = (rng.random(n) < chance).astype(float)
    return Judged(task, truth, chance)


def task_of(metric):
    return "regression" if metric in REGRESSION_METRICS else "classification"


def test_every_metric_has_a_name_and_a_direction():
    known = {*CLASSIFICATION_METRICS, *REGRESSION_METRICS}
    assert known == METRIC_NAMES.keys() == HIGHER_IS_BETTER.keys() == REFERENCES.keys()


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_a_metric_is_that_of_scikit_learn(metric):
    one = judged(task_of(metric))
    expected = REFERENCES[metric](one.truth, one.predicted, None)
    assert one.value(metric) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_a_resample_is_a_weight_per_row(metric):
    one = judged(task_of(metric))
    units = np.arange(len(one.truth)) // 10
    draws = np.random.default_rng(1).multinomial(30, np.full(30, 1 / 30), size=4)
    found = one.resampled([metric], units, draws.astype(float))
    for at, draw in enumerate(draws):
        expected = REFERENCES[metric](one.truth, one.predicted, draw[units])
        assert found[at, 0] == pytest.approx(expected, rel=1e-7)


def test_one_prediction_for_all_ranks_nothing():
    one = Judged("classification", np.array([1.0, 0, 0, 0]), np.full(4, 0.3))
    assert one.value("roc_auc") == 0.5
    assert one.value("average_precision") == 0.25


def test_what_has_no_value_is_not_a_number():
    one = Judged("classification", np.zeros(3), np.array([0.1, 0.2, 0.3]))
    assert np.isnan(one.value("roc_auc"))
    assert np.isnan(one.value("precision"))
    flat = Judged("regression", np.ones(3), np.array([1.0, 1.0, 2.0]))
    assert np.isnan(flat.value("r2"))


def test_being_sure_and_wrong_costs_much_but_not_everything():
    one = Judged("classification", np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert 30 < one.value("log_loss") < 40
