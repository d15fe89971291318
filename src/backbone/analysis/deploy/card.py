"""The card of a model: what it is, what it was made from and how good it is, as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from backbone.analysis.deploy.artefact import LIBRARIES
from backbone.analysis.measure.metrics import METRIC_NAMES
from backbone.analysis.measure.resampling import Interval
from backbone.analysis.prepare.frames import Feature
from backbone.analysis.references import References
from backbone.analysis.study import Study
from backbone.analysis.train.estimators import public_path
from backbone.analysis.versions import versions
from backbone.project.analysis import Metric, Predict

__all__ = ["card_of"]


def card_of(
    declaration: Predict,
    found: Study,
    references: References,
    *,
    trusted_types: tuple[str, ...],
) -> dict[str, Any]:
    """Return the card of the model that a study ended with."""
    chosen, verdict = found.choice.chosen, found.verdict
    estimator = found.model.pipeline[-1]
    return {
        "asset": references.asset,
        "question": declaration.question,
        "task": declaration.task,
        "target": declaration.target,
        "estimator": public_path(type(estimator)),
        "model": chosen.model,
        "parameters": _plain(estimator.get_params(deep=False)),
        "searched": _plain(chosen.searched),
        "preparation": chosen.preparation.recipe,
        "features": [_feature(one) for one in found.features],
        "trained_on": {p: found.parts[p].rows for p in ("train", "validation")},
        "tested_on": found.parts["test"].rows,
        "choice": found.choice.sentence,
        "metrics": _metrics(verdict.scores),
        "baseline": {"kind": declaration.baseline, **_metrics(verdict.baseline)},
        "gates": [
            {"metric": g.metric, "condition": g.condition, "passed": g.passed}
            for g in found.gates
        ],
        "leaks": [leak.sentence for leak in found.leaks],
        "trusted_types": list(trusted_types),
        "versions": versions(LIBRARIES),
        "inputs": dict(references.inputs),
        "fingerprint": references.fingerprint,
        "approximate": "scores may differ in their last digits between machines",
    }


def _feature(one: Feature) -> dict[str, Any]:
    zone = {"timezone": one.timezone} if one.kind == "time" else {}
    return {"name": one.name, "type": one.type, "columns": list(one.columns), **zone}


def _metrics(scores: Mapping[Metric, Interval]) -> dict[str, Any]:
    return {
        metric: {
            "name": METRIC_NAMES[metric],
            "value": _known(one.value),
            "low": _known(one.low),
            "high": _known(one.high),
        }
        for metric, one in scores.items()
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in values.items()}


def _json(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    known = (str, int, float, bool, type(None))
    return value if isinstance(value, known) else str(value)
