"""What kept a comparison from being of numbers or of points in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sqlglot import exp

from backbone.management.trusted.untyped.spellings import Spelling

__all__ = ["MOST", "Effect", "Odd", "ambiguous", "bare", "odd_of"]

Effect = Literal["as text", "left out", "ambiguous", "guessed", "nan", "rounded", "codes"]
MOST = -1
"""A count of odd values that was not made: most of them are."""


@dataclass(frozen=True)
class Odd:
    """A column whose values did not let a comparison be what it might have been.

    `wanted` is the kind of values that were looked for, `fits` the condition that a value
    is one; `effect` is what became of it.
    """

    column: str
    wanted: Literal["number", "time"]
    effect: Effect
    count: int
    of: int
    fits: exp.Expr | None = field(default=None, compare=False, hash=False)
    detail: str = ""


def ambiguous(spelt: Spelling, effect: Effect = "ambiguous") -> Odd:
    """Return that dates are written in more than one possible style."""
    names = " or ".join(style.name for style in spelt.styles())
    return Odd(spelt.name, "time", effect, spelt.values, spelt.values, detail=names)


def odd_of(
    spelt: Spelling, wanted: Literal["number", "time"], effect: Effect, fits: exp.Expr
) -> Odd:
    """Return that some values of a column are not of the kind that was wanted."""
    style = spelt.common_style
    right = spelt.numbers if wanted == "number" else spelt.times[style] if style else 0
    return Odd(spelt.name, wanted, effect, spelt.values - right, spelt.values, fits)


def bare(name: str) -> exp.Column:
    """Return a column of the rows that spellings are counted in."""
    return exp.Column(this=exp.to_identifier(name, quoted=True))
