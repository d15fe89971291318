"""A row and its neighbours: one sort, and what stands before and after each row.

The neighbours' values are brought to the row, so any condition over the three of them is
a filter. O(n log n).

Where an engine puts no more than so many rows of a group into one task, the sorted rows
are cut into ranges (`ranges`), and the last row of a range, or the first, is carried into
the one beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from backbone.management.trusted.plans.ranges import Cut, Order, ranged
from backbone.management.trusted.rows.steps import Steps, broadcast, select, typed
from backbone.model.constraints import (
    ColumnRef,
    DenialConstraint,
    Predicate,
    RowVariable,
    Sequence,
)
from backbone.model.schemas import Column, Schema
from backbone.sql.denial_terms import expression, predicate_expression
from backbone.sql.queries import column, quoted, table

__all__ = ["broken", "found", "group_sizes", "neighbours", "places", "spared"]

_WINDOWS: dict[RowVariable, tuple[str, str]] = {
    "previous": ("lag", "desc"),
    "next": ("lead", "asc"),
}


@dataclass(frozen=True)
class _Line:
    """The rows in their order: the names that columns have in the steps.

    `values` are the columns of which neighbours' values are wanted.
    """

    sequence: Sequence
    values: tuple[str, ...]
    sides: tuple[RowVariable, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"k{i}" for i in range(len(self.sequence.per)))

    @property
    def order(self) -> Order:
        places = [(f"s{i}", "asc") for i in range(len(self.sequence.by))]
        return Order((*places, ("id", "asc")))

    @property
    def cells(self) -> tuple[str, ...]:
        """What a neighbour is asked for."""
        return ("id", *(f"v{i}" for i in range(len(self.values))))

    @property
    def all(self) -> tuple[str, ...]:
        places = (name for name in self.order.names if name != "id")
        return (*self.cells, *self.keys, *places)


def found(
    constraint: DenialConstraint, source: str, schema: Schema | None, cut: Cut | None
) -> Steps:
    """Return the steps that find the rows which break the constraint, with their roles.

    A row that breaks it is ``t1``; the neighbours that it was held against are ``t2``.
    """
    line = _line_of(constraint)
    sides = [("own", "t1"), *((side, "t2") for side in line.sides)]
    roles = " union all ".join(
        f"select {side}_id as id, '{of}' as role from broken where {side}_id is not null"
        for side, of in sides
    )
    role = "case when min(role) = max(role) then min(role) else 'both' end"
    last = f"select id as _row, {role} as role from ({roles}) as u group by id"
    return [
        *broken(constraint, source, schema, cut),
        ("violations", select(last)),
    ]


def broken(
    constraint: DenialConstraint, source: str, schema: Schema | None, cut: Cut | None
) -> Steps:
    """Return steps of which the last, ``broken``, has the rows that break the constraint.

    Columns ``own_id``, and ``previous_id`` and ``next_id`` if the constraint reads them;
    the step ``cells`` has the place of each row (``id``) in its sequence.
    """
    line = _line_of(constraint)
    rows = exp.select(*(column(f"{side}_id") for side in ("own", *line.sides)))
    rows = rows.from_(table("neighbours")).where(
        *(
            exp.column(f"{side}_id").is_(exp.null()).not_()
            for side in _wanted(constraint)
        ),
        *(predicate_expression(p, _named(line)) for p in constraint.predicates),
    )
    named = _schema(line, schema) if schema else None
    return [*_neighbours(line, source, cut), ("broken", typed(rows, named, "neighbours"))]


def _wanted(constraint: DenialConstraint) -> tuple[RowVariable, ...]:
    """Return the neighbours without which no row breaks the constraint.

    A comparison with one that is not there is false; one side of an ``or`` may do
    without. Only what asks for nulls would take it for a null.
    """
    rows: set[RowVariable] = set()
    for predicate in constraint.predicates:
        if predicate.op != "true" or _asks_for_null(predicate):
            rows |= predicate.rows
    return tuple(side for side in constraint.neighbours if side in rows)


def _asks_for_null(predicate: Predicate) -> bool:
    tree = expression(predicate.left, lambda ref: column(ref.column))
    return tree.find(exp.Is, exp.Coalesce) is not None or tree.find(exp.Or) is None


def spared(steps: Steps, fine: exp.Query) -> Steps:
    """Return `steps` in which the rows of `fine` (``_row``) break nothing.

    They are neighbours of others all the same.
    """
    whole = exp.Column(this=exp.Star(), table=quoted("b"))
    same = exp.EQ(this=column("own_id", "b"), expression=column("_row", "f"))
    kept = exp.select(whole).from_(table("suspected", "b"))
    kept = kept.join(fine.subquery("f"), on=same, join_type="anti")
    made: Steps = []
    for name, step in steps:
        mine = name == "broken"
        made += [("suspected", step), ("broken", kept)] if mine else [(name, step)]
    return made


def places(constraint: DenialConstraint) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of ``cells`` that tell sequences apart, and that order rows."""
    line = _line_of(constraint)
    return line.keys, line.order.names


