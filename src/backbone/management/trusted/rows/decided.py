"""What people decided, as a step's state carries it: what rules leave alone.

`rulings` finds it out before anything else is done; rules and cleaning ask here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.engines.protocol import Staged
from backbone.management.trusted.rows.pieces import Inputs, bound
from backbone.sql.queries import Query, column, quoted, table

__all__ = ["Decided"]


@dataclass(frozen=True)
class Decided:
    """Which cells and rows are decided.

    `verdicts` has ``_row, kind, column, rule, decision``: a ``cell`` whose value is
    decided; an ``undo``, for what a rule leaves alone (a column, or all of them: empty);
    a row that is ``fine`` for a rule. The sets tell of which columns and rules there are
    any: where there are none, nothing is asked.
    """

    verdicts: Staged
    cells: frozenset[str] = frozenset()
    undone: frozenset[str] = frozenset()
    fine: frozenset[str] = frozenset()

    def sparing_cells(
        self, query: Query, inputs: Inputs, name: str, *, rule: str | None = None
    ) -> tuple[Query, Inputs]:
        """Return `query` (with ``_row``) without the cells of column `name` that stay.

        They are decided; with `rule` also those that it leaves alone.
        """
        conditions = []
        if name in self.cells:
            conditions.append(exp.and_(_is("kind", "cell"), _is("column", name)))
        if rule in self.undone:
            own = exp.or_(_is("column", name), _is("column", ""))
            conditions.append(exp.and_(_is("kind", "undo"), _is("rule", str(rule)), own))
        return self._without(query, inputs, conditions)

    def sparing_rows(
        self, query: Query, inputs: Inputs, rule: str
    ) -> tuple[Query, Inputs]:
        """Return `query` (with ``_row``) without the rows that `rule` leaves alone."""
        if rule not in self.undone:
            return query, inputs
        condition = exp.and_(_is("kind", "undo"), _is("rule", rule))
        return self._without(query, inputs, [condition])

    def sparing_fine(
        self, query: Query, inputs: Inputs, rule: str
    ) -> tuple[Query, Inputs]:
        """Return `query` (with ``_row``) without the rows that are fine for `rule`."""
        if rule not in self.fine:
            return query, inputs
        condition = exp.and_(_is("kind", "fine"), _is("rule", rule))
        return self._without(query, inputs, [condition])

    def _without(
        self, query: Query, inputs: Inputs, conditions: Sequence[exp.Expr]
    ) -> tuple[Query, Inputs]:
        if not conditions:
            return query, inputs
        stay = self._rows(exp.or_(*conditions)).subquery("stay")
        whole = exp.Column(this=exp.Star(), table=quoted("r"))
        kept = exp.select(whole).from_(table(query.result, "r"))
        kept = kept.join(stay, on=_same_row(), join_type="anti")
        return query.then("unspared", kept), {**inputs, **self.inputs}

    @property
    def inputs(self) -> Inputs:
        """What a query that asks for decisions reads."""
        return {bound("verdicts", self.verdicts): self.verdicts}

    def rows_fine_for(self, rule: str) -> exp.Select:
        """Return the rows (``_row``) that do not break `rule`, as a person said."""
        return self._rows(exp.and_(_is("kind", "fine"), _is("rule", rule)))

    def _rows(self, condition: exp.Expr) -> exp.Select:
        source = table(bound("verdicts", self.verdicts))
        return exp.select(column("_row")).from_(source).where(condition)


def _is(name: str, value: str) -> exp.Expr:
    return exp.EQ(this=column(name), expression=exp.Literal.string(value))


def _same_row() -> exp.Expr:
    return exp.EQ(this=column("_row", "r"), expression=column("_row", "stay"))
