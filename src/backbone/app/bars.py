"""The bar that tables have to reach: which of them have a score under it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from backbone.app.environment import Environment
from backbone.app.quality import quality
from backbone.errors import BackboneError
from backbone.project.mistakes import brief
from backbone.project.shares import share_of

__all__ = ["bar_of", "below", "judged"]

_GRAIN = 1e-9  # scores are doubles: what is equal but for their last digits is reached


def bar_of(text: str) -> Fraction:
    """Read a score: ``0.99`` or ``99%``.

    Raises
    ------
    BackboneError : it is none between 0 and 1

    >>> bar_of("99%"), bar_of("0.5")
    (Fraction(99, 100), Fraction(1, 2))
    """
    try:
        bar = share_of(text.strip())
    except (ValueError, ZeroDivisionError):
        bar = Fraction(-1)
    if not 0 <= bar <= 1:
        message = f"{brief(text)} is no score: they lie between 0 and 1"
        raise BackboneError(message, hint=f"Write 0.95, or 95%.{_meant(bar)}")
    return bar


def _meant(bar: Fraction) -> str:
    is_percent = 1 < bar <= 100  # noqa: PLR2004 - of a hundred
    return f" Did you mean {float(bar):g}%?" if is_percent else ""


def judged(
    env: Environment, tables: Sequence[Mapping[str, Any]], bar: Fraction
) -> list[dict[str, Any]]:
    """Return `tables` (as `app.quality` gives them), each with `fail_under`.

    Returns
    -------
    ``{bar, passed, rules}`` is new in each: whether its score reaches the bar, and if it
    does not, its rules that do not, ``{name, score}``, the worst first. A table of which
    nothing was looked at passes; one that has not been made yet does not.
    """
    return [{**one, "fail_under": _judged(env, one, bar)} for one in tables]


def _judged(env: Environment, one: Mapping[str, Any], bar: Fraction) -> dict[str, Any]:
    score, least = one["score"], float(bar) - _GRAIN
    passed = one["version"] is not None and (score is None or score >= least)
    if passed or one["version"] is None:
        return {"bar": float(bar), "passed": passed, "rules": []}
    rules = one["rules"]
    if not isinstance(rules, list):
        rules = quality(env, one["asset"])["rules"]
    scored = [(r["score"], r["name"]) for r in rules if r["score"] is not None]
    under = [{"name": name, "score": s} for s, name in sorted(scored) if s < least]
    return {"bar": float(bar), "passed": False, "rules": under}


def below(tables: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return those of `judged` tables that do not reach the bar."""
    return [one for one in tables if not one["fail_under"]["passed"]]
