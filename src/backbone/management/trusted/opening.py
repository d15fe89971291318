"""The beginning of a trusted step: which rows are current, and the cleaned columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.errors import AccountMismatch, bounded
from backbone.management.trusted.clean import Tidy, cleaning_steps
from backbone.management.trusted.plans.frame import Steps, select
from backbone.management.trusted.state import CurrentState, State
from backbone.management.trusted.texts import canonical_text
from backbone.model.schemas import Schema
from backbone.sql.queries import Query, column, table

__all__ = ["Opened", "cleaning_repairs", "opened"]


@dataclass(frozen=True)
class Opened:
    """The first state of a table, and the rows that it was made from.

    `formatted` rows in all, of which `current` count today.
    """

    state: State
    formatted: int
    current: int


def opened(
    session: Session,
    formatted: Relation,
    schema: Schema,
    current: CurrentState,
    *,
    reads: Sequence[str],
    tidies: Sequence[Tidy],
) -> Opened:
    """Stage what the rules will read, and note what cleaning changed.

    Parameters
    ----------
    formatted : relation with the public columns of `schema` and the origin columns
    reads : the columns that rules read
    tidies : the changes that cleaning makes, in their order

    Raises
    ------
    AccountMismatch : a row's delivery is not one of the deliveries of `current`
    """
    text = (
        "select _delivery, _object, max(_record) as top, count(*) as n "
        "from formatted group by _delivery, _object"
    )
    counts = session.stage(Query.of(select(text)), {"formatted": formatted})
    by_delivery = _rows_of_deliveries(session, counts)
    strange = sorted(set(by_delivery) - set(current.deliveries))
    if strange:
        known = f"{len(current.deliveries)} deliveries are known"
        what = f"rows of unknown deliveries: {bounded(strange)}; {known}"
        raise AccountMismatch(what)
    objects = session.stage(_numbered(current.current), {"counts": counts})
    state = _worked(session, formatted, schema, objects, reads, tidies)
    rows = sum(by_delivery.get(delivery, 0) for delivery in current.current)
    return Opened(state, sum(by_delivery.values()), rows)


def _rows_of_deliveries(session: Session, counts: Staged) -> dict[str, int]:
    text = "select _delivery, cast(sum(n) as bigint) as n from counts group by _delivery"
    found = session.fetch(Query.of(select(text)), {"counts": counts}).to_pylist()
    return {str(row["_delivery"]): int(row["n"]) for row in found}


def _numbered(deliveries: Sequence[str]) -> Query:
    """Give every object of `deliveries` a range of row numbers: low < _row <= high.

    Deliveries in their order, objects of a delivery by name, records as they come.
    """
    listed = [
        exp.Tuple(expressions=[exp.Literal.string(name), exp.Literal.number(position)])
        for position, name in enumerate(deliveries)
    ] or [exp.Tuple(expressions=[exp.Literal.string(""), exp.Literal.number(-1)])]
    names = [exp.to_identifier("delivery"), exp.to_identifier("position")]
    alias = exp.TableAlias(this=exp.to_identifier("v"), columns=names)
    order = exp.select("delivery", "position").from_(
        exp.Values(expressions=listed, alias=alias)
    )
    ends = (
        "select c._delivery, c._object, c.top, sum(c.top) over (order by o.position, "
        "c._object rows between unbounded preceding and current row) as high "
        "from counts c join receipts o on c._delivery = o.delivery"
    )
    last = (
        "select _delivery, _object, cast(high - top as bigint) as low, "
        "cast(high as bigint) as high from ends"
    )
    steps: Steps = [
        ("receipts", order),
        ("ends", select(ends)),
        ("numbered", select(last)),
    ]
    return Query(tuple(steps))


def _worked(
    session: Session,
    formatted: Relation,
    schema: Schema,
    objects: Staged,
    reads: Sequence[str],
    tidies: Sequence[Tidy],
) -> State:
    tidied = list(dict.fromkeys(tidy.column for tidy in tidies))
    names = [name for name in schema.public.names if name in {*reads, *tidied}]
    bare = State(formatted, schema, objects, work=objects)
    if not names:
        return bare
    inputs = {"formatted": formatted, "objects": objects}
    raw = [_raw(number) for number in range(len(tidied))]
    kept = [
        exp.alias_(column(name), _raw(number), quoted=True)
        for number, name in enumerate(tidied)
    ]
    columns = [column(name) for name in ("_row", *names)]
    steps: Steps = [
        bare.rowed(),
        ("kept", exp.select(*columns, *kept).from_(table("rowed"))),
        *cleaning_steps(tidies, "kept", ["_row", *names, *raw]),
    ]
    work = session.stage(Query(tuple(steps)), inputs)
    cleaned = _changed_cells(session, work, tidied)
    return State(formatted, schema, objects, work, cleaned)


def _raw(number: int) -> str:
    """The column of `work` that holds the text before cleaning."""
    return f"_raw{number}"


def _changed_cells(
    session: Session, work: Staged, tidied: Sequence[str]
) -> Mapping[str, Staged]:
    """Return, by column, the cells that cleaning changed: ``_row, value, raw``."""
    found = {}
    for number, name in enumerate(tidied):
        raw = column(_raw(number))
        differs = exp.NullSafeNEQ(this=column(name), expression=raw)
        cells = exp.select(
            column("_row"), exp.alias_(column(name), "value"), exp.alias_(raw, "raw")
        )
        query = Query.of(cells.from_(table("work")).where(differs))
        staged = session.stage(query, {"work": work})
        if staged.rows:
            found[name] = staged
    return found


def cleaning_repairs(
    session: Session, state: State, tidies: Sequence[Tidy]
) -> tuple[Staged, ...]:
    """Stage every change of every cell that cleaning left different, in its order."""
    pieces = []
    for name, cells in state.cleaned.items():
        numbered = [(i, t) for i, t in enumerate(tidies, start=1) if t.column == name]
        pieces.append(session.stage(_repairs_query(name, numbered), {"cells": cells}))
    return tuple(pieces)


def _repairs_query(name: str, numbered: Sequence[tuple[int, Tidy]]) -> Query:
    first = select("select _row, raw as v0 from cells")
    steps: Steps = [("made0", first)]
    entries: list[exp.Query] = []
    for position, (order, tidy) in enumerate(numbered):
        old, new = column(f"v{position}"), column(f"v{position + 1}")
        change = exp.alias_(tidy.change(old.copy()), f"v{position + 1}", quoted=True)
        made = exp.select("*", change).from_(table(f"made{position}"))
        steps.append((f"made{position + 1}", made))
        entries.append(
            exp.select(
                column("_row"),
                exp.alias_(exp.Literal.string(name), "column", quoted=True),
                exp.alias_(canonical_text(old), "old"),
                exp.alias_(canonical_text(new), "new"),
                exp.alias_(exp.Literal.string(tidy.name), "rule"),
                exp.alias_(exp.Literal.string("clean"), "method"),
                exp.alias_(exp.cast(exp.null(), "DOUBLE"), "confidence"),
                exp.alias_(exp.Literal.number(order), "step_order"),
            )
            .from_(table(f"made{position + 1}"))
            .where(exp.NullSafeNEQ(this=old.copy(), expression=new.copy()))
        )
    every = entries[0] if len(entries) == 1 else exp.union(*entries, distinct=False)
    return Query((*steps, ("repairs", every)))
