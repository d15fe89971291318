"""The shape of a denial constraint: what decides how its violations are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from sqlglot import exp

from backbone.model.constraints import (
    SWAPPED,
    ColumnRef,
    DenialConstraint,
    Operator,
    Predicate,
    RowVariable,
    Term,
)
from backbone.sql.denial_terms import column_term, expression, predicate_expression
from backbone.sql.queries import column

__all__ = [
    "MAX_DIFFERENT",
    "ORDERS",
    "STRICT",
    "Cell",
    "Cross",
    "Kind",
    "Mixed",
    "PairShape",
    "kind_of",
    "shape_of",
]

Kind = Literal[
    "one row", "reference", "sequence", "sql", "equality", "one order", "two orders",
    "three orders", "counts", "parts",
]  # fmt: skip
ORDERS: tuple[Operator, ...] = ("<", "<=", ">", ">=")
STRICT: tuple[Operator, ...] = ("<", ">")
MAX_DIFFERENT = (4, 4, 3)
"""With how many `<>` partners are counted, beside none, one or two order comparisons."""
_EITHER_WAY = (
    exp.Levenshtein, exp.JarowinklerSimilarity, exp.Add, exp.Mul, exp.EQ, exp.NEQ,
    exp.And, exp.Or,
)  # fmt: skip
_BY_ORDERS: tuple[Kind, ...] = ("equality", "one order", "two orders", "three orders")


@dataclass(frozen=True)
class Cell:
    """A value that a row brings to a comparison: an expression over its own columns."""

    name: str
    value: exp.Expr = field(compare=False)


@dataclass(frozen=True)
class Cross:
    """A comparison of a cell of t1 with a cell of t2."""

    left: str
    op: Operator
    right: str

    @property
    def swapped(self) -> Cross:
        """The same comparison, seen from t2."""
        return Cross(self.right, SWAPPED[self.op], self.left)

    @property
    def excludes_self(self) -> bool:
        """Whether no row can stand in this relation to itself."""
        return self.left == self.right and self.op in {"<>", "<", ">"}


@dataclass(frozen=True)
class Mixed:
    """A condition on a row of each side that is no comparison of a cell with a cell.

    In `condition` the cells `first` of t1 and `second` of t2 are columns of relations of
    these names.
    """

    condition: exp.Expr = field(compare=False)
    first: tuple[str, ...]
    second: tuple[str, ...]
    text: str

    @property
    def swapped(self) -> Mixed:
        """The same condition, seen from t2."""
        turned = self.condition.copy()
        for node in turned.find_all(exp.Column):
            node.set("table", exp.to_identifier({"t1": "t2", "t2": "t1"}[node.table]))
        return Mixed(turned, self.second, self.first, _canonical(turned))


def _canonical(condition: exp.Expr) -> str:
    """Return a text that is the same where operands that may be exchanged are.

    The distance of two texts, the difference of two numbers without its sign, a sum.
    """

    def sorted_(node: exp.Expr) -> exp.Expr:
        inner = node.this.unnest() if isinstance(node, exp.Abs) else node
        exchanged = isinstance(inner, _EITHER_WAY) or (
            isinstance(node, exp.Abs) and isinstance(inner, exp.Sub)
        )
        if exchanged and inner.this.sql() > inner.expression.sql():
            left, right = inner.this, inner.expression
            inner.set("this", right)
            inner.set("expression", left)
        return node

    plain = condition.copy().transform(sorted_)
    return str(plain.sql(dialect="duckdb"))


@dataclass(frozen=True)
class PairShape:
    """A two-row constraint, taken apart.

    `filters` are the predicates on one row alone, for t1 and for t2, as conditions over
    the columns of that row (in an order that does not depend on how they were written).
    The relation of the rows is called ``r``. `mixed` are conditions on both rows at once,
    which can only be asked of pairs. With `halved`, it is known of every row
    whether it may be t1 or t2, whatever the filters say.
    """

    cells: tuple[Cell, ...]
    keys: tuple[Cross, ...]
    differs: tuple[Cross, ...]
    orders: tuple[Cross, ...]
    filters: tuple[tuple[exp.Expr, ...], tuple[exp.Expr, ...]]
    mixed: tuple[Mixed, ...] = ()
    halved: bool = False

    @property
    def crosses(self) -> tuple[Cross, ...]:
        """All comparisons of t1 with t2."""
        return (*self.keys, *self.differs, *self.orders)

    @property
    def may_be_alone(self) -> bool:
        """Whether a row could satisfy the predicates together with itself."""
        return not any(cross.excludes_self for cross in self.crosses)

    @property
    def same_sides(self) -> bool:
        """Whether t1 and t2 bring the same cells and pass the same filters."""
        same = not (self.halved or self.mixed) and self.filters[0] == self.filters[1]
        return same and all(cross.left == cross.right for cross in self.crosses)

    @property
    def symmetric(self) -> bool:
        """Whether swapping t1 and t2 gives the same constraint."""
        swapped = {cross.swapped for cross in self.crosses}
        same = not self.halved and self.filters[0] == self.filters[1]
        turned = {one.swapped.text for one in self.mixed} == {m.text for m in self.mixed}
        return same and turned and set(self.crosses) == swapped

    @property
    def kind(self) -> Kind:
        """What the plan turns on."""
        if self.mixed:
            return "parts"
        orders, others = len(self.orders), len(self.differs) + self.may_be_alone
        if orders and others <= 1:
            return _BY_ORDERS[orders] if orders < len(_BY_ORDERS) else "parts"
        counted = self.has_counts
        return "parts" if not counted else "counts" if orders else "equality"

    @property
    def has_counts(self) -> bool:
        """Whether partners can be counted without comparing all pairs."""
        if self.mixed:
            return False
        orders = len(self.orders)
        return orders < len(MAX_DIFFERENT) and len(self.differs) <= MAX_DIFFERENT[orders]

    def swapped(self) -> PairShape:
        """Return the shape with the rows' names exchanged."""
        return replace(
            self,
            keys=tuple(c.swapped for c in self.keys),
            differs=tuple(c.swapped for c in self.differs),
            orders=tuple(c.swapped for c in self.orders),
            filters=(self.filters[1], self.filters[0]),
            mixed=tuple(one.swapped for one in self.mixed),
        )


