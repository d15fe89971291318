"""What a check says of rules: how each is looked for, what it found, and remarks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from backbone.management.trusted.checking import Checked
from backbone.management.trusted.finding.detect import explain
from backbone.management.trusted.rules.declared import Part
from backbone.management.trusted.untyped.odd import MOST, Odd
from backbone.project.rules import Given
from backbone.sql.denial_imports import imported

__all__ = ["note_of", "plan_of", "rule_found", "said_of"]

_VALUE_SHOWN = 40


def said_of(given: Given, text: str) -> str:
    """Return a mistake of a rule with its place and name."""
    name = f"rule `{given.rule.name}`"
    words = text if name in text else f"{name}: {text}"
    return f"{given.where}: {words}" if given.where else words


def plan_of(given: Given, parts: Sequence[Part]) -> dict[str, Any]:
    """Say what a rule forbids and how that is looked for."""
    how = [explain(part.constraint) for part in parts]
    return {
        "name": given.rule.name,
        "deny": _denied(parts),
        "severity": "error" if given.fails else "warn",
        "where": given.where,
        "shape": _each(e.shape for e in how),
        "plan": _each(e.plan for e in how),
        "cost": _each(e.cost for e in how),
    }


def _each(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def _denied(parts: Sequence[Part]) -> str:
    texts = [imported("", part.constraint.text.strip()) for part in parts]
    return texts[0] if len(texts) == 1 else " or ".join(f"({text})" for text in texts)


def rule_found(
    plan: dict[str, Any], checked: Checked, rows: int, witnesses: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return what a rule found, and then how it was looked for."""
    return {
        "name": plan["name"],
        "deny": plan["deny"],
        "violating_rows": checked.violating_rows,
        "share": checked.violating_rows / rows if rows else 0.0,
        "pairs": checked.pairs.exact,
        "pairs_at_least": checked.pairs.at_least,
        "pairs_at_most": checked.pairs.at_most,
        **_blamed(checked),
        **({"refused": checked.refused} if checked.refused else {}),
        "seconds": checked.seconds,
        "witnesses": list(witnesses),
        **{k: v for k, v in plan.items() if k not in {"name", "deny"}},
    }


def _blamed(checked: Checked) -> dict[str, Any]:
    """Return what is known only of rules that say whose fault it is, or how many may."""
    found: dict[str, Any] = {}
    if checked.blamed_rows is not None:
        found["blamed_rows"] = checked.blamed_rows
    if checked.rule.where is not None:
        found["looked_rows"] = checked.looked_rows
    if checked.rule.holds is not None:
        found |= {"holds": checked.rule.holds, "questioned": checked.questioned}
    return found


def note_of(odd: Odd, values: Sequence[tuple[int, str]]) -> str:
    """Say what kept comparisons of a column from being what they might have been.

    `values` are a few of the odd ones, with the numbers of their rows.
    """
    told = ", ".join(f"'{_cut(text)}' in row {row:,}" for row, text in values)
    told = f": {told}{' …' if odd.count > len(values) or odd.count == MOST else ''}"
    some = "most values" if odd.count == MOST else f"{odd.count:,} of {odd.of:,} values"
    are = _are(odd)
    match odd.effect:
        case "as text":
            return f"`{odd.column}` is compared as text: {some} {are}{told}"
        case "left out":
            take = "takes" if odd.count == 1 else "take"
            return f"`{odd.column}`: {some} {are} and {take} no part{told}"
        case "ambiguous":
            return f"`{odd.column}` is compared as text: it could be {odd.detail}"
        case "guessed":
            first = odd.detail.partition(" or ")[0]
            return f"`{odd.column}` is read as {first}; it could be {odd.detail}"
        case "nan":
            verb = "is" if odd.count == 1 else "are"
            return f"`{odd.column}`: {some} {verb} NaN, which is more than any number"
        case _:
            return f"`{odd.column}` is compared with 15 to 17 digits, and has more"


def _are(odd: Odd) -> str:
    if odd.count == 1:
        return "is no number" if odd.wanted == "number" else "is no date or time"
    return "are no numbers" if odd.wanted == "number" else "are no dates or times"


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_SHOWN else f"{text[: _VALUE_SHOWN - 1]}…"
