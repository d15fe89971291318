"""Several dependencies on the same columns: one aggregation and one join for all.

`zip` determines `city`, `state` and thirty others: each is a rule with one ``<>`` in
groups of equal keys, and breaks where the smallest and the largest value of a group
differ. Rules with the same keys share the groups and the rows that are held against
them. O(n) for all.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from backbone.management.trusted.rows.steps import Steps, select, typed
from backbone.management.trusted.rules.shapes import PairShape
from backbone.model.schemas import Schema
from backbone.sql.queries import column, table

__all__ = ["found", "keys_of"]


def keys_of(shape: PairShape) -> tuple[str, ...] | None:
    """Return what tells the groups of a dependency apart; None if `shape` is none.

    >>> from backbone.management.trusted.rules.shapes import shape_of
    >>> from backbone.sql.denial import parse
    >>> keys_of(shape_of(parse("fd", "t1.zip = t2.zip and t1.city <> t2.city")))
    ('"r"."zip"',)
    """
    plain = shape.same_sides and not any(shape.filters) and not shape.orders
    if not plain or len(shape.differs) != 1 or not shape.keys:
        return None
    values = _values(shape)
    return tuple(sorted(values[key.left].sql(dialect="duckdb") for key in shape.keys))


def found(shapes: Mapping[int, PairShape], source: str, schema: Schema | None) -> Steps:
    """Return the steps that find the rows of dependencies on the same `keys_of`.

    The last gives ``_place`` (the key of a shape), ``_row`` and ``role``.
    """
    first, *_ = shapes.values()
    keys = [f"k{i}" for i in range(len(first.keys))]
    listed = ", ".join(keys)
    of_each = {place: f"d{place}" for place in shapes}
    bounds = ", ".join(
        f"min({d}) as lo_{d}, max({d}) as hi_{d}" for d in of_each.values()
    )
    mixed = " or ".join(f"min({d}) <> max({d})" for d in of_each.values())
    present = " and ".join(f"{key} is not null" for key in keys)
    groups = (
        f"select {listed}, {bounds} from cells where {present} "
        f"group by {listed} having {mixed}"
    )
    broken = ", ".join(
        f"case when p.{d} is not null and g.lo_{d} <> g.hi_{d} then {place} end"
        for place, d in of_each.items()
    )
    on = " and ".join(f"p.{key} = g.{key}" for key in keys)
    each = f"select p.id, [{broken}] as places from cells p join mixed g on {on}"
    told = "select id as _row, unnest(places) as _place from each_row"
    last = "select _place, _row, 'both' as role from told where _place is not null"
    return [
        ("cells", typed(_cells(shapes, source), schema, source)),
        ("mixed", select(groups)),
        ("each_row", select(each)),
        ("told", select(told)),
        ("broken", select(last)),
    ]


def _cells(shapes: Mapping[int, PairShape], source: str) -> exp.Select:
    first, *_ = shapes.values()
    values = _values(first)
    by_text = sorted(
        (values[key.left] for key in first.keys), key=lambda v: v.sql(dialect="duckdb")
    )
    cells = exp.select(exp.alias_(column("_row", "r"), "id")).from_(table(source, "r"))
    cells = cells.select(*(exp.alias_(v, f"k{i}") for i, v in enumerate(by_text)))
    return cells.select(
        *(
            exp.alias_(_values(shape)[shape.differs[0].left], f"d{place}")
            for place, shape in shapes.items()
        )
    )


def _values(shape: PairShape) -> dict[str, exp.Expr]:
    return {cell.name: cell.value.copy() for cell in shape.cells}
