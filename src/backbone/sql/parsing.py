"""Times of texts in a format: the same texts are times on every engine.

A format is a pattern. What does not match all of it is no time, whatever an engine's own
parser would let pass; a number may lack its leading zero where no other digits touch it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from backbone.sql.portable.formats import PARSED, pieces

__all__ = ["SAFE_TIME", "TEXT_TIME", "parsing", "time_pattern", "with_parsing"]

SAFE_TIME, TEXT_TIME = "safe_time", "text_time"
_SHORT = {"m": "[1-9]", "d": "[1-9]", "H": "[0-9]", "I": "[1-9]"}
_DIGITS = frozenset("YymdHIMSf")


def time_pattern(form: str) -> tuple[str, tuple[str, ...]]:
    """Return the pattern of texts in a format, a group a directive, and the directives.

    >>> time_pattern("%d.%m")[1]
    ('d', 'm')
    """
    parts, made, letters = pieces(form), [], []
    for place, (piece, is_directive) in enumerate(parts):
        if not is_directive:
            made.append(re.escape(piece) if not piece.isspace() else piece)
            continue
        around = [*parts[max(place - 1, 0) : place], *parts[place + 1 : place + 2]]
        alone = not any(_is_digits(*each) for each in around)
        short = f"|{_SHORT[piece]}" if alone and piece in _SHORT else ""
        made.append(f"({PARSED[piece]}{short})")
        letters.append(piece)
    return "".join(made), tuple(letters)


def _is_digits(piece: str, is_directive: bool) -> bool:  # noqa: FBT001 - as it stands
    return piece in _DIGITS if is_directive else piece.isdigit()


def with_parsing(tree: exp.Query) -> exp.Query:
    """Return a tree whose texts are parsed by operations that follow the pattern."""
    tree = tree.copy()
    for call in list(tree.find_all(exp.StrToTime, exp.Anonymous)):
        made = None
        if isinstance(call, exp.StrToTime):
            made = exp.Anonymous(
                this=TEXT_TIME, expressions=[call.this.copy(), call.args["format"].copy()]
            )
        elif str(call.name).lower() == "try_strptime":
            made = exp.Anonymous(
                this=SAFE_TIME, expressions=[each.copy() for each in call.expressions]
            )
        if made is not None:
            made.type = call.type
            call.replace(made)
    return tree


def parsing(text: exp.Expr, form: exp.Expr, *, safe: bool) -> exp.Expr:
    """Return the time of a text in the DuckDB dialect; of another, null or an error."""
    pattern, _ = time_pattern(form.name)
    whole = exp.Anonymous(
        this="regexp_full_match", expressions=[text.copy(), exp.Literal.string(pattern)]
    )
    found = exp.Anonymous(this="try_strptime", expressions=[text.copy(), form.copy()])
    value = exp.case().when(whole, found)
    if safe:
        return value
    told = exp.Concat(
        expressions=[
            exp.Literal.string("`"),
            text.copy(),
            exp.Literal.string(f"` is not of the format {form.name}"),
        ]
    )
    failed = exp.cast(exp.Anonymous(this="error", expressions=[told]), "timestamp")
    missing = exp.Is(this=exp.paren(value), expression=exp.null())
    given = exp.not_(exp.Is(this=text.copy(), expression=exp.null()))
    return exp.case().when(exp.and_(missing, given), failed).else_(value.copy())
