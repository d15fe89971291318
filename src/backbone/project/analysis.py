"""Declarations of analytical questions: ``analysis/*.yml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from backbone.project.declarations import Declaration, Names

__all__ = [
    "Analysis",
    "Choose",
    "Describe",
    "Factor",
    "ModelSpec",
    "Predict",
    "Sandbox",
    "Split",
    "Validate",
]

Metric = Literal[
    "roc_auc", "average_precision", "brier", "log_loss", "accuracy", "balanced_accuracy",
    "precision", "recall", "f1", "mae", "rmse", "r2",
]  # fmt: skip


class Sandbox(Declaration):
    """The frozen data of one question."""

    columns: Names = Field((), description="Columns to take; default: what is named.")
    where: str | None = Field(None, description="Condition on rows, SQL.")
    sample: int | None = Field(None, gt=0, description="At most so many rows.")
    seed: int = 0


class Split(Declaration):
    """How rows are divided into train, validation and test."""

    by: Literal["random", "stratified", "group", "time"] = "random"
    column: str | None = Field(None, description="The group's or the time's column.")
    test: float = Field(0.2, gt=0, lt=1)
    validation: float = Field(0.1, gt=0, lt=1)
    seed: int = 0


class ModelSpec(Declaration):
    """A candidate: a scikit-learn estimator by its import path."""

    estimator: str = Field(pattern=r"^(sklearn|imblearn)\.[\w.]+$")
    parameters: dict[str, Any] = {}
    search: dict[str, tuple[Any, ...]] = Field(
        default={}, description="Parameter: values to try, on the validation set."
    )


class Choose(Declaration):
    """The criterion by which one candidate is chosen, on the validation set."""

    metric: Metric
    within: Literal["best", "1 standard error"] = "best"
    prefer: Names = Field((), description="The order of preference among those within.")


class Validate(Declaration):
    """How the chosen model is judged, on data it has not seen."""

    folds: int = Field(5, ge=2, le=50)
    metrics: tuple[Metric, ...] = Field(min_length=1)
    baseline: Literal["majority", "prior", "mean", "median"] = "prior"
    gates: dict[Metric, str] = Field(default={}, description='Metric: ">= 0.8"')


class Predict(Declaration):
    """A question answered by a model."""

    kind: Literal["predict"]
    question: str
    value: str | None = Field(None, description="What the answer is worth to whom.")
    source: str = Field(alias="from", description="A table of any zone.")
    key: Names = Field((), description="Columns that identify a row of predictions.")
    target: str = Field(description="A column, or an SQL expression over columns.")
    task: Literal["classification", "regression"] = "classification"
    features: Names = Field(min_length=1)
    sandbox: Sandbox = Sandbox()
    split: Split = Split()
    models: dict[str, ModelSpec] = Field(min_length=1)
    choose: Choose
    validate_: Validate = Field(alias="validate")
    seed: int = 0


class Factor(Declaration):
    """Something that may go with the outcome."""

    column: str
    label: str | None = None
    bins: int | None = Field(None, ge=2, le=50, description="Quantile bins of a number.")


class Describe(Declaration):
    """A question answered by looking: distributions, groups, effects."""

    kind: Literal["describe"]
    question: str
    value: str | None = None
    source: str = Field(alias="from", description="A table of any zone.")
    outcome: str = Field(description="A number, or an SQL expression over columns.")
    outcome_label: str | None = None
    unit: str | None = None
    time: str | None = Field(None, description="An instant or date to show trends over.")
    factors: tuple[Factor, ...] = Field(min_length=1)
    sandbox: Sandbox = Sandbox()
    seed: int = 0


Analysis = Annotated[Predict | Describe, Field(discriminator="kind")]
