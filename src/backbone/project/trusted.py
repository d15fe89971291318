"""Declarations of trusted tables: ``trusted/*.yml``."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from backbone.model.constraints import DenialConstraint, Predicate, Selected, Sequence
from backbone.project.cleaning import CleanStep
from backbone.project.declarations import Declaration, EngineKind, Names, Regex
from backbone.project.shares import Share, share_of

__all__ = [
    "DIMENSIONS",
    "Action",
    "CleanStep",
    "Dimension",
    "InOrder",
    "Keep",
    "Rule",
    "Severity",
    "TrustedTable",
    "WhichRows",
]

Action = Literal["flag", "blank", "quarantine", "deduplicate", "repair"]
Severity = Literal["error", "warn"]
Keep = Literal["first", "latest"]
WhichRows = Literal["fewest", "later", "earlier"]
WHICH_ROWS: tuple[WhichRows, ...] = ("fewest", "later", "earlier")
Dimension = Literal["completeness", "uniqueness", "validity", "consistency", "timeliness"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
Bound = int | Decimal | str | None

_OF_ROW = re.compile(r"^(t1|t2|previous|next)\.")
SHORT_FORMS = (
    "not_null", "unique", "accepted", "range", "matches", "functional", "references",
    "deny", "sql",
)  # fmt: skip


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
    sql: str | None = Field(
        None, description="A select of the rows that break it (`_row as row`)."
    )
    sequence: InOrder | None = Field(
        None, description="The order in which `deny` speaks of `previous` and `next`."
    )
    where: str | None = Field(
        None, description="The rows that the rule looks at, and no others."
    )
    holds: Share | None = Field(
        None, description="The share of rows for which it holds: 99.5% | 0.995."
    )
    allow_quadratic: bool = Field(
        default=False,
        description="Whether `deny` may compare pairs of rows, however many they are.",
    )
    action: Action = Field("flag", description="What happens to rows that break it.")
    severity: Severity = Field("warn", description="Whether the run fails: error | warn.")
    keep: Keep = Field("latest", description="Which of several equal rows survives.")
    blame: Names = Field(
        (),
        description="The cells to blame: columns; fewest | later | earlier: whose.",
    )
    owner: str | None = Field(None, description="Who answers for the rule.")
    reason: str | None = Field(
        None, description="What is wrong with a row that breaks it, in your words."
    )
    dimension: Dimension | None = Field(
        None, description="Of quality, that the rule is counted in; by its form."
    )
    weight: float = Field(
        1.0, gt=0, le=1_000_000, description="How much it counts in scores."
    )

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
        if len([word for word in self.blame if word in WHICH_ROWS]) > 1:
            message = f"`blame` takes one of {', '.join(WHICH_ROWS)}"
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
    def blamed_rows(self) -> WhichRows | None:
        """Which of the rows that contradict each other `blame` says are wrong."""
        words = [word for word in self.blame if word in WHICH_ROWS]
        return words[0] if words else None

    @property
    def blamed_cells(self) -> tuple[str, ...]:
        """The columns that `blame` names, with the row where it names one."""
        return tuple(text for text in self.blame if text not in WHICH_ROWS)

    @property
    def blamed_columns(self) -> tuple[str, ...]:
        """The columns that `blame` names, whatever the row."""
        return tuple(_OF_ROW.sub("", text) for text in self.blamed_cells)

    @property
    def tolerance(self) -> Fraction | None:
        """The share of rows that may break the rule, of those that it looks at."""
        return None if self.holds is None else 1 - share_of(self.holds)

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

    def selected(self) -> Selected:
        """Return what `sql` selects.

        Raises
        ------
        ViewError : the text is not one select of assets
        """
        from backbone.sql.views import parse_view  # noqa: PLC0415 - imports sqlglot

        text, called = self.sql or "", f"rule `{self.name}`"
        view = parse_view(text, name=self.name, file=called, noun="rule")
        tables = tuple(str(asset) for asset in view.inputs)
        return Selected(text, tables, view.column_names)

    def looked_at(self) -> tuple[Predicate, ...]:
        """Return what `where` says of the rows that the rule looks at.

        Raises
        ------
        RuleSyntaxError : the text cannot be read
        """
        from backbone.sql.denial import conditions  # noqa: PLC0415 - imports sqlglot

        return () if self.where is None else conditions(self.name, self.where)


class TrustedTable(Declaration):
    """A table of the trusted zone; it has the name of its formatted table."""

    description: str | None = Field(None, description="What a row is, for people.")
    clean: tuple[CleanStep, ...] = Field((), description="First, in this order.")
    rules: tuple[Rule, ...] = Field((), description="Then these, top to bottom.")
    engine: EngineKind | None = Field(
        None, description="Computed with this engine, whatever the run's."
    )
