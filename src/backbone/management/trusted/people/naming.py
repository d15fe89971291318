"""Which current rows decisions name, and which are fine, without making the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.management.trusted.cleaning import changes_of
from backbone.management.trusted.people.rulings import settled
from backbone.management.trusted.rows.current import CurrentState, standing
from backbone.management.trusted.rows.decided import Decided
from backbone.management.trusted.rows.numbering import located, row_of
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rows.texts import canonical_text
from backbone.model.schemas import ORIGIN, Schema
from backbone.project.cleaning import Lookup
from backbone.project.decisions import Ruling
from backbone.project.lookups import Pairs
from backbone.project.trusted import TrustedTable
from backbone.sql.queries import Query, column, table

__all__ = ["fine_rows", "named_rows"]


def named_rows(
    session: Session,
    formatted: Relation,
    *,
    declaration: TrustedTable,
    schema: Schema,
    current: CurrentState,
    rulings: Sequence[Ruling],
    folder: Path,
    lookups: Mapping[Lookup, Pairs] | None = None,
    max_rows: int = 1000,
) -> pa.Table:
    """Return the rows that decisions name, as they are formatted, and what came of it.

    Parameters
    ----------
    formatted, schema, current, declaration, lookups : as `trust` takes them
    rulings : at least one
    folder : where relations are while they are handed to the engine

    Returns
    -------
    At most `max_rows` rows: the origin, the ``_decision`` and its ``_status`` there, and
    the public columns of `schema` as canonical text.
    """
    bare = _bare(session, formatted, schema, current, folder)
    changes = changes_of(declaration.clean, schema, lookups)
    made = settled(session, bare, rulings, declaration.rules, changes, folder)
    if made.told is None:
        return pa.table({})
    names = schema.public.names
    cells = [
        exp.alias_(canonical_text(column(n, "r"), schema[n].type), n, quoted=True)
        for n in names
    ]
    rows = exp.select(column("_row", "r"), *cells).from_(table("rowed", "r"))
    placed = [column(name, "r") for name in ORIGIN.names]
    told = select(
        "select _row, name as decision, status from told where _row is not null"
    )
    same = exp.EQ(this=column("_row", "r"), expression=column("_row", "t"))
    said = [exp.alias_(column(name, "t"), f"_{name}") for name in ("decision", "status")]
    rows = rows.select(*placed, *said)
    rows = rows.join(table("named", "t"), on=same)
    steps: Steps = [("named", told), bare.rowed(), ("rows", rows)]
    inputs = {"formatted": bare.formatted, "objects": bare.objects, "told": made.told}
    return session.fetch(Query(tuple(steps)), inputs, max_rows=max_rows)


def fine_rows(
    session: Session,
    formatted: Relation,
    *,
    declaration: TrustedTable,
    schema: Schema,
    current: CurrentState,
    rulings: Sequence[Ruling],
    folder: Path,
    objects: Staged,
    lookups: Mapping[Lookup, Pairs] | None = None,
) -> Decided | None:
    """Return which rows of a finished table are fine for which rules, as people said.

    Parameters
    ----------
    formatted, schema, current, declaration, lookups : as `trust` takes them
    rulings : at least one
    folder : where relations are while they are handed to the engine
    objects : the objects of the finished table, by whose numbers its rows are known
    """
    bare = _bare(session, formatted, schema, current, folder)
    changes = changes_of(declaration.clean, schema, lookups)
    said = settled(session, bare, rulings, declaration.rules, changes, folder).decided
    if said is None or not said.fine:
        return None
    number = row_of(column("number", "o"), column("_record", "p"))
    told = [column(name, "p") for name in ("kind", "column", "rule", "decision")]
    same = [
        exp.EQ(this=column(name, "p"), expression=column(name, "o"))
        for name in ("_delivery", "_object")
    ]
    rows = exp.select(exp.alias_(number, "_row"), *told).from_(table("placed", "p"))
    rows = rows.join(table("own_objects", "o"), on=exp.and_(*same))
    steps: Steps = [
        ("fine", select("select * from verdicts where kind = 'fine'")),
        ("placed", located("fine")),
        ("rows", rows),
    ]
    inputs = {
        "verdicts": said.verdicts,
        "objects": bare.objects,
        "own_objects": objects,
    }
    return Decided(session.stage(Query(tuple(steps)), inputs), fine=said.fine)


def _bare(
    session: Session,
    formatted: Relation,
    schema: Schema,
    current: CurrentState,
    folder: Path,
) -> State:
    """Return the numbered rows of a formatted table, of which nothing is computed yet."""
    found = standing(session, formatted, schema, current, folder)
    return State(found.rows, schema, found.objects, work=found.objects)