def neighbours(constraint: DenialConstraint, source: str) -> Steps:
    """Return steps of which the last, ``neighbours``, has the rows beside each.

    Columns ``own_id``, and ``previous_id`` and ``next_id`` if the constraint reads them.
    """
    return _neighbours(_line_of(constraint), source, None)


def group_sizes(constraint: DenialConstraint, source: str) -> Steps:
    """Return steps; the last has ``rows`` that are sorted and the ``largest`` group."""
    line = _line_of(constraint)
    grouped = f"group by {', '.join(line.keys)}" if line.keys else ""
    return [
        _cells(line, source),
        ("sizes", select(f"select count(*) as n from cells {grouped}")),
        ("total", select("select sum(n) as rows, max(n) as largest from sizes")),
    ]


def _line_of(constraint: DenialConstraint) -> _Line:
    refs = [ref for predicate in constraint.predicates for ref in predicate.columns]
    values = tuple(dict.fromkeys(ref.column for ref in refs))
    return _Line(constraint.sequence or Sequence(()), values, constraint.neighbours)


def _named(line: _Line) -> Callable[[ColumnRef], exp.Expr]:
    def column_of(ref: ColumnRef) -> exp.Expr:
        side = "own" if ref.row == "t1" else ref.row
        return column(f"{side}_v{line.values.index(ref.column)}")

    return column_of


def _schema(line: _Line, schema: Schema) -> Schema:
    return Schema(
        tuple(
            Column(f"{side}_v{i}", schema[name].type)
            for side in ("own", *line.sides)
            for i, name in enumerate(line.values)
        )
    )


def _cells(line: _Line, source: str) -> tuple[str, exp.Query]:
    named = [
        *zip(line.cells, ("_row", *line.values), strict=True),
        *zip(line.keys, line.sequence.per, strict=True),
        *((f"s{i}", name) for i, name in enumerate(line.sequence.by)),
    ]
    wanted = (exp.alias_(column(name, "r"), alias, copy=False) for alias, name in named)
    cells = exp.select(*wanted, copy=False).from_(table(source, "r"), copy=False)
    placed = [
        exp.not_(exp.Is(this=column(name, "r"), expression=exp.null()))
        for name in line.sequence.columns
    ]
    return "cells", cells.where(*placed, copy=False)


def _neighbours(line: _Line, source: str, cut: Cut | None) -> Steps:
    """``neighbours``: of every row ``own_id``, ``own_v0`` …, and so of its neighbours."""
    steps: Steps = [_cells(line, source)]
    keys = list(line.keys)
    rows = "cells"
    if cut is not None:
        order = Order((*((key, "asc") for key in keys), *line.order.columns))
        steps += ranged(rows, line.all, order, cut, keys=keys, suffix="_line")
        rows, keys = "ranged_line", [*keys, "part"]
    partition = f"partition by {', '.join(keys)} " if keys else ""
    over = f"over ({partition}{line.order.by()})"
    own = [f"{name} as own_{name}" for name in line.cells]
    beside = [
        f"{_WINDOWS[side][0]}({name}) {over} as {side}_{name}"
        for side in line.sides
        for name in line.cells
    ]
    if cut is None:
        text = f"select {', '.join([*own, *beside])} from {rows}"
        return [*steps, ("neighbours", select(text))]
    near = f"select {', '.join([*keys, *own, *beside])} from {rows}"
    steps.append(("near", select(near)))
    for side in line.sides:
        steps += _carried(line, side)
    return [*steps, ("neighbours", _beside(line))]


def _carried(line: _Line, side: RowVariable) -> Steps:
    """``carried_<side>``: by range of a group, the row next to it in the one beside."""
    window, way = _WINDOWS[side]
    keys = ", ".join([*line.keys, "part"])
    groups = f"partition by {', '.join(line.keys)} " if line.keys else ""
    backwards = ", ".join(f"{name} {way}" for name in line.order.names)
    ranked = (
        f"select {keys}, {', '.join(line.cells)}, "
        f"row_number() over (partition by {keys} order by {backwards}) as n "
        "from ranged_line where divided"
    )
    cells = ", ".join(
        f"{window}({name}) over ({groups}order by part) as {name}" for name in line.cells
    )
    ends = f"select {keys}, {cells} from ranked_{side} where n = 1"
    return [(f"ranked_{side}", select(ranked)), (f"carried_{side}", select(ends))]


def _beside(line: _Line) -> exp.Query:
    names = [f"r.own_{name}" for name in line.cells]
    joins = ""
    for side in line.sides:
        missing = f"r.{side}_id is null"
        names += [
            f"case when {missing} then {side}_c.{n} else r.{side}_{n} end as {side}_{n}"
            for n in line.cells
        ]
        on = " and ".join(f"r.{key} = {side}_c.{key}" for key in [*line.keys, "part"])
        joins += f" left join carried_{side} {side}_c on {on}"
    text = f"select {', '.join(names)} from near r{joins}"
    return broadcast(select(text), *(f"{side}_c" for side in line.sides))
