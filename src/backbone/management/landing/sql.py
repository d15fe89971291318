"""A database: each collection of a dataset is its whole table, or a query's whole result.

The rows are read twice: first to tell whether they are those of the newest delivery,
and only if not, to write them, as Parquet. Nothing but a batch of rows is in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from backbone.errors import BackboneError
from backbone.lake.landing import Incoming
from backbone.management.landing.database import Database, Extract
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.project.sources import SqlDataset, SqlSource

__all__ = ["Settings", "collect"]

Settings = SqlSource

_REVISION = 1
_MEDIA_TYPE = "application/vnd.apache.parquet"


def collect(source: SqlSource, context: CollectContext) -> CollectReport:
    """Read every dataset of a database as it is at one moment.

    Parameters
    ----------
    source : a dataset is a table or view, or a query
    context : what surrounds the collection

    Returns
    -------
    CollectReport; a dataset whose rows are those of its newest delivery is unchanged
    """
    tallies = [Tally(name, context) for name in source.datasets]
    try:
        with Database(source.url, context.project) as database:
            for tally in tallies:
                with tally.catching(f"dataset {tally.dataset}"), database.reading():
                    _collect_dataset(database, source.datasets[tally.dataset], tally)
    except BackboneError as error:
        for tally in tallies:
            tally.errors.append(error)
    return CollectReport(context.source, tuple(tally.report() for tally in tallies))


def _collect_dataset(database: Database, dataset: SqlDataset, tally: Tally) -> None:
    context = tally.context
    extract = database.extract(dataset)
    state, kinds = _looked_at(database, extract)
    seen = context.seen.get(tally.dataset, ())
    if seen and seen[-1].receipts[-1].state == state:
        tally.unchanged += 1
        return
    origin = context.hide(f"{database.shown} {_described(dataset)}")
    with context.landing.receive(
        context.source, tally.dataset, received=context.received
    ) as incoming:
        _write(database, extract, kinds, incoming, f"{tally.dataset}.parquet", origin)
        received = incoming.commit(origin=origin, state=state)
    tally.landed(received)


def _looked_at(database: Database, extract: Extract) -> tuple[str, Sequence[set[type]]]:
    """Return a hash of columns and rows, and the Python types in each column."""
    columns = [(column.name, repr(column.type)) for column in extract.columns]
    digest = hashlib.sha256(repr((_REVISION, columns)).encode())
    kinds: list[set[type]] = [set() for _ in columns]
    for rows in database.batches(extract):
        for found, values in zip(kinds, zip(*rows, strict=True), strict=True):
            found.update(map(type, values))
            # Not the text of the rows: SQLAlchemy cuts long values in it.
            text = repr(list(map(_comparable, values)) if memoryview in found else values)
            digest.update(text.encode("utf-8", "backslashreplace"))
    return f"rows:{digest.hexdigest()[:32]}", kinds


def _write(
    database: Database,
    extract: Extract,
    kinds: Sequence[set[type]],
    incoming: Incoming,
    name: str,
    origin: str,
) -> None:
    """Add the rows to a delivery; a column with a value that does not fit as text."""
    from backbone.management.landing.columntypes import (  # noqa: PLC0415
        Misfit,
        landing_column,
    )
    from backbone.management.landing.rowfiles import write_rows  # noqa: PLC0415

    columns = [landing_column(c, k) for c, k in zip(extract.columns, kinds, strict=True)]
    while True:
        try:
            with incoming.writing(name, media_type=_MEDIA_TYPE, origin=origin) as writer:
                write_rows(writer, columns, database.batches(extract))
        except Misfit as misfit:
            columns = [c.textual() if c.name == misfit.column else c for c in columns]
        else:
            return


def _comparable(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _described(dataset: SqlDataset) -> str:
    if dataset.query is None:
        return f"table {dataset.table}"
    return f"query {' '.join(dataset.query.split())}"
