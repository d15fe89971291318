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
    "cast",
    "equal",
    "guarded",
    "in_blanks",
    "is_null",
    "matches",
    "minus",
    "named",
    "own",
    "quote",
    "text",
    "trimmed",
    "try_cast",
]

BLANKS = " \t"
_BLANK = r"[ \t]*"

Branch = tuple[exp.Expr, exp.Expr]
Reading = tuple[str, Callable[[exp.Expr], exp.Expr]]


def text(value: str) -> exp.Literal:
    """Return a string literal."""
    return exp.Literal.string(value)


def own(node: exp.Expr) -> exp.Expr:
    """Return the node, or a copy if it is part of an expression already."""
    return node if node.parent is None else node.copy()


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function of the engine."""
    made = exp.Anonymous(this=name)
    for each in arguments:
        made.append("expressions", own(each))
    return made


def case(*branches: Branch, default: exp.Expr | None = None) -> exp.Case:
    """Return the value of the first branch whose condition is true."""
    made = exp.Case()
    for when, then in branches:
        branch = exp.If(this=own(when))
        branch.set("true", own(then))
        made.append("ifs", branch)
    if default is not None:
        made.set("default", own(default))
    return made


def equal(left: exp.Expr, right: exp.Expr) -> exp.EQ:
    """Return whether two values are equal."""
    made = exp.EQ(this=own(left))
    made.set("expression", own(right))
    return made


def minus(left: exp.Expr, right: exp.Expr) -> exp.Sub:
    """Return a difference."""
    made = exp.Sub(this=own(left))
    made.set("expression", own(right))
    return made


def is_null(value: exp.Expr) -> exp.Is:
    """Return whether a value is missing."""
    return exp.Is(this=own(value), expression=exp.Null())


def cast(value: exp.Expr, kind: str) -> exp.Cast:
    """Return a cast to an SQL type."""
    return exp.Cast(this=own(value), to=exp.DataType.build(kind, dialect="duckdb"))


def both(*conditions: exp.Expr) -> exp.Expr:
    """Return the conjunction of conditions."""
    return exp.and_(*map(own, conditions), copy=False)


def named(value: exp.Expr, name: str) -> exp.Alias:
    """Return the expression under a quoted name."""
    return exp.Alias(this=own(value), alias=quoted(name))


def try_cast(value: exp.Expr, kind: str) -> exp.TryCast:
    """Return a cast to an SQL type that gives null where it cannot be done."""
    return exp.TryCast(this=own(value), to=exp.DataType.build(kind, dialect="duckdb"))


def matches(value: exp.Expr, pattern: str) -> exp.Expr:
    """Return whether the whole text matches a regular expression (RE2)."""
    return call("regexp_full_match", value, text(pattern))


def in_blanks(pattern: str) -> str:
    """Return the pattern with blanks (spaces, tabs) around it allowed."""
    return f"{_BLANK}(?:{pattern}){_BLANK}"


def trimmed(value: exp.Expr) -> exp.Expr:
    """Return the text without blanks around it.

    Few texts have any, and looking is cheaper than trimming: both blanks sort before
    every character that is seen.
    """
    may_have = exp.or_(
        exp.LT(this=own(value), expression=text("!")),
        *(call("ends_with", value, text(blank)) for blank in BLANKS),
        copy=False,
    )
    return case((may_have, call("trim", value, text(BLANKS))), default=value)


def guarded(value: exp.Expr, *readings: Reading) -> exp.Case:
    """Read a text by the first pattern that it matches.

    Each reading is a pattern and what makes a value of a text of it. The patterns are
    tried on the text as it is first: cells with blanks around them are rare.
    """
    plain = [(matches(value, pattern), make(value)) for pattern, make in readings]
    padded = [
        (matches(value, in_blanks(pattern)), make(call("trim", value, text(BLANKS))))
        for pattern, make in readings
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
