"""Numbers as people write them: with marks, currencies, units, minus signs of all kinds.

Such a text is rewritten as the grammar has numbers, and the grammar makes the value; so
a number is the same, however it is written, and what cannot be rewritten is no number.
Groups of digits are strict: three digits between marks, one to three before the first,
one kind of mark, or none at all. What stands around a number does not change it: 12 % is
12.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from backbone.engines.raw.expressions import call, case, matches, own, text
from backbone.model.raw import RawColumn

__all__ = ["MARKS", "is_dressed", "undressed"]

MARKS = {
    " ": (" ", "\u00a0", "\u202f", "\u2009"),
    "'": ("'", "\u2019"),
}
"""Thousands marks that look alike, and stand for each other."""

_GAP = "[ \t\u00a0\u202f\u2009]*"
_SPECIAL = r"(?i)[+-]?(?:nan|inf|infinity)"
_MINUS = "\u2212"


def is_dressed(column: RawColumn) -> bool:
    """Tell whether a column's numbers may be written in other ways than the grammar's."""
    return column.type.kind in {"integer", "double", "decimal"} and (
        column.decimal != "."
        or bool(column.thousands or column.prefix or column.suffix or column.negative)
    )


def undressed(column: RawColumn, written: exp.Expr) -> exp.Expr:
    """Return a text's number as the grammar writes it; null where there is none."""
    minus = f"{_MINUS}" if "unicode" in column.negative else ""
    sign = f"([+{minus}-]?)"
    before, behind = _either(column.prefix), _either(column.suffix)
    number = f"({_digits(column)})"
    front = f"{_GAP}{sign}{_GAP}{before}{_GAP}{sign}{number}{_GAP}{behind}{_GAP}"
    readings = [(front, r"\1\2\3")]
    if "parentheses" in column.negative:
        inner = f"{before}{_GAP}{number}{_GAP}{behind}"
        around = f"{_GAP}{before}{_GAP}\\({_GAP}{inner}{_GAP}\\){_GAP}{behind}{_GAP}"
        readings.append((around, r"-\1"))
    if "trailing" in column.negative:
        after = f"{_GAP}{before}{_GAP}{number}{_GAP}[{minus}-]{_GAP}{behind}{_GAP}"
        readings.append((after, r"-\1"))
    branches = [
        (matches(written, pattern), _plain(column, _rewritten(written, pattern, form)))
        for pattern, form in readings
    ]
    if column.type.kind == "double":
        branches.append((matches(written, f"{_GAP}(?:{_SPECIAL}){_GAP}"), own(written)))
    return case(*branches)


def _either(texts: Sequence[str]) -> str:
    """Return the pattern of one of some texts, or none; the longest counts."""
    known = sorted(texts, key=len, reverse=True)
    return f"(?:{'|'.join(map(_quoted, known))})?" if known else ""


def _quoted(written: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", written)


def _digits(column: RawColumn) -> str:
    """Return the pattern of a number without a sign; it has no group of its own."""
    point = _quoted(column.decimal)
    groups = "".join(f"|[0-9]{{1,3}}(?:{_quoted(m)}[0-9]{{3}})+" for m in _marks(column))
    if column.type.kind == "integer":
        return f"(?:[0-9]+{groups})"
    power = "(?:[eE][+-]?[0-9]+)?" if column.type.kind == "double" else ""
    return f"(?:(?:[0-9]+{groups})(?:{point}[0-9]*)?|{point}[0-9]+){power}"


def _marks(column: RawColumn) -> Sequence[str]:
    given = column.thousands
    return () if given is None else MARKS.get(given, (given,))


def _rewritten(written: exp.Expr, pattern: str, form: str) -> exp.Expr:
    # a group that takes no part in a match is empty
    return call("regexp_replace", written, text(f"^(?:{pattern})$"), text(form))


def _plain(column: RawColumn, number: exp.Expr) -> exp.Expr:
    for mark in _marks(column):
        number = call("replace", number, text(mark), text(""))
    if column.decimal != ".":
        number = call("replace", number, text(column.decimal), text("."))
    if "unicode" in column.negative:
        number = call("replace", number, text(_MINUS), text("-"))
    return number
