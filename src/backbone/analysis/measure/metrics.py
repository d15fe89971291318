"""Metrics from sums, so that thousands of resamples cost little more than one.

Every metric but two is a function of sums over rows; the two that rank rows (ROC AUC and
average precision) need the rows in the order of their scores, sorted once. Classes are
decided at a probability of 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from backbone.project.analysis import Metric, Task

__all__ = ["HIGHER_IS_BETTER", "METRIC_NAMES", "Judged", "is_better", "names_of"]

Floats = npt.NDArray[np.float64]

METRIC_NAMES: dict[Metric, str] = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
    "log_loss": "log loss",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R²",
}
HIGHER_IS_BETTER: dict[Metric, bool] = {
    name: name not in {"brier", "log_loss", "mae", "rmse"} for name in METRIC_NAMES
}
_RANKED = ("roc_auc", "average_precision")
_LEAST = float(np.finfo(np.float64).eps)
_HALF = 0.5


def names_of(metrics: Sequence[Metric]) -> tuple[str, ...]:
    """Return the metrics in words."""
    return tuple(METRIC_NAMES[metric] for metric in metrics)


def is_better(metric: Metric, a: float, b: float) -> bool:
    """Tell whether `a` is a better value of `metric` than `b`."""
    return a > b if HIGHER_IS_BETTER[metric] else a < b


@dataclass(frozen=True)
class Judged:
    """What a model said of rows whose truth is known.

    `truth` holds 0 and 1 or numbers; `predicted` probabilities of 1 or numbers.
    """

    task: Task
    truth: Floats
    predicted: Floats

    def value(self, metric: Metric) -> float:
        """Return `metric` over all rows; NaN where it has no value."""
        if metric in _RANKED:
            return self._ranked(np.ones(len(self.truth)))[_RANKED.index(metric)]
        sums = {name: np.array([v.sum()]) for name, v in self._terms.items()}
        return float(_from_sums(metric, sums)[0])

    def resampled(
        self, metrics: Sequence[Metric], units: npt.NDArray[np.intp], draws: Floats
    ) -> Floats:
        """Return metrics over resamples: an array of shape (draws, metrics).

        Parameters
        ----------
        units : the unit of each row, from 0
        draws : how often each unit was drawn, of shape (draws, units)
        """
        count = draws.shape[1]
        sums = {
            name: draws @ np.bincount(units, weights=term, minlength=count)
            for name, term in self._terms.items()
        }
        ranked: Floats = np.empty((len(draws), len(_RANKED)))
        if set(_RANKED) & set(metrics):
            ranked = np.array([self._ranked(draw[units]) for draw in draws])
        columns = [
            ranked[:, _RANKED.index(m)] if m in _RANKED else _from_sums(m, sums)
            for m in metrics
        ]
        return np.column_stack(columns)

    @cached_property
    def _terms(self) -> Mapping[str, Floats]:
        truth, predicted = self.truth, self.predicted
        if self.task == "regression":
            error, centred = truth - predicted, truth - truth.mean()
            return {
                "n": np.ones_like(truth),
                "absolute": np.abs(error),
                "squared": error**2,
                "truth": centred,
                "truth_squared": centred**2,
            }
        sure = np.clip(predicted, _LEAST, 1 - _LEAST)
        said = (predicted >= _HALF).astype(np.float64)
        return {
            "n": np.ones_like(truth),
            "truth": truth,
            "said": said,
            "hit": truth * said,
            "squared": (truth - predicted) ** 2,
            "surprise": -np.where(truth == 1, np.log(sure), np.log1p(-sure)),
        }

    @cached_property
    def _order(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        order = np.argsort(-self.predicted, kind="stable")
        scores = self.predicted[order]
        last = np.flatnonzero(np.diff(scores) != 0)
        return order, np.append(last, len(scores) - 1)

    def _ranked(self, weights: Floats) -> tuple[float, float]:
        order, ends = self._order
        if len(ends) == 1:
            return self._unranked(weights)
        drawn = weights[order]
        found = np.cumsum(drawn * self.truth[order])[ends]
        passed = np.cumsum(drawn)[ends]
        total, others = found[-1], passed[-1] - found[-1]
        if total == 0 or others == 0:
            return float("nan"), float("nan")
        gain = np.diff(found, prepend=0.0)
        missed = np.diff(passed - found, prepend=0.0)
        area = np.sum(missed * (found - gain / 2)) / (total * others)
        some = passed > 0
        precision = np.sum(gain[some] * found[some] / passed[some]) / total
        return float(area), float(precision)

    def _unranked(self, weights: Floats) -> tuple[float, float]:
        share = float(weights @ self.truth) / float(weights.sum())
        nothing = float("nan")
        return (0.5, share) if 0 < share < 1 else (nothing, nothing)


def _from_sums(metric: Metric, s: Mapping[str, Floats]) -> Floats:
    n = s["n"]
    with np.errstate(divide="ignore", invalid="ignore"):
        if metric in {"brier", "log_loss", "mae", "rmse", "r2"}:
            return _loss(metric, n, s)
        wrong = s["truth"] + s["said"] - 2 * s["hit"]
        recall = s["hit"] / s["truth"]
        precision = s["hit"] / s["said"]
        others = n - s["truth"]
        specificity = (others - (s["said"] - s["hit"])) / others
        return {
            "accuracy": 1 - wrong / n,
            "balanced_accuracy": (recall + specificity) / 2,
            "precision": precision,
            "recall": recall,
            "f1": 2 * s["hit"] / (s["truth"] + s["said"]),
        }[metric]


def _loss(metric: Metric, n: Floats, s: Mapping[str, Floats]) -> Floats:
    if metric == "brier":
        return s["squared"] / n
    if metric == "log_loss":
        return s["surprise"] / n
    if metric == "mae":
        return s["absolute"] / n
    if metric == "rmse":
        return np.asarray(np.sqrt(s["squared"] / n))
    spread = s["truth_squared"] - s["truth"] ** 2 / n
    return np.asarray(np.where(spread > 0, 1 - s["squared"] / spread, np.nan))
