"""Predictions and metrics as tables, to be kept and queried like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.analysis.measure.resampling import Interval
from backbone.analysis.sandbox.layout import PART, ROW, TARGET
from backbone.analysis.train.candidates import BASELINE, Training
from backbone.analysis.validate.verdict import Fold, Verdict
from backbone.model.schemas import Column, Schema
from backbone.model.types import DOUBLE, STRING
from backbone.project.analysis import Metric, Predict

__all__ = ["METRICS_SCHEMA", "metrics_table", "predictions_schema", "predictions_table"]

Floats = npt.NDArray[np.float64]

_HALF = 0.5

METRICS_SCHEMA = Schema((
    Column("part", STRING, "validation, fold 1, fold 2 …, or test"),
    Column("model", STRING, "the model or baseline; gain: of the model over it"),
    Column("metric", STRING),
    Column("value", DOUBLE),
    Column("low", DOUBLE, "lower bound of the 95 % interval"),
    Column("high", DOUBLE, "upper bound of the 95 % interval"),
))  # fmt: skip


def predictions_schema(declaration: Predict, schema: Schema) -> Schema:
    """Return the schema of the predictions, from the `schema` of the sandbox."""
    keys = tuple(schema[name] for name in declaration.key or (ROW,))
    kind = schema[TARGET].type
    more = [
        Column("part", STRING, "train and validation rows were seen by the model"),
        Column("target", kind, schema[TARGET].description, declaration.unit),
        Column("prediction", kind, "what the model says", declaration.unit),
    ]
    if declaration.task == "classification":
        more.append(Column("probability", DOUBLE, "of a true target; true from 0.5"))
    return Schema((*keys, *more))


def predictions_table(
    declaration: Predict, sandbox: pa.Table, predicted: Floats
) -> pa.Table:
    """Return a row per row of the sandbox: its key, its target, what the model says."""
    columns: dict[str, Any] = {n: sandbox[n] for n in declaration.key or (ROW,)}
    columns |= {"part": sandbox[PART], "target": sandbox[TARGET]}
    if declaration.task == "classification":
        columns |= {
            "prediction": pa.array(predicted >= _HALF),
            "probability": pa.array(predicted),
        }
    else:
        columns["prediction"] = pa.array(predicted)
    return pa.table(columns)


def metrics_table(
    training: Training, folds: Sequence[Fold], verdict: Verdict, chosen: str
) -> pa.Table:
    """Return every metric that was computed, one a row."""
    rows: list[tuple[str, str, Metric, Interval]] = []
    for candidate in training.candidates:
        rows += _rows("validation", candidate.label, candidate.scores)
    rows += _rows("validation", BASELINE, training.baseline)
    for fold in folds:
        rows += _rows(f"fold {fold.number}", chosen, _plain(fold.scores))
        rows += _rows(f"fold {fold.number}", BASELINE, _plain(fold.baseline))
    rows += _rows("test", chosen, verdict.scores)
    rows += _rows("test", BASELINE, verdict.baseline)
    rows += _rows("test", "gain", verdict.gains)
    names = METRICS_SCHEMA.names
    values = [(p, m, k, i.value, i.low, i.high) for p, m, k, i in rows]
    columns = zip(names, zip(*values, strict=True), strict=True)
    return pa.table({n: pa.array(list(v), from_pandas=True) for n, v in columns})


def _rows(
    part: str, model: str, scores: Mapping[Metric, Interval]
) -> list[tuple[str, str, Metric, Interval]]:
    return [(part, model, metric, score) for metric, score in scores.items()]


def _plain(scores: Mapping[Metric, float]) -> dict[Metric, Interval]:
    nothing = float("nan")
    return {metric: Interval(v, nothing, nothing) for metric, v in scores.items()}
