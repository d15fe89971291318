"""The choice of a candidate, and the sentence that explains it."""

from __future__ import annotations

import numpy as np
import pytest

from backbone.analysis.measure.resampling import Interval, Resampled
from backbone.analysis.prepare.recipes import Preparation
from backbone.analysis.train.candidates import Candidate, Training
from backbone.analysis.train.choice import choose
from backbone.analysis.train.fitting import Fitted
from backbone.project.analysis import Choose, ModelSpec

SPEC = ModelSpec(estimator="sklearn.linear_model.LogisticRegression")


def training(metric, **values):
    candidates = tuple(
        Candidate(
            label=label,
            model=label.split("_")[0],
            spec=SPEC,
            searched={},
            fitted=Fitted(None, 0.1, ()),
            preparation=Preparation("linear", ()),
            scores={metric: Interval(value, value - 0.02, value + 0.02, 0.01)},
        )
        for label, value in values.items()
    )
    resampled = Resampled(
        (metric,),
        {label: {metric: value} for label, value in values.items()},
        {label: np.full((5, 1), value) for label, value in values.items()},
    )
    return Training(candidates, {}, resampled, "row")


def test_the_best_is_chosen():
    choice = choose(training("roc_auc", a=0.7, b=0.8), Choose(metric="roc_auc"))
    assert choice.chosen.label == "b"
    assert "best ROC AUC on validation, 0.800" in choice.sentence


def test_less_can_be_better():
    choice = choose(training("mae", a=0.7, b=0.8), Choose(metric="mae"))
    assert choice.chosen.label == "a"


@pytest.mark.parametrize(
    ("a", "chosen", "said"),
    [
        (0.795, "a", "within one standard error (0.0100) of the best, 0.800 of b"),
        (0.785, "b", "by more than one standard error"),
    ],
)
def test_the_preferred_one_within_a_standard_error(a, chosen, said):
    criterion = Choose(metric="roc_auc", within="1 standard error", prefer=("a",))
    choice = choose(training("roc_auc", a=a, b=0.8), criterion)
    assert choice.chosen.label == chosen
    assert said in choice.sentence
    assert choice.behind.value == pytest.approx(0.8 - a if chosen == "a" else 0)


def test_without_preference_the_best_stays():
    criterion = Choose(metric="roc_auc", within="1 standard error")
    choice = choose(training("roc_auc", a=0.799, b=0.8), criterion)
    assert choice.chosen.label == "b"
    assert "a is within one standard error" in choice.sentence


def test_of_each_model_the_best_variant_takes_part():
    tried = training("roc_auc", tree_2=0.70, tree_4=0.74, line=0.73)
    criterion = Choose(metric="roc_auc", within="1 standard error", prefer=("tree",))
    assert choose(tried, criterion).chosen.label == "tree_4"


def test_one_model_is_no_choice():
    choice = choose(training("brier", a=0.2), Choose(metric="brier"))
    assert (
        choice.sentence == "a is the only model; its Brier score on validation is 0.200."
    )
