"""Format the deliveries of a dataset that are not yet in the formatted table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from textwrap import shorten
from typing import Any

from backbone.engines.protocol import Written
from backbone.errors import DeliveryRefused, bounded
from backbone.lake.tables import DataFile, TableVersion
from backbone.management.formatted import (
    REJECTED,
    REJECTED_CELLS,
    FormattedDelivery,
    format_deliveries,
    formatted_schema,
)
from backbone.model.deliveries import Delivery
from backbone.model.names import AssetName
from backbone.model.reports import FormattedAccount
from backbone.operations.identity import formatted_identity
from backbone.operations.plan import Step
from backbone.operations.work import Event, Outcome, Work, plain
from backbone.project.formatted import FormattedTable

__all__ = ["execute"]

_BATCH_BYTES = 512_000_000
_BATCH_DELIVERIES = 500
_LARGE_BYTES = 64_000_000
_REASON_WIDTH = 80

Records = Mapping[str, Mapping[str, Any]]


def execute(work: Work, step: Step) -> Outcome:
    """Bring a formatted table to the deliveries that the run is pinned to.

    Deliveries are read one by one and committed in batches, so a run that is stopped
    goes on with the batch it was at. Where the declaration is as it was, only new
    deliveries are read. A table that is read anew keeps its rows until all are there.
    """
    table = work.project.formatted[step.asset.table]
    pinned = work.deliveries[AssetName.parse(table.source).table]
    head = work.lake.tables.head(step.asset)
    done: dict[str, Mapping[str, Any]] = dict(_known(work, step, head, pinned))
    todo = [delivery for delivery in pinned if delivery.id not in done]
    keep = _files_of(head, done)
    anew = head is not None and not done
    fresh: dict[str, FormattedDelivery] = {}
    version = head
    for batch in _batches(todo):
        read = _read(work, step, table, batch, position=len(fresh), of=len(todo))
        if not done:
            _check_readable(step, head, batch, read)
        records = {d.id: _record(work, step, d, read[d.id]) for d in batch}
        fresh |= read
        done |= records
        if not anew:
            version = _commit(work, step, table, pinned, done, records, read, keep)
            keep = version.files
    if version is None or version.identity != step.identity:
        left = fresh if anew else {}
        told = {name: done[name] for name in left}
        version = _commit(work, step, table, pinned, done, told, left, keep)
    warnings = (*_bad_cells(step, fresh), *_undeclared(fresh), *_left_out(pinned, fresh))
    return Outcome(version, warnings=warnings, refused=_refused(pinned, fresh))


def _check_readable(
    step: Step,
    head: TableVersion | None,
    batch: Sequence[Delivery],
    read: Mapping[str, FormattedDelivery],
) -> None:
    """Keep a good table when a changed declaration can read no delivery any more."""
    if head is None or not head.rows or not all(one.refused for one in read.values()):
        return
    first = batch[0]
    raise DeliveryRefused(
        f"no delivery can be read as declared now, {_named(first)} for example: "
        f"{read[first.id].refused}",
        hint=f"Version {head.number} of {step.asset} stays, with {head.rows:,} rows.",
    )


def _known(
    work: Work, step: Step, head: TableVersion | None, pinned: Sequence[Delivery]
) -> Records:
    if head is None or head.metadata.get("declaration") != step.declaration:
        return {}
    records = work.catalog.deliveries(step.asset, step.declaration)
    have = {file.path for file in head.files}
    known = {
        delivery.id: records[delivery.id]
        for delivery in pinned
        if delivery.id in records and have.issuperset(records[delivery.id]["files"])
    }
    # Rows of a delivery that is no longer asked for are also in the side tables.
    return known if len(known) == head.metadata.get("delivered") else {}


def _files_of(head: TableVersion | None, done: Records) -> tuple[DataFile, ...]:
    wanted = {path for record in done.values() for path in record["files"]}
    return tuple(file for file in (head.files if head else ()) if file.path in wanted)


def _batches(todo: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    batch: list[Delivery] = []
    size = 0
    for delivery in todo:
        if batch and (
            size + delivery.size > _BATCH_BYTES or len(batch) >= _BATCH_DELIVERIES
        ):
            yield batch
            batch, size = [], 0
        batch.append(delivery)
        size += delivery.size
    if batch:
        yield batch


def _read(
    work: Work,
    step: Step,
    table: FormattedTable,
    batch: Sequence[Delivery],
    *,
    position: int,
    of: int,
) -> dict[str, FormattedDelivery]:
    """Read deliveries, small ones several at once; each has a folder.

    Raises
    ------
    CorruptLake : the bytes of a delivery are not those that were received
    """
    home = work.attempt(step.asset)
    finished = count(position + 1)
    engine = work.engine_of(step)
    at_once = engine.capabilities.deliveries_at_once

    def read(some: Sequence[Delivery]) -> dict[str, FormattedDelivery]:
        for delivery in some:
            work.lake.landing.verify(delivery)
        paths = {
            delivery.id: {o.name: work.lake.landing.path(o) for o in delivery.objects}
            for delivery in some
        }
        asked = {delivery.id: delivery for delivery in some}
        with engine.session() as session:
            results = format_deliveries(session, table, asked, paths, home)
        for delivery in some:
            place = next(finished)
            told = Event("progress", str(step.asset), delivery.name, done=place, total=of)
            work.tell(told)
        return results

    groups = [batch[n : n + at_once] for n in range(0, len(batch), at_once)]
    large = any(delivery.size > _LARGE_BYTES for delivery in batch)
    with ThreadPoolExecutor(1 if large else work.threads_of(step)) as pool:
        found = {k: v for made in pool.map(read, groups) for k, v in made.items()}
    return {delivery.id: found[delivery.id] for delivery in batch}


def _record(
    work: Work, step: Step, delivery: Delivery, result: FormattedDelivery
) -> dict[str, Any]:
    root = work.lake.tables.folder(step.asset)
    return {
        "name": delivery.name,
        "account": plain(result.account),
        "records": dict(result.records),
        "files": [file.path.relative_to(root).as_posix() for file in result.main.files],
        "refused": result.refused,
    }


def _commit(
    work: Work,
    step: Step,
    table: FormattedTable,
    pinned: Sequence[Delivery],
    done: Records,
    records: Records,
    read: Mapping[str, FormattedDelivery],
    keep: Sequence[DataFile],
) -> TableVersion:
    so_far = [delivery for delivery in pinned if delivery.id in done]
    account = sum(
        (FormattedAccount(**one["account"]) for one in done.values()), FormattedAccount()
    )
    sides = {
        "rejected": _joined([one.rejected for one in read.values()], REJECTED),
        "rejected_cells": _joined(
            [one.rejected_cells for one in read.values()], REJECTED_CELLS
        ),
    }
    return work.commit(
        step,
        _joined([one.main for one in read.values()], formatted_schema(table)),
        identity=formatted_identity(table, so_far),
        keep=keep,
        sides=sides,
        keep_sides=len(records) < len(done),
        record={
            "account": plain(account.check(str(step.asset))),
            "deliveries": records,
            "delivered": len(done),
            "refused": sum(1 for one in done.values() if one["refused"]),
        },
    )


def _joined(parts: Sequence[Written], schema: Any) -> Written:
    return Written(tuple(file for part in parts for file in part.files), schema)


def _undeclared(fresh: Mapping[str, FormattedDelivery]) -> Iterator[str]:
    """Say, in one warning, which columns of files no declaration names."""
    every = [one for each in fresh.values() for one in each.undeclared.items() if one[1]]
    if not every:
        return
    files = Counter(name for _, columns in every for name in columns)
    first = every[0][0]
    what = "columns that are not declared"
    if len(every) == 1:
        yield f"{first} has {what}: {bounded(list(files))}"
        return
    words = bounded([f"{name} (in {n:,})" for name, n in files.most_common()])
    yield f"{len(every):,} files have {what}, {first} for example: {words}"


def _left_out(
    pinned: Sequence[Delivery], fresh: Mapping[str, FormattedDelivery]
) -> Iterator[str]:
    """Say, in one warning, of which deliveries the layout leaves nothing."""
    found = [
        (_named(delivery), one.account.left_out)
        for delivery in pinned
        if (one := fresh.get(delivery.id))
        and not (one.refused or one.account.read)
        and one.account.left_out
    ]
    if found:
        words = [f"{name} (lines: {lines:,})" for name, lines in found]
        yield f"no record is left, `read` leaves out all there is: {bounded(words)}"


def _bad_cells(step: Step, fresh: Mapping[str, FormattedDelivery]) -> Iterator[str]:
    """Say, in one warning, which columns have cells that could not be read."""
    cells: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for one in fresh.values():
        for name, (count_, reason) in one.bad_cells.items():
            cells[name] += count_
            reasons.setdefault(name, shorten(reason, _REASON_WIDTH, placeholder=" …"))
    if cells:
        words = [
            f"{n:,} of `{name}` ({reasons[name]})" for name, n in cells.most_common()
        ]
        yield f"cells without a value: {bounded(words)}; {step.asset}__rejected_cells"


def _refused(
    pinned: Sequence[Delivery], fresh: Mapping[str, FormattedDelivery]
) -> tuple[str, ...]:
    return tuple(
        f"{_named(delivery)}: {fresh[delivery.id].refused}"
        for delivery in pinned
        if delivery.id in fresh and fresh[delivery.id].refused
    )


def _named(delivery: Delivery) -> str:
    return bounded([obj.name for obj in delivery.objects], at_most=1)
