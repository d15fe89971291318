"""Values of texts: one grammar for each canonical type, on every engine.

The grammar is that of the formatted zone: a text is a value only if all of it matches the
pattern of the type, with blanks (spaces, tabs) around it allowed; no engine's lenient
cast makes a value. ``safe_cast`` is null for any other text, ``text_cast`` an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from backbone.errors import ViewError
from backbone.sql.types import ValueType, type_of

__all__ = [
    "BRIEF",
    "NOUNS",
    "PATTERNS",
    "SAFE_CAST",
    "TEXT_CAST",
    "patterns",
    "reading",
    "with_readings",
]

SAFE_CAST, TEXT_CAST = "safe_cast", "text_cast"
Failure = Callable[[exp.Expr, str, str], ViewError]

_BLANK = "[ \t]*"
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_YEAR = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_DATE = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_MINUTE = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SECOND = r":[0-5][0-9](?:\.[0-9]{1,6}0*)?"
_MIDNIGHT = r"24:00(?::00(?:\.0+)?)?"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
BRIEF = r"^([0-9-]+[T ][0-9]{2}:[0-9]{2})(Z|[+-].*)$"

PATTERNS = {
    "true": r"(?i:true|t|1)|(?i:ye)[sS]",
    "false": r"(?i:f|no|0)|(?i:fal)[sS](?i:e)",
    "integer": "[+-]?[0-9]+",
    "double": rf"{_NUMBER}(?:[eE][+-]?[0-9]+)?",
    "special": "[+-]?(?i:nan|inf|infinity)",
    "date": _DATE,
    "datetime": rf"{_DATE}[T ]{_MINUTE}(?:{_SECOND})?",
    "datetime midnight": rf"{_DATE}[T ]{_MIDNIGHT}",
    "timestamp": rf"{_DATE}[T ]{_MINUTE}(?:{_SECOND})?{_OFFSET}",
    "timestamp midnight": rf"{_DATE}[T ]{_MIDNIGHT}{_OFFSET}",
}
NOUNS = {
    "boolean": "a boolean", "integer": "an integer", "double": "a number",
    "decimal": "a decimal", "date": "a date", "datetime": "a date and time",
    "timestamp": "an instant",
}  # fmt: skip
_SHOWN = {
    "boolean": "'true'", "integer": "'42'", "double": "'1.5'", "decimal": "'1.50'",
    "date": "date '2013-01-31'", "datetime": "timestamp '2013-01-31 17:05:00'",
    "timestamp": "timestamptz '2013-01-31 17:05:00Z'",
}  # fmt: skip


def patterns(told: ValueType) -> tuple[str, ...]:
    """Return the patterns of texts that are of a type, without blanks around."""
    match told.kind:
        case "boolean":
            return PATTERNS["true"], PATTERNS["false"]
        case "double":
            return PATTERNS["double"], PATTERNS["special"]
        case "decimal":
            return (_decimal(told.scale),)
        case "datetime" | "timestamp":
            return PATTERNS[told.kind], PATTERNS[f"{told.kind} midnight"]
        case _:
            return (PATTERNS[told.kind],)


def _decimal(scale: int) -> str:
    places = rf"\.[0-9]{{0,{scale}}}0*"
    alone = rf"\.[0-9]{{1,{scale}}}0*" if scale else r"\.0+"
    return rf"[+-]?(?:[0-9]+(?:{places})?|{alone})"


def with_readings(tree: exp.Query, failure: Failure) -> exp.Query:
    """Return a typed tree whose casts of texts are operations that follow the grammar.

    Raises
    ------
    ViewError : a constant is cast to a type of which it is no value
    """
    tree = tree.copy()
    for cast in list(tree.find_all(exp.Cast)):
        told = type_of(cast)
        if type_of(cast.this).kind != "string" or told.kind not in NOUNS:
            continue
        safe, text = isinstance(cast, exp.TryCast), cast.this.unnest()
        if not safe and isinstance(text, exp.Literal):
            if not _is_constant(text.this, told):
                why = f"is not {NOUNS[told.kind]}"
                raise failure(cast.this, why, f"Write it like {_SHOWN[told.kind]}.")
            continue
        name = exp.Literal.string(cast.to.sql(dialect="duckdb"))
        made = exp.Anonymous(
            this=SAFE_CAST if safe else TEXT_CAST, expressions=[cast.this.copy(), name]
        )
        made.type = cast.type
        cast.replace(made)
    return tree


def _is_constant(text: str, told: ValueType) -> bool:
    """Tell whether a constant is one; a time may do without a clock, or a zone."""
    allowed = [*patterns(told)]
    if told.kind in {"datetime", "timestamp"}:
        allowed += [PATTERNS["date"], PATTERNS["datetime"]]
    return re.fullmatch(f"{_BLANK}(?:{'|'.join(allowed)}){_BLANK}", text) is not None


def reading(text: exp.Expr, kind: str, *, safe: bool) -> exp.Expr:
    """Return the value of a text in the DuckDB dialect.

    Parameters
    ----------
    text : the text
    kind : the type of the value, in the DuckDB dialect
    safe : whether another text is null; if not, an error
    """
    target = exp.DataType.build(kind, dialect="duckdb")
    found = _found(text, target)
    if safe:
        return found
    made = exp.cast(exp.null(), target)
    made.type = target
    noun = NOUNS.get(type_of(made).kind, "a value")
    told = exp.Concat(
        expressions=[
            exp.Literal.string("`"), text.copy(), exp.Literal.string(f"` is not {noun}")
        ]
    )  # fmt: skip
    failed = exp.cast(exp.Anonymous(this="error", expressions=[told]), target)
    wrong = exp.and_(_is_null(found), exp.not_(_is_null(text)))
    return exp.case().when(wrong, failed).else_(found.copy())


def _is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=exp.paren(value), expression=exp.null())


def _found(text: exp.Expr, target: exp.DataType) -> exp.Expr:
    probe = exp.cast(exp.null(), target)
    probe.type = target
    told = type_of(probe)
    plain: exp.Expr = exp.Trim(this=text.copy(), expression=exp.Literal.string(" \t"))
    if told.kind == "timestamp":  # DuckDB asks for seconds before a zone
        brief = [exp.Literal.string(each) for each in (BRIEF, r"\1:00\2")]
        plain = exp.Anonymous(this="regexp_replace", expressions=[plain, *brief])
    value: exp.Expr = exp.TryCast(this=plain, to=target.copy())
    if told.kind == "boolean":
        return (
            exp.case()
            .when(_matches(text, PATTERNS["true"]), exp.true())
            .when(_matches(text, PATTERNS["false"]), exp.false())
        )
    if told.kind == "double":  # one that became infinite is none
        infinite = exp.IsInf(this=value.copy())
        finite = exp.case().when(infinite, exp.null()).else_(value.copy())
        return (
            exp.case()
            .when(_matches(text, PATTERNS["double"]), finite)
            .when(_matches(text, PATTERNS["special"]), value)
        )
    return exp.case().when(_matches(text, "|".join(patterns(told))), value)


def _matches(text: exp.Expr, pattern: str) -> exp.Expr:
    whole = exp.Literal.string(f"{_BLANK}(?:{pattern}){_BLANK}")
    return exp.Anonymous(this="regexp_full_match", expressions=[text.copy(), whole])
