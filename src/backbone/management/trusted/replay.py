"""Replay: formatted rows and their recorded changes give the trusted table again."""

from __future__ import annotations

from sqlglot import exp

from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rows.texts import from_text
from backbone.model.schemas import ORIGIN, Schema
from backbone.sql.queries import Query, column, table

__all__ = ["replay_query"]


def replay_query(schema: Schema) -> Query:
    """Return the query that makes a trusted table from its story.

    It reads ``formatted`` and ``objects`` (`rows` and `objects` of a `Standing`),
    ``repairs``, ``quarantine`` and ``merged``, and gives the public columns of `schema`
    and the origin: what is formatted, without what is superseded, quarantined or merged,
    every cell as it was changed last. That is the trusted table, without its flags.
    """
    names = schema.public.names
    origin = [column(name, "r") for name in ORIGIN.names]
    rows = select(
        "select f.* from formatted f semi join objects o "
        "on f._delivery = o._delivery and f._object = o._object"
    )
    last = (
        "select * from repairs qualify row_number() over (partition by _delivery, "
        '_object, _record, "column" order by step_order desc) = 1'
    )
    steps: Steps = [("rows", rows), ("last", select(last))]
    final = exp.select(*origin).from_(table("rows", "r"))
    for position, name in enumerate(names):
        alias = f"c{position}"
        cells = exp.select("*").from_(table("last"))
        named = exp.EQ(this=column("column"), expression=exp.Literal.string(name))
        steps.append((alias, cells.where(named)))
        final = final.join(table(alias), on=_same(alias), join_type="left")
        absent = exp.Is(this=column("step_order", alias), expression=exp.null())
        new = from_text(column("new", alias), schema[name].type)
        value = exp.Case().when(absent, column(name, "r")).else_(new)
        final = final.select(exp.alias_(value, name, quoted=True))
    for gone in ("quarantine", "merged"):
        final = final.join(table(gone), on=_same(gone), join_type="anti")
    return Query((*steps, ("replayed", final)))


def _same(alias: str) -> exp.Expr:
    return exp.and_(
        *(
            exp.EQ(this=column(name, "r"), expression=column(name, alias))
            for name in ORIGIN.names
        )
    )