def kind_of(constraint: DenialConstraint) -> Kind:
    """Return what decides the plan of `constraint`."""
    if constraint.reference is not None:
        return "reference"
    if constraint.sequence is not None:
        return "sequence"
    if constraint.selected is not None:
        return "sql"
    return shape_of(constraint).kind if constraint.is_pair else "one row"


@lru_cache(maxsize=4_096)
def shape_of(constraint: DenialConstraint) -> PairShape:
    """Take a two-row constraint apart; its strict order comparisons come first.

    The same shape for the same constraint: what is built of its expressions copies them.
    """
    cells = _Cells()
    crosses = [
        Cross(cells.name(p.left), p.op, cells.name(p.right))
        for p in constraint.predicates
        if p.right is not None and len(p.rows) > 1 and not p.is_mixed
    ]
    mixed = tuple(cells.mixed(p) for p in constraint.predicates if p.is_mixed)
    orders = (c for c in crosses if c.op in ORDERS)
    return PairShape(
        cells=cells.found(),
        keys=tuple(c for c in crosses if c.op == "="),
        differs=tuple(c for c in crosses if c.op == "<>"),
        orders=tuple(sorted(orders, key=lambda c: c.op not in STRICT)),
        filters=(_filters(constraint, "t1"), _filters(constraint, "t2")),
        mixed=mixed,
    )


class _Cells:
    """Collects the different values that rows bring; equal ones share a name."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: list[exp.Expr] = []

    def name(self, term: Term) -> str:
        value = expression(term, _own)
        text = value.sql(dialect="duckdb")
        if text not in self._names:
            self._names[text] = f"e{len(self._names)}"
            self._values.append(value)
        return self._names[text]

    def mixed(self, predicate: Predicate) -> Mixed:
        sides: dict[str, dict[str, None]] = {"t1": {}, "t2": {}}

        def cell(ref: ColumnRef) -> exp.Expr:
            name = self.name(column_term("t1", ref.column))
            sides[ref.row][name] = None
            return exp.column(name, table=ref.row)

        condition = predicate_expression(predicate, cell)
        first, second = (tuple(sides[row]) for row in ("t1", "t2"))
        return Mixed(condition, first, second, _canonical(condition))

    def found(self) -> tuple[Cell, ...]:
        names: Iterable[str] = self._names.values()
        return tuple(
            Cell(name, value) for name, value in zip(names, self._values, strict=True)
        )


def _own(ref: ColumnRef) -> exp.Expr:
    return column(ref.column, "r")


def _filters(constraint: DenialConstraint, row: RowVariable) -> tuple[exp.Expr, ...]:
    def is_own(predicate: Predicate) -> bool:
        return predicate.rows == frozenset({row})

    found = [predicate_expression(p, _own) for p in constraint.predicates if is_own(p)]
    return tuple(sorted(found, key=lambda e: e.sql(dialect="duckdb")))
