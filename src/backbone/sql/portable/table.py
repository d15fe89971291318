"""The portable subset as one table, and where a node of a tree is found in it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlglot import exp

from backbone.sql.portable.aggregates import AGGREGATES, WINDOWS
from backbone.sql.portable.clauses import CLAUSES
from backbone.sql.portable.conditions import CONDITIONS
from backbone.sql.portable.numbers import NUMBERS
from backbone.sql.portable.rows import Row
from backbone.sql.portable.texts import TEXTS
from backbone.sql.portable.times import TIMES
from backbone.sql.portable.verbs import VERB_ROWS

__all__ = ["SECTIONS", "all_rows", "function_names", "row_of"]

SECTIONS: dict[str, tuple[Row, ...]] = {
    "Clauses": CLAUSES,
    "Conditions and casts": CONDITIONS,
    "Numbers": NUMBERS,
    "Texts": TEXTS,
    "Dates and times": TIMES,
    "Aggregates": AGGREGATES,
    "Windows": WINDOWS,
    "Verbs": VERB_ROWS,
}
"""The rows of the subset, by the headings of the reference."""


def all_rows() -> Iterable[Row]:
    """Return every row of the subset."""
    return (row for rows in SECTIONS.values() for row in rows)


def row_of(node: exp.Expr) -> Row | None:
    """Return the row that a node of a tree is an instance of, or None."""
    rows = _index()
    if isinstance(node, exp.Anonymous):
        return rows.get(str(node.name).lower())
    return rows.get(type(node))


@cache
def _index() -> dict[type[exp.Expr] | str, Row]:
    return {key: row for row in all_rows() for key in row.of}


@cache
def function_names() -> tuple[str, ...]:
    """Return the names of all functions of the subset, in every spelling."""
    return tuple(sorted({name for row in all_rows() for name in row.spelt}))
