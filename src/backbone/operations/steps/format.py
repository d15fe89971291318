"""Format the deliveries of a dataset that are not yet in the formatted table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from textwrap import shorten
from typing import Any

from backbone.engines.protocol import Written, WrittenFile
from backbone.errors import BytesRemoved, DeliveryRefused, bounded
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
from backbone.model.schemas import Schema
from backbone.operations.identity import delivery_identity, formatted_identity
from backbone.operations.kept import Kept, evolved_columns, known_deliveries
from backbone.operations.plan import Step
from backbone.operations.work import Event, Outcome, Work
from backbone.project.formatted import FormattedTable

__all__ = ["execute"]

_BATCH_BYTES = 512_000_000
_BATCH_DELIVERIES = 500
_LARGE_BYTES = 64_000_000
_REASON_WIDTH = 80

_SIDES: Mapping[str, Schema] = {"rejected": REJECTED, "rejected_cells": REJECTED_CELLS}

Records = Mapping[str, Mapping[str, Any]]


def execute(work: Work, step: Step) -> Outcome:
    """Bring a formatted table to the deliveries that the run is pinned to.

    Deliveries are read one by one and committed in batches, so a run that is stopped
    goes on with the batch it was at. Only those are read that are new, or that a changed
    declaration reads otherwise. A table of which rows are read anew keeps what it has
    until all are there.
    """
    table = work.project.formatted[step.asset.table]
    dataset = AssetName.parse(table.source).table
    pinned = work.held.get(step.asset.table, work.deliveries[dataset])
    head = work.lake.tables.head(step.asset)
    kept = known_deliveries(work.project, work.lake, work.catalog, step, pinned)
    todo = [delivery for delivery in pinned if delivery.id not in kept.records]
    _check_there(step, head, todo)
    making = _Making(work, step, table, pinned, kept, dict(kept.records))
    fresh: dict[str, FormattedDelivery] = {}
    for batch in _batches(todo):
        read = _read(work, step, table, batch, position=len(fresh), of=len(todo))
        if not kept.records and not fresh:
            _check_readable(step, head, batch, read)
        fresh |= read
        if not kept.is_partial:
            making.commit(batch, read)
    version = making.version
    if version is None or version.identity != step.identity:
        left = todo if kept.is_partial else []
        version = making.commit(left, {one.id: fresh[one.id] for one in left})
    told = () if table.new_columns == "reject" else _undeclared(fresh)
    removed = len(work.deliveries[dataset]) - len(pinned)
    warnings = (
        *_bad_cells(step, fresh), *told, *_nothing_left(pinned, fresh),
        *_left_out(removed),
    )  # fmt: skip
    return Outcome(version, warnings=warnings, refused=_refused(pinned, fresh))


def _check_there(step: Step, head: TableVersion | None, todo: Sequence[Delivery]) -> None:
    """Keep the rows of deliveries whose bytes were removed: they cannot be read anew."""
    gone = [delivery for delivery in todo if delivery.removed]
    if not gone:
        return
    first = gone[0].removed
    of = "1 delivery is" if len(gone) == 1 else f"{len(gone):,} deliveries are"
    stays = f"Version {head.number} stays, with all rows. " if head else ""
    raise BytesRemoved(
        f"{of} to be read anew, {_named(gone[0])} for example, and cannot be: "
        f"{first.words if first else ''}",
        hint=f"{stays}Undo the change of the declaration, deliver the files again, or "
        "give the rows up.",
        command=f"backbone run --without-removed +{step.asset}+",
    )


def _left_out(removed: int) -> Iterator[str]:
    if removed > 0:
        of = "1 delivery is" if removed == 1 else f"{removed:,} deliveries are"
        yield f"{of} not in it: the raw bytes were removed before it was made"


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


@dataclass
class _Making:
    """The versions of a table that one step commits: what stays, and what is read.

    `done` are the records of the deliveries that the table holds so far.
    """

    work: Work
    step: Step
    table: FormattedTable
    pinned: Sequence[Delivery]
    kept: Kept
    done: dict[str, Mapping[str, Any]]

    def __post_init__(self) -> None:
        self.version = self.kept.head
        self._carried = dict(self.kept.records) if self.kept.is_carried else {}

    def commit(
        self, batch: Sequence[Delivery], read: Mapping[str, FormattedDelivery]
    ) -> TableVersion:
        """Commit what was read of deliveries beside what is there."""
        sides = {suffix: self._adopted(suffix, batch, read) for suffix in _SIDES}
        records = {
            one.id: self._record(
                one, read[one.id], {s: f[one.id] for s, f in sides.items()}
            )
            for one in batch
        }
        keep = self._kept_files()
        self.done |= records
        so_far = [delivery for delivery in self.pinned if delivery.id in self.done]
        account = sum(
            (FormattedAccount(**one["account"]) for one in self.done.values()),
            FormattedAccount(),
        )
        schema = formatted_schema(self.table, evolved_columns(self.done))
        self.version = self.work.commit(
            self.step,
            _joined([read[one.id].main for one in batch], schema),
            identity=formatted_identity(self.table, so_far),
            keep=keep,
            sides={
                suffix: Written(
                    tuple(chain.from_iterable(files.values())), _SIDES[suffix]
                )
                for suffix, files in sides.items()
            },
            keep_sides=self._kept_sides(records),
            record={
                "account": account.check(str(self.step.asset)).told(),
                "deliveries": {**self._carried, **records},
                "delivered": len(self.done),
                "refused": sum(1 for one in self.done.values() if one["refused"]),
            },
        )
        self._carried = {}
        return self.version

    def _adopted(
        self,
        suffix: str,
        batch: Sequence[Delivery],
        read: Mapping[str, FormattedDelivery],
    ) -> dict[str, list[WrittenFile]]:
        """Bring the files of a side table home; return them by delivery."""
        own = {d.id: getattr(read[d.id], suffix).files for d in batch}
        side = self.step.asset.with_side(suffix)
        every = list(chain.from_iterable(own.values()))
        home = iter(self.work.lake.tables.adopt(side, every))
        return {name: list(islice(home, len(files))) for name, files in own.items()}

    def _record(
        self,
        delivery: Delivery,
        result: FormattedDelivery,
        sides: Mapping[str, Sequence[WrittenFile]],
    ) -> dict[str, Any]:
        tables, asset = self.work.lake.tables, self.step.asset
        readings = [result.readings[obj.name] for obj in delivery.objects]
        variants = Counter(one.variant for one in readings if one.variant)
        evolved = dict.fromkeys(name for one in readings for name in one.evolved)
        found = {
            suffix: _relative(tables.folder(asset.with_side(suffix)), files)
            for suffix, files in sides.items()
        }
        more = {
            "unread": list(result.unread),
            "variants": dict(variants),
            "evolved": list(evolved),
        }
        return {
            "name": delivery.name,
            "account": result.account.told(),
            "records": dict(result.records),
            "files": _relative(tables.folder(asset), result.main.files),
            "refused": result.refused,
            **({"unread": list(result.unread)} if result.unread else {}),
            "reading": delivery_identity(self.table, readings),
            "sides": {suffix: files for suffix, files in found.items() if files},
            **{key: value for key, value in more.items() if value},
        }

    def _kept_files(self) -> tuple[DataFile, ...]:
        if self.version is None:
            return ()
        if self.version is not self.kept.head:
            return self.version.files
        wanted = {p for one in self.kept.records.values() for p in one["files"]}
        return tuple(file for file in self.version.files if file.path in wanted)

    def _kept_sides(self, records: Records) -> bool | dict[str, set[str]]:
        """Tell which files of side tables stay: those of the deliveries that do."""
        if not self.kept.is_partial:
            return len(records) < len(self.done)
        stay = [one["sides"] for one in self.kept.records.values()]
        return {
            suffix: {path for one in stay for path in one.get(suffix, ())}
            for suffix in _SIDES
        }


def _relative(folder: Path, files: Iterable[WrittenFile]) -> list[str]:
    return [file.path.relative_to(folder).as_posix() for file in files]


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


def _nothing_left(
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
