"""A guard against features that already know the answer.

A single feature that tells the target almost perfectly is rarely a discovery: it was
written down after the fact. It stays, and the report says so at its top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backbone.analysis.measure.metrics import Judged
from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.wording import number
from backbone.project.analysis import Task

__all__ = ["Leak", "leaks"]

Floats = npt.NDArray[np.float64]

_SUSPICIOUS = 0.98


@dataclass(frozen=True)
class Leak:
    """A feature that tells the target by itself: ROC AUC, or absolute correlation."""

    feature: str
    value: float
    sentence: str


def leaks(
    features: Sequence[Feature], training: Rows, validation: Rows, task: Task
) -> tuple[Leak, ...]:
    """Return the features that alone tell the target of validation rows almost exactly.

    A number is taken as it is, and as whether it is missing; a category by the mean
    target that its levels have in training.
    """
    found = []
    for feature in features:
        value = max(
            _strength(told, validation.target, task)
            for column in feature.columns
            for told in _told(feature, column, training, validation)
        )
        if value > _SUSPICIOUS:
            found.append(Leak(feature.name, value, _sentence(feature.name, value, task)))
    return tuple(found)


def _told(
    feature: Feature, column: str, training: Rows, validation: Rows
) -> list[Floats]:
    seen, asked = training.frame[column], validation.frame[column]
    if feature.kind != "category":
        values = asked.to_numpy(dtype=np.float64)
        missing = np.isnan(values)
        middle = float(np.median(values[~missing])) if not missing.all() else 0.0
        return [np.where(missing, middle, values), missing.astype(np.float64)]
    levels, codes = np.unique(seen.to_numpy().astype(str), return_inverse=True)
    means = np.bincount(codes, weights=training.target) / np.bincount(codes)
    known = dict(zip(levels, means, strict=True))
    usual = float(training.target.mean())
    return [np.array([known.get(text, usual) for text in asked], dtype=np.float64)]


def _strength(told: Floats, target: Floats, task: Task) -> float:
    if np.ptp(told) == 0 or np.ptp(target) == 0:
        return 0.0
    if task == "regression":
        return abs(float(np.corrcoef(told, target)[0, 1]))
    area = Judged("classification", target, told).value("roc_auc")
    return max(area, 1 - area)


def _sentence(name: str, value: float, task: Task) -> str:
    what = "correlation" if task == "regression" else "ROC AUC"
    return (
        f"`{name}` alone tells the target almost exactly ({what} {number(value)} on "
        "validation). Was it known when the prediction would have been made?"
    )
