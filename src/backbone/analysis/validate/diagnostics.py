"""How a model is right and wrong: calibration, curves, importance, errors by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from backbone.analysis.measure.levels import Levels
from backbone.analysis.measure.means import level_means
from backbone.analysis.measure.metrics import HIGHER_IS_BETTER, Judged
from backbone.analysis.measure.resampling import Units
from backbone.analysis.prepare.frames import Feature, Rows
from backbone.analysis.train.fitting import predict
from backbone.project.analysis import Metric, Task

__all__ = [
    "Bin",
    "Confusion",
    "Curves",
    "Group",
    "Importance",
    "Moment",
    "calibration",
    "confusion",
    "curves",
    "groups",
    "importances",
    "over_time",
]

Floats = npt.NDArray[np.float64]

_BINS = 10
_POINTS = 200
_SAMPLE = 10_000
_REPEATS = 5
_HALF = 0.5
_WEEK = 7
_SPAN = 42
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Bin:
    """Rows with about the same prediction: what was said, what was seen (95 %)."""

    n: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class Curves:
    """Points of the ROC and of the precision-recall curve, and how rare ones are."""

    false_share: tuple[float, ...]
    true_share: tuple[float, ...]
    recall: tuple[float, ...]
    precision: tuple[float, ...]
    base_rate: float


@dataclass(frozen=True)
class Confusion:
    """Rows by what was said at a probability of 0.5 and what was true."""

    hits: int
    false_alarms: int
    misses: int
    quiet: int

    @property
    def base_rate(self) -> float:
        """The share of rows whose target is true."""
        return (self.hits + self.misses) / self.total

    @property
    def total(self) -> int:
        """All rows."""
        return self.hits + self.false_alarms + self.misses + self.quiet


@dataclass(frozen=True)
class Importance:
    """How much worse the metric gets when a feature's values change rows at random."""

    feature: str
    drop: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Rows of one level of a column: what was said, what was seen, how good it was."""

    level: str
    n: int
    predicted: float
    observed: float
    low: float
    high: float
    score: float


@dataclass(frozen=True)
class Moment:
    """Rows of some days of the test, from `day` on: what was seen and what was said."""

    day: date
    n: int
    observed: float
    predicted: float


def over_time(judged: Judged, days: npt.NDArray[np.int64]) -> tuple[Moment, ...]:
    """Return what was seen and said week by week (day by day, in less than six weeks)."""
    width = _WEEK if np.ptp(days) >= _SPAN else 1
    step = (days - days.min()) // width
    starts, codes, n = np.unique(step, return_inverse=True, return_counts=True)
    seen = np.bincount(codes, weights=judged.truth) / n
    said = np.bincount(codes, weights=judged.predicted) / n
    first = int(days.min()) + _EPOCH
    moments = [
        Moment(date.fromordinal(first + int(at) * width), int(k), float(o), float(p))
        for at, k, o, p in zip(starts, n, seen, said, strict=True)
    ]
    # a last week of a day or two is no week
    if len(moments) > 1 and moments[-1].n < moments[-2].n / 2:
        moments.pop()
    return tuple(moments)


def calibration(judged: Judged, units: Units) -> tuple[Bin, ...]:
    """Return about ten bins of equally many rows, from low to high predictions.

    Rows with one prediction are never in two bins.
    """
    predicted = judged.predicted
    _, value, n = np.unique(predicted, return_inverse=True, return_counts=True)
    before = (np.cumsum(n) - n)[value]
    codes = np.unique(before * _BINS // len(predicted), return_inverse=True)[1]
    count = int(codes.max()) + 1
    means = level_means(judged.truth, codes, count, units)
    said = np.bincount(codes, weights=predicted) / means.n
    low, high = _bounded(judged.task, means.low, means.high)
    parts = zip(means.n, said, means.mean, low, high, strict=True)
    return tuple(Bin(int(m), *(float(x) for x in rest)) for m, *rest in parts)


def _bounded(task: Task, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    if task == "regression":
        return low, high
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def curves(judged: Judged) -> Curves:
    """Return at most 200 points of each curve, by falling probability."""
    order = np.argsort(-judged.predicted, kind="stable")
    scores, truth = judged.predicted[order], judged.truth[order]
    ends = np.append(np.flatnonzero(np.diff(scores) != 0), len(scores) - 1)
    if len(ends) > _POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, _POINTS).astype(int))]
    found, passed = np.cumsum(truth)[ends], ends + 1.0
    positive, negative = truth.sum(), len(truth) - truth.sum()
    return Curves(
        false_share=(0.0, *((passed - found) / negative).tolist()),
        true_share=(0.0, *(found / positive).tolist()),
        recall=tuple((found / positive).tolist()),
        precision=tuple((found / passed).tolist()),
        base_rate=float(truth.mean()),
    )


def confusion(judged: Judged) -> Confusion:
    """Count rows by what is said at a probability of 0.5 and what is true."""
    said, true = judged.predicted >= _HALF, judged.truth == 1
    return Confusion(
        hits=int((said & true).sum()),
        false_alarms=int((said & ~true).sum()),
        misses=int((~said & true).sum()),
        quiet=int((~said & ~true).sum()),
    )


def importances(
    pipeline: Pipeline,
    features: Sequence[Feature],
    rows: Rows,
    task: Task,
    metric: Metric,
    *,
    seed: int,
) -> tuple[Importance, ...]:
    """Return the importance of each feature, the greatest first.

    The columns that are made of a feature change rows together; each drop is the mean of
    five shuffles, with the least and the greatest. At most 10,000 rows are used: the
    first of the sandbox, which are a sample by themselves.

    References
    ----------
    Breiman. Random Forests. Machine Learning 45, 2001. Section 10.
    """
    rows = rows.where(np.arange(min(len(rows), _SAMPLE)))
    sign = 1 if HIGHER_IS_BETTER[metric] else -1
    whole = _score(pipeline, rows, task, metric)
    rng = np.random.default_rng(seed)
    found = []
    for feature in features:
        drops = []
        for _ in range(_REPEATS):
            order = rng.permutation(len(rows))
            frame = rows.frame.copy(deep=False)
            for column in feature.columns:
                frame[column] = rows.frame[column].to_numpy()[order]
            shuffled = Rows(rows.table, frame, rows.target)
            drops.append(sign * (whole - _score(pipeline, shuffled, task, metric)))
        found.append(
            Importance(feature.name, float(np.mean(drops)), min(drops), max(drops))
        )
    return tuple(sorted(found, key=lambda one: -one.drop))


def _score(pipeline: Pipeline, rows: Rows, task: Task, metric: Metric) -> float:
    return Judged(task, rows.target, predict(pipeline, rows.frame, task)).value(metric)


def groups(
    judged: Judged, levels: Levels, units: Units, metric: Metric
) -> tuple[Group, ...]:
    """Return how good the predictions are in each level."""
    means = level_means(judged.truth, levels.codes, levels.count, units)
    low, high = _bounded(judged.task, means.low, means.high)
    found = []
    for code, name in enumerate(levels.names):
        inside = levels.codes == code
        if not inside.any():
            continue
        part = Judged(judged.task, judged.truth[inside], judged.predicted[inside])
        found.append(
            Group(
                level=name,
                n=int(means.n[code]),
                predicted=float(part.predicted.mean()),
                observed=float(means.mean[code]),
                low=float(low[code]),
                high=float(high[code]),
                score=part.value(metric),
            )
        )
    return tuple(found)
