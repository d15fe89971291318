"""What the columns of a sandbox are called, and which of them a question keeps."""

from __future__ import annotations

from typing import Literal, get_args

from backbone.model.schemas import Column, Schema
from backbone.model.types import BOOLEAN, DOUBLE, INTEGER, STRING
from backbone.project.analysis import Describe, Predict

__all__ = [
    "OUTCOME",
    "PART",
    "PARTS",
    "ROW",
    "TARGET",
    "Part",
    "columns_of",
    "label_of",
    "sandbox_schema",
]

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)

ROW, PART, TARGET, OUTCOME = "_row", "_part", "_target", "_outcome"


def columns_of(declaration: Predict | Describe) -> tuple[str, ...]:
    """Return the columns of the source that the sandbox keeps, each once."""
    if isinstance(declaration, Predict):
        placed = declaration.split.column
        named = (*declaration.features, *declaration.validate_.by)
    else:
        placed = declaration.time
        named = tuple(factor.column for factor in declaration.factors)
    names = (*declaration.key, placed, *named, *declaration.sandbox.columns)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def label_of(declaration: Predict | Describe) -> Column:
    """Return the column that holds the target or the outcome."""
    if isinstance(declaration, Describe):
        text = declaration.outcome_label or declaration.outcome
        return Column(OUTCOME, DOUBLE, text, declaration.unit)
    kind = BOOLEAN if declaration.task == "classification" else DOUBLE
    text = declaration.target_label or declaration.target
    return Column(TARGET, kind, text, declaration.unit)


def sandbox_schema(declaration: Predict | Describe, schema: Schema) -> Schema:
    """Return the schema of the sandbox, from the `schema` of its source."""
    kept = Schema(tuple(schema[name] for name in columns_of(declaration)))
    row = Column(ROW, INTEGER, "the rows' order in the sandbox; the first is 1")
    full = kept.with_columns(row, label_of(declaration))
    if isinstance(declaration, Predict):
        return full.with_columns(Column(PART, STRING, "train, validation or test"))
    return full
