"""Declarations of analytical questions: ``analysis/*.yml``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from backbone.errors import nearest
from backbone.project.declarations import Declaration, EngineKind, Names

__all__ = [
    "CLASSIFICATION_METRICS",
    "REGRESSION_METRICS",
    "Analysis",
    "Baseline",
    "Choose",
    "Describe",
    "Factor",
    "Metric",
    "ModelSpec",
    "Predict",
    "Sandbox",
    "Share",
    "Split",
    "Task",
    "Validate",
]

Task = Literal["classification", "regression"]
ClassificationMetric = Literal[
    "roc_auc", "average_precision", "brier", "log_loss", "accuracy", "balanced_accuracy",
    "precision", "recall", "f1",
]  # fmt: skip
RegressionMetric = Literal["mae", "rmse", "r2"]
Metric = ClassificationMetric | RegressionMetric
Baseline = Literal["prior", "majority", "mean", "median"]

CLASSIFICATION_METRICS: tuple[str, ...] = get_args(ClassificationMetric)
REGRESSION_METRICS: tuple[str, ...] = get_args(RegressionMetric)
_BASELINES: dict[Task, tuple[Baseline, ...]] = {
    "classification": ("prior", "majority"),
    "regression": ("mean", "median"),
}


def _share(value: object) -> object:
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(Decimal(value.strip()[:-1].strip()) / 100)
        except ArithmeticError:
            message = f"`{value}` is no share; write for example 20% or 0.2"
            raise ValueError(message) from None
    return value


def _factor(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(gt=0, lt=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                {"type": "string", "pattern": r"^\d+(\.\d+)? ?%$"},
            ]
        }
    ),
]
Gate = Annotated[str, Field(pattern=r"^\s*(>=|<=|>|<)\s*-?\d+(\.\d+)?\s*$")]


class Sandbox(Declaration):
    """The frozen data of one question."""

    columns: Names = Field((), description="Columns to keep beside those that are named.")
    where: str | None = Field(None, description="Condition on rows, SQL.")
    sample: int | None = Field(None, gt=0, description="At most so many rows.")
    seed: int = Field(0, description="Another seed takes another sample.")


class Split(Declaration):
    """How rows are divided into train, validation and test."""

    by: Literal["random", "stratified", "group", "time"] = "random"
    column: str | None = Field(
        None, description="The column of the time or group; of strata, if not the target."
    )
    test: Share = Field(0.2, description="Share of the rows, for example 20%.")
    validation: Share = Field(0.1, description="Share of the rows, for example 10%.")
    seed: int = Field(0, description="Another seed divides rows another way.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.by in {"group", "time"} and self.column is None:
            message = f"a split by {self.by} names its `column`"
            raise ValueError(message)
        if self.by == "random" and self.column is not None:
            message = "a random split takes no `column`; did you mean `by: group`?"
            raise ValueError(message)
        if self.test + self.validation >= 1:
            message = "`test` and `validation` leave no rows to train on"
            raise ValueError(message)
        return self


class ModelSpec(Declaration):
    """A candidate: a scikit-learn estimator by its import path."""

    estimator: str = Field(
        pattern=r"^sklearn(\.[A-Za-z_]\w*)+$",
        description="For example sklearn.linear_model.LogisticRegression.",
    )
    parameters: dict[str, Any] = Field(default={}, description="Given to the estimator.")
    search: dict[str, tuple[Any, ...]] = Field(
        default={}, description="Parameter: values to try, judged on the validation set."
    )


class Choose(Declaration):
    """The criterion by which one candidate is chosen, on the validation set."""

    metric: Metric
    within: Literal["best", "1 standard error"] = "best"
    prefer: Names = Field((), description="The order of preference among those within.")


class Validate(Declaration):
    """How the chosen model is judged, on data it has not seen."""

    folds: int = Field(5, ge=2, le=50, description="Folds of the cross-validation.")
    metrics: Annotated[
        tuple[Metric, ...],
        BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    ] = Field(min_length=1)
    baseline: Baseline | None = Field(
        None, description="What a model has to beat; default: prior, or mean."
    )
    by: Names = Field((), description="Columns by whose values errors are shown.")
    gates: dict[Metric, Gate] = Field(default={}, description='Metric: ">= 0.8"')


class Predict(Declaration):
    """A question answered by a model."""

    kind: Literal["predict"]
    question: str
    value: str | None = Field(None, description="What the answer is worth to whom.")
    source: str = Field(alias="from", description="A table of any zone.")
    rows: str = Field("rows", description="What the rows are, in the plural: flights.")
    key: Names = Field((), description="Columns that identify a row of predictions.")
    target: str = Field(description="A column, or an SQL expression over columns.")
    target_label: str | None = Field(
        None,
        description='What rows with a true target are: "15 minutes late or more"; what a '
        'number is of: "heat".',
    )
    unit: str | None = Field(None, description="The unit of a number that is predicted.")
    task: Task = "classification"
    features: Names = Field(min_length=1, description="What may be used to predict.")
    timezone: str | None = Field(
        None, description="IANA zone in which hours and days of instants are counted."
    )
    sandbox: Sandbox = Sandbox()
    split: Split = Split()
    models: dict[str, ModelSpec] = Field(min_length=1)
    choose: Choose
    validate_: Validate = Field(alias="validate")
    seed: int = Field(0, description="For estimators, resampling and permutation.")
    engine: EngineKind | None = Field(
        None, description="Computed with this engine, whatever the run's."
    )

    @property
    def baseline(self) -> Baseline:
        """What a model has to beat."""
        return self.validate_.baseline or _BASELINES[self.task][0]

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Every metric that is computed, the one that chooses first; each once."""
        gates = tuple(self.validate_.gates)
        return tuple(dict.fromkeys((self.choose.metric, *self.validate_.metrics, *gates)))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        known = (
            CLASSIFICATION_METRICS
            if self.task == "classification"
            else REGRESSION_METRICS
        )
        for metric in self.metrics:
            if metric not in known:
                message = (
                    f"`{metric}` does not judge a {self.task}; these do: "
                    f"{', '.join(known)}"
                )
                raise ValueError(message)
        if self.baseline not in _BASELINES[self.task]:
            message = (
                f"baseline `{self.baseline}` does not go with a {self.task}; "
                f"{' and '.join(_BASELINES[self.task])} do"
            )
            raise ValueError(message)
        for name in self.choose.prefer:
            if name not in self.models:
                hint = nearest(name, list(self.models)) or ""
                message = f"`prefer` names `{name}`, which is no model here. {hint}"
                raise ValueError(message.strip())
        return self


