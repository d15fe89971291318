"""Words for yes and no."""

# ruff: noqa: RUF001 - letters and signs of people's files

from __future__ import annotations

from collections.abc import Mapping

from backbone.management.formatted.inference.context import Found
from backbone.management.formatted.inference.hints import hints_at
from backbone.model.choices import Choice

__all__ = ["booleans_in", "zero_one"]

_PAIRS = (
    ("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("1", "0"), ("ja", "nein"),
    ("j", "n"), ("sí", "no"), ("si", "no"), ("s", "n"), ("oui", "non"), ("o", "n"),
    ("da", "ne"), ("да", "не"), ("да", "нет"), ("tak", "nie"), ("sim", "não"),
    ("sim", "nao"), ("on", "off"), ("wahr", "falsch"), ("vrai", "faux"),
    ("verdadero", "falso"), ("vero", "falso"), ("ja", "nej"), ("ano", "ne"),
    ("igen", "nem"), ("evet", "hayır"), ("x", "-"), ("enabled", "disabled"),
    ("active", "inactive"),
)  # fmt: skip
_KNOWN = frozenset({"true", "t", "yes", "1", "false", "f", "no", "0"})


def booleans_in(name: str, values: Mapping[str, int]) -> Found | None:
    """Read the texts of a column as yes and no; None if they are something else.

    Parameters
    ----------
    values : all texts that are not missing, and how often they are there
    """
    folded = {text.casefold() for text in values}
    pairs = [pair for pair in _PAIRS if folded == set(pair)]
    if not pairs and len(folded) > 2:  # noqa: PLR2004 - several spellings of both
        true = {yes for yes, _ in _PAIRS[:-3]}
        false = {no for _, no in _PAIRS[:-3]}
        mixed = folded <= true | false and folded & true and folded & false
        pairs = [("", "")] if mixed and not folded & {"o", "-"} else []
    if not pairs:
        return _one_sided(name, folded, values)
    yes, no = pairs[0]
    sides = {yes: "true", no: "false"} if yes else {}
    true_, false_ = _sides(values, sides)
    keys = {} if folded <= _KNOWN else {"means_true": true_, "means_false": false_}
    said = ", ".join(f"`{text}` {count:,}" for text, count in list(values.items())[:4])
    total = sum(values.values())
    if set(folded) == {"1", "0"}:
        return None
    return Found("boolean", total, keys, evidence=f"there are two words: {said}",
                 confidence=0.95 if len(folded) > 1 else 0.6)  # fmt: skip


def _sides(
    values: Mapping[str, int], sides: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    true = {yes for yes, _ in _PAIRS}
    found: tuple[list[str], list[str]] = ([], [])
    for text in sorted(values):
        side = sides.get(text.casefold())
        is_true = side == "true" if side else text.casefold() in true
        found[0 if is_true else 1].append(text)
    return found


def _one_sided(name: str, folded: set[str], values: Mapping[str, int]) -> Found | None:
    """A column in which one of the words alone is there may be of booleans."""
    if len(folded) != 1 or not hints_at(name, "flag"):
        return None
    (word,) = folded
    if word not in {"true", "false", "yes", "no"}:
        return None
    return Found("boolean", sum(values.values()), {}, confidence=0.7,
                 evidence=f"`{word}` alone is there",
                 ask=f"`{word}` alone is there: is it yes and no?",
                 alternatives=("string",))  # fmt: skip


def zero_one(name: str, values: Mapping[str, int]) -> Choice | None:
    """Say whether a column of 0 and 1 is of booleans or numbers; None if neither."""
    if set(values) != {"0", "1"}:
        return None
    said = f"0 ({values['0']:,}) and 1 ({values['1']:,}) alone are there"
    if hints_at(name, "flag"):
        return Choice(
            "", "boolean", 0.85, said + "; so is its name", alternatives=("integer",)
        )
    ask = "0 and 1 alone: are they no and yes, or numbers?"
    return Choice("", "integer", 0.6, said, alternatives=("boolean",), ask=ask)
