"""What a change of cleaning is: an expression over a cell, or a search among all rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.management.trusted.rows.steps import Steps
from backbone.model.schemas import Column, Schema
from backbone.model.types import INTEGER
from backbone.project.lookups import Pairs
from backbone.sql.queries import quoted
from backbone.sql.types import annotated

__all__ = ["LOOKED_UP", "Change", "Search", "Tidy", "deciding", "typed", "with_row"]

LOOKED_UP = "looked_up"
"""The relation (``text, value``) that holds the pairs of a search."""


@dataclass(frozen=True)
class Tidy:
    """A change of one column that a cell alone decides.

    `name` (``clean_2_trim``) and `method` stand in the repairs; null stays null unless
    `change` says otherwise.
    """

    name: str
    column: str
    change: Callable[[exp.Expr], exp.Expr]
    method: str = "clean"

    @property
    def touches(self) -> frozenset[str]:
        """The columns that it reads or changes."""
        return frozenset({self.column})


@dataclass(frozen=True)
class Search:
    """A change of one column that other cells, or a list of pairs, decide.

    `steps` read ``rows`` (``_row``, the column, and those that are `read`) and, if there
    are `pairs`, the relation `LOOKED_UP`; the last has ``_row, old, value`` of every cell
    that changes, the value of the column's type. They are told the types of ``rows``.
    """

    name: str
    column: str
    read: tuple[str, ...]
    steps: Callable[[Schema], Steps]
    method: str = "clean"
    pairs: Pairs = ()

    @property
    def touches(self) -> frozenset[str]:
        """The columns that it reads or changes."""
        return frozenset({self.column, *self.read})


Change = Tidy | Search


def deciding(changes: Sequence[Change], names: Iterable[str]) -> tuple[Change, ...]:
    """Return those of `changes` on which the cells of columns `names` depend, in order.

    >>> first = Tidy("clean_1_trim", "a", lambda value: value)
    >>> second = Search("clean_2_fill", "b", ("a",), lambda schema: [])
    >>> [change.name for change in deciding([first, second], ["b"])]
    ['clean_1_trim', 'clean_2_fill']
    >>> [change.name for change in deciding([first, second], ["a"])]
    ['clean_1_trim']
    """
    wanted, found = set(names), list[Change]()
    for change in reversed(changes):
        if change.column in wanted:
            wanted |= change.touches
            found.append(change)
    return tuple(reversed(found))


def typed(query: exp.Query, source: str, schema: Schema) -> exp.Query:
    """Return a select from `source` alone, with a type on what it computes.

    Engines spell an operation by the types of its values.
    """
    made = query.copy()
    for node in made.find_all(exp.Column):
        if not node.table:
            node.set("table", quoted(source))
    return annotated(made, {source: schema})


def with_row(schema: Schema) -> Schema:
    """Return the schema of the working rows: the public columns, and ``_row``."""
    return schema.public.with_columns(Column("_row", INTEGER))
