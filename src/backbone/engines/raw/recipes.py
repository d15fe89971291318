"""From raw text to canonical rows: queries that any engine of the dialect can run.

They read a relation `RAW` with a text column for every source (`raw_name`), the origin
columns, and `ROW`, the row's place. Each column is made by its plan; the plans' steps
are merged, so that a query has as many steps as its longest plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from backbone.engines.raw.computed import computed_plan, expression_of
from backbone.engines.raw.expressions import both, call, case, is_null, named, own
from backbone.engines.raw.plans import Plan, constant_plan, text_plan
from backbone.engines.raw.reader import sources_of
from backbone.model.raw import RawColumn
from backbone.model.schemas import ORIGIN
from backbone.sql.queries import Query, column, table

__all__ = ["RAW", "ROW", "Recipe", "raw_name"]

RAW = "raw_text"
ROW = "raw:row"


def raw_name(place: int) -> str:
    """Return the name of the text column of the source at `place`."""
    return f"raw:{place}"


@dataclass(frozen=True, eq=False)
class Recipe:
    """How canonical columns are made of text.

    `types` has the SQL types of the expressions of computed columns
    (`binding.computed_types`). The columns of `plain` sources are values already.
    """

    columns: tuple[RawColumn, ...]
    types: Mapping[str, str]
    plain: frozenset[str] = frozenset()

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The raw columns that are read, in the order of `raw_name`."""
        return sources_of(self.columns)

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """The plan of every column by its name."""
        raw = {source: raw_name(n) for n, source in enumerate(self.sources)}
        return {
            each.name: self._plan(each, place, raw)
            for place, each in enumerate(self.columns)
        }

    def _plan(self, each: RawColumn, place: int, raw: dict[str, str]) -> Plan:
        if each.sql is not None:
            return computed_plan(each, place, self.types[each.name])
        if not each.sources:
            return constant_plan(each, place)
        if self.plain.issuperset(each.sources):
            made = column(raw[each.sources[0]])
            return Plan(each, made, made, exp.Null, can_fail=False)
        return text_plan(each, place, raw)

    def values(self) -> Query:
        """Return the query that makes canonical rows, with their origin."""
        steps = self._steps(each.name for each in self.columns)
        names = [*(each.name for each in self.columns), *ORIGIN.names]
        select = exp.select(*map(column, names)).from_(table(steps.result))
        return steps.then("rows", select)

    def bad_cells(self, names: Sequence[str]) -> Query:
        """Return the query that lists the rows with a text that has no value.

        After the row's place it has a text and a reason for every column of `names`, as
        ``text:<n>`` and ``reason:<n>``; both are null where the cell is sound.
        """
        steps = self._steps(names)
        selected: list[exp.Expr] = [column(ROW)]
        failed: list[exp.Expr] = []
        for place, name in enumerate(names):
            plan = self.plans[name]
            bad = both(exp.Not(this=is_null(plan.text)), is_null(column(name)))
            failed.append(bad)
            written = call("left", plan.text, exp.Literal.number(10_000))
            selected.append(named(case((own(bad), written)), f"text:{place}"))
            selected.append(named(case((bad.copy(), plan.reason())), f"reason:{place}"))
        query = exp.select(*selected).from_(table(steps.result)).where(exp.or_(*failed))
        return steps.then("cells", query.order_by(column(ROW)))

    def text_counts(self, names: Sequence[str]) -> Query:
        """Return the query that counts the texts that are there, column by column."""
        steps = self._steps(names)
        counts = [
            named(exp.Count(this=own(self.plans[name].text)), f"{place}")
            for place, name in enumerate(names)
        ]
        return steps.then("counts", exp.select(*counts).from_(table(steps.result)))

    def _steps(self, names: Iterable[str]) -> Query:
        """Return the steps after which every column of `names` stands under its name."""
        wanted = set(names)
        if any(self.plans[name].column.sql is not None for name in wanted):
            wanted = set(self.plans)  # a computed column may read any other
        query: Query | None = None
        for added in self._additions(wanted):
            last = query.result if query else RAW
            select = exp.select(exp.Star()).from_(table(last))
            select = select.select(*map(own, added), copy=False)
            name = f"step_{len(query.steps) if query else 0}"
            query = query.then(name, select) if query else Query.of(select, name)
        return query or Query.of(exp.select(exp.Star()).from_(table(RAW)), "step_0")

    def _additions(self, wanted: set[str]) -> Iterator[Sequence[exp.Expr]]:
        """Yield what every step adds: first for all columns that are made of text."""
        read = [plan for name, plan in self.plans.items() if name in wanted]
        read = [plan for plan in read if plan.column.sql is None]
        for level in range(max((len(plan.steps) for plan in read), default=0)):
            deep = [plan for plan in read if level < len(plan.steps)]
            yield [alias for plan in deep for alias in plan.steps[level]]
        if read:
            yield [named(plan.value, plan.column.name) for plan in read]
        for place, each in enumerate(self.columns):
            if each.sql is not None and each.name in wanted:
                plan = self.plans[each.name]
                yield [named(expression_of(each), f"sql:{place}")]
                yield from plan.steps
                yield [named(plan.value, each.name)]
