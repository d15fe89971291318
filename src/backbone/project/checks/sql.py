"""The columns that a declared expression names; importing this imports sqlglot."""

from __future__ import annotations

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError, TokenError

from backbone.project.mistakes import brief

__all__ = ["columns_of"]


def columns_of(text: str) -> tuple[tuple[str, ...], str | None]:
    """Return the columns that an SQL expression names, or why it cannot be read.

    >>> columns_of("arr_delay >= 15 and not cancelled")
    (('arr_delay', 'cancelled'), None)
    """
    try:
        tree = parse_one(text, read="duckdb", into=exp.Condition)
    except (ParseError, TokenError, RecursionError) as error:
        return (), f"{brief(text)} is no SQL expression{_near(error)}"
    names = (node.name for node in tree.find_all(exp.Column))
    return tuple(dict.fromkeys(names)), None


def _near(error: Exception) -> str:
    details = error.errors if isinstance(error, ParseError) else []
    spot = str(details[0].get("highlight") or "") if details else ""
    return f"; look near `{spot}`" if spot else ""
