"""A predictive question, from its sandbox to its model, its tables and its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from backbone.analysis.deploy.artefact import dump_model
from backbone.analysis.deploy.card import card_of
from backbone.analysis.deploy.predictions import (
    METRICS_SCHEMA,
    metrics_table,
    predictions_schema,
    predictions_table,
)
from backbone.analysis.prepare.frames import ordered
from backbone.analysis.references import References
from backbone.analysis.report.prediction import prediction_page
from backbone.analysis.sandbox.queries import SandboxAccount
from backbone.analysis.study import study
from backbone.analysis.validate.verdict import Gate
from backbone.model.schemas import Schema
from backbone.project.analysis import Predict

__all__ = ["PredictiveAnswer", "answer"]


@dataclass(frozen=True)
class PredictiveAnswer:
    """What is kept of a predictive question.

    `tables` are the side tables, by name, each with its schema; `report` is a whole HTML
    page; `card` goes beside the model as JSON.
    """

    tables: Mapping[str, tuple[pa.Table, Schema]]
    model: bytes
    card: Mapping[str, Any]
    report: str
    gates: tuple[Gate, ...]
    warnings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every declared gate is passed."""
        return all(gate.passed for gate in self.gates)


def answer(
    declaration: Predict,
    sandbox: pa.Table,
    schema: Schema,
    *,
    account: SandboxAccount,
    references: References,
) -> PredictiveAnswer:
    """Train, choose, validate and write down: all that follows the sandbox.

    Parameters
    ----------
    sandbox : what `sandbox_query` gave, in any order
    schema : Schema
        That of the sandbox.
    account : where the rows of the source went
    references : what the card and the report say of where all this comes from

    Raises
    ------
    DeclarationError : an estimator or a parameter that does not exist
    DataError : a part has no rows or one class only, or an estimator refuses the data
    """
    table = ordered(sandbox)
    found = study(declaration, table, schema)
    model, types = dump_model(found.model.pipeline)
    chosen = found.choice.chosen
    predictions = predictions_table(declaration, table, found.predicted)
    metrics = metrics_table(found.training, found.folds, found.verdict, chosen.label)
    return PredictiveAnswer(
        tables={
            "predictions": (predictions, predictions_schema(declaration, schema)),
            "metrics": (metrics, METRICS_SCHEMA),
        },
        model=model,
        card=card_of(declaration, found, references, trusted_types=types),
        report=prediction_page(
            declaration, schema, found, account, references, model_bytes=len(model)
        ),
        gates=found.gates,
        warnings=(*(leak.sentence for leak in found.leaks), *found.warnings),
    )
