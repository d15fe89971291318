"""Denial constraints, parsed: combinations of values that must not occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "INVERSE",
    "OPERATORS",
    "SWAPPED",
    "ColumnRef",
    "DenialConstraint",
    "Operator",
    "Predicate",
    "Reference",
    "RowVariable",
    "Selected",
    "Sequence",
    "Term",
]

RowVariable = Literal["t1", "t2", "previous", "next"]
Operator = Literal["=", "<>", "<", "<=", ">", ">=", "is null", "is not null", "true"]
OPERATORS: tuple[Operator, ...] = ("=", "<>", "<", "<=", ">", ">=")

SWAPPED: dict[Operator, Operator] = {
    "=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<=",
}  # fmt: skip
INVERSE: dict[Operator, Operator] = {
    "=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<",
    "is null": "is not null", "is not null": "is null",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class ColumnRef:
    """A column of one of the rows that a constraint speaks of."""

    row: RowVariable
    column: str

    def __str__(self) -> str:
        return f"{self.row}.{self.column}"


@dataclass(frozen=True)
class Term:
    """One side of a comparison: an expression over columns and constants.

    `sql` is in the DuckDB dialect, its columns qualified by their row.
    """

    sql: str
    columns: tuple[ColumnRef, ...] = ()

    @property
    def rows(self) -> frozenset[RowVariable]:
        """The rows that the term reads."""
        return frozenset(ref.row for ref in self.columns)


@dataclass(frozen=True)
class Predicate:
    """A comparison; `right` is None for ``is null`` and ``is not null``.

    Operator ``true`` is any other one-row condition (``left`` holds all of it), such as
    ``regexp_full_match(t1.zip, '[0-9]+')``.
    A comparison with a null is false: a row breaks a rule only by what it says.
    """

    left: Term
    op: Operator
    right: Term | None = None

    @property
    def rows(self) -> frozenset[RowVariable]:
        """The rows that the predicate reads."""
        return self.left.rows | (self.right.rows if self.right else frozenset())

    @property
    def is_mixed(self) -> bool:
        """Whether one side of it reads both rows of a pair."""
        pair = {"t1", "t2"}
        sides = [self.left, *([self.right] if self.right else [])]
        return any(pair <= side.rows for side in sides)

    @property
    def columns(self) -> tuple[ColumnRef, ...]:
        """The columns that the predicate reads."""
        return self.left.columns + (self.right.columns if self.right else ())


@dataclass(frozen=True)
class Reference:
    """A lookup in another table: ``columns`` must stand in ``table``'s ``to``.

    `table` is the full name of an asset. A null in any of `columns` is no orphan.
    """

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True)
class Sequence:
    """The order of a table's rows: by the columns `by`, in groups of equal `per`.

    Rows that are equal in all of them stand in the order of their origin. A row with a
    null in any of them stands in no order, and is nobody's neighbour.
    """

    by: tuple[str, ...]
    per: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say where a row stands, each once."""
        return tuple(dict.fromkeys([*self.per, *self.by]))


@dataclass(frozen=True)
class Selected:
    """Rows that a query of the user's finds, where no constraint says what is meant.

    `tables` are the full names of the assets that it reads, and `names` those of all
    columns in it, whosever they are.
    """

    sql: str
    tables: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class DenialConstraint:
    """Predicates that must not all be true at once.

    One row (``t1`` alone), two rows of a table (``t1`` and ``t2``, never the same row),
    a row and its neighbours in a `sequence` (``t1``, ``previous``, ``next``), a reference
    to another table, or what a query has `selected`. `text` is the rule as its author
    wrote it. With `allow_quadratic`, pairs of rows may be compared, however many.

    It looks at the rows for which all of `where` are true (predicates on ``t1``), and at
    no others: not as a partner, nor as a neighbour. What a reference finds in the other
    table is not restricted.
    """

    name: str
    text: str
    predicates: tuple[Predicate, ...] = ()
    reference: Reference | None = None
    sequence: Sequence | None = None
    where: tuple[Predicate, ...] = ()
    selected: Selected | None = None
    allow_quadratic: bool = False

    @property
    def rows(self) -> frozenset[RowVariable]:
        """The rows that the constraint speaks of."""
        found: frozenset[RowVariable] = frozenset()
        for predicate in self.predicates:
            found |= predicate.rows
        return found

    @property
    def is_pair(self) -> bool:
        """Whether the constraint speaks of two rows."""
        return "t2" in self.rows

    @property
    def is_single(self) -> bool:
        """Whether a row breaks the constraint by itself, whatever other rows say."""
        others = self.reference or self.sequence or self.selected
        return not (self.is_pair or others)

    @property
    def neighbours(self) -> tuple[RowVariable, ...]:
        """Which neighbours in its sequence a row is held against."""
        names: tuple[RowVariable, ...] = ("previous", "next")
        return tuple(name for name in names if name in self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its own table that the constraint is about, each once.

        Of a query they are all that may be.
        """
        refs = [ref.column for p in self.predicates for ref in p.columns]
        more = self.reference.columns if self.reference else ()
        order = self.sequence.columns if self.sequence else ()
        names = self.selected.names if self.selected else ()
        return tuple(dict.fromkeys([*order, *refs, *more, *names]))

    @property
    def reads(self) -> tuple[str, ...]:
        """All columns that it reads of its own table: those of `where` come last."""
        more = [ref.column for p in self.where for ref in p.columns]
        return tuple(dict.fromkeys([*self.columns, *more]))
