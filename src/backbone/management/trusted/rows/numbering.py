"""Row numbers of a trusted step, and the way back from a number to its origin.

``_row`` is the number of the row's object times `SPAN`, plus the record. So rows are in
the order of delivery, object and record, and an object is found again by an equality: no
engine has to sort all rows, or to look a range up for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from backbone.engines.handing import handed
from backbone.engines.protocol import Relation, Session, Staged
from backbone.errors import AccountMismatch, bounded
from backbone.management.trusted.rows.steps import select
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.sql.queries import Query, table

__all__ = ["SPAN", "Numbered", "located", "numbered", "object_of", "record_of", "row_of"]

SPAN = 2**36
"""Numbers that an object has to itself: more than its records."""

_GONE = Schema.of(_delivery=STRING, _object=STRING)
_NAMES = pa.schema([("_delivery", pa.string()), ("_object", pa.string())])
_DELIVERIES = Schema.of(delivery=STRING, before=INTEGER)
_HANDED = pa.schema([("delivery", pa.string()), ("before", pa.int64())])


@dataclass(frozen=True)
class Numbered:
    """The current objects: ``_delivery, _object, number``, the first number is 1.

    `formatted` rows are in the table in all, of which `current` count today.
    """

    objects: Staged
    formatted: int
    current: int


@dataclass(frozen=True)
class _Held:
    rows: int
    objects: int
    top: int


def numbered(
    session: Session,
    formatted: Relation,
    deliveries: Sequence[str],
    current: Sequence[str],
    folder: Path,
    *,
    without: Sequence[tuple[str, str]] = (),
) -> Numbered:
    """Number the objects of the deliveries `current`, in that order; then by name.

    Parameters
    ----------
    formatted : relation with the origin columns
    deliveries : every delivery that the table holds
    folder : where lists are while they are handed to the engine
    without : (delivery, object) of objects that are not current

    Raises
    ------
    AccountMismatch : a row's delivery is not one of `deliveries`, or an object has more
        records than numbers
    """
    text = (
        "select _delivery, _object, max(_record) as top, count(*) as n "
        "from formatted group by _delivery, _object"
    )
    counts = session.stage(Query.of(select(text)), {"formatted": formatted})
    held = _held(session, counts)
    strange = sorted(set(held) - set(deliveries))
    if strange:
        known = f"{len(deliveries)} deliveries are known"
        what = f"rows of unknown deliveries: {bounded(strange)}; {known}"
        raise AccountMismatch(what)
    if any(one.top >= SPAN for one in held.values()):
        what = f"an object has more than {SPAN - 1:,} records"
        raise AccountMismatch(what)
    every = sum(one.rows for one in held.values())
    if without:
        counts = _without(session, counts, without, folder)
        held = _held(session, counts)
    names = [name for name in current if name in held]
    before = accumulate((held[name].objects for name in names), initial=0)
    rows = pa.table([names, [*before][: len(names)]], schema=_HANDED)
    with handed(rows, _DELIVERIES, folder, "deliveries") as listed:
        objects = session.stage(_numbers(), {"counts": counts, "listed": listed})
    return Numbered(objects, every, sum(held[name].rows for name in names))


def _without(
    session: Session, counts: Staged, objects: Sequence[tuple[str, str]], folder: Path
) -> Staged:
    text = (
        "select c.* from counts c anti join gone g on c._delivery = g._delivery "
        "and c._object = g._object"
    )
    rows = pa.table([list(names) for names in zip(*objects, strict=True)], schema=_NAMES)
    with handed(rows, _GONE, folder, "superseded") as gone:
        return session.stage(Query.of(select(text)), {"counts": counts, "gone": gone})


def _held(session: Session, counts: Staged) -> Mapping[str, _Held]:
    text = (
        "select _delivery, cast(sum(n) as bigint) as n, count(*) as objects, "
        "max(top) as top from counts group by _delivery"
    )
    found = session.fetch(Query.of(select(text)), {"counts": counts}).to_pylist()
    return {
        str(row["_delivery"]): _Held(row["n"], row["objects"], row["top"])
        for row in found
    }


def _numbers() -> Query:
    text = (
        "select c._delivery, c._object, cast(l.before + row_number() over "
        "(partition by c._delivery order by c._object) as bigint) as number "
        "from counts c join listed l on c._delivery = l.delivery"
    )
    return Query.of(select(text))


def row_of(number: exp.Expr, record: exp.Expr) -> exp.Expr:
    """Return the row's number, of an object's `number` and a `record` of it."""
    first = exp.Mul(this=number, expression=exp.Literal.number(SPAN))
    return exp.Add(this=first, expression=record)


def object_of(row: str) -> str:
    """Return SQL for the number of the object of `row`, a column of ours."""
    return f"{row} // {SPAN}"


def record_of(row: str) -> str:
    """Return SQL for the record of `row`, a column of ours."""
    return f"{row} % {SPAN}"


def located(source: str) -> exp.Query:
    """Return the rows of step `source` (with ``_row``) and their origin columns."""
    text = (
        f"select p.*, o._delivery, o._object, {record_of('p._row')} as _record "
        f"from source p join objects o on {object_of('p._row')} = o.number"
    )
    made = select(text)
    for node in made.find_all(exp.Table):
        if node.name == "source":
            node.replace(table(source, "p"))
    return made
