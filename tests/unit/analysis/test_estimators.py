"""Estimators by import path: what is let in, and what is said of the rest."""

from __future__ import annotations

import pytest

from backbone.analysis.train.estimators import (
    build,
    check_models,
    estimator_class,
    variants,
)
from backbone.errors import DeclarationError
from backbone.project.analysis import ModelSpec

LOGISTIC = "sklearn.linear_model.LogisticRegression"


def test_an_estimator_is_built_as_declared_with_the_seed():
    spec = ModelSpec(
        estimator="sklearn.ensemble.RandomForestClassifier",
        parameters={"n_estimators": 7},
    )
    made = build(spec, "classification", 42, {"max_depth": 3})
    assert (made.n_estimators, made.max_depth, made.random_state) == (7, 3, 42)
    fixed = ModelSpec(estimator=LOGISTIC, parameters={"random_state": 1})
    assert build(fixed, "classification", 42).random_state == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("sklearn.linear_model.LogisticRegresion", f"Did you mean `{LOGISTIC}`"),
        ("sklearn.LogisticRegression", f"Did you mean `{LOGISTIC}`"),
        ("sklearn.nothing.LogisticRegression", f"Did you mean `{LOGISTIC}`"),
        ("sklearn.linear_model._logistic.LogisticRegression", "not a public path"),
        ("sklearn.utils.shuffle", "is no estimator"),
        ("os.system", "not a public path"),
    ],
)
def test_only_estimators_of_scikit_learn_are_let_in(path, said):
    with pytest.raises(DeclarationError, match=said.replace("?", r"\?")):
        estimator_class(path, "classification")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"parameters": {"max_itr": 3}},
            "has no parameter `max_itr`. Did you mean `max_i",
        ),
        ({"search": {"c": [1]}}, "has no parameter `c`"),
        ({"estimator": "sklearn.linear_model.Ridge"}, "does not do classification"),
        ({"estimator": "sklearn.svm.LinearSVC"}, "gives no probabilities"),
        ({"estimator": "sklearn.ensemble.VotingClassifier"}, "needs the parameter"),
    ],
)
def test_what_does_not_fit_is_said(spec, said):
    with pytest.raises(DeclarationError, match=said.replace("?", r"\?")):
        build(ModelSpec(**{"estimator": LOGISTIC, **spec}), "classification", 0)


def test_all_models_are_checked_at_once(declare, questions):
    models = {
        "one": {"estimator": "sklearn.linear_model.Ridge"},
        "two": {"estimator": LOGISTIC, "parameters": {"x": 1, "y": 2}},
    }
    said = check_models(declare(questions["predict"](models=models)))
    assert len(said) == 3
    assert said[0].startswith("models.one: ")


def test_a_search_is_a_grid():
    spec = ModelSpec(estimator=LOGISTIC, search={"C": [0.1, 1], "tol": [1e-3]})
    assert variants(spec) == ({"C": 0.1, "tol": 1e-3}, {"C": 1, "tol": 1e-3})
    assert variants(ModelSpec(estimator=LOGISTIC)) == ({},)
