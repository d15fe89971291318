"""The state of a trusted table between rules: what is current, changed and removed.

The columns that rules read are staged once, cleaned. What rules change is kept beside
them as small relations (row, new value), a column each, and joined only where that
column is read; the table itself is written once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.management.trusted.rows.decided import Decided
from backbone.management.trusted.rows.numbering import row_of
from backbone.management.trusted.rows.pieces import Inputs, bound
from backbone.management.trusted.rows.steps import ROWS, Steps, select, typed
from backbone.model.constraints import ColumnRef, DenialConstraint, Predicate
from backbone.model.schemas import ORIGIN, Schema
from backbone.sql.denial_terms import predicate_expression
from backbone.sql.queries import Query, column, table

__all__ = ["EVERY", "Cells", "State", "overlaid"]

EVERY = "every_row"
"""The name of all rows, where ``rows`` are those that a rule looks at."""


@dataclass(frozen=True)
class Cells:
    """Cells of one column: the rows (``_row``) of `staged`, their values in `value`."""

    staged: Staged
    value: str = "value"


@dataclass(frozen=True)
class State:
    """A table between two rules.

    `objects` are the current objects with their numbers; `work` has ``_row`` and the
    columns that rules read, cleaned; `cleaned` holds the rows that cleaning changed (by
    column, each with all columns that it may change), `changed` the cells that rules
    changed since, `removed` the rows that left. `fixed` are the cells that people
    decided, which `work` has already, `decided` is all that they decided; `fine_of` names
    a rule that does not look at the rows that are fine for it.
    """

    formatted: Relation
    schema: Schema
    objects: Staged
    work: Staged
    cleaned: Mapping[str, Cells] = field(default_factory=dict)
    changed: Mapping[str, Cells] = field(default_factory=dict)
    removed: Staged | None = None
    fixed: Mapping[str, Cells] = field(default_factory=dict)
    decided: Decided | None = None
    fine_of: str | None = None

    def rows(
        self, names: Sequence[str], where: Sequence[Predicate] = ()
    ) -> tuple[Steps, Inputs]:
        """Return what gives ``rows``: ``_row`` and the columns `names`, as they are now.

        Steps to put before those that read ``rows``, and the inputs that they bind; no
        step at all where nothing that is read has changed. With `where`, ``rows`` are
        those for which it is true, and all of them are ``every_row``.
        """
        if where:
            more = [ref.column for predicate in where for ref in predicate.columns]
            every = list(dict.fromkeys([*names, *more]))
            now, inputs = self._now(every)
            looked_at = self._looked_at(every, where, inputs)
            return [(EVERY, now), (ROWS, looked_at)], inputs
        if not self.versions(names) and self.removed is None and self.fine_of is None:
            return [], {ROWS: self.work}
        now, inputs = self._now(names)
        return [(ROWS, self._not_fine(now, inputs))], inputs

    def _now(self, names: Sequence[str]) -> tuple[exp.Select, Inputs]:
        inputs: Inputs = {"work": self.work}
        now = exp.select(column("_row", "r")).from_(table("work", "r"))
        now = overlaid(now, names, [self.changed], inputs)
        return self.staying(now, inputs), inputs

    def _looked_at(
        self, names: Sequence[str], where: Sequence[Predicate], inputs: Inputs
    ) -> exp.Query:
        def own(ref: ColumnRef) -> exp.Expr:
            return column(ref.column, "r")

        rows = exp.select(*(column(name, "r") for name in ("_row", *names)))
        rows = rows.from_(table(EVERY, "r"))
        rows = rows.where(*(predicate_expression(p, own) for p in where))
        return typed(self._not_fine(rows, inputs), self.schema, EVERY)

    def seen_by(self, constraint: DenialConstraint) -> State:
        """Return the table as a rule sees it: pairs with a row that is fine do not count.

        In a sequence, and where the row alone says it, a fine row is left out of what is
        found: there it is what others are held against.
        """
        fine = self.decided.fine if self.decided else frozenset()
        if not constraint.is_pair or constraint.name not in fine:
            return self
        return replace(self, fine_of=constraint.name)

    def _not_fine(self, rows: exp.Select, inputs: Inputs) -> exp.Select:
        if self.decided is None or self.fine_of is None:
            return rows
        inputs.update(self.decided.inputs)
        fine = self.decided.rows_fine_for(self.fine_of).subquery("fine")
        return rows.join(fine, on=_same_row("fine"), join_type="anti")

    def versions(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return those of the columns `names` that rules changed, and what holds them."""
        return tuple(
            (name, self.changed[name].staged.name)
            for name in sorted(names)
            if name in self.changed
        )

    def as_of(self, versions: Sequence[tuple[str, str]]) -> State:
        """Return the table with no other changes than `versions`; no row has left it."""
        changed = {name: self.changed[name] for name, _ in versions}
        return replace(self, changed=changed, removed=None, fine_of=None)

    def staying(self, rows: exp.Select, inputs: Inputs) -> exp.Select:
        """Leave the removed rows out of `rows` (alias ``r``), a select with ``_row``."""
        if self.removed is None:
            return rows
        name = bound("removed", self.removed)
        inputs[name] = self.removed
        return rows.join(table(name, "gone"), on=_same_row("gone"), join_type="anti")

    def final(self, names: Sequence[str]) -> tuple[exp.Select, Inputs]:
        """Return the select of `names` and the origin from ``rowed`` (alias ``r``)."""
        inputs: Inputs = {"formatted": self.formatted, "objects": self.objects}
        origin = [column(name, "r") for name in ORIGIN.names]
        last = exp.select().from_(table("rowed", "r"))
        last = overlaid(last, names, [self.changed, self.cleaned, self.fixed], inputs)
        return last.select(*origin), inputs

    def rowed(self) -> tuple[str, exp.Query]:
        """Return the step ``rowed``: the current rows as formatted, with ``_row``."""
        return "rowed", _rowed(self.schema.public.names)

    def with_changed(self, session: Session, name: str, cells: Staged) -> State:
        """Return the state after `cells` (``_row, value``) went into column `name`."""
        old = self.changed.get(name)
        if old is not None:
            text = (
                "select _row, value from newer union all "
                "select o._row, o.value from older o anti join newer n on o._row = n._row"
            )
            both: Inputs = {"newer": cells, "older": old.staged}
            cells = session.stage(Query.of(select(text)), both)
        return replace(self, changed={**self.changed, name: Cells(cells)})

    def without(self, session: Session, gone: Staged) -> State:
        """Return the state after the rows of `gone` (``_row``) left."""
        if self.removed is not None:
            text = "select _row from gone union all select _row from removed"
            both: Inputs = {"gone": gone, "removed": self.removed}
            gone = session.stage(Query.of(select(text)), both)
        return replace(self, removed=gone)


