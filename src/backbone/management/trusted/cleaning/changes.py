"""What a change of cleaning is: of a cell by itself, of texts, among all rows."""

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

__all__ = [
    "LOOKED_UP", "TEXTS", "Change", "Reading", "Respelling", "Search", "Tidy", "deciding",
    "typed", "with_row",
]  # fmt: skip

LOOKED_UP = "looked_up"
"""The relation (``text, value``) that holds the pairs of a reading."""
TEXTS = "texts"
"""The relation of every different text of a column, ``x``, in ``n`` cells."""


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
    """A change of one column that other cells decide.

    `steps` read ``rows`` (``_row``, the column, and those that are `read`); the last has
    ``_row, old, value`` of every cell that changes, the value of the column's type. They
    are told the types of ``rows``.
    """

    name: str
    column: str
    read: tuple[str, ...]
    steps: Callable[[Schema], Steps]
    method: str = "clean"

    @property
    def touches(self) -> frozenset[str]:
        """The columns that it reads or changes."""
        return frozenset({self.column, *self.read})


@dataclass(frozen=True)
class Reading:
    """A change of one column of texts that reads every different text once.

    `steps` read `TEXTS` and, if there are `pairs`, `LOOKED_UP`; the last has, of every
    text, ``x, n``, the ``value`` that it becomes, and whether it is ``known``. What is
    not known stays, or with `blanks` becomes missing, and is counted.
    """

    name: str
    column: str
    steps: Steps
    pairs: Pairs = ()
    blanks: bool = False
    method: str = "clean"

    @property
    def touches(self) -> frozenset[str]:
        """The columns that it reads or changes."""
        return frozenset({self.column})


@dataclass(frozen=True)
class Respelling:
    """A change of one column of texts that this process computes, not the engine.

    Of the texts for which `where` is true `respell` makes others; it is called once for
    every different one.
    """

    name: str
    column: str
    where: Callable[[exp.Expr], exp.Expr]
    respell: Callable[[str], str]
    method: str = "clean"

    @property
    def touches(self) -> frozenset[str]:
        """The columns that it reads or changes."""
        return frozenset({self.column})


Change = Tidy | Search | Reading | Respelling


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
