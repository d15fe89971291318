"""What it costs to compare pairs of rows, and when that is refused.

A rule of a shape that no plan covers is looked for among the rows that its parts leave,
pair by pair. Most often they are few. Where they are not, that would take minutes, then
hours, and nobody would know why: so their number is counted before, and said.
"""

from __future__ import annotations

from backbone.errors import UnsupportedRule
from backbone.model.constraints import DenialConstraint

__all__ = ["MAX_COMPARISONS", "check_comparisons"]

MAX_COMPARISONS = 500_000_000
"""About ten seconds on two cores."""
_A_SECOND = 50_000_000
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def check_comparisons(constraint: DenialConstraint, pairs: float) -> None:
    """Make sure that `constraint` may compare so many pairs of rows.

    Raises
    ------
    UnsupportedRule : they are more than end in about ten seconds, and the rule does not
        say `allow_quadratic`
    """
    if pairs <= MAX_COMPARISONS or constraint.allow_quadratic:
        return
    what = (
        f"rule `{constraint.name}`: {pairs:,.0f} pairs of rows would have to be "
        f"compared, which takes about {_time(pairs)}"
    )
    hint = (
        "What helps: an `=` between t1 and t2 that parts the rows into smaller groups, a "
        "condition on t1 or t2 alone, or fewer comparisons (up to three of < <= > >= "
        "with one `<>`, or two with three, need no pairs); with one row on each side, as "
        "in `t1.a > t2.a + 5` for `t1.a - t2.a > 5`, rows are sorted. "
        "`allow_quadratic: true` in the rule lets it run all the same."
    )
    raise UnsupportedRule(what, hint=hint)


def _time(pairs: float) -> str:
    """Say how long it takes.

    >>> _time(1e9), _time(97e9), _time(1e12)
    ('20 seconds', '32 minutes', '6 hours')
    """
    seconds = pairs / _A_SECOND
    for unit, length in _UNITS:
        if seconds >= length:
            number = round(seconds / length)
            return f"{number:,} {unit}{'s' if number > 1 else ''}"
    return f"{round(seconds)} seconds"
