"""Which rows of a formatted table are current, and which ones later ones superseded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from backbone.engines.handing import handed
from backbone.engines.protocol import Relation, Session, Staged
from backbone.management.trusted.rows.numbering import numbered, row_of
from backbone.management.trusted.rows.steps import Steps, select, typed
from backbone.management.trusted.rows.texts import from_text
from backbone.model.deliveries import Delivers
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import INTEGER, STRING
from backbone.sql.queries import Query, column, table

__all__ = ["CurrentState", "Standing", "standing"]

_PLACES = Schema.of(delivery=STRING, place=INTEGER)
_HANDED = pa.schema([("delivery", pa.string()), ("place", pa.int64())])


@dataclass(frozen=True)
class CurrentState:
    """What makes rows of a formatted table current.

    Parameters
    ----------
    delivers : Delivers
        ``increments``: the rows of all deliveries; ``snapshots``: of the newest one,
        or of the newest one of each part; ``changes``: the last row of each key.
    deliveries : tuple of str
        The ids of all deliveries that the table holds, in their order, the newest at the
        end.
    parts : mapping, optional
        Of snapshots: (delivery, object) to the values of the fields that name its part.
    partition : tuple of str
        Of snapshots: columns whose values name the part of a row.
    key : tuple of str
        Of changes: columns that name what a row tells of. A row without a value in one of
        them tells of nothing else, and stays.
    order : str, optional
        A column: the greater its value, the later. A delivery is as late as the latest of
        its rows, a change as its own; rows without a value come first, and `deliveries`
        tell equal ones apart.
    deletes : tuple of a column and texts, optional
        Of changes: the values of the column that say that a key is gone.
    """

    delivers: Delivers
    deliveries: tuple[str, ...]
    parts: Mapping[tuple[str, str], tuple[str | None, ...]] | None = None
    partition: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    order: str | None = None
    deletes: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Standing:
    """The current rows of a formatted table.

    They are read from `rows`, joined with `objects`: the objects that have some,
    ``_delivery, _object, number``, the first number is 1. `formatted` rows are in the
    table in all, of which `current` count today.
    """

    rows: Relation
    objects: Staged
    formatted: int
    current: int


def standing(
    session: Session,
    formatted: Relation,
    schema: Schema,
    current: CurrentState,
    folder: Path,
) -> Standing:
    """Tell the current rows of a formatted table, and number their objects.

    Objects are numbered in the order of deliveries, then by name.

    Parameters
    ----------
    formatted : relation with the public columns of `schema` and the origin columns
    folder : where lists are while they are handed to the engine

    Raises
    ------
    AccountMismatch : a row's delivery is not one of `deliveries`, or an object has more
        records than numbers

    Notes
    -----
    One grouping by the origin. Changes, and parts that columns tell, cost one by these
    columns more, and the current rows are kept once.
    """
    every = current.deliveries
    if current.order is not None and every:
        every = _in_order(session, formatted, current.order, every, folder)
    if current.delivers == "changes" or current.partition:
        found = numbered(session, formatted, every, every, folder)
        inputs: dict[str, Relation] = {"formatted": formatted, "objects": found.objects}
        is_change = current.delivers == "changes"
        query = _last(schema, current) if is_change else _newest(schema, current)
        rows = session.stage(query, inputs)
        return Standing(rows, found.objects, found.formatted, rows.rows)
    whole = current.delivers == "snapshots" and current.parts is None
    last = every[-1:] if whole else every
    gone = _superseded(every, current.parts or {})
    found = numbered(session, formatted, every, last, folder, without=gone)
    return Standing(formatted, found.objects, found.formatted, found.current)


def _superseded(
    deliveries: Sequence[str], parts: Mapping[tuple[str, str], tuple[str | None, ...]]
) -> list[tuple[str, str]]:
    """Return the objects of parts of which a later delivery has an object."""
    place = {delivery: n for n, delivery in enumerate(deliveries)}
    newest: dict[tuple[str | None, ...], int] = {}
    for (delivery, _), part in parts.items():
        newest[part] = max(place.get(delivery, -1), newest.get(part, -1))
    return [
        (delivery, name)
        for (delivery, name), part in parts.items()
        if place.get(delivery, -1) < newest[part]
    ]


def _in_order(
    session: Session,
    formatted: Relation,
    order: str,
    deliveries: Sequence[str],
    folder: Path,
) -> tuple[str, ...]:
    """Put deliveries in the order of the latest of their rows."""
    latest = exp.Max(this=column(order))
    tops = exp.select(column("_delivery"), exp.alias_(latest, "latest"))
    tops = tops.from_(table("formatted")).group_by(column("_delivery"))
    last = select(
        "select l.delivery from listed l left join tops t on l.delivery = t._delivery "
        "order by t.latest nulls first, l.place"
    )
    rows = pa.table([list(deliveries), list(range(len(deliveries)))], schema=_HANDED)
    with handed(rows, _PLACES, folder, "ordered") as listed:
        query = Query((("tops", tops), ("ordered", last)))
        found = session.fetch(query, {"formatted": formatted, "listed": listed})
    return tuple(found.column("delivery").to_pylist())


def _placed(schema: Schema) -> exp.Select:
    """Return all rows with the number of their object, and with ``_row``."""
    names = (*schema.public.names, *ORIGIN.names)
    same = exp.and_(
        *(
            exp.EQ(this=column(name, "f"), expression=column(name, "o"))
            for name in ("_delivery", "_object")
        )
    )
    number = row_of(column("number", "o"), column("_record", "f"))
    rows = exp.select(exp.alias_(number, "_row"), *(column(name, "f") for name in names))
    return rows.from_(table("formatted", "f")).join(table("objects", "o"), on=same)


def _rows_of(steps: Steps, schema: Schema, last: exp.Query) -> Query:
    """Return the columns of `schema` and the origin from ``last``, the last step."""
    names = (*schema.public.names, *ORIGIN.names)
    wanted = exp.select(*(column(name) for name in names)).from_(table("last"))
    return Query((*steps, ("last", last), ("current", wanted)))


def _last(schema: Schema, current: CurrentState) -> Query:
    """Return the last row of each key, without those that say that it is gone."""
    keyless = exp.or_(
        *(exp.Is(this=column(name, "p"), expression=exp.null()) for name in current.key)
    )
    ranks: list[exp.Expr] = [exp.Ordered(this=column("_row", "p"), desc=True)]
    if current.order is not None:
        by = column(current.order, "p")
        ranks.insert(0, exp.Ordered(this=by, desc=True, nulls_first=False))
    rank = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(name, "p") for name in current.key],
        order=exp.Order(expressions=ranks),
    )
    ranked = exp.select(
        exp.Star(), exp.alias_(rank, "_rank"), exp.alias_(keyless, "_own")
    )
    steps: Steps = [
        ("placed", _placed(schema)),
        ("ranked", ranked.from_(table("placed", "p"))),
    ]
    last = exp.select(exp.Star()).from_(table("ranked", "r"))
    is_last = exp.EQ(this=column("_rank", "r"), expression=exp.Literal.number(1))
    last = last.where(exp.or_(column("_own", "r"), is_last))
    if current.deletes is not None:
        last = last.where(_stays(schema, *current.deletes))
    return _rows_of(steps, schema, typed(last, schema, "ranked"))


def _stays(schema: Schema, name: str, texts: Sequence[str]) -> exp.Expr:
    """Return whether a row does not say that its key is gone."""
    kind = schema[name].type
    values = [from_text(exp.Literal.string(text), kind) for text in texts]
    said = exp.In(this=column(name, "r"), expressions=values)
    absent = exp.Is(this=column(name, "r"), expression=exp.null())
    return exp.or_(absent, exp.Not(this=exp.paren(said)))


def _newest(schema: Schema, current: CurrentState) -> Query:
    """Return the rows of the newest delivery of each part; null is a part too."""
    of_part = [
        exp.NullSafeEQ(this=column(name, "p"), expression=column(f"part_{n}", "n"))
        for n, name in enumerate(current.partition)
    ]
    parts = exp.select(
        *(
            exp.alias_(column(name, "p"), f"part_{n}")
            for n, name in enumerate(current.partition)
        ),
        exp.alias_(exp.Max(this=column("_place", "p")), "newest"),
    )
    parts = parts.from_(table("placed", "p"))
    parts = parts.group_by(*(column(name, "p") for name in current.partition))
    is_newest = exp.EQ(this=column("_place", "p"), expression=column("newest", "n"))
    last = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("p")))
    last = last.from_(table("placed", "p")).join(
        table("parts", "n"), on=exp.and_(*of_part, is_newest)
    )
    first = select(
        "select _delivery, min(number) as _place from objects group by _delivery"
    )
    placed = exp.select("f.*", "d._place").from_(table("formatted", "f"))
    same = exp.EQ(this=column("_delivery", "f"), expression=column("_delivery", "d"))
    placed = placed.join(table("places", "d"), on=same)
    steps: Steps = [("places", first), ("placed", placed), ("parts", parts)]
    return _rows_of(steps, schema, last)
