"""Declarations of what people decided about single rows: ``decisions/*.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from backbone.project.declarations import Declaration, Names
from backbone.project.mistakes import brief

__all__ = ["FORMS", "Day", "Decision", "Decisions", "Form", "Line", "Ruling"]

Form = Literal["keep", "set", "undo", "fine", "out"]
FORMS: tuple[Form, ...] = ("keep", "set", "undo", "fine", "out")
Values = dict[str, str | None]


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        message = f"{brief(value)} is no date; write for example 2027-01-31"
        raise ValueError(message) from None


Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]


class Decision(Declaration):
    """What a person decided about a row, or about the rows of a file; and why."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="What the decision is called in side tables and reports.",
    )
    where: dict[str, str] = Field(
        default={}, description="Which row: columns and their values."
    )
    rows: str | None = Field(
        None, description="Or a CSV file in this folder, a line for each row."
    )
    keep: Names = Field((), description="Columns whose values are right as delivered.")
    set: Values = Field(
        default={}, description="Column: the right value; ~ is a missing one."
    )
    undo: str | None = Field(None, description="The rule that leaves the row alone.")
    columns: Names = Field((), description="With `undo`: these cells alone.")
    fine: Names = Field((), description="The rules that the row does not break.")
    out: bool = Field(False, description="Whether the row leaves, to the quarantine.")
    was: Values = Field(
        default={}, description="Column: what it must hold for the decision to hold."
    )
    many: bool = Field(False, description="Whether it may name several rows.")
    reason: str = Field(min_length=1, description="Why, for people.")
    by: str = Field(min_length=1, description="Who decided.")
    decided: Day = Field(description="The day on which.")
    until: Day | None = Field(None, description="The last day on which it holds.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.where) == bool(self.rows):
            message = "a decision names its row: `where`, or `rows` and a file"
            raise ValueError(message)
        given = [form for form in FORMS if getattr(self, form)]
        if len(given) > 1 or not (given or self.rows):
            said = f"says {' and '.join(given)}" if given else "says nothing"
            message = f"a decision is one of {', '.join(FORMS)}; this {said}"
            raise ValueError(message)
        if self.columns and self.undo is None:
            message = "`columns` goes with `undo`"
            raise ValueError(message)
        if self.until is not None and self.until < self.decided:
            message = "`until` is before the day on which it was decided"
            raise ValueError(message)
        return self

    @property
    def form(self) -> Form:
        """What it says; without any word, the file of its rows says what to set."""
        return next((form for form in FORMS if getattr(self, form)), "set")

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that it speaks of."""
        return self.fine or ((self.undo,) if self.undo else ())

    def holds_on(self, day: date) -> bool:
        """Tell whether the decision holds on `day`."""
        return self.until is None or day <= self.until


class Decisions(Declaration):
    """What people decided about the rows of a trusted table; the file has its name."""

    description: str | None = Field(None, description="What is decided here, for people.")
    decisions: tuple[Decision, ...] = Field(
        (), description="The later one counts where two speak of a cell."
    )


@dataclass(frozen=True)
class Line:
    """A row that a decision names, and what it says of this row, as text."""

    where: Mapping[str, str]
    set: Mapping[str, str | None] = field(default_factory=dict)
    was: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Ruling:
    """A decision, and the rows that it names: one, or those of its file."""

    decision: Decision
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, decision: Decision) -> Ruling:
        """Return the ruling of a decision that names one row."""
        return cls(decision, (Line(decision.where, decision.set, decision.was),))
