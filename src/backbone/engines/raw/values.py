"""From raw text to canonical rows: queries that any engine of the dialect can run.

They read a relation `RAW` with a text column for every source (`raw_name`), the origin
columns, and `ROW`, the row's place. Each column is made by its plan; the plans' steps
are merged, so that a query has as many steps as its longest plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from backbone.engines.raw.computed import computed_plan, expression_of
from backbone.engines.raw.expressions import both, call, case, named
from backbone.engines.raw.plans import Plan, text_plan
from backbone.engines.raw.reader import sources_of
from backbone.model.raw import RawColumn
from backbone.model.schemas import ORIGIN
from backbone.sql.queries import Query, column, table

__all__ = [
    "RAW",
    "ROW",
    "bad_cells",
    "computed_probe",
    "plans_of",
    "raw_name",
    "text_counts",
    "values",
]

RAW = "raw_text"
ROW = "raw:row"

Types = Mapping[str, str]


def raw_name(place: int) -> str:
    """Return the name of the text column of the source at `place`."""
    return f"raw:{place}"


def plans_of(columns: Sequence[RawColumn], types: Types) -> dict[str, Plan]:
    """Return the plan of every column by its name.

    `types` has the SQL types of the expressions of computed columns; a computed column
    without one is left out, and so are those behind it.
    """
    raw = {source: raw_name(n) for n, source in enumerate(sources_of(columns))}
    plans = {}
    for place, each in enumerate(columns):
        if each.sql is None:
            plans[each.name] = text_plan(each, place, raw)
    for place, each in enumerate(columns):
        if each.sql is not None and each.name in types:
            plans[each.name] = computed_plan(each, place, types[each.name])
    return plans


def values(columns: Sequence[RawColumn], types: Types) -> Query:
    """Return the query that makes canonical rows, with their origin."""
    steps, _ = _prepared(columns, types)
    names = [*(each.name for each in columns), *ORIGIN.names]
    return steps.then("rows", exp.select(*map(column, names)).from_(table(steps.result)))


def bad_cells(columns: Sequence[RawColumn], types: Types, names: Sequence[str]) -> Query:
    """Return the query that lists rows with a text that has no value, one column a cell.

    For every column of `names` there is a ``text:`` and a ``reason:`` column, at the
    place of the name; both are null where the cell is a value.
    """
    steps, plans = _prepared(columns, types)
    selected: list[exp.Expr] = [column(ROW)]
    failed = []
    for place, name in enumerate(names):
        plan = plans[name]
        bad = both(
            exp.not_(exp.Is(this=plan.text.copy(), expression=exp.Null())),
            exp.Is(this=column(name), expression=exp.Null()),
        )
        failed.append(bad)
        written = call("left", plan.text, exp.Literal.number(10_000))
        selected.append(named(case((bad, written)), f"text:{place}"))
        selected.append(named(case((bad, plan.reason)), f"reason:{place}"))
    query = exp.select(*selected).from_(table(steps.result)).where(exp.or_(*failed))
    return steps.then("cells", query.order_by(column(ROW)))


def text_counts(
    columns: Sequence[RawColumn], types: Types, names: Sequence[str]
) -> Query:
    """Return the query that counts the texts, missing or not, of the columns `names`."""
    steps, plans = _prepared(columns, types)
    counts = [
        named(exp.Count(this=plans[name].text.copy()), f"{place}")
        for place, name in enumerate(names)
    ]
    return steps.then("counts", exp.select(*counts).from_(table(steps.result)))


def computed_probe(columns: Sequence[RawColumn], types: Types, name: str) -> Query:
    """Return a query whose one column has the SQL type of a computed column.

    `types` has those of the computed columns before it.
    """
    steps, _ = _prepared(columns, types)
    each = next(each for each in columns if each.name == name)
    made = named(expression_of(each), "probe")
    return steps.then("probed", exp.select(made).from_(table(steps.result)))


def _prepared(
    columns: Sequence[RawColumn], types: Types
) -> tuple[Query, dict[str, Plan]]:
    """Return the steps after which every column stands under its name, and the plans."""
    plans = plans_of(columns, types)
    query: Query | None = None
    for added in _additions(columns, plans):
        last = query.result if query else RAW
        select = exp.select(exp.Star(), *added).from_(table(last))
        name = f"step_{len(query.steps) if query else 0}"
        query = query.then(name, select) if query else Query.of(select, name)
    return query or Query.of(exp.select(exp.Star()).from_(table(RAW)), "step_0"), plans


def _additions(
    columns: Sequence[RawColumn], plans: Mapping[str, Plan]
) -> Iterator[Sequence[exp.Expr]]:
    read = [plans[each.name] for each in columns if each.sql is None]
    depth = max((len(plan.steps) for plan in read), default=0)
    for level in range(depth):
        yield [
            alias
            for plan in read
            if level < len(plan.steps)
            for alias in plan.steps[level]
        ]
    if read:
        yield [named(plan.value, plan.column.name) for plan in read]
    for place, each in enumerate(columns):
        plan = plans.get(each.name)
        if each.sql is None or plan is None:
            continue
        yield [named(expression_of(each), f"sql:{place}")]
        yield from plan.steps
        yield [named(plan.value, each.name)]
