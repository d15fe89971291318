"""What is known of a table while its columns are decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backbone.engines.raw.looking.observed import Shape
from backbone.management.formatted.inference.numbers import Signs
from backbone.model.choices import Choice

__all__ = ["ColumnPlan", "Context", "Found"]


@dataclass(frozen=True)
class Context:
    """What the other columns tell: signs of numbers, the order of days and months.

    `orders` counts the columns whose order of day and month is certain; `nulls` are texts
    that mean missing in columns where nothing else is a text.
    """

    signs: Signs = field(default_factory=Signs)
    orders: Mapping[str, int] = field(default_factory=dict)
    nulls: frozenset[str] = frozenset()
    is_whole: bool = True
    has_types: bool = False


@dataclass(frozen=True)
class Found:
    """What a column could be: a type with further keys, and why."""

    type: str
    fits: int
    keys: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    misfits: tuple[Shape, ...] = ()
    order: str | None = None
    confidence: float = 0.99
    evidence: str = ""
    ask: str | None = None
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnPlan:
    """A column as it is proposed.

    `keys` are those of its declaration. `there` counts its cells that are not missing,
    `distinct` how many different texts they are.
    """

    name: str
    raw: str
    place: int
    keys: Mapping[str, Any]
    choices: tuple[Choice, ...]
    rows: int
    there: int
    distinct: int
    order: str | None = None
    drop: bool = False

    @property
    def type(self) -> str:
        """The canonical type."""
        return str(self.keys["type"])

    def say(self, key: str) -> str:
        """Name a key of the column as choices do."""
        return f"columns.{self.name}.{key}"
