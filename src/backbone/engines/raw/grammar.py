"""The grammar: which texts are values of a canonical type, and which values they are.

A text is a value only if all of it matches the type's pattern; only then is it cast. No
engine's lenient cast makes a value: ``2.5`` is no integer, ``1.239`` no decimal(4,2),
``1e400`` no double, ``2013-02-30`` no date.

============  ======================================================================
type          texts
============  ======================================================================
boolean       true, false, t, f, yes, no, 1, 0 in any case
integer       an optional sign and digits, within 64 bits: ``+5``, ``007``
double        decimal digits with an optional point and exponent, within the range of
              a double: ``1.``, ``.5``, ``-1.5e3``; nan, inf, infinity in any case, with
              an optional sign
decimal(p,s)  decimal digits with an optional point and no exponent; digits behind the
              s-th are zeros, and the number fits p digits
string        every text, as it is
date          ``2013-01-31``, or the column's `format`
datetime      ``2013-01-31 17:05[:09[.123456]]``, with ``T`` or a space between, or the
              column's `format`
timestamp     the same with ``Z`` or an offset (``+02``, ``+0230``, ``+02:30``) behind
              it; with a `timezone` also without one
============  ======================================================================

Blanks (spaces and tabs) around a text are allowed, except of strings, whose they are.
``24:00`` is the midnight at which the next day starts. Years are 0001 to 9999, fractions
of a second have at most six digits that are not zeros.
"""

from __future__ import annotations

from sqlglot import exp

from backbone.engines.raw.expressions import (
    both,
    call,
    case,
    cast,
    equal,
    guarded,
    in_blanks,
    matches,
    try_cast,
)
from backbone.model.types import CanonicalType

__all__ = ["NAMES", "refine", "spelling", "value"]

_INTEGER = r"[+-]?[0-9]+"
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_DOUBLE = rf"{_NUMBER}(?:[eE][+-]?[0-9]+)?"
_SPECIAL = r"(?i)[+-]?(?:nan|inf|infinity)"
# an s of any case stands apart: (?i) would take the long s for one
_TRUE = r"(?i:true|t|1)|(?i:ye)[sS]"
_FALSE = r"(?i:f|no|0)|(?i:fal)[sS](?i:e)"

NAMES = {
    "boolean": "a boolean",
    "integer": "an integer",
    "double": "a number",
    "decimal": "a decimal",
    "string": "a text",
    "date": "a date",
    "datetime": "a date and time",
    "timestamp": "an instant",
}


def _decimal(scale: int) -> str:
    places = rf"\.[0-9]{{0,{scale}}}0*"
    alone = rf"\.[0-9]{{1,{scale}}}0*" if scale else r"\.0+"
    return rf"[+-]?(?:[0-9]+(?:{places})?|{alone})"


def value(kind: CanonicalType, text: exp.Expr) -> exp.Expr:
    """Return the value of a text of a type that is no time; null if it has none.

    Of an integer or a double it is a value only after `refine`.
    """

    def made(text: exp.Expr) -> exp.Expr:
        return try_cast(text, kind.sql)

    match kind.kind:
        case "string":
            return text
        case "boolean":
            return guarded(
                text, (_TRUE, lambda _: exp.true()), (_FALSE, lambda _: exp.false())
            )
        case "integer":
            return made(text)  # as the engine likes it; `refine` has the last word
        case "decimal":
            return guarded(text, (_decimal(kind.scale or 0), made))
        case _:
            return guarded(text, (f"{_DOUBLE}|{_SPECIAL}", made))


def refine(kind: CanonicalType, text: exp.Expr, found: exp.Expr) -> exp.Expr:
    """Return the value `found` of a text, or null where the text does not mean it.

    An integer that is written as its text is one, and this is cheaper to see than that
    the text matches the pattern, which is asked only of the others. A double that
    became infinite is a value only if the text said so.
    """
    if kind.kind == "integer":
        return case(
            (equal(cast(found, "VARCHAR"), text), found),
            (matches(text, in_blanks(_INTEGER)), found),
        )
    told = exp.Not(this=exp.paren(matches(text, in_blanks(_SPECIAL)), copy=False))
    infinite = both(call("isinf", found), told)
    return case((infinite, exp.Null()), default=found)


def spelling(kind: CanonicalType) -> str | None:
    """Return the pattern of texts that are of the type but for their range or scale."""
    patterns = {"integer": _INTEGER, "double": _DOUBLE, "decimal": _NUMBER}
    return patterns.get(kind.kind)
