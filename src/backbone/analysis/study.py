"""A study: all the computing between the sandbox and the report of a prediction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.analysis.measure.levels import levels_of
from backbone.analysis.measure.resampling import Units, units_of
from backbone.analysis.prepare.frames import (
    Feature,
    Rows,
    clock_days,
    features_of,
    mask_of,
    rows_of,
    zone_of,
)
from backbone.analysis.prepare.parts import PartSummary, parts_of
from backbone.analysis.sandbox.layout import Part
from backbone.analysis.train.candidates import Training, train
from backbone.analysis.train.choice import Choice, choose
from backbone.analysis.train.fitting import Fitted, predict
from backbone.analysis.train.leakage import Leak, leaks
from backbone.analysis.validate.diagnostics import (
    Bin,
    Confusion,
    Curves,
    Group,
    Importance,
    Moment,
    calibration,
    confusion,
    curves,
    groups,
    importances,
    over_time,
)
from backbone.analysis.validate.verdict import (
    Fold,
    Gate,
    Verdict,
    cross_validate,
    gates_of,
    judge,
    refit,
)
from backbone.model.schemas import Schema
from backbone.project.analysis import Predict

__all__ = ["Study", "study"]

_LEADING = 4
_FEW_LEVELS = 31


@dataclass(frozen=True)
class Study:
    """Everything that was found on the way to a model."""

    features: tuple[Feature, ...]
    parts: Mapping[Part, PartSummary]
    units: Units
    leaks: tuple[Leak, ...]
    training: Training
    choice: Choice
    folds: tuple[Fold, ...]
    model: Fitted
    verdict: Verdict
    gates: tuple[Gate, ...]
    calibration: tuple[Bin, ...]
    curves: Curves | None
    confusion: Confusion | None
    importances: tuple[Importance, ...]
    groups: Mapping[str, tuple[Group, ...]]
    moments: tuple[Moment, ...]
    missing: Mapping[str, float]
    warnings: tuple[str, ...]
    predicted: npt.NDArray[np.float64]
    seconds: float


def study(declaration: Predict, table: pa.Table, schema: Schema) -> Study:
    """Do all the computing; `table` is a sandbox in its own order."""
    start = time.perf_counter()
    task, seed = declaration.task, declaration.seed
    parts = parts_of(declaration, table, timezone=_zone(declaration, schema))
    train_table = table.filter(pa.array(mask_of(table, "train")))
    features = features_of(
        declaration.features, schema, train_table, timezone=declaration.timezone
    )
    rows = rows_of(table, features)
    known = rows.where(mask_of(table, "train", "validation"))
    training, validation, test = (
        rows.where(mask_of(table, part)) for part in ("train", "validation", "test")
    )
    units = _units(declaration, schema, test)
    tried = train(
        declaration,
        features,
        training,
        validation,
        _units(declaration, schema, validation),
    )
    choice = choose(tried, declaration.choose)
    folds, warned = cross_validate(declaration, features, choice.chosen, known)
    model = refit(declaration, features, choice, known)
    verdict = judge(declaration, model, known, test, units)
    judged, metric = verdict.judged, declaration.choose.metric
    weights = importances(model.pipeline, features, test, task, metric, seed=seed)
    classes = task == "classification"
    said = [w for c in tried.candidates for w in _of(c.label, c.fitted.warnings)]
    said += [*_of(choice.chosen.label, (*warned, *model.warnings))]
    return Study(
        features=features,
        parts=parts,
        units=units,
        leaks=leaks(features, training, validation, task),
        training=tried,
        choice=choice,
        folds=folds,
        model=model,
        verdict=verdict,
        gates=gates_of(declaration, verdict),
        calibration=calibration(judged, units),
        curves=curves(judged) if classes else None,
        confusion=confusion(judged) if classes else None,
        importances=weights,
        groups=_groups(declaration, schema, test, verdict, units, weights),
        moments=_moments(declaration, schema, test, verdict),
        missing={n: _missing(table, n) for n in declaration.features},
        warnings=tuple(dict.fromkeys(said)),
        predicted=predict(model.pipeline, rows.frame, task),
        seconds=time.perf_counter() - start,
    )


def _of(label: str, warnings: tuple[str, ...]) -> list[str]:
    return [f"{label}: {text}" for text in warnings]


def _zone(declaration: Predict, schema: Schema) -> str:
    column = declaration.split.column
    if column is None:
        return declaration.timezone or "UTC"
    return zone_of(schema[column], declaration.timezone)


def _units(declaration: Predict, schema: Schema, rows: Rows) -> Units:
    zone = _zone(declaration, schema)
    return units_of(rows.table, declaration.split, timezone=zone)


def _missing(table: pa.Table, name: str) -> float:
    gone = table[name].is_null(nan_is_null=True)
    return float(np.mean(gone.to_numpy())) if len(gone) else 0.0


def _groups(
    declaration: Predict,
    schema: Schema,
    test: Rows,
    verdict: Verdict,
    units: Units,
    weights: tuple[Importance, ...],
) -> dict[str, tuple[Group, ...]]:
    leading = [one.feature for one in weights[:_LEADING]]
    found = {}
    for name in dict.fromkeys((*declaration.validate_.by, *leading)):
        levels = levels_of(test.table[name], schema[name], timezone=declaration.timezone)
        if 1 < levels.count <= _FEW_LEVELS:
            metric = declaration.choose.metric
            found[name] = groups(verdict.judged, levels, units, metric)
    return found


def _moments(
    declaration: Predict, schema: Schema, test: Rows, verdict: Verdict
) -> tuple[Moment, ...]:
    split = declaration.split
    if split.by != "time" or not schema[str(split.column)].type.is_temporal:
        return ()
    zone = _zone(declaration, schema)
    days = clock_days(test.table[str(split.column)], timezone=zone)
    return over_time(verdict.judged, days)
