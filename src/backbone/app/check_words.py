"""What a check says of rules: how each is looked for, what it found, and remarks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from backbone.management.trusted.checking import Checked, Shown
from backbone.management.trusted.finding.detect import explain
from backbone.management.trusted.rules.declared import Part
from backbone.management.trusted.untyped.odd import MOST, Odd
from backbone.project.rules import Given
from backbone.sql.denial_imports import imported

__all__ = [
    "as_called",
    "example_of",
    "header_notes",
    "note_of",
    "plan_of",
    "rule_found",
]

_VALUE_SHOWN = 40


def plan_of(given: Given, parts: Sequence[Part]) -> dict[str, Any]:
    """Say what a rule forbids, of which rows, and how that is looked for."""
    how = [explain(part.constraint) for part in parts]
    rule = given.rule
    return {
        "name": rule.name,
        "deny": _denied(parts),
        "severity": "error" if given.fails else "warn",
        "where": rule.where,
        "holds": rule.holds,
        "blame": list(rule.blame),
        "declared": given.place,
        "shape": _each(e.shape for e in how),
        "plan": _each(e.plan for e in how),
        "cost": _each(e.cost for e in how),
    }


def as_called(text: str, called: Mapping[str, str]) -> str:
    """Return words about a rule with columns as the header calls them.

    >>> as_called('t1."A_2" = t2."A_2"', {"A_2": "A"})
    't1."A" = t2."A"'
    """
    for own, name in called.items():
        parts = re.split(rf"(?<!\w){re.escape(own)}(?!\w)", text)
        text = name.join(parts)
    return text


def _each(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def _denied(parts: Sequence[Part]) -> str:
    texts = [imported("", part.constraint.text.strip()) for part in parts]
    return texts[0] if len(texts) == 1 else " or ".join(f"({text})" for text in texts)


def rule_found(
    plan: Mapping[str, Any],
    checked: Checked,
    witnesses: Sequence[Mapping[str, Any]],
    compared: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return what a rule found, and then how it was looked for."""
    looked = checked.looked_rows
    return {
        "name": plan["name"],
        "deny": plan["deny"],
        "broken": checked.is_broken,
        "violating_rows": checked.violating_rows,
        "looked_rows": looked,
        "share": checked.violating_rows / looked if looked else 0.0,
        "blamed_rows": checked.blamed_rows,
        "fine_rows": checked.fine_rows,
        "questioned": checked.questioned,
        "refused": checked.refused,
        "pairs": checked.pairs.exact,
        "pairs_at_least": checked.pairs.at_least,
        "pairs_at_most": checked.pairs.at_most,
        "seconds": checked.seconds,
        "witnesses": list(witnesses),
        **{k: v for k, v in plan.items() if k not in {"name", "deny"}},
        "compared": [{"comparison": text, "as": kind} for text, kind in compared],
    }


def example_of(shown: Shown, number: Callable[[str], int | str]) -> dict[str, Any]:
    """Return an example; `number` is what a row is called, by its origin.

    ``blamed`` are those of its rows that are wrong, null where the rule does not say.
    """
    found = shown.witness
    blamed = None if shown.blamed is None else [number(row) for row in shown.blamed]
    told = f"; to blame: {_rows(blamed)}" if blamed and found.rows[1:] else ""
    return {
        "rows": [number(row) for row in found.rows],
        "blamed": blamed,
        "sentence": f"{found.sentence}{told}",
        "values": list(found.values),
    }


def _rows(numbers: Sequence[int | str]) -> str:
    """Name rows: ``row 3``, ``rows 3 and 4``."""
    names = [str(number).rpartition("/")[2] for number in numbers]
    return f"row{'s' if names[1:] else ''} {' and '.join(names)}"


def header_notes(found: Mapping[str, Any]) -> list[str]:
    """Say of columns that rules cannot call as the header does what they are called."""
    header = found.get("layout", {}).get("header", ())
    names = found.get("columns", ())
    told = [
        f"column {place} has no name in the header; rules call it `{name}`"
        for place, (text, name) in enumerate(zip(header, names, strict=False), start=1)
        if name is not None and name != text
    ]
    twice = {
        text: header.count(text)
        for text, name in zip(header, names, strict=False)
        if name is None
    }
    return told + [
        f"{times} columns are called `{text}` in the header: no rule can tell them "
        "apart, and they are not written"
        for text, times in twice.items()
    ]


def note_of(odd: Odd, values: Sequence[tuple[int, str]]) -> str:
    """Say what kept comparisons of a column from being what they might have been.

    `values` are a few of the odd ones, with the numbers of their rows.
    """
    told = ", ".join(f"'{_cut(text)}' in row {row:,}" for row, text in values)
    told = f": {told}{' …' if odd.count > len(values) or odd.count == MOST else ''}"
    some = "most values" if odd.count == MOST else f"{odd.count:,} of {odd.of:,} values"
    return f"`{odd.column}`{_became(odd, some, told)}"


def _became(odd: Odd, some: str, told: str) -> str:
    """Say what became of a column with odd values: of `some`, which are `told`."""
    takes, begins, is_ = ("take", "begin", "are")
    if odd.count == 1:
        takes, begins, is_ = ("takes", "begins", "is")
    first = odd.detail.partition(" or ")[0]
    said = {
        "as text": f" is compared as text: {some} {_are(odd)}{told}",
        "left out": f": {some} {_are(odd)} and {takes} no part{told}",
        "ambiguous": f" is compared as text: it could be {odd.detail}",
        "guessed": f" is read as {first}; it could be {odd.detail}",
        "codes": f" is compared as text: {some} {begins} with zeros",
        "nan": f": {some} {is_} NaN, which is more than any number",
        "rounded": " is compared with 15 to 17 digits, and has more",
    }
    return said[odd.effect]


def _are(odd: Odd) -> str:
    if odd.count == 1:
        return "is no number" if odd.wanted == "number" else "is no date or time"
    return "are no numbers" if odd.wanted == "number" else "are no dates or times"


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_SHOWN else f"{text[: _VALUE_SHOWN - 1]}…"
