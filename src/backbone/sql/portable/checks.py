"""What the forms of a row may be: units, constants, counts of arguments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from backbone.errors import nearest
from backbone.sql.portable.rows import Check, Refusal

__all__ = [
    "PARTS",
    "UNITS",
    "all_of",
    "arity",
    "constant",
    "named_of",
    "part_of",
    "unit_of",
    "without",
]

UNITS = (
    "year", "quarter", "month", "week", "day", "hour", "minute", "second",
    "millisecond", "microsecond",
)  # fmt: skip
"""Units of time that views may name, in singular."""

PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day",
    "hour": "hour", "minute": "minute", "second": "second", "isodow": "isodow",
    "dow": "dow", "dayofweek": "dow", "weekday": "dow", "doy": "doy", "dayofyear": "doy",
    "isoyear": "isoyear", "millisecond": "millisecond", "microsecond": "microsecond",
    "epoch": "epoch", "weekofyear": "week",
}  # fmt: skip
"""Parts of a time that views may extract, and the first spelling of each."""


def all_of(*checks: Check) -> Check:
    """Return the check that refuses what one of `checks` refuses."""

    def check(node: exp.Expr) -> Refusal | None:
        found = (one(node) for one in checks)
        return next((refusal for refusal in found if refusal is not None), None)

    return check


def without(*keys: str, instead: str) -> Check:
    """Return the check that refuses the arguments called `keys`."""

    def check(node: exp.Expr) -> Refusal | None:
        if any(node.args.get(key) for key in keys):
            return Refusal("has no such argument in the portable subset", instead)
        return None

    return check


def arity(least: int, most: int, form: str) -> Check:
    """Return the check that a function known by name alone has its arguments."""

    def check(node: exp.Expr) -> Refusal | None:
        if isinstance(node, exp.Anonymous) and not least <= len(node.expressions) <= most:
            return Refusal("has another number of arguments", f"Write `{form}`.")
        return None

    return check


def constant(*keys: str, what: str, instead: str) -> Check:
    """Return the check that the arguments called `keys` are constants, where given."""

    def check(node: exp.Expr) -> Refusal | None:
        for key in keys:
            value = node.args.get(key)
            value = value.unnest() if value is not None else None
            value = value.this if isinstance(value, exp.Neg) else value
            if value is not None and not isinstance(value, exp.Literal):
                return Refusal(f"takes {what} that is a constant", instead)
        return None

    return check


def unit_of(node: exp.Expr) -> Refusal | None:
    """Refuse a unit that is not in `UNITS`, or no constant."""
    unit = node.args.get("unit")
    return named_of(unit, UNITS, "unit")


def part_of(node: exp.Expr) -> Refusal | None:
    """Refuse a part of a time that is not in `PARTS`, or no constant."""
    part = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    return named_of(part, tuple(PARTS), "part")


def named_of(node: exp.Expr | None, known: Sequence[str], what: str) -> Refusal | None:
    """Refuse a word that is none of `known`."""
    if not isinstance(node, exp.Var | exp.Literal):
        return Refusal(f"takes a {what} that is a constant", f"Write '{known[0]}'.")
    word = node.name.lower()
    if word in known or word.removesuffix("s") in known:
        return None
    told = nearest(word, known) or f"There are: {', '.join(known)}."
    return Refusal(f"has `{word}`, which is no {what} of the portable subset", told)
