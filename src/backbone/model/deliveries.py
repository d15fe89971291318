"""Deliveries: what one collection brought for one dataset, as the lake remembers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

__all__ = ["Delivers", "Delivery", "LandedObject", "Receipt", "Removal", "in_order"]

Delivers = Literal["increments", "snapshots", "changes"]


@dataclass(frozen=True)
class LandedObject:
    """Raw bytes in persistent landing.

    `name` is the object's name inside its delivery (an archive's member is
    ``archive.zip/member.csv``); `path` is relative to the landing folder; `size` in
    bytes; `origin` says where the bytes came from. `fields` are (name, value) pairs that
    a path or an address told of the object, by name: ``(("device", "L4"),)``.
    """

    name: str
    path: str
    size: int
    sha256: str
    media_type: str
    origin: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Receipt:
    """One time that a delivery was received (an instant in UTC).

    `state` is what the collector noted of the source at that time (of a file its size
    and time of change), so that the next collection can tell that nothing is new.
    """

    received: datetime
    origin: str
    state: str | None = None


@dataclass(frozen=True)
class Removal:
    """That raw bytes were removed on purpose: when (an instant in UTC), and why."""

    at: datetime
    reason: str

    @property
    def words(self) -> str:
        """What is said of it to people."""
        return f"its raw bytes were removed on {self.at:%Y-%m-%d} ({self.reason})"


@dataclass(frozen=True)
class Delivery:
    """One or more objects that belong together, named by their content.

    `id` is 16 hexadecimal digits, made from source, dataset, names and hashes; never
    from the clock. `cursor` is where the next incremental collection goes on.
    `problems` say what the source held and could not be delivered (a bad member of an
    archive), in words. `removed` tells that its bytes are gone and why; what it was is
    still known.
    """

    id: str
    source: str
    dataset: str
    objects: tuple[LandedObject, ...]
    receipts: tuple[Receipt, ...]
    cursor: str | None = None
    problems: tuple[str, ...] = ()
    removed: Removal | None = None

    @property
    def received(self) -> datetime:
        """When the delivery was received last."""
        if len(self.receipts) == 1:  # nearly always, and asked of thousands
            return self.receipts[0].received
        return max(receipt.received for receipt in self.receipts)

    @property
    def first_received(self) -> datetime:
        """When the delivery was received first."""
        return min(receipt.received for receipt in self.receipts)

    @property
    def size(self) -> int:
        """The bytes of all objects together."""
        return sum(obj.size for obj in self.objects)

    @property
    def name(self) -> str:
        """The name of the first object: how a person recognises the delivery."""
        return self.objects[0].name if self.objects else ""

    def with_receipt(self, receipt: Receipt) -> Delivery:
        """Return the delivery, received once more."""
        return replace(self, receipts=(*self.receipts, receipt))


def in_order(deliveries: Sequence[Delivery], order: str) -> tuple[Delivery, ...]:
    """Put deliveries, which come by receipt, in the order that a source declares.

    Those of one name stay in the order of their receipts. What a column tells of the
    order is known where the rows are.
    """
    by_name = order == "name"
    return tuple(sorted(deliveries, key=lambda one: one.name if by_name else ""))
