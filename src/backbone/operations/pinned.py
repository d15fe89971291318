"""Which deliveries a name or a time stands for, and whether landing has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from backbone.errors import LakeError, bounded
from backbone.lake.lake import Lake
from backbone.lake.references import delivery_digest
from backbone.model.deliveries import Delivery
from backbone.model.versions import fingerprint
from backbone.operations.plan import Pins
from backbone.project import Project
from backbone.project.pins import Pin, PinnedDataset

__all__ = ["Absence", "absences", "assure", "key_of", "pinned", "received_by"]


@dataclass(frozen=True)
class Absence:
    """A pinned delivery that landing does not hold as it was pinned, and why."""

    dataset: str
    delivery: str
    reason: str


def key_of(pins: Pins) -> str:
    """Return a short name for a set of pinned deliveries: sixteen hexadecimal digits."""
    return fingerprint({name: list(ids) for name, ids in pins.items() if ids})[:16]


def received_by(project: Project, lake: Lake, moment: datetime) -> dict[str, list[str]]:
    """Return the ids of what had been received at `moment`, in the order of then."""
    found = {}
    for dataset, source in project.datasets.items():
        landed = lake.landing.deliveries(source, dataset)
        then = [
            (max(times), one.name, one.id)
            for one in landed
            if (times := [r.received for r in one.receipts if r.received <= moment])
        ]
        found[dataset] = [name for _, _, name in sorted(then)]
    return found


def pinned(
    project: Project,
    lake: Lake,
    name: str,
    datasets: Collection[str],
    pins: Pins | None = None,
) -> Pin:
    """Return a pin of what landing holds of `datasets`, or of `pins` of them.

    Deliveries whose bytes were removed are not in it: nothing can be made of them.

    Raises
    ------
    LakeError : `pins` name deliveries that landing does not hold
    """
    found = {}
    for dataset in sorted(datasets):
        source = project.dataset_source(dataset)
        landed = lake.landing.deliveries(source, dataset)
        if pins is not None:
            landed = _chosen(dataset, landed, pins.get(dataset, ()))
        there = (one for one in landed if not one.removed)
        found[dataset] = PinnedDataset(source, tuple(map(_digest, there)))
    return Pin(name, found)


def absences(project: Project, lake: Lake, pin: Pin) -> Iterator[Absence]:
    """Find what a pin names and landing does not hold; no byte is read."""
    for dataset, found in pin.datasets.items():
        if project.datasets.get(dataset) != found.source:
            words = f"no source `{found.source}` delivers `{dataset}` any more"
            yield from (Absence(dataset, one, words) for one in found.ids)
            continue
        landed = {one.id: one for one in lake.landing.deliveries(found.source, dataset)}
        for digest, name in zip(found.digests, found.ids, strict=True):
            delivery = landed.get(name)
            if delivery is None:
                yield Absence(dataset, name, "it is not in landing")
            elif _digest(delivery) != digest:
                yield Absence(dataset, name, "its reference tells other contents")
            elif delivery.removed is not None:
                yield Absence(dataset, name, delivery.removed.words)


def assure(project: Project, lake: Lake, pin: Pin) -> None:
    """Raise where landing does not hold all that a pin names.

    Raises
    ------
    LakeError : what is missing, and why
    """
    gone = list(absences(project, lake, pin))
    if gone:
        told = [f"{one.delivery} of landing.{one.dataset}" for one in gone]
        raise LakeError(
            f"pin `{pin.name}` names {len(gone):,} deliver"
            f"{'y' if len(gone) == 1 else 'ies'} that cannot be used: {bounded(told)}",
            hint=f"{gone[0].reason[0].upper()}{gone[0].reason[1:]}.",
            command=f"backbone pin {pin.name} --verify",
        )


def _chosen(
    dataset: str, landed: Sequence[Delivery], ids: Sequence[str]
) -> tuple[Delivery, ...]:
    known = {one.id: one for one in landed}
    gone = [one for one in ids if one not in known]
    if gone:
        raise LakeError(
            f"landing.{dataset} does not hold {bounded(gone)}",
            command=f"backbone versions landing.{dataset}",
        )
    return tuple(known[one] for one in ids)


def _digest(delivery: Delivery) -> str:
    contents = [(obj.name, obj.sha256) for obj in delivery.objects]
    return delivery_digest(delivery.source, delivery.dataset, contents)