def _rowed(names: Sequence[str]) -> exp.Select:
    number = row_of(column("number", "o"), column("_record", "f"))
    wanted = [column(name, "f") for name in (*names, *ORIGIN.names)]
    same = exp.and_(
        *(
            exp.EQ(this=column(name, "f"), expression=column(name, "o"))
            for name in ("_delivery", "_object")
        )
    )
    rowed = exp.select(exp.alias_(number, "_row"), *wanted)
    return rowed.from_(table("formatted", "f")).join(table("objects", "o"), on=same)


def overlaid(
    select_: exp.Select,
    names: Sequence[str],
    layers: Sequence[Mapping[str, Cells]],
    inputs: Inputs,
) -> exp.Select:
    """Select the columns `names` of relation ``r``, each under its newest layer.

    `layers` come newest first; the relations that are joined, each once, are added to
    `inputs`.
    """
    aliases: dict[str, str] = {}
    for name in names:
        value: exp.Expr = column(name, "r")
        for layer in reversed(layers):
            cells = layer.get(name)
            if cells is None:
                continue
            source = bound("over", cells.staged)
            if source not in aliases:
                inputs[source] = cells.staged
                alias = aliases[source] = f"over{len(aliases)}"
                over = table(source, alias)
                select_ = select_.join(over, on=_same_row(alias), join_type="left")
            alias = aliases[source]
            absent = exp.Is(this=column("_row", alias), expression=exp.null())
            value = exp.Case().when(absent, value).else_(column(cells.value, alias))
        select_ = select_.select(exp.alias_(value, name, quoted=True))
    return select_


def _same_row(alias: str) -> exp.Expr:
    return exp.EQ(this=column("_row", "r"), expression=column("_row", alias))
