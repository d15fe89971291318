"""Rules as other tools write them, in our words.

====================  ==============================================================
HoloClean             ``t1&t2&EQ(t1.zip,t2.zip)&IQ(t1.city,t2.city)``
Desbordante, Metanome ``!(t.zip == s.zip and t.city != s.city)``, ``¬(… ∧ …)``
dependencies          ``zip, state -> city``, ``[zip] ⇒ city``
====================  ==============================================================

The forms are told by their signs, none of which a rule of ours has. They hold comparisons
of columns with columns or constants, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from backbone.errors import RuleSyntaxError, nearest
from backbone.sql.denial_terms import column_node

__all__ = ["begins", "dependency", "imported"]

_OPERATIONS = {"EQ": "=", "IQ": "<>", "LT": "<", "GT": ">", "LTE": "<=", "GTE": ">="}
_SIGNS = {"==": "=", "=": "=", "!=": "<>", "<>": "<>", "≠": "<>", "≤": "<=", "≥": ">="}
_SIGNS |= {sign: sign for sign in ("<", ">", "<=", ">=")}
_HOLOCLEAN = re.compile(r"\s*(?:[A-Za-z_]\w*\s*&\s*(?!&)|(?:EQ|IQ|[LG]TE?|SIM)\s*\()")
_LOGIC = re.compile(r"\s*(?:(?:∀|forall\b)[^:]*:)?\s*(?:!|¬)\s*\(", re.IGNORECASE)
_ARROW = re.compile(r"-+>|→|⇒|=>")
_CALL = re.compile(r"\s*([A-Za-z]+)\s*\((.*)\)\s*", re.DOTALL)
_ROW = re.compile(r"\s*[A-Za-z_]\w*\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_QUOTED = r"\"(?:[^\"]|\"\")*\"|`[^`]*`|'(?:[^']|'')*'"
_OPERAND = re.compile(
    rf"(?P<row>[A-Za-z_]\w*'{{0,2}})\.(?P<column>\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]"
    rf"|[^\s=<>!≠≤≥∧&^(),'\"]+)|(?P<text>{_QUOTED})|(?P<number>{_NUMBER.pattern})"
)
_SIGN = re.compile(r"==|!=|<>|<=|>=|[=<>≠≤≥]")
_AND = re.compile(r"and\b|&&?|∧|\^", re.IGNORECASE)
_KNOWN_ROWS = {"t1", "t2"}
_EXAMPLES = {
    "HoloClean": "t1&t2&EQ(t1.zip,t2.zip)&IQ(t1.city,t2.city)",
    "logic": "!(t.zip == s.zip and t.city != s.city)",
    "dependency": "zip, state -> city",
}


def imported(name: str, text: str) -> str:
    """Return the text of a rule in our words; one that is in them already as it is.

    Parameters
    ----------
    name : how the rule is called in errors
    text : a rule of ours, of HoloClean, or a negated conjunction

    Raises
    ------
    RuleSyntaxError : it begins like one of the forms but is none

    Examples
    --------
    >>> imported("r", "t1&t2&EQ(t1.zip,t2.zip)&IQ(t1.city,t2.city)")
    't1.zip = t2.zip and t1.city <> t2.city'
    >>> imported("r", "!(t.salary < s.salary && t.tax >= s.tax)")
    't1.salary < t2.salary and t1.tax >= t2.tax'
    >>> imported("r", "!(t2.arr < t2.dep)")
    't1.arr < t1.dep'
    >>> imported("r", "arr < dep")
    'arr < dep'
    """
    if _LOGIC.match(text):
        return _Form(name, text, "logic").conjunction()
    if _HOLOCLEAN.match(text):
        return _Form(name, text, "HoloClean").calls()
    return text


def begins(text: str) -> bool:
    """Tell whether a text begins as a negated conjunction, quantifiers before it or not.

    >>> begins("forall t1 t2: !(t1.a == t2.a)"), begins("one_city: zip -> city")
    (True, False)
    """
    return _LOGIC.match(text) is not None


def dependency(name: str, text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the columns of a functional dependency: those that determine, the others.

    None if `text` is none: it has no arrow outside of quotes.

    >>> dependency("r", "[zip, state] -> city")
    (('zip', 'state'), ('city',))

    Raises
    ------
    RuleSyntaxError : a side of the arrow has no name, or there are several arrows
    """
    bare = re.sub(_QUOTED, lambda found: "x" * len(found[0]), text)
    arrows = list(_ARROW.finditer(bare))
    if not arrows or _LOGIC.match(text) or _HOLOCLEAN.match(text):
        return None
    form = _Form(name, text, "dependency")
    if len(arrows) > 1:
        form.fail("there are several arrows")
    start, end = arrows[0].span()
    sides = _names(text[:start]), _names(text[end:])
    if not all(sides) or not all(name for side in sides for name in side):
        form.fail("a column is missing")
    if any("," in name for side in sides for name in side):
        form.fail("a column with a comma in its name cannot stand here")
    return sides


def _names(side: str) -> tuple[str, ...]:
    inner = side.strip()
    for pair in ("[]", "{}", "()"):
        if inner.startswith(pair[0]) and inner.endswith(pair[1]):
            inner = inner[1:-1]
    parts = _split(inner, ",")
    return tuple(_unquoted(part.strip()) for part in parts)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text


