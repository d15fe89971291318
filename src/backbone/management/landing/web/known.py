"""What the lake remembers of an address: its state, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx2

from backbone.lake.incoming import Incoming
from backbone.lake.references import delivery_id
from backbone.management.landing.protocol import Tally
from backbone.model.deliveries import Delivery

__all__ = ["Known", "Memory", "conditions", "land", "state_of"]

_SETTLED = timedelta(seconds=60)

_Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Known:
    """The last receipt from an address: its state, the delivery, what was wrong."""

    state: str | None
    delivery: str
    problems: tuple[str, ...]

    def told(self) -> dict[str, str]:
        """Return the state as it was noted, by name."""
        try:
            found = json.loads(self.state or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Memory:
    """What the lake remembers of the addresses of one dataset.

    Parameters
    ----------
    seen : the deliveries of the dataset so far, oldest first

    Notes
    -----
    One pass over the receipts; an address is compared as it is shown, without secrets.
    """

    def __init__(self, seen: Sequence[Delivery]) -> None:
        self._known: dict[tuple[str, _Fields], Known] = {}
        self._cursors: dict[_Fields, str] = {}
        self._landed = {_fields(delivery) for delivery in seen}
        for delivery in seen:
            if delivery.cursor is not None:
                self._cursors[_fields(delivery)] = delivery.cursor
        receipts = ((r, delivery) for delivery in seen for r in delivery.receipts)
        for receipt, delivery in sorted(receipts, key=lambda pair: pair[0].received):
            self._known[receipt.origin, _fields(delivery)] = Known(
                receipt.state, delivery.id, delivery.problems
            )

    @classmethod
    def of(cls, tally: Tally) -> Memory:
        """Return what is remembered of the dataset of a tally."""
        return cls(tally.context.seen.get(tally.dataset, ()))

    def has(self, fields: Mapping[str, str]) -> bool:
        """Tell whether anything with these fields has landed."""
        return tuple(sorted(fields.items())) in self._landed

    def known(self, origin: str, fields: Mapping[str, str]) -> Known | None:
        """Return what is remembered of the address `origin` with these fields."""
        return self._known.get((origin, tuple(sorted(fields.items()))))

    def cursor(self, fields: Mapping[str, str]) -> str | None:
        """Return the cursor of the newest delivery with these fields that has one."""
        return self._cursors.get(tuple(sorted(fields.items())))


def conditions(known: Known | None) -> dict[str, str]:
    """Return the headers that ask for an answer only if there is something new."""
    told = known.told() if known else {}
    names = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
    return {header: told[name] for name, header in names.items() if name in told}


def state_of(
    response: httpx2.Response, more: Mapping[str, str] | None = None
) -> str | None:
    """Return what an answer says of its own state, and `more`, as a receipt holds it.

    A time of change that is the time of the answer says nothing: it is always new.
    """
    told = dict(more or {})
    tag = response.headers.get("etag", "").strip()
    modified = response.headers.get("last-modified", "").strip()
    if tag:
        told["etag"] = tag
    if modified and not _is_just_now(modified, response.headers.get("date", "")):
        told["modified"] = modified
    return json.dumps(told, sort_keys=True) if told else None


def land(
    incoming: Incoming,
    tally: Tally,
    known: Known | None,
    *,
    origin: str,
    state: str | None = None,
    cursor: str | None = None,
    problems: tuple[str, ...] = (),
) -> None:
    """Commit a delivery, unless it is what the address gave last time."""
    contents = [(obj.name, obj.sha256) for obj in incoming.objects]
    name = delivery_id(tally.context.source, tally.dataset, contents)
    if known is not None and (known.delivery, known.state) == (name, state):
        tally.unchanged += 1
        return
    received = incoming.commit(cursor, origin=origin, state=state, problems=problems)
    tally.landed(received)


def _fields(delivery: Delivery) -> _Fields:
    return delivery.objects[0].fields if delivery.objects else ()


def _is_just_now(modified: str, date: str) -> bool:
    try:
        return parsedate_to_datetime(date) - parsedate_to_datetime(modified) < _SETTLED
    except (TypeError, ValueError):
        return False
