"""What every source declares, whatever collects it."""

from __future__ import annotations

import re
from datetime import date
from typing import Self

from pydantic import Field, model_validator

from backbone.project.declarations import Declaration, Names
from backbone.project.delivering import Delivering
from backbone.project.schedules import Schedule, seconds_of

__all__ = ["Retention", "SourceSettings", "hold_of"]

_HOLD = re.compile(
    r"(?:until (\d{4}-\d{2}-\d{2})|([0-9a-f]{8,16})(?: until (\d{4}-\d{2}-\d{2}))?)"
)


class Retention(Declaration):
    """How long raw bytes are kept; `backbone gc` carries it out."""

    keep: int | None = Field(
        None, ge=1, description="So many deliveries of a dataset stay, the newest."
    )
    age: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[mhd]$",
        description="Deliveries stay that were received less than this ago: 400d, 36h.",
    )
    hold: Names = Field(
        (),
        description="What stays whatever its age: ids of deliveries, each perhaps "
        "`until` a day, or `until 2027-01-01` for all.",
    )

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.keep is None and self.age is None:
            message = "a retention says how many to `keep`, or of what `age`"
            raise ValueError(message)
        for text in self.hold:
            hold_of(text)
        return self

    @property
    def age_s(self) -> int | None:
        """Of what age deliveries may go, in seconds."""
        return seconds_of(self.age) if self.age else None


def hold_of(text: str) -> tuple[str | None, date | None]:
    """Return the beginning of an id (None: of all) and the last day on which it is held.

    >>> hold_of("3fa2b1c0 until 2027-01-01")
    ('3fa2b1c0', datetime.date(2027, 1, 1))
    """
    found = _HOLD.fullmatch(text.strip())
    if found is None:
        message = (
            f"`{text}` holds nothing: eight or more digits of an id, `until 2027-01-01`, "
            "or both"
        )
        raise ValueError(message)
    day = found[1] or found[3]
    return found[2], date.fromisoformat(day) if day else None


class SourceSettings(Delivering):
    """What every source declares; the settings of a collector of one's own begin here.

    A subclass adds ``collector: Literal["its name"]``, ``datasets`` by name, and what
    else a source of its kind has to say.
    """

    description: str | None = Field(None, description="What the source is, for people.")
    owner: str | None = Field(None, description="Who answers questions about it.")
    schedule: Schedule | None = Field(
        None, description="When it is collected by `schedule` and `run --due`."
    )
    fresh_within: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[mhd]$",
        description="How old the newest delivery may be: 90m, 26h, 7d.",
    )

    retention: Retention | None = Field(
        None, description="How long raw bytes are kept; for ever by default."
    )

    @property
    def fresh_within_s(self) -> int | None:
        """How old the newest delivery may be, in seconds."""
        text = self.fresh_within
        return seconds_of(text) if text else None
