"""Collect the sources that are due, several at once; one's failure stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backbone.errors import BackboneError
from backbone.lake.lake import Lake
from backbone.management.landing import CollectContext, CollectReport, DatasetReport
from backbone.management.landing import collect as collect_source
from backbone.model.deliveries import Delivery
from backbone.model.names import AssetName
from backbone.operations.graph import graph_of
from backbone.operations.schedule import serve
from backbone.operations.work import Event, Tell
from backbone.project import Project
from backbone.project.sources import Source

__all__ = ["DatasetResult", "collect", "sources_of"]

_AT_ONCE = 4
_TOLERANCE = timedelta(minutes=5)
"""Two runs at once begin at different times, and clocks of two machines differ."""


@dataclass(frozen=True)
class DatasetResult:
    """What the collection of one dataset brought.

    `new` and `again` are ids of deliveries; `errors` stopped a part or all of it;
    `notes` are worth knowing. `seconds` are those of its whole source.
    """

    source: str
    dataset: str
    new: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    unchanged: int = 0
    size_bytes: int = 0
    seconds: float = 0.0
    errors: tuple[BackboneError, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def collect(
    project: Project,
    lake: Lake,
    *,
    received: datetime,
    only: Collection[AssetName] | None = None,
    sources: Collection[str] | None = None,
    tell: Tell = lambda _event: None,
) -> list[DatasetResult]:
    """Collect every source, or those that the assets of `only` are made from.

    Parameters
    ----------
    project, lake : what to collect, and where it goes
    received : the time of the receipts
    only : assets; all by default
    sources : these sources alone, whatever `only` says
    tell : is told of every object that lands, from several threads
    """
    names = sources_of(project, only) if sources is None else sorted(sources)
    if not names:
        return []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="collect") as pool:
        found = pool.map(
            lambda name: _collect(project, lake, name, received, tell), names
        )
        return [result for results in found for result in results]


def sources_of(project: Project, only: Collection[AssetName] | None) -> list[str]:
    """Return the sources that assets are made from; all where `only` is None."""
    if only is None:
        return list(project.sources)
    graph = graph_of(project)
    needed = set(only).union(*(graph.upstream(asset) for asset in only))
    datasets = {asset.table for asset in needed if asset.zone == "landing"}
    return [
        name
        for name, source in project.sources.items()
        if datasets.intersection(source.datasets)
    ]


def _collect(
    project: Project, lake: Lake, name: str, received: datetime, tell: Tell
) -> list[DatasetResult]:
    clock = time.perf_counter()
    tell(Event("collect", name, "collecting"))
    report = _guarded(project, lake, name, received, tell)
    seconds = time.perf_counter() - clock
    redact = project.variables.redact
    results = [
        _result(name, one, report.warnings, seconds, redact) for one in report.datasets
    ]
    for result in results:
        for words in result.notes:
            tell(Event("note", f"landing.{result.dataset}", words))
        tell(_event(result))
    serve(project, lake, name, received)
    return results


def _held(
    project: Project, lake: Lake, dataset: str, received: datetime, tell: Tell
) -> AbstractContextManager[None]:
    """Keep another run from collecting the same dataset at the same time."""
    return lake.locks.hold(
        AssetName("landing", dataset),
        run=f"of {received:%H:%M:%S}",
        timeout_s=project.settings.lock_timeout_s,
        waiting=lambda words: tell(Event("note", f"landing.{dataset}", words)),
    )


def _guarded(
    project: Project, lake: Lake, name: str, received: datetime, tell: Tell
) -> CollectReport:
    source = project.sources[name]
    try:
        with ExitStack() as held:
            for dataset in sorted(source.datasets):
                held.enter_context(_held(project, lake, dataset, received, tell))
            context = _context(project, lake, name, received, tell)
            report = collect_source(_resolved(project, source), context)
            return replace(report, warnings=(*report.warnings, *_behind(context)))
    except BackboneError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - a library's fault ends this source only
        what = project.variables.redact(f"{type(error).__name__}: {error}")
        failure = BackboneError(what, where=f"sources/{name}.yml")
        failure.__cause__ = error
    broken = tuple(DatasetReport(d, errors=(failure,)) for d in source.datasets)
    return CollectReport(name, broken)


def _context(
    project: Project, lake: Lake, name: str, received: datetime, tell: Tell
) -> CollectContext:
    def progress(dataset: str, obj: str, _size: int) -> None:
        tell(Event("progress", f"landing.{dataset}", obj))

    datasets = project.sources[name].datasets
    seen = {dataset: lake.landing.deliveries(name, dataset) for dataset in datasets}
    return CollectContext(
        source=name,
        project=project.folder,
        landing=lake.landing,
        received=_in_order(received, seen),
        clock=received,
        seen=seen,
        progress=progress,
        parameters=project.settings.parameters,
        hide=project.variables.redact,
    )


def _in_order(received: datetime, seen: Mapping[str, Sequence[Delivery]]) -> datetime:
    """Return a time after every receipt so far, whatever the clock says.

    The order of receipts decides which snapshot is current, and from where a cursor goes
    on. A clock that was ahead once would else make all that follows older than that.
    """
    last = max((one.received for many in seen.values() for one in many), default=received)
    return received if last <= received else last + timedelta(microseconds=1)


def _behind(context: CollectContext) -> tuple[str, ...]:
    """Warn where receipts are far from what the clock says."""
    if context.received - context.now < _TOLERANCE:
        return ()
    last = f"{context.received:%Y-%m-%d %H:%M} UTC"
    words = "the clock has gone back: the last receipt is of"
    return (f"{words} {last}, and what comes now gets a time right after it",)


def _resolved(project: Project, source: Source) -> Source:
    """Return a source with the values of its secrets in place, for the collector only."""

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return project.variables.resolve(value)
        if isinstance(value, dict):
            return {key: walk(inner) for key, inner in value.items()}
        return [walk(inner) for inner in value] if isinstance(value, list) else value

    return type(source).model_validate(
        walk(source.model_dump(mode="json", by_alias=True, exclude_unset=True))
    )


def _result(
    source: str,
    report: DatasetReport,
    warnings: tuple[str, ...],
    seconds: float,
    redact: Callable[[str], str],
) -> DatasetResult:
    for error in report.errors:
        _hide(error, redact)
    return DatasetResult(
        source=source,
        dataset=report.dataset,
        new=tuple(delivery.id for delivery in report.new),
        again=tuple(delivery.id for delivery in report.again),
        unchanged=report.unchanged,
        size_bytes=report.size,
        seconds=seconds,
        errors=report.errors,
        warnings=tuple(map(redact, (*report.warnings, *warnings))),
        notes=tuple(map(redact, report.notes)),
    )


def _hide(error: BackboneError, redact: Callable[[str], str]) -> None:
    """Take the values of secrets out of what an error says."""
    error.reword(redact)


def _event(result: DatasetResult) -> Event:
    if result.errors:
        words, status = result.errors[0].what, "failed"
    elif result.new or result.again:
        count = len(result.new) + len(result.again)
        words, status = f"{count} deliver{'y' if count == 1 else 'ies'}", "done"
    else:
        words, status = "nothing new", "skipped"
    return Event(
        "end", f"landing.{result.dataset}", words, status=status, seconds=result.seconds
    )
