"""How deliveries of one dataset may differ: conditions, dates, columns made into rows."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from backbone.project.declarations import Declaration, Names, Regex

__all__ = ["Dated", "NewColumns", "Unpivot", "When"]

NewColumns = Literal["freeze", "evolve", "reject"]

_NO_DATE = "`since` and `until` are dates (2020-01-31)"


class Dated(Declaration):
    """Where the date of an object stands, in its name or in a field of its path."""

    source: str = Field(
        "$file", alias="from", description="`$file`, or a field of the path (`$day`)."
    )
    pattern: Regex | None = Field(
        None, description="Take its first group; default: the first date there is."
    )
    format: str | None = Field(
        None, description="strptime format of what is taken; default: `2020-01-31`, "
        "`20200131`, `2020-01`, `202001`, `2020`, with - _ . or / between.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _of_the_object(self) -> Self:
        if not self.source.startswith("$"):
            message = "the date is told by the object: `from: $file`, or a field `$day`"
            raise ValueError(message)
        return self


class When(Declaration):
    """What an object looks like that a variant is for; all of it must hold."""

    header_has: Names = Field((), description="Raw columns that the file has.")
    header_lacks: Names = Field((), description="Raw columns that it has not.")
    file: Names = Field((), description="Its name is like one of these (`2017_*`).")
    since: date | None = Field(None, description="Its date is this day or later.")
    until: date | None = Field(None, description="Its date is this day or earlier.")
    fields: dict[str, Names] = Field(
        default={}, description="Field of the path: like one of these texts."
    )

    @model_validator(mode="before")
    @classmethod
    def _whole_years(cls, given: Any) -> Any:
        """Take a year, or a month, for its first day or (of `until`) its last."""
        if not isinstance(given, dict):
            return given
        bounds = {name: given[name] for name in ("since", "until") if given.get(name)}
        return {**given, **{name: _day(text, name) for name, text in bounds.items()}}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            message = "says nothing; name `header_has`, `file`, `since`, `fields` …"
            raise ValueError(message)
        if self.since and self.until and self.since > self.until:
            message = f"no day is since {self.since} and until {self.until}"
            raise ValueError(message)
        return self

    @property
    def looks_at_header(self) -> bool:
        """Whether the raw columns of an object must be known."""
        return bool(self.header_has or self.header_lacks)


def _day(given: Any, name: str) -> Any:
    parts = str(given).split("-")
    if not all(part.isdecimal() for part in parts) or len(parts) > 2:  # noqa: PLR2004 - a whole date is read as it is
        return given
    year, month = int(parts[0]), int(parts[1]) if len(parts) > 1 else None
    try:
        if name == "since":
            return date(year, month or 1, 1)
        behind = date(year + (month in {None, 12}), (month or 12) % 12 + 1, 1)
    except ValueError:
        raise ValueError(_NO_DATE) from None
    return date.fromordinal(behind.toordinal() - 1)


class Unpivot(Declaration):
    """Columns that become rows: one for each of them, or for each measure of several."""

    columns: Names = Field((), description="The raw columns that become rows.")
    pattern: Regex | None = Field(
        None,
        description="They are those whose names match; the first group is the row's name,"
        " or each named group a raw column.",
    )
    name: str = Field("measure", description="The raw column of the row's name.")
    value: str | dict[str, Regex] = Field(
        "value",
        description="The raw column of the cell; or several, each with the pattern of "
        "the columns that it is read from.",
    )
    drop_missing: bool = Field(
        default=True, description="Whether a row without any value is left out."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        several = not isinstance(self.value, str)
        if [bool(self.columns), self.pattern is not None, several].count(True) != 1:
            message = (
                "say which columns become rows in one way: `columns`, `pattern`, "
                "or `value` as {raw column: pattern}"
            )
            raise ValueError(message)
        return self
