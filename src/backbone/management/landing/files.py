"""Files of a folder or a bucket: each becomes a delivery of the dataset it matches.

A file is read again only when its state (size and time of change, or what a store says
of it) differs from the one noted last; what it holds then decides whether it is a new
delivery. What became of files that were collected before is noted too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from backbone.errors import BackboneError, SourceUnavailable, bounded
from backbone.lake.landing import Attempt, Batch, Incoming, Received
from backbone.management.landing.archives.packings import unpacked_name
from backbone.management.landing.archives.unpacking import SourceFile, unpack
from backbone.management.landing.atonce import in_order
from backbone.management.landing.places.folders import Folder, Found, Place, SourceChanged
from backbone.management.landing.places.trail import Trail
from backbone.management.landing.protocol import (
    CollectContext,
    CollectReport,
    DatasetReport,
    Tally,
)
from backbone.project.filepatterns import NamePattern
from backbone.project.sources import FilesSource
from backbone.project.storage import store_address

__all__ = ["Settings", "collect"]

Settings = FilesSource

# What is shelved together is durable with one flush; until then nothing of it is there.
_GROUP_FILES = 1000
_GROUP_BYTES = 64 << 20
_GROUP_S = 5.0


def collect(source: FilesSource, context: CollectContext) -> CollectReport:
    """Deliver every file that is new or has changed, in the order of names.

    Parameters
    ----------
    source : its `path` is a glob, a folder or a file, relative to the project or
        absolute, or the address of objects in a store
    context : what surrounds the collection

    Returns
    -------
    CollectReport; a file that cannot be read is an error of its dataset, one that no
    dataset claims, or that is still being written, a warning

    Notes
    -----
    A poll that finds nothing new costs one look at each file, or one listing of a store.
    """
    now = time.time()
    tallies = {name: Tally(name, context) for name in source.datasets}
    try:
        place = _place(source, context, now)
        listing = place.look()
    except SourceUnavailable as error:
        for tally in tallies.values():
            tally.errors.append(error)
        return CollectReport(context.source, _reports(tallies))
    shares, strays = _shared(listing.found, source)
    present = {one.origin: one.state for one in listing.found}
    trails = {name: Trail.of(context, name, present, place) for name in source.datasets}
    for name, tally in tallies.items():
        tally.errors.extend(listing.problems)
        work = _Collection(source, place, tally, trails[name], now)
        work.collect(shares[name])
        if not listing.problems:
            with tally.catching(context.source):
                trails[name].close()
    known = any(trail.known for trail in trails.values())
    nothing = not (listing.found or known or listing.problems)
    missed = (f"no file matches `path: {source.path}`",) if nothing else ()
    return CollectReport(
        context.source, _reports(tallies), _unclaimed(strays, source) or missed
    )


def _reports(tallies: Mapping[str, Tally]) -> tuple[DatasetReport, ...]:
    return tuple(tally.report() for tally in tallies.values())


def _place(source: FilesSource, context: CollectContext, now: float) -> Place:
    if store_address(source.path) is None:
        return Folder(source.path, context.project, now, context.hide)
    from backbone.management.landing.places.stores import Bucket  # noqa: PLC0415 - slow to load

    return Bucket.of(source, context.hide)


def _shared(
    found: Sequence[Found], source: FilesSource
) -> tuple[dict[str, list[Found]], list[str]]:
    """Share files among the datasets; return the origins of those nobody claims too."""
    patterns = [(name, NamePattern(text)) for name, text in source.datasets.items()]
    shares: dict[str, list[Found]] = {name: [] for name in source.datasets}
    strays = []
    for one in found:
        names = dict.fromkeys((one.last_name, unpacked_name(one.last_name)))
        matches = (
            (dataset, fields)
            for dataset, pattern in patterns
            for name in names
            if (fields := pattern.match(name)) is not None
        )
        dataset, fields = next(matches, (None, {}))
        if dataset is None:
            strays.append(one.origin)
        else:
            shares[dataset].append(one.with_fields(fields) if fields else one)
    return shares, strays


@dataclass(frozen=True)
class _Outcome:
    """What became of one file: received, or why not."""

    found: Found
    attempt: Attempt | None = None
    problems: tuple[BackboneError, ...] = ()
    warning: str | None = None


@dataclass
class _Group:
    """Files that were received and are shelved together."""

    outcomes: list[_Outcome] = field(default_factory=list)
    size: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, outcome: _Outcome) -> None:
        """Add a file, which may not have been received."""
        self.outcomes.append(outcome)
        self.size += outcome.found.size

    @property
    def is_full(self) -> bool:
        """Whether more would wait too long, or take too much at one time."""
        waited_s = time.monotonic() - self.began
        many = len(self.outcomes) >= _GROUP_FILES
        return many or self.size >= _GROUP_BYTES or waited_s > _GROUP_S


@dataclass
class _Collection:
    """The collection of one dataset."""

    source: FilesSource
    place: Place
    tally: Tally
    trail: Trail
    now: float
    waiting: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)

    def collect(self, files: Sequence[Found]) -> None:
        """Deliver the files that are new or have changed."""
        wanted = [one for one in files if self._is_wanted(one)]
        self._tell_waiting()
        if wanted:
            with self._batch() as batch:
                self._collect(wanted, batch)
        self._tell_moved()
        self._tell_again()

    def _batch(self) -> Batch:
        context = self.tally.context
        dataset, received = self.tally.dataset, context.received
        return context.landing.batch(context.source, dataset, received=received)

    def _collect(self, wanted: Sequence[Found], batch: Batch) -> None:
        receive = partial(self._receive, batch)
        group = _Group()
        for outcome in in_order(receive, wanted, at_once=self._at_once(wanted)):
            group.add(outcome)
            if group.is_full:
                self._shelve(group, batch)
                group = _Group()
        self._shelve(group, batch)

    def _at_once(self, wanted: Sequence[Found]) -> int:
        """Return how many files are read at one time.

        What may have moved is told from what is left, so one comes after the other.
        """
        if any(map(self.trail.may_have_moved, wanted)):
            return 1
        mean = sum(one.size for one in wanted) // len(wanted)
        return 1 if mean < self.place.small_bytes else self.place.at_once

    def _is_wanted(self, found: Found) -> bool:
        known = self.trail.known.get(found.origin)
        if known is not None and known.state == found.state:
            self.tally.unchanged += 1
            self.tally.warnings.extend(self.trail.problems(known.delivery))
            self.trail.looked_at(found)
            return False
        return not self._is_settling(found)

    def _is_settling(self, found: Found) -> bool:
        """Tell whether a file changed a moment ago; one from far ahead cannot say."""
        settle_s, age = self.source.settle_s, self.now - found.changed
        if not settle_s or age >= settle_s:
            return False
        if age < -settle_s:
            words = f"`{found.origin}` says that it changes {-age:,.0f} s from now"
            self.tally.warnings.append(f"{words}: it is collected as it is")
            return False
        self.waiting.append(f"`{found.origin}` ({max(age, 0):.0f} s ago)")
        return True

    def _tell_waiting(self) -> None:
        if self.waiting:
            some = "1 file" if len(self.waiting) == 1 else f"{len(self.waiting):,} files"
            self.tally.warnings.append(
                f"{some} changed less than {self.source.settle} ago and left for next "
                f"time: {bounded(self.waiting)}"
            )

    def _receive(self, batch: Batch, found: Found) -> _Outcome:
        """Receive a file; whatever is wrong with it stops no other."""
        try:
            with batch.receive() as incoming:
                with self.place.opened(found) as stream:
                    path = self.place.local(found)
                    file = SourceFile(
                        found.name, found.origin, found.size, path, found.fields
                    )
                    problems = unpack(file, stream, incoming)
                return self._finished(found, incoming, problems)
        except SourceChanged:
            words = f"`{found.origin}` is still being written; it is collected next time"
            return _Outcome(found, warning=words)
        except OSError as exc:
            what = f"`{found.name}` cannot be read: {exc.strerror or exc}"
            return _Outcome(found, problems=(SourceUnavailable(what),))
        except BackboneError as error:
            return _Outcome(found, problems=(error,))

    def _finished(
        self, found: Found, incoming: Incoming, problems: tuple[BackboneError, ...]
    ) -> _Outcome:
        if not incoming.objects:
            return _Outcome(found, problems=problems)
        moved = self.trail.may_have_moved(found)
        if moved and self.trail.has_moved(found, incoming.objects):
            return _Outcome(found)
        words = tuple(str(problem) for problem in problems)
        attempt = incoming.finish(origin=found.origin, state=found.state, problems=words)
        return _Outcome(found, attempt, problems)

    def _shelve(self, group: _Group, batch: Batch) -> None:
        """Move what was received to persistent landing, and count it in its order."""
        attempts = [o.attempt for o in group.outcomes if o.attempt is not None]
        landed: Iterator[Received] = iter(())
        with self.tally.catching(self.tally.context.source):
            landed = iter(batch.shelve(attempts) if attempts else ())
        for outcome in group.outcomes:
            received = next(landed, None) if outcome.attempt is not None else None
            self._count(outcome, received)

    def _count(self, outcome: _Outcome, received: Received | None) -> None:
        for error in outcome.problems:
            error.where = error.where or outcome.found.origin
            self.tally.errors.append(error)
        if outcome.warning:
            self.tally.warnings.append(outcome.warning)
        elif received is not None:
            self._note_again(outcome.found, received)
            self.tally.landed(received)
            self.trail.landed(outcome.found, received)
        elif outcome.attempt is None and not outcome.problems:
            self.tally.unchanged += 1

    def _note_again(self, found: Found, received: Received) -> None:
        """Note a file that came before with other content, where both will count."""
        before = self.trail.known.get(found.origin)
        if self.source.delivers == "increments" and before and received.status == "new":
            self.again.append(f"`{found.origin}`")

    def _tell_again(self) -> None:
        if self.again:
            some = "1 file" if len(self.again) == 1 else f"{len(self.again):,} files"
            self.tally.warnings.append(
                f"{some} came before with other content, and with `delivers: increments` "
                f"the rows of both count: {bounded(self.again)}; `delivers: snapshots` "
                "and `partition: [$file]` let the newer take the place of the older"
            )

    def _tell_moved(self) -> None:
        if self.trail.moved:
            pairs = [f"`{note.origin}` is `{note.to}` now" for note in self.trail.moved]
            self.tally.warnings.append(
                f"renamed since they were collected, and no new deliveries: "
                f"{bounded(pairs)}"
            )


def _unclaimed(strays: list[str], source: FilesSource) -> tuple[str, ...]:
    if not strays:
        return ()
    patterns = ", ".join(f"{name}: {text}" for name, text in source.datasets.items())
    matching = "1 file matches" if len(strays) == 1 else f"{len(strays)} files match"
    return (f"{matching} no dataset ({patterns}): {bounded(strays)}",)
