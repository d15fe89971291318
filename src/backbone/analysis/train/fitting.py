"""Fitting an estimator and asking it, with its warnings kept and its errors worded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from backbone.analysis.prepare.frames import Rows
from backbone.analysis.threads import one_thread
from backbone.analysis.train.warned import listening
from backbone.errors import DataError
from backbone.project.analysis import Baseline, Task

__all__ = ["Fitted", "baseline_value", "fit", "predict"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline, the seconds it took and what was warned of."""

    pipeline: Pipeline
    seconds: float
    warnings: tuple[str, ...]


def fit(pipeline: Pipeline, rows: Rows, task: Task, *, name: str) -> Fitted:
    """Fit `pipeline` on `rows`.

    Raises
    ------
    DataError : the rows hold one class only, or the estimator refuses them
    """
    target: npt.NDArray[Any] = rows.target
    if task == "classification":
        target = target.astype(np.int64)
        if len(np.unique(target)) < 2:  # noqa: PLR2004 (two classes)
            what = f"all {len(rows):,} rows to train `{name}` on have the same target"
            raise DataError(what, hint="check the target's expression, or another split")
    start = time.perf_counter()
    try:
        with listening() as warnings, one_thread():
            pipeline.fit(_without_empty(rows.frame), target)
    except (ValueError, TypeError) as exc:
        reason = str(exc).strip().split("\n")[0]
        what = f"the model `{name}` could not be trained: {reason}"
        raise DataError(what, hint="look at its `parameters` and `search`") from exc
    return Fitted(pipeline, time.perf_counter() - start, tuple(warnings))


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with zeros where a column has no value at all.

    A column that begins later than the training rows of a fold tells nothing there, but
    some estimators refuse it.
    """
    empty = [name for name in frame if frame[name].isna().all()]
    return frame.assign(**dict.fromkeys(map(str, empty), 0.0)) if empty else frame


def predict(pipeline: Pipeline, frame: pd.DataFrame, task: Task) -> Floats:
    """Return probabilities of 1, or numbers."""
    with listening(), one_thread():
        if task == "regression":
            return np.asarray(pipeline.predict(frame), dtype=np.float64)
        return np.asarray(pipeline.predict_proba(frame)[:, 1], dtype=np.float64)


def baseline_value(baseline: Baseline, target: Floats) -> float:
    """Return what the baseline says of every row, from the targets it was shown."""
    if baseline == "median":
        return float(np.median(target))
    mean = float(target.mean())
    return float(mean >= 0.5) if baseline == "majority" else mean  # noqa: PLR2004
