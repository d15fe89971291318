"""What a collector takes and gives, and where collectors are found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from backbone.errors import BackboneError, SourceUnavailable
from backbone.lake.incoming import Incoming
from backbone.lake.landing import Landing, Received
from backbone.model.deliveries import Delivery
from backbone.project.plugins import loaded
from backbone.project.sources import Source

__all__ = [
    "CollectContext",
    "CollectReport",
    "Collector",
    "DatasetReport",
    "Tally",
    "collect",
]


def _as_it_is(text: str) -> str:
    """Hide nothing."""
    return text


def _quiet(_dataset: str, _name: str, _size: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class CollectContext:
    """What surrounds the collection of one source.

    Parameters
    ----------
    source : the source's name
    project : the project's folder; relative paths of the declaration start there
    landing : where deliveries go
    received : the time of the receipts, an instant with a zone
    seen : dataset → its deliveries so far, oldest first
    progress : told (dataset, object, bytes) whenever an object has landed
    parameters : the project's parameters
    hide : takes secrets out of a text; what is kept of an origin has gone through it
    clock : what the clock says, where that is not the time of the receipts
    """

    source: str
    project: Path
    landing: Landing
    received: datetime
    seen: Mapping[str, tuple[Delivery, ...]] = field(default_factory=dict)
    progress: Callable[[str, str, int], None] = _quiet
    parameters: Mapping[str, Any] = field(default_factory=dict)
    hide: Callable[[str], str] = _as_it_is
    clock: datetime | None = None

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.clock or self.received


@dataclass(frozen=True)
class DatasetReport:
    """What one collection brought for one dataset.

    `again` deliveries came before and got one more receipt; `unchanged` counts what was
    looked at and is in the lake already; `errors` stopped a part or all of the dataset,
    `warnings` did not; `notes` are worth knowing, and nothing is wrong.
    """

    dataset: str
    new: tuple[Delivery, ...] = ()
    again: tuple[Delivery, ...] = ()
    unchanged: int = 0
    errors: tuple[BackboneError, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The bytes that landed."""
        return sum(delivery.size for delivery in self.new)


@dataclass(frozen=True)
class CollectReport:
    """What one collection of a source brought, dataset by dataset."""

    source: str
    datasets: tuple[DatasetReport, ...]
    warnings: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[BackboneError, ...]:
        """The errors of every dataset."""
        return tuple(error for report in self.datasets for error in report.errors)

    def __getitem__(self, dataset: str) -> DatasetReport:
        for report in self.datasets:
            if report.dataset == dataset:
                return report
        raise KeyError(dataset)


class Collector(Protocol):
    """What an entry point of `backbone.collectors` names: a module or an object.

    Beside `collect` it has `Settings`, the model of what a source of its kind declares:
    a subclass of `backbone.project.sources.SourceSettings`.
    """

    @property
    def Settings(self) -> type[Any]:  # noqa: N802 - it is a class
        """The model of a source's declaration."""
        ...

    def collect(self, source: Any, context: CollectContext) -> CollectReport:
        """Bring what is new of `source` into landing.

        Failures are reported per dataset, not raised: one does not stop the others.
        """
        ...


def collect(source: Source, context: CollectContext) -> CollectReport:
    """Collect `source` with the collector that its declaration names.

    Parameters
    ----------
    source : the declaration of a source
    context : what surrounds the collection

    Returns
    -------
    CollectReport with one report for each declared dataset

    Raises
    ------
    PluginError : the collector is not installed, or cannot be loaded
    """
    found: Collector = loaded("backbone.collectors", source.collector)
    return found.collect(source, context)


@dataclass
class Tally:
    """The report of one dataset while it is being collected."""

    dataset: str
    context: CollectContext
    new: list[Delivery] = field(default_factory=list)
    again: list[Delivery] = field(default_factory=list)
    unchanged: int = 0
    errors: list[BackboneError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def seen(self) -> tuple[Delivery, ...]:
        """The deliveries of the dataset so far, oldest first."""
        return self.context.seen.get(self.dataset, ())

    @property
    def newest(self) -> Delivery | None:
        """The newest delivery of the dataset so far."""
        return self.seen[-1] if self.seen else None

    @property
    def cursor(self) -> str | None:
        """The cursor of the newest delivery that has one."""
        return next((d.cursor for d in reversed(self.seen) if d.cursor is not None), None)

    def landed(self, received: Received) -> None:
        """Count a delivery, and tell whoever watches."""
        if received.status == "unchanged":
            self.unchanged += 1
            return
        kept = self.new if received.status == "new" else self.again
        kept.append(received.delivery)
        for obj in received.delivery.objects:
            self.context.progress(self.dataset, obj.name, obj.size)

    @contextmanager
    def catching(self, where: str) -> Iterator[None]:
        """Take note of a BackboneError; it stops only what is inside."""
        try:
            yield
        except BackboneError as error:
            error.where = error.where or where
            self.errors.append(error)

    @contextmanager
    def receiving(self) -> Iterator[Incoming]:
        """Receive a delivery of the dataset; an error stops it, and only it.

        An OSError is that of a source that is not there. Without `commit` nothing lands.
        """
        context = self.context
        received = context.landing.receive(
            context.source, self.dataset, received=context.received
        )
        with self.catching(f"dataset {self.dataset}"), received as incoming:
            try:
                yield incoming
            except OSError as exc:
                raise SourceUnavailable(f"{type(exc).__name__}: {exc}") from exc

    def report(self) -> DatasetReport:
        """Return the finished report."""
        return DatasetReport(
            self.dataset,
            tuple(self.new),
            tuple(self.again),
            self.unchanged,
            tuple(self.errors),
            tuple(self.warnings),
            tuple(self.notes),
        )
