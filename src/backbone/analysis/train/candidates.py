"""Training: every declared candidate on train, judged on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backbone.analysis.measure.metrics import Judged
from backbone.analysis.measure.resampling import Interval, Resampled, Units, resample
from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.prepare.recipes import (
    Preparation,
    pipeline,
    preparation_for,
    recipe_of,
)
from backbone.analysis.train.estimators import build, check_models, variants
from backbone.analysis.train.fitting import Fitted, baseline_value, fit, predict
from backbone.errors import DeclarationError
from backbone.project.analysis import Metric, ModelSpec, Predict

__all__ = ["BASELINE", "Candidate", "Training", "train"]

BASELINE = "baseline"

_DRAWS = 300


@dataclass(frozen=True)
class Candidate:
    """A trained variant of a declared model, and what it is worth on validation.

    `searched` are the values of the parameters that were searched.
    """

    label: str
    model: str
    spec: ModelSpec
    searched: Mapping[str, Any]
    fitted: Fitted
    preparation: Preparation
    scores: Mapping[Metric, Interval]


@dataclass(frozen=True)
class Training:
    """All candidates, with the baseline beside them, judged on the same resamples."""

    candidates: tuple[Candidate, ...]
    baseline: Mapping[Metric, Interval]
    resampled: Resampled
    units: str

    def named(self, label: str) -> Candidate:
        """Return the candidate with this label."""
        return next(c for c in self.candidates if c.label == label)


def train(
    declaration: Predict,
    features: tuple[Feature, ...],
    training: Rows,
    validation: Rows,
    units: Units,
) -> Training:
    """Fit every variant of every declared model and judge it on validation.

    Raises
    ------
    DeclarationError : what is wrong with the models, all of it, before any is fitted
    """
    said = check_models(declaration)
    if said:
        raise DeclarationError(said, project="the models")
    fitted: dict[str, tuple[str, dict[str, Any], Fitted]] = {}
    for name, spec in declaration.models.items():
        for values in variants(spec):
            estimator = build(spec, declaration.task, declaration.seed, values)
            whole = pipeline(estimator, features, training.frame)
            label = _label(name, values)
            one = fit(whole, training, declaration.task, name=label)
            fitted[label] = (name, values, one)
    judged = {
        label: Judged(
            declaration.task,
            validation.target,
            predict(one.pipeline, validation.frame, declaration.task),
        )
        for label, (_, _, one) in fitted.items()
    }
    constant = baseline_value(declaration.baseline, training.target)
    judged[BASELINE] = Judged(
        declaration.task, validation.target, np.full(len(validation), constant)
    )
    resampled = resample(
        judged, declaration.metrics, units, times=_DRAWS, seed=declaration.seed
    )
    candidates = tuple(
        _candidate(declaration, features, label, *parts, resampled)
        for label, parts in fitted.items()
    )
    return Training(candidates, _scores(resampled, BASELINE), resampled, units.name)


def _candidate(
    declaration: Predict,
    features: tuple[Feature, ...],
    label: str,
    model: str,
    values: dict[str, Any],
    fitted: Fitted,
    resampled: Resampled,
) -> Candidate:
    recipe = recipe_of(type(fitted.pipeline[-1]))
    return Candidate(
        label=label,
        model=model,
        spec=declaration.models[model],
        searched=values,
        fitted=fitted,
        preparation=preparation_for(recipe, features),
        scores=_scores(resampled, label),
    )


def _label(name: str, values: Mapping[str, Any]) -> str:
    said = ", ".join(f"{key} {value}" for key, value in values.items())
    return f"{name} ({said})" if said else name


def _scores(resampled: Resampled, label: str) -> dict[Metric, Interval]:
    return {metric: resampled.interval(label, metric) for metric in resampled.metrics}
