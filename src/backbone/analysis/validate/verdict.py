"""Validation: cross-validation, and one judgement on rows that nobody has looked at."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backbone.analysis.measure.metrics import Judged
from backbone.analysis.measure.resampling import Interval, Units, resample
from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.prepare.recipes import pipeline
from backbone.analysis.train.candidates import BASELINE, Candidate
from backbone.analysis.train.choice import Choice
from backbone.analysis.train.estimators import build
from backbone.analysis.train.fitting import Fitted, baseline_value, fit, predict
from backbone.analysis.validate.folds import folds_of
from backbone.project.analysis import Metric, Predict

__all__ = ["Fold", "Gate", "Verdict", "cross_validate", "gates_of", "judge", "refit"]

_DRAWS = 1000
_GATE = re.compile(r"\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*")
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Fold:
    """One fold: its sizes, and the metrics of the model and of the baseline on it."""

    number: int
    train_rows: int
    test_rows: int
    scores: Mapping[Metric, float]
    baseline: Mapping[Metric, float]


@dataclass(frozen=True)
class Verdict:
    """The metrics on test of the chosen model and of the baseline, and the gain.

    `gains` are paired over the same resamples; positive is better than the baseline.
    """

    judged: Judged
    scores: Mapping[Metric, Interval]
    baseline: Mapping[Metric, Interval]
    gains: Mapping[Metric, Interval]
    baseline_value: float


@dataclass(frozen=True)
class Gate:
    """A bar that a metric on test has to clear."""

    metric: Metric
    condition: str
    value: float
    passed: bool


def cross_validate(
    declaration: Predict, features: tuple[Feature, ...], candidate: Candidate, rows: Rows
) -> tuple[tuple[Fold, ...], tuple[str, ...]]:
    """Fit the candidate on each fold's training rows and judge it on the others.

    Returns
    -------
    The folds, and what was warned of while they were fitted.
    """
    task, found, warnings = declaration.task, [], dict[str, None]()
    for at, (inside, outside) in enumerate(folds_of(declaration, rows), start=1):
        known, asked = rows.where(inside), rows.where(outside)
        fitted = _fit(declaration, features, candidate, known)
        warnings.update(dict.fromkeys(fitted.warnings))
        said = predict(fitted.pipeline, asked.frame, task)
        constant = baseline_value(declaration.baseline, known.target)
        model = Judged(task, asked.target, said)
        plain = Judged(task, asked.target, np.full(len(asked), constant))
        found.append(
            Fold(
                number=at,
                train_rows=len(known),
                test_rows=len(asked),
                scores={m: model.value(m) for m in declaration.metrics},
                baseline={m: plain.value(m) for m in declaration.metrics},
            )
        )
    return tuple(found), tuple(warnings)


def refit(
    declaration: Predict, features: tuple[Feature, ...], choice: Choice, rows: Rows
) -> Fitted:
    """Fit the chosen candidate again, on train and validation together."""
    return _fit(declaration, features, choice.chosen, rows)


def _fit(
    declaration: Predict, features: tuple[Feature, ...], candidate: Candidate, rows: Rows
) -> Fitted:
    estimator = build(
        candidate.spec, declaration.task, declaration.seed, candidate.searched
    )
    whole = pipeline(estimator, features, rows.frame)
    return fit(whole, rows, declaration.task, name=candidate.label)


def judge(
    declaration: Predict, fitted: Fitted, known: Rows, test: Rows, units: Units
) -> Verdict:
    """Judge the fitted model on test, beside a baseline that saw the same rows."""
    task = declaration.task
    said = predict(fitted.pipeline, test.frame, task)
    constant = baseline_value(declaration.baseline, known.target)
    model = Judged(task, test.target, said)
    plain = Judged(task, test.target, np.full(len(test), constant))
    both = resample(
        {"model": model, BASELINE: plain},
        declaration.metrics,
        units,
        times=_DRAWS,
        seed=declaration.seed,
    )
    return Verdict(
        judged=model,
        scores={m: both.interval("model", m) for m in declaration.metrics},
        baseline={m: both.interval(BASELINE, m) for m in declaration.metrics},
        gains={m: both.gain("model", BASELINE, m) for m in declaration.metrics},
        baseline_value=constant,
    )


def gates_of(declaration: Predict, verdict: Verdict) -> tuple[Gate, ...]:
    """Return which of the declared gates the model passes on test."""
    found = []
    for metric, condition in declaration.validate_.gates.items():
        match = _GATE.fullmatch(condition)
        value = verdict.scores[metric].value
        if match is not None:
            passed = bool(_COMPARE[match[1]](value, float(match[2])))
            found.append(Gate(metric, " ".join(match.groups()), value, passed))
    return tuple(found)
