"""Formats of times that mean the same on every engine: a subset of strftime's letters."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.rows import Refusal

__all__ = ["DIRECTIVES", "MONTHS", "PARSED", "check_format", "check_parsed", "pieces"]

DIRECTIVES = {
    "Y": "year, four digits", "m": "month, 01 to 12", "d": "day, 01 to 31",
    "H": "hour, 00 to 23", "M": "minute", "S": "second", "f": "microseconds, six digits",
    "j": "day of the year, 001 to 366", "y": "year, two digits", "b": "month: Jan",
    "B": "month: January", "a": "day: Mon", "A": "day: Monday", "I": "hour, 01 to 12",
    "p": "AM or PM", "-d": "day without a zero", "-m": "month without a zero",
    "%": "a percent sign",
}  # fmt: skip
"""What may stand behind a percent sign, and what it means."""


MONTHS = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_LONG = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
PARSED = {
    "Y": "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})",
    "y": "[0-9]{2}", "m": "0[1-9]|1[0-2]", "d": "0[1-9]|[12][0-9]|3[01]",
    "H": "[01][0-9]|2[0-3]", "I": "0[1-9]|1[0-2]", "M": "[0-5][0-9]", "S": "[0-5][0-9]",
    "f": "[0-9]{1,6}", "p": "(?i:AM|PM)", "b": f"(?i:{'|'.join(MONTHS)})",
    "B": f"(?i:{'|'.join(_LONG)})",
}  # fmt: skip
"""What a text is parsed by, and the texts of it."""

_YEARS, _MONTHS, _DAYS = ({"Y", "y"}, {"m", "b", "B"}, {"d"})


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a format: a directive (True) or plain text (False).

    Raises
    ------
    ValueError : a directive is not in `DIRECTIVES`

    >>> pieces("%d.%m")
    [('d', True), ('.', False), ('m', True)]
    """
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(text):
        if text[at] != "%":
            found.append((text[at], False))
            at += 1
            continue
        width = 2 if text[at + 1 : at + 2] == "-" else 1
        letter = text[at + 1 : at + 1 + width]
        if letter not in DIRECTIVES:
            raise ValueError(f"`%{letter}`")
        found.append(("%", False) if letter == "%" else (letter, True))
        at += 1 + width
    return found


def check_format(node: exp.Expr) -> Refusal | None:
    """Refuse a format that is no constant, or has other directives."""
    anonymous = isinstance(node, exp.Anonymous)
    given = node.expressions[1:2] if anonymous else [node.args.get("format")]
    text = given[0] if given else None
    if not isinstance(text, exp.Literal) or not text.is_string:
        return Refusal("takes a format that is a constant", "Write '%Y-%m-%d'.")
    try:
        pieces(text.this)
    except ValueError as error:
        known = " ".join(f"%{letter}" for letter in DIRECTIVES)
        return Refusal(f"has {error}, which is no portable format", f"There are: {known}")
    return None


def check_parsed(node: exp.Expr) -> Refusal | None:
    """Refuse a format that texts cannot be parsed by, or not in one way only."""
    refusal = check_format(node)
    if refusal is not None:
        return refusal
    text = node.expressions[1] if isinstance(node, exp.Anonymous) else node.args["format"]
    letters = [piece for piece, is_directive in pieces(text.name) if is_directive]
    for letter in letters:
        if letter not in PARSED:
            known = " ".join(f"%{each}" for each in PARSED)
            return Refusal(
                f"parses `%{letter}`, which is for writing", f"There are: {known}"
            )
    for group in (_YEARS, _MONTHS, _DAYS):
        if sum(letter in group for letter in letters) != 1:
            return Refusal("has not one year, one month and one day", "Write '%Y-%m-%d'.")
    if "I" in letters and "p" not in letters:
        return Refusal("has hours to 12, but not AM or PM", "Write '%I:%M %p'.")
    return None
