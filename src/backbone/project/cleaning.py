"""Declarations of cleaning: what happens to cells before any rule looks at them."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from backbone.model.constraints import DenialConstraint
from backbone.project.declarations import Declaration, Names, Regex, TimeZone

__all__ = [
    "FORMS",
    "CleanStep",
    "Codes",
    "Fill",
    "Filling",
    "Ignored",
    "Lookup",
    "Missing",
    "Otherwise",
    "Outliers",
    "Pad",
    "Reads",
    "Scalar",
    "Season",
    "Substitute",
    "Tidying",
    "Units",
    "span_of",
]

Scalar = bool | int | Decimal | str
Factor = Annotated[Decimal, Field(gt=0, max_digits=17, decimal_places=9)]
Tidying = Literal[
    "trim",
    "collapse_spaces",
    "nfc",
    "nfd",
    "nfkc",
    "nfkd",
    "casefold",
    "lower",
    "upper",
    "title",
    "strip_accents",
    "drop_control",
    "digits",
]
Otherwise = Literal["keep", "missing"]
Season = Literal["hour", "weekday", "month"]
Filling = Literal["median", "mean", "mode", "interpolate", "last", "next"]
Ignored = Literal["case", "spaces", "punctuation", "accents"]

FORMS = (
    "do", "replace", "lookup", "substitute", "pad", "missing", "units", "codes",
    "outliers", "fill",
)  # fmt: skip
STATISTICS = ("median", "mean", "mode")
NEIGHBOURS = ("interpolate", "last", "next")

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?")


def span_of(text: str) -> timedelta | None:
    """Read a span of time; None if it is none.

    >>> span_of("3 hours"), span_of("soon")
    (datetime.timedelta(seconds=10800), None)
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return timedelta(**{f"{found[2]}s": float(found[1])})
    except OverflowError:
        return None


def _values(given: object) -> object:
    if isinstance(given, dict | Missing):
        return given
    return {"values": list(given) if isinstance(given, list | tuple) else [given]}


def _method(given: object) -> object:
    return {"with": given} if isinstance(given, str) else given


class Reads(Declaration):
    """A step that reads texts, and does not know all of them."""

    otherwise: Otherwise = Field(
        "keep", description="What it does not know stays, or becomes missing."
    )


class Lookup(Reads):
    """Whole values, and what they become, in a file of the project."""

    file: str = Field(description="A CSV file in the project's folder, with a header.")
    old: str = Field("old", description="The column that holds what is replaced.")
    new: str = Field(
        "new", description="The column that holds what it becomes; empty: missing."
    )


class Substitute(Declaration):
    """Parts of texts, and what they become."""

    pattern: Regex = Field(description="Regular expression of the part; each is taken.")
    by: str = Field("", description="What it becomes; `\\1` is its first group.")


class Pad(Declaration):
    """Texts that are too short."""

    width: int = Field(description="How many characters there are to be.", ge=1, le=1000)
    fill: str = Field(
        "0", alias="with", min_length=1, max_length=1, description="The character added."
    )
    side: Literal["left", "right"] = Field("left", description="Where it is added.")


