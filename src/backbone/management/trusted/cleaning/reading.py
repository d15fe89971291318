"""Texts of a column, each different one read once: by the engine, or by this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from backbone.engines.handing import handed, handed_in_batches
from backbone.engines.protocol import Relation, Session, Staged
from backbone.management.trusted.cleaning.changes import (
    LOOKED_UP,
    TEXTS,
    Reading,
    Respelling,
)
from backbone.management.trusted.rows.pieces import Inputs
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.model.reports import Unread
from backbone.model.schemas import Schema
from backbone.model.types import STRING
from backbone.sql.queries import Query, column, table

__all__ = ["Found", "texts_read", "texts_respelt"]

_PAIRS = Schema.of(text=STRING, value=STRING)
_HANDED = pa.schema([("text", pa.string()), ("value", pa.string())])
_EXAMPLES = 5
_WIDTH = 120


@dataclass(frozen=True)
class Found:
    """A query for the cells that change, ``_row, old, value``; and what was not read."""

    query: Query
    inputs: Inputs
    unread: Unread | None = None


def texts_read(session: Session, state: State, reading: Reading, folder: Path) -> Found:
    """Read every different text of a column, and find the cells that become another.

    Cells that people decided are nobody's to read.
    """
    first, inputs = _texts(state, reading.column)
    steps: Steps = [*first, *reading.steps]
    with ExitStack() as lent:
        if reading.pairs:
            texts, values = zip(*reading.pairs, strict=True)
            pairs = pa.table([texts, values], schema=_HANDED)
            held = handed(pairs, _PAIRS, folder, reading.name)
            inputs = {**inputs, LOOKED_UP: lent.enter_context(held)}
        read = session.stage(Query(tuple(steps)), inputs)
    changed = (
        "select x, case when known then value end as value from texts_read "
        "where known and value is distinct from x"
    )
    if reading.blanks:
        changed += " or not known"
    query, more = _joined(state, reading.column, select(changed), {"texts_read": read})
    return Found(query, more, _unread(session, read, blanked=reading.blanks))


@contextmanager
def texts_respelt(
    session: Session, state: State, change: Respelling, folder: Path
) -> Iterator[Found]:
    """Respell texts of a column in this process, for as long as the block lasts.

    O(d) for d different texts for which ``change.where`` is true, which are fetched batch
    by batch; what became another text is kept in a file, and joined back.
    """
    first, inputs = _texts(state, change.column)
    asked = exp.select("x").from_(table(TEXTS)).where(change.where(column("x")))
    query = Query((*first, ("asked", asked)))
    batches = session.stream(query, inputs)
    respelt = (_respelt(change, batch) for batch in batches)
    with handed_in_batches(respelt, _HANDED, _PAIRS, folder, change.name) as pairs:
        text = select("select text as x, value from respelt")
        yield Found(*_joined(state, change.column, text, {"respelt": pairs}))


def _respelt(change: Respelling, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the texts of a batch that become others, and what they become."""
    pairs = [
        (text, made)
        for text in batch.column(0).to_pylist()
        if (made := change.respell(text)) != text
    ]
    texts, values = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.record_batch([list(texts), list(values)], schema=_HANDED)


def _texts(state: State, name: str) -> tuple[Steps, Inputs]:
    """Return the step of the different texts of a column, and those that it needs."""
    rows, inputs = state.rows([name])
    cells = exp.select(column("_row"), exp.alias_(column(name), "x")).from_(table(ROWS))
    cells = cells.where(exp.not_(exp.Is(this=column(name), expression=exp.null())))
    query = Query((*rows, ("cells", cells)))
    if state.decided is not None:
        query, inputs = state.decided.sparing_cells(query, inputs, name)
    texts = exp.select(column("x"), exp.alias_(exp.Count(this=exp.Star()), "n"))
    texts = texts.from_(table(query.result)).group_by(column("x"))
    return list(query.then(TEXTS, texts).steps), inputs


def _joined(
    state: State, target: str, changed: exp.Query, given: dict[str, Relation]
) -> tuple[Query, Inputs]:
    """Return the query for the cells that hold one of the `changed` texts (x, value)."""
    rows, inputs = state.rows([target])
    same = exp.EQ(this=column(target, "r"), expression=column("x", "m"))
    found = exp.select(
        column("_row", "r"),
        exp.alias_(column(target, "r"), "old"),
        exp.alias_(column("value", "m"), "value"),
    )
    found = found.from_(table(ROWS, "r")).join(table("changed", "m"), on=same)
    query = Query((*rows, ("changed", changed), ("found", found)))
    return query, {**inputs, **given}


def _unread(session: Session, read: Staged, *, blanked: bool) -> Unread:
    counted = select(
        "select count(*) as texts, cast(sum(n) as bigint) as cells from texts_read "
        "where not known"
    )
    (row,) = session.fetch(Query.of(counted), {"texts_read": read}).to_pylist()
    if not row["texts"]:
        return Unread()
    most = select(
        "select x, n from texts_read where not known order by n desc, x "
        f"limit {_EXAMPLES}"
    )
    shown = session.fetch(Query.of(most), {"texts_read": read}).to_pylist()
    examples = tuple((_cut(one["x"]), int(one["n"])) for one in shown)
    return Unread(int(row["cells"]), int(row["texts"]), examples, blanked)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
