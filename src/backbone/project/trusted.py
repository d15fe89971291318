"""Declarations of trusted tables: ``trusted/*.yml``."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from backbone.model.constraints import DenialConstraint, Sequence
from backbone.project.declarations import Declaration, EngineKind, Names, Regex

__all__ = [
    "Action",
    "CleanStep",
    "InOrder",
    "Keep",
    "Rule",
    "Severity",
    "Tidying",
    "TrustedTable",
]

Tidying = Literal["trim", "collapse_spaces", "nfc"]
Action = Literal["flag", "blank", "quarantine", "deduplicate", "repair"]
Severity = Literal["error", "warn"]
Keep = Literal["first", "latest"]
Bound = int | Decimal | str | None

_OF_ROW = re.compile(r"^(t1|t2|previous|next)\.")
SHORT_FORMS = (
    "not_null", "unique", "accepted", "range", "matches", "functional", "references",
    "deny",
)  # fmt: skip


class CleanStep(Declaration):
    """A cleaning step on text columns; it runs before every rule."""

    columns: Names = Field((), description="The columns to clean.")
    column: str | None = Field(None, description="The one column to clean.")
    do: tuple[Tidying, ...] = Field((), description="In this order.")
    replace: dict[str, str | None] = Field(
        default={}, description="Whole values and what they become; ~ blanks."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.columns) == bool(self.column):
            message = "a cleaning step names `columns` or one `column`"
            raise ValueError(message)
        if bool(self.do) == bool(self.replace):
            message = "a cleaning step says `do` or `replace`"
            raise ValueError(message)
        return self

    def targets(self) -> tuple[str, ...]:
        """Return the columns to clean."""
        return self.columns or ((self.column,) if self.column else ())


class InOrder(Declaration):
    """In which order rows are neighbours."""

    by: Names = Field(description="The columns that rows are ordered by.", min_length=1)
    per: Names = Field((), description="The columns that tell sequences apart.")


class Rule(Declaration):
    """A quality rule: one short form, or a denial constraint, and what to do."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="What the rule is called in reports."
    )
    description: str | None = Field(None, description="Why the rule is there.")
    not_null: Names | None = Field(None, description="None of these may be missing.")
    unique: Names | None = Field(None, description="No two rows agree on all of these.")
    accepted: dict[str, tuple[str, ...]] | None = Field(
        None, description="Column: values."
    )
    range: dict[str, tuple[Bound, Bound]] | None = Field(
        None, description="Column: [lowest, highest]; ~ is open."
    )
    matches: dict[str, Regex] | None = Field(
        None, description="Column: regular expression."
    )
    functional: dict[str, Names] | None = Field(
        None, description="Column (or 'a, b'): columns that it determines."
    )
    references: dict[str, str] | None = Field(
        None, description="Column: table.column of the trusted zone."
    )
    deny: str | None = Field(None, description="What must not occur.")
    sequence: InOrder | None = Field(
        None, description="The order in which `deny` speaks of `previous` and `next`."
    )
    allow_quadratic: bool = Field(
        default=False,
        description="Whether `deny` may compare pairs of rows, however many they are.",
    )
    action: Action = Field("flag", description="What happens to rows that break it.")
    severity: Severity = Field("warn", description="Whether the run fails: error | warn.")
    keep: Keep = Field("latest", description="Which of several equal rows survives.")
    blame: Names = Field((), description="Columns to blank or repair.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in SHORT_FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            what = f"says {' and '.join(given)}" if given else "says nothing"
            message = f"a rule has exactly one of {', '.join(SHORT_FORMS)}; this {what}"
            raise ValueError(message)
        if self.action == "deduplicate" and self.unique is None:
            message = "`deduplicate` goes with `unique`"
            raise ValueError(message)
        if self.action == "repair" and self.functional is None:
            message = "`repair` goes with `functional`"
            raise ValueError(message)
        if self.sequence is not None and self.deny is None:
            message = "`sequence` goes with `deny`"
            raise ValueError(message)
        if self.allow_quadratic and self.deny is None:
            message = "`allow_quadratic` goes with `deny`"
            raise ValueError(message)
        if "keep" in self.model_fields_set and self.action != "deduplicate":
            message = "`keep` goes with the action `deduplicate`"
            raise ValueError(message)
        if not getattr(self, given[0]):
            message = f"`{given[0]}` is empty: the rule forbids nothing"
            raise ValueError(message)
        return self

    @property
    def form(self) -> str:
        """The short form in use, or ``deny``."""
        return next(form for form in SHORT_FORMS if getattr(self, form) is not None)

    @property
    def blamed_columns(self) -> tuple[str, ...]:
        """The columns that `blame` names, whatever the row."""
        return tuple(_OF_ROW.sub("", text) for text in self.blame)

    def denied(self) -> DenialConstraint:
        """Return the constraint that `deny` states.

        Raises
        ------
        RuleSyntaxError : the text cannot be read
        """
        from backbone.sql.denial import parse  # noqa: PLC0415 - imports sqlglot

        order = self.sequence
        sequence = Sequence(order.by, order.per) if order is not None else None
        denied = parse(self.name, self.deny or "", sequence=sequence)
        return replace(denied, allow_quadratic=self.allow_quadratic)


class TrustedTable(Declaration):
    """A table of the trusted zone; it has the name of its formatted table."""

    description: str | None = Field(None, description="What a row is, for people.")
    clean: tuple[CleanStep, ...] = Field((), description="First, in this order.")
    rules: tuple[Rule, ...] = Field((), description="Then these, top to bottom.")
    engine: EngineKind | None = Field(
        None, description="Computed with this engine, whatever the run's."
    )