@dataclass(frozen=True)
class _Form:
    """A text in one of the forms, while it is read."""

    name: str
    text: str
    form: str

    def fail(self, what: str, hint: str | None = None) -> NoReturn:
        """Raise a RuleSyntaxError about the text."""
        words = f"rule `{self.name}`: {what}, in `{self.text.strip()}`"
        given = hint or f"This form reads like `{_EXAMPLES[self.form]}`."
        raise RuleSyntaxError(words, hint=given)

    # -- t1&t2&EQ(t1.a,t2.a) -------------------------------------------------------------

    def calls(self) -> str:
        """Read HoloClean's form."""
        rows: list[str] = []
        said: list[tuple[str, str, str]] = []
        for part in _split(self.text, "&"):
            if not said and _ROW.fullmatch(part):
                rows.append(part.strip())
                continue
            call = _CALL.fullmatch(part)
            if call is None:
                self.fail(f"`{part.strip()}` is no comparison")
            said.append(self.call(call[1], call[2]))
        return self.joined(said, rows)

    def call(self, operation: str, inner: str) -> tuple[str, str, str]:
        sides = _split(inner, ",")
        if operation.upper() == "SIM":
            hint = "Say in our words what is equal: `lower(t1.a) = lower(t2.a)`."
            self.fail("SIM, a similarity of two rows, cannot be checked", hint)
        if operation.upper() not in _OPERATIONS:
            known = sorted(_OPERATIONS)
            hint = nearest(operation.upper(), known) or f"There are {', '.join(known)}."
            self.fail(f"there is no operation `{operation}`", hint)
        if len(sides) != 2:  # noqa: PLR2004 - a comparison has two sides
            self.fail(f"`{operation}` compares two values, not {len(sides)}")
        return sides[0].strip(), _OPERATIONS[operation.upper()], sides[1].strip()

    # -- !(t.a == s.a and …) -------------------------------------------------------------

    def conjunction(self) -> str:
        """Read a negated conjunction."""
        found = _LOGIC.match(self.text)
        at = found.end() if found else 0
        inner = self.text[at:].rstrip()
        if not inner.endswith(")"):
            self.fail("the parenthesis behind the negation is not closed at the end")
        return self.joined(list(self.comparisons(inner[:-1])), [])

    def comparisons(self, inner: str) -> Iterator[tuple[str, str, str]]:
        at = 0
        while True:
            left, at = self.take(_OPERAND, inner, at, "a column of a row, or a constant")
            sign, at = self.take(_SIGN, inner, at, "a comparison")
            right, at = self.take(_OPERAND, inner, at, "a column of a row, or a constant")
            yield left, _SIGNS[sign], right
            at = _behind_blanks(inner, at)
            if at == len(inner):
                return
            _, at = self.take(_AND, inner, at, "`and`")

    def take(
        self, pattern: re.Pattern[str], text: str, at: int, what: str
    ) -> tuple[str, int]:
        """Return what stands at a place, and the place behind it."""
        at = _behind_blanks(text, at)
        found = pattern.match(text, at)
        if found is None:
            spot = text[at : at + 20] or "the end"
            self.fail(f"{what} should stand where `{spot}` is")
        return found[0], found.end()

    # -- both ----------------------------------------------------------------------------

    def joined(self, said: list[tuple[str, str, str]], rows: list[str]) -> str:
        if not said:
            self.fail("there is no comparison")
        called = self.rows(said, rows)
        texts = [
            f"{self.operand(left, called)} {sign} {self.operand(right, called)}"
            for left, sign, right in said
        ]
        return " and ".join(texts)

    def rows(self, said: list[tuple[str, str, str]], rows: list[str]) -> dict[str, str]:
        """Return what rows are called here: t1 and t2 as they are, others in order.

        One row alone is t1, whatever it is called.
        """
        used: dict[str, None] = {}
        for left, _, right in said:
            for side in (left, right):
                operand = _OPERAND.fullmatch(side)
                if operand and operand["row"]:
                    used[operand["row"]] = None
        found = used if len(used) == 1 else dict.fromkeys(rows) | used
        names = sorted(found) if found.keys() <= {"t0", "t1"} else list(found)
        if len(found) > 1 and found.keys() <= _KNOWN_ROWS:
            names = ["t1", "t2"]
        if len(names) > 2:  # noqa: PLR2004 - of two rows
            self.fail(f"it speaks of {len(names)} rows: {', '.join(names)}")
        return dict(zip(names, ("t1", "t2"), strict=False))

    def operand(self, text: str, rows: dict[str, str]) -> str:
        found = _OPERAND.fullmatch(text)
        spaced = re.fullmatch(r"([A-Za-z_]\w*)\.([^'\"`,()]+)", text)
        if found and found["row"]:
            node: exp.Expr = column_node(rows[found["row"]], _unquoted(found["column"]))
        elif found and found["text"]:
            node = exp.Literal.string(_unquoted(text))
        elif found:
            return text
        elif spaced and spaced[1] in rows:
            node = column_node(rows[spaced[1]], spaced[2].strip())
        else:
            self.fail(f"`{text}` is no column of a row and no constant")
        return str(node.sql(dialect="duckdb"))


def _behind_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _split(text: str, sign: str) -> list[str]:
    """Split at a sign that stands in no quotes and no parentheses."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'`":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == sign and depth == 0:
            parts.append("")
            continue
        parts[-1] += letter
    return parts