class Missing(Declaration):
    """Values that stand for no value."""

    values: tuple[Scalar, ...] = Field((), description="They become missing.")
    where: str | None = Field(
        None, description="Only in rows of which this is true; alone: every value."
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.values and self.where is None:
            message = "`missing` names `values` or says `where`"
            raise ValueError(message)
        return self

    def condition(self) -> DenialConstraint | None:
        """Return the condition that `where` states.

        Raises
        ------
        RuleSyntaxError : the text cannot be read
        """
        from backbone.sql.denial import parse  # noqa: PLC0415 - imports sqlglot

        return parse("where", self.where) if self.where is not None else None


class Units(Reads):
    """Numbers with units, spelt in many ways."""

    to: str = Field(description="The unit that is wanted.", min_length=1)
    spellings: dict[str, Names] = Field(
        default={}, description="Unit: other spellings of it."
    )
    factors: dict[str, Factor] = Field(
        default={}, description="Unit: how many of the wanted one it is."
    )
    decimal: Literal[".", ","] = Field(".", description="The decimal mark of the texts.")
    compound: bool = Field(
        default=False, description="Whether a text may have several parts: `5 ft 3 in`."
    )
    write: Literal["number", "unit"] = Field(
        "number", description="The number alone, or with the unit behind it."
    )

    @model_validator(mode="after")
    def _told(self) -> Self:
        for unit in self.spellings:
            if unit != self.to and unit not in self.factors:
                message = f"`{unit}` is neither `to` nor in `factors`: how much is one?"
                raise ValueError(message)
        if self.factors.get(self.to, Decimal(1)) != 1:
            message = f"one `{self.to}` is one `{self.to}`: leave it out of `factors`"
            raise ValueError(message)
        seen: dict[str, str] = {}
        for unit, text in self.spelt():
            if seen.setdefault(text, unit) != unit:
                message = f"`{text}` spells `{seen[text]}` and `{unit}`"
                raise ValueError(message)
        return self

    def spelt(self) -> tuple[tuple[str, str], ...]:
        """Return every unit with every spelling of it, its own name among them."""
        names = dict.fromkeys((self.to, *self.factors))
        own = tuple((name, name) for name in names)
        more = tuple((n, text) for n, texts in self.spellings.items() for text in texts)
        return (*own, *more)


class Codes(Reads):
    """Codes, of which texts are spellings."""

    accepted: tuple[str, ...] = Field(description="The codes.", min_length=1)
    spellings: dict[str, str] = Field(
        default={}, description="Other spellings: the code of each."
    )
    ignore: tuple[Ignored, ...] = Field(
        ("case", "spaces", "punctuation"), description="What makes no difference."
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        for text, code in self.spellings.items():
            if code not in self.accepted:
                message = (
                    f"`{code}` is not `accepted`, so nothing can be a spelling of it"
                )
                raise ValueError(message)
            if text in self.accepted and text != code:
                message = f"`{text}` is `accepted` itself, so it spells no other code"
                raise ValueError(message)
        return self


class Groups(Declaration):
    """Which rows are reckoned together."""

    per: Names = Field((), description="Columns; each of their values is a group.")
    season: Annotated[
        tuple[Season, ...], BeforeValidator(lambda v: [v] if isinstance(v, str) else v)
    ] = Field((), description="And each hour of the day, weekday, or month of `at`.")
    at: str | None = Field(None, description="The column of which `season` is a part.")
    timezone: TimeZone | None = Field(
        None, description="Of instants: whose clocks and calendar tell the season."
    )

    @model_validator(mode="after")
    def _seasons(self) -> Self:
        if bool(self.season) != (self.at is not None):
            message = "`season` and `at` go together"
            raise ValueError(message)
        if self.timezone is not None and not self.season:
            message = "`timezone` goes with `season`"
            raise ValueError(message)
        return self

    @property
    def grouped(self) -> tuple[str, ...]:
        """The columns that tell groups apart."""
        return tuple(dict.fromkeys((*self.per, *((self.at,) if self.at else ()))))


class Outliers(Groups):
    """Numbers far from the others of their group."""

    method: Literal["mad", "iqr"] = Field(
        "mad", description="By the median absolute deviation, or by quartiles."
    )
    over: float | None = Field(
        None, description="How far is too far; 3.5 of `mad`, 1.5 of `iqr`.", gt=0
    )
    at_least: int = Field(
        8, description="Groups with fewer numbers are left alone.", ge=3
    )
    then: Literal["missing", "clip"] = Field(
        "missing", description="They become missing, or the nearest value allowed."
    )

    @property
    def reach(self) -> float:
        """How far is too far."""
        return self.over or (3.5 if self.method == "mad" else 1.5)


class Fill(Groups):
    """What missing cells become."""

    constant: Scalar | None = Field(None, description="This value.")
    method: Filling | None = Field(
        None, alias="with", description="Or what is made of the cells that are known."
    )
    by: str | None = Field(
        None, description="With `interpolate`, `last`, `next`: the order of the rows."
    )
    limit: str | float | None = Field(
        None,
        description="How wide a gap may be: `3 hours`, or a number in units of `by`.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.constant is None) == (self.method is None):
            message = "`fill` has `constant` or `with`, one of them"
            raise ValueError(message)
        if self.constant is not None and self.grouped:
            message = "a `constant` is the same in every group: leave out `per`, `season`"
            raise ValueError(message)
        if self.method in NEIGHBOURS and self.by is None:
            message = f"`{self.method}` needs `by`, the order of the rows"
            raise ValueError(message)
        if self.method in NEIGHBOURS and self.season:
            message = f"`season` does nothing with `{self.method}`"
            raise ValueError(message)
        for name in ("by", "limit"):
            if self.method not in NEIGHBOURS and getattr(self, name) is not None:
                message = f"`{name}` goes with {', '.join(NEIGHBOURS)}"
                raise ValueError(message)
        return self


class CleanStep(Declaration):
    """A cleaning step; it runs before every rule."""

    columns: Names = Field((), description="The columns to clean.")
    column: str | None = Field(None, description="The one column to clean.")
    do: tuple[Tidying, ...] = Field((), description="In this order.")
    replace: dict[str, str | None] = Field(
        default={}, description="Whole values and what they become; ~ blanks."
    )
    lookup: Lookup | None = Field(None, description="The same, from a file.")
    substitute: Substitute | None = Field(None, description="Parts of texts.")
    pad: Pad | None = Field(None, description="Texts that are too short.")
    missing: (
        Annotated[
            Missing,
            BeforeValidator(
                _values, json_schema_input_type=Missing | tuple[Scalar, ...] | Scalar
            ),
        ]
        | None
    ) = Field(None, description="Values that stand for no value.")
    units: Units | None = Field(None, description="Numbers with units.")
    codes: Codes | None = Field(None, description="Codes and their spellings.")
    outliers: Outliers | None = Field(None, description="Numbers far from the others.")
    fill: (
        Annotated[Fill, BeforeValidator(_method, json_schema_input_type=Fill | Filling)]
        | None
    ) = Field(None, description="What missing cells become.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.columns) == bool(self.column):
            message = "a cleaning step names `columns` or one `column`"
            raise ValueError(message)
        given = [form for form in FORMS if getattr(self, form)]
        if len(given) != 1:
            what = f"says {' and '.join(given)}" if given else "says nothing"
            message = (
                f"a cleaning step has exactly one of {', '.join(FORMS)}; this {what}"
            )
            raise ValueError(message)
        return self

    @property
    def form(self) -> str:
        """What the step does."""
        return next(form for form in FORMS if getattr(self, form))

    def targets(self) -> tuple[str, ...]:
        """Return the columns to clean."""
        return self.columns or ((self.column,) if self.column else ())

    def others(self) -> tuple[str, ...]:
        """Return the columns that are read and not cleaned, but those of `where`."""
        groups = self.outliers or self.fill
        order = self.fill.by if self.fill else None
        return (*(groups.grouped if groups else ()), *((order,) if order else ()))
