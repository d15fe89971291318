"""Small expressions that the grammar is made of, in the DuckDB dialect."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.sql.queries import quoted

__all__ = [
    "BLANKS",
    "Reading",
    "both",
    "call",
    "case",
    "guarded",
    "in_blanks",
    "matches",
    "named",
    "quote",
    "text",
    "try_cast",
]

BLANKS = " \t"
_BLANK = r"[ \t]*"

Branch = tuple[exp.Expr, exp.Expr]
Reading = tuple[str, Callable[[exp.Expr], exp.Expr]]


def text(value: str) -> exp.Literal:
    """Return a string literal."""
    return exp.Literal.string(value)


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function of the engine."""
    return exp.Anonymous(this=name, expressions=[each.copy() for each in arguments])


def case(*branches: Branch, default: exp.Expr | None = None) -> exp.Case:
    """Return the value of the first branch whose condition is true."""
    ifs = [exp.If(this=when.copy(), true=then.copy()) for when, then in branches]
    return exp.Case(ifs=ifs, default=default.copy() if default else None)


def both(*conditions: exp.Expr) -> exp.Expr:
    """Return the conjunction of conditions."""
    return exp.and_(*(each.copy() for each in conditions))


def named(value: exp.Expr, name: str) -> exp.Alias:
    """Return the expression under a quoted name."""
    return exp.Alias(this=value.copy(), alias=quoted(name))


def try_cast(value: exp.Expr, kind: str) -> exp.TryCast:
    """Return a cast to an SQL type that gives null where it cannot be done."""
    return exp.TryCast(this=value.copy(), to=exp.DataType.build(kind, dialect="duckdb"))


def matches(value: exp.Expr, pattern: str) -> exp.Expr:
    """Return whether the whole text matches a regular expression (RE2)."""
    return call("regexp_full_match", value, text(pattern))


def in_blanks(pattern: str) -> str:
    """Return the pattern with blanks (spaces, tabs) around it allowed."""
    return f"{_BLANK}(?:{pattern}){_BLANK}"


def guarded(value: exp.Expr, *readings: Reading) -> exp.Case:
    """Read a text by the first pattern that it matches.

    Each reading is a pattern and what makes a value of a text of it. The patterns are
    tried on the text as it is first: cells with blanks around them are rare.
    """
    trimmed = call("trim", value, text(BLANKS))
    plain = [(matches(value, pattern), make(value)) for pattern, make in readings]
    padded = [
        (matches(value, in_blanks(pattern)), make(trimmed)) for pattern, make in readings
    ]
    return case(*plain, *padded)


def quote(value: exp.Expr) -> exp.Expr:
    """Return a text in quotes, at most 100 characters of it, for a reason."""
    short = case(
        (
            exp.GT(this=call("length", value), expression=exp.Literal.number(100)),
            call("concat", call("left", value, exp.Literal.number(100)), text("…")),
        ),
        default=value,
    )
    return call("concat", text("'"), short, text("'"))
