"""What was inferred of people's files: choices, what speaks for and against them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SURE", "Against", "Choice", "times"]

SURE = 0.8
"""A choice with less confidence than this is a question."""


def times(count: int) -> str:
    """Say how often something is there.

    >>> times(1), times(1200)
    ('once', '1,200 times')
    """
    return "once" if count == 1 else f"{count:,} times"


@dataclass(frozen=True)
class Against:
    """A record that does not fit a choice; `record` is None where it was not counted."""

    object: str
    record: int | None
    text: str


@dataclass(frozen=True)
class Choice:
    """Something that was decided about a dataset.

    `what` names a key of a declaration (``read.delimiter``, ``columns.day.format``),
    `value` is what it was given, `confidence` is between 0 and 1, `evidence` says in
    words what was counted. `ask` is the question that is left, if one is.
    """

    what: str
    value: object
    confidence: float
    evidence: str
    against: tuple[Against, ...] = ()
    alternatives: tuple[str, ...] = ()
    ask: str | None = None

    @property
    def is_sure(self) -> bool:
        """Whether nothing is left to ask."""
        return self.ask is None and self.confidence >= SURE