class Factor(Declaration):
    """Something that may go with the outcome."""

    column: str
    label: str | None = Field(None, description="The factor in words.")
    unit: str | None = None
    bins: int | None = Field(None, ge=2, le=50, description="Quantile bins of a number.")
    part: Literal["hour", "weekday", "month"] | None = Field(
        None, description="A part of an instant or date."
    )

    @property
    def name(self) -> str:
        """The factor's name in tables: its column, and the part of it that is meant."""
        return f"{self.column}_{self.part}" if self.part else self.column

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.bins is not None and self.part is not None:
            message = "a factor has `bins` or is a `part` of an instant, not both"
            raise ValueError(message)
        return self


class Describe(Declaration):
    """A question answered by looking: distributions, groups, effects."""

    kind: Literal["describe"]
    question: str
    value: str | None = Field(None, description="What the answer is worth to whom.")
    source: str = Field(alias="from", description="A table of any zone.")
    rows: str = Field("rows", description="What the rows are, in the plural: flights.")
    key: Names = Field((), description="Columns that identify a row.")
    outcome: str = Field(description="A number, or an SQL expression over columns.")
    outcome_label: str | None = Field(
        None, description="The outcome in words: arrival delay."
    )
    unit: str | None = Field(None, description="The outcome's unit.")
    time: str | None = Field(
        None,
        description="An instant or date: trends are shown over it, and rows of one day "
        "are taken to be alike when intervals are computed.",
    )
    timezone: str | None = Field(
        None, description="IANA zone in which hours and days of instants are counted."
    )
    factors: tuple[Annotated[Factor, BeforeValidator(_factor)], ...] = Field(min_length=1)
    sandbox: Sandbox = Sandbox()
    seed: int = Field(0, description="For resampling.")
    engine: EngineKind | None = Field(
        None, description="Computed with this engine, whatever the run's."
    )

    @model_validator(mode="after")
    def _distinct_factors(self) -> Self:
        names = [factor.name for factor in self.factors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"the factor {', '.join(twice)} is named twice"
            raise ValueError(message)
        return self


Analysis = Annotated[Predict | Describe, Field(discriminator="kind")]
