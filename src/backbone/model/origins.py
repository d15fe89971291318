"""Origins: where deliveries came from, and what became of those places since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Literal

from backbone.model.deliveries import Delivery, Receipt

__all__ = ["Became", "Origin", "OriginNote", "origins_of", "whereabouts"]

Became = Literal["renamed", "deleted", "returned", "told"]


@dataclass(frozen=True)
class OriginNote:
    """What a collection noticed of an origin that it had collected before.

    ``renamed`` to `to`, whose `state` it is if that is the same delivery; ``deleted``;
    ``returned`` as it was; ``told`` other `fields` by a path that is declared anew.
    """

    noted: datetime
    delivery: str
    origin: str
    became: Became
    to: str | None = None
    state: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Origin:
    """A place that a delivery came from, as a collection noticed it last.

    `delivery` is what was there, in the `state` that the collector noted. `became` is
    None while it is there, `since` the time of the receipt or note that says so. An
    origin whose newest content is another delivery was ``replaced``.
    """

    name: str
    delivery: str
    state: str | None
    since: datetime
    became: Literal["renamed", "deleted", "replaced"] | None = None
    to: str | None = None

    @property
    def is_gone(self) -> bool:
        """Whether nothing is there any more."""
        return self.became is not None


def whereabouts(
    deliveries: Iterable[Delivery], notes: Iterable[OriginNote]
) -> dict[str, Origin]:
    """Return every origin by name, with what was noticed of it last.

    Notes of one moment are taken together, before the receipts of that moment: files
    may have changed names among themselves, and new ones have come in their places.
    """
    events: list[_Event] = [
        _Event(receipt.received, 1, delivery.id, receipt)
        for delivery in deliveries
        for receipt in delivery.receipts
    ]
    events += (
        _Event(note.noted, 0, note.delivery, note)
        for note in notes
        if note.became != "told"
    )
    events.sort(key=attrgetter("at", "turn"))
    found: dict[str, Origin] = {}
    for _, group in groupby(events, key=attrgetter("at", "turn")):
        _apply(found, list(group))
    return found


def origins_of(
    deliveries: Iterable[Delivery], notes: Iterable[OriginNote]
) -> dict[str, list[Origin]]:
    """Return by id of the delivery where each came from or is, and what became of that.

    An origin is ``replaced`` for the deliveries that came from there before its last.
    """
    deliveries = tuple(deliveries)
    known = whereabouts(deliveries, notes)
    found: dict[str, dict[str, Origin]] = {delivery.id: {} for delivery in deliveries}
    for delivery in deliveries:
        for receipt in delivery.receipts:
            last = known[receipt.origin]
            gone = replace(last, delivery=delivery.id, became="replaced", to=None)
            is_last = last.delivery == delivery.id
            found[delivery.id][receipt.origin] = last if is_last else gone
    for origin in known.values():
        found.setdefault(origin.delivery, {})[origin.name] = origin
    return {name: list(origins.values()) for name, origins in found.items()}


@dataclass(frozen=True)
class _Event:
    at: datetime
    turn: int
    delivery: str
    what: Receipt | OriginNote


def _apply(found: dict[str, Origin], events: Sequence[_Event]) -> None:
    arrived: dict[str, Origin] = {}
    for event in events:
        what = event.what
        if isinstance(what, Receipt):
            arrived[what.origin] = Origin(
                what.origin, event.delivery, what.state, event.at
            )
            continue
        known = found.get(what.origin)
        base = known or Origin(what.origin, event.delivery, what.state, event.at)
        if what.became == "returned":
            arrived[what.origin] = replace(base, since=event.at, became=None, to=None)
            continue
        gone: Literal["renamed", "deleted"] = "renamed" if what.to else "deleted"
        found[what.origin] = replace(base, since=event.at, became=gone, to=what.to)
        if what.to is not None and what.state is not None:
            arrived[what.to] = Origin(what.to, event.delivery, what.state, event.at)
    found.update(arrived)
