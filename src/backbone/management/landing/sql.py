"""A database: whole tables, results of queries, or the part of them that is new.

Rows are read once: into temporal landing, and hashed on the way. If they are those of
the newest delivery, what was written is dropped. Nothing lands until every dataset has
been read, so that a database that goes away in the middle leaves nothing of one moment.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from backbone.errors import BackboneError, SourceUnavailable
from backbone.errors import context as context_of
from backbone.lake.incoming import Incoming
from backbone.management.landing.databases.columntypes import Misfit, as_text
from backbone.management.landing.databases.database import (
    Database,
    Extract,
    Window,
    opened,
)
from backbone.management.landing.databases.rowfiles import RowsHash, hashed, write_rows
from backbone.management.landing.databases.snapshots import difference
from backbone.management.landing.databases.windows import cursor_text, moved_back, typed
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.project.sources import SqlCursor, SqlDataset, SqlSource

__all__ = ["Settings", "collect"]

Settings = SqlSource

_MEDIA_TYPE = "application/vnd.apache.parquet"


def collect(source: SqlSource, context: CollectContext) -> CollectReport:
    """Read every dataset of a database as it is at one moment.

    Parameters
    ----------
    source : a dataset is a table or view, or a query
    context : what surrounds the collection

    Returns
    -------
    CollectReport; a dataset whose rows are those of its newest delivery is unchanged.
    If the database goes away, nothing of any dataset lands.
    """
    tallies = [Tally(name, context) for name in source.datasets]
    notes: tuple[str, ...] = ()
    with ExitStack() as held:
        try:
            with opened(source.url, context.project) as database:
                notes = database.notes
                read = [
                    _read(database, source.datasets[tally.dataset], tally, held)
                    for tally in tallies
                ]
        except BackboneError as error:
            for tally in tallies:
                tally.errors.append(error)
        else:
            for each in filter(None, read):
                with each.tally.catching(f"dataset {each.tally.dataset}"):
                    each.land(compare=source.delivers == "snapshots")
    reports = tuple(tally.report() for tally in tallies)
    return CollectReport(context.source, reports, notes)


@dataclass(frozen=True)
class _Read:
    """A dataset in temporal landing."""

    tally: Tally
    incoming: Incoming
    origin: str
    state: str
    key: tuple[str, ...] = ()
    cursor: str | None = None

    def land(self, *, compare: bool) -> None:
        """Move it to persistent landing, and say what it has no more."""
        before = self.tally.newest
        received = self.incoming.commit(self.cursor, origin=self.origin, state=self.state)
        self.tally.landed(received)
        if compare and before is not None and received.status != "unchanged":
            landing = self.tally.context.landing
            words = difference(landing, before, received.delivery, self.key)
            self.tally.notes.append(words)


def _read(
    database: Database, dataset: SqlDataset, tally: Tally, held: ExitStack
) -> _Read | None:
    """Read a dataset; None if nothing of it is new, or it cannot be read."""
    try:
        with (
            context_of(f"dataset {tally.dataset}"),
            database.reading(),
            ExitStack() as own,
        ):
            context = tally.context
            receive = context.landing.receive(
                context.source, tally.dataset, received=context.received
            )
            incoming = own.enter_context(receive)
            how = _increment if dataset.cursor else _whole
            found = how(database, dataset, tally, incoming)
            if found is None:
                tally.unchanged += 1
            else:
                held.push(own.pop_all())
            return found
    except SourceUnavailable:
        raise  # and with it the moment at which all datasets were to be read
    except BackboneError as error:
        tally.errors.append(error)
        return None


def _whole(
    database: Database, dataset: SqlDataset, tally: Tally, incoming: Incoming
) -> _Read | None:
    extract = database.extract(dataset)
    origin = tally.context.hide(f"{database.shown} {_described(dataset)}")
    found = _written(database, extract, None, incoming, tally.dataset, origin)
    state = f"rows:{found.text}"
    newest = tally.newest
    if newest is not None and newest.receipts[-1].state == state:
        return None
    return _Read(tally, incoming, origin, state, extract.key)


def _increment(
    database: Database, dataset: SqlDataset, tally: Tally, incoming: Incoming
) -> _Read | None:
    """Read what came since; rows of the overlap only if one of them did, or changed."""
    cursor = dataset.cursor
    assert cursor is not None  # noqa: S101 - the caller's choice
    extract = database.extract(dataset)
    column = cursor.column
    _warn_of_nulls(database, extract, column, tally)
    wanted = _new_rows(database, extract, cursor, tally)
    if wanted is None:
        return None
    words = f"{database.shown} {_described(dataset)}, {column} {_spoken(wanted)}"
    origin = tally.context.hide(words)
    found = _written(database, extract, wanted, incoming, tally.dataset, origin)
    if not found.rows:
        return None
    state = _state(database, extract, _overlap(cursor, wanted.high), cursor)
    text = cursor_text(wanted.high, column)
    return _Read(tally, incoming, origin, state, extract.key, text)


def _new_rows(
    database: Database, extract: Extract, cursor: SqlCursor, tally: Tally
) -> Window | None:
    """Return where the new rows are; None if there are none."""
    column = cursor.column
    before = next((d for d in reversed(tally.seen) if d.cursor is not None), None)
    last = None if before is None else before.cursor
    top = database.greatest(extract, column, last)
    if before is None or last is None:
        if top is None:
            return None
        cursor_text(top, column)
        low = None if cursor.start is None else typed(cursor.start, top, column)
        return Window(column, low, top, from_low=True)
    like = database.greatest(extract, column, None) if top is None else top
    if like is None:
        return None
    low = typed(last, like, column)
    overlap = _overlap(cursor, low)
    if _state(database, extract, overlap, cursor) == before.receipts[-1].state:
        return None if top is None else Window(column, low, top)
    return Window(column, overlap.low, low if top is None else top, from_low=True)


def _overlap(cursor: SqlCursor, value: Any) -> Window:
    """Return the rows at `value`, and as far below it as others may still come."""
    low = value
    if cursor.overlap is not None:
        low = moved_back(value, cursor.overlap, cursor.column)
    return Window(cursor.column, low, value, from_low=True)


def _state(
    database: Database, extract: Extract, window: Window, cursor: SqlCursor
) -> str:
    """Return what tells whether a row of the overlap came, went or changed."""
    while True:
        try:
            with closing(database.batches(extract, window)) as batches:
                found = hashed(batches)
        except Misfit as misfit:
            extract = extract.with_columns(misfit.columns)
        else:
            return f"overlap {cursor.overlap or 0}: {found.text}"


def _warn_of_nulls(
    database: Database, extract: Extract, column: str, tally: Tally
) -> None:
    if column in extract.required:
        return
    count = database.nulls(extract, column)
    if count:
        rows = "1 row has" if count == 1 else f"{count:,} rows have"
        tally.warnings.append(
            f"{rows} no value in `{column}`, the cursor of {tally.dataset}, "
            "and cannot be collected"
        )


def _written(
    database: Database,
    extract: Extract,
    window: Window | None,
    incoming: Incoming,
    dataset: str,
    origin: str,
) -> RowsHash:
    """Add the rows to a delivery; a column with a value that does not fit as text."""
    name = f"{dataset}.parquet"
    while True:
        try:
            with (
                incoming.writing(name, media_type=_MEDIA_TYPE, origin=origin) as writer,
                closing(database.batches(extract, window)) as batches,
            ):
                return write_rows(writer, batches)
        except Misfit as misfit:
            extract = extract.with_columns(misfit.columns)


def _described(dataset: SqlDataset) -> str:
    if dataset.query is None:
        return f"table {dataset.table}"
    return f"query {' '.join(dataset.query.split())}"


def _spoken(window: Window) -> str:
    low = "" if window.low is None else as_text(window.low)
    start = low and f"{'from' if window.from_low else 'above'} {low} "
    return f"{start}to {as_text(window.high)}"
