"""What is known of the deliveries of one dataset, read once and kept while it holds."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from backbone.errors import LakeError
from backbone.lake.references import read_delivery
from backbone.lake.shelfindex import is_due, read_index, uncollected, write_index
from backbone.model.deliveries import Delivery

__all__ = ["Shelf"]

_FOLDER = re.compile(r"\d{8}T\d{12}Z_[0-9a-f]{8,16}")
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class _Entry:
    """A delivery's folder as it was read.

    A folder that changed just before it was read may change again under the same time
    stamp; until it has settled it is read anew.
    """

    delivery: Delivery
    changed_ns: int
    settled: bool


@dataclass
class Shelf:
    """The deliveries of one dataset; one process's view of one folder of landing.

    References never change and receipts are only added, so a folder that has not
    changed is not read again.
    """

    root: Path
    source: str
    dataset: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _ordered: tuple[Delivery, ...] | None = None
    _newest: Delivery | None = None
    _changed_ns: int = -1

    @property
    def folder(self) -> Path:
        """Where the folders of the deliveries stand."""
        return self.root / self.source / self.dataset

    def deliveries(self) -> tuple[Delivery, ...]:
        """Return every delivery by (last receipt, name, id), looking at every folder."""
        with self.lock, uncollected():
            self._look()
            if self._ordered is None:
                merged = self._merged()
                self._ordered = tuple(sorted(merged.values(), key=_order))
            return self._ordered

    def find(self, delivery_id: str) -> tuple[Path, Delivery] | None:
        """Return the folder and the delivery called `delivery_id`, if it is there."""
        with self.lock:
            self._look_if_changed()
            names = self._names.get(delivery_id)
            if names is None:
                return None
            return self.folder / names[0], self._entries[names[0]].delivery

    def folders(self, delivery_id: str) -> tuple[str, ...]:
        """Return the names of the folders of a delivery: one, hardly ever two."""
        with self.lock:
            self._look_if_changed()
            return self._names.get(delivery_id, ())

    def newest(self) -> Delivery | None:
        """Return the delivery that was received last."""
        with self.lock:
            self._look_if_changed()
            if self._newest is None:
                known = (entry.delivery for entry in self._entries.values())
                self._newest = max(known, key=_order, default=None)
            return self._newest

    def put(self, name: str, delivery: Delivery) -> None:
        """Take note of a delivery that this process has just shelved or received."""
        with self.lock:
            changed_ns = (self.folder / name).stat().st_mtime_ns
            self._entries[name] = _Entry(delivery, changed_ns, settled=False)
            self._name(name, delivery.id)
            self._ordered = None
            if self._newest is not None:
                self._newest = max(self._newest, delivery, key=_order)
            self._changed_ns = self.folder.stat().st_mtime_ns

    def _look_if_changed(self) -> None:
        try:
            changed_ns = self.folder.stat().st_mtime_ns
        except OSError:
            changed_ns = -1
        if changed_ns != self._changed_ns:
            self._look()

    def _look(self) -> None:
        try:
            changed_ns = self.folder.stat().st_mtime_ns
            with os.scandir(self.folder) as found:
                folders = {
                    entry.name: entry.stat().st_mtime_ns
                    for entry in found
                    if _FOLDER.fullmatch(entry.name)
                }
        except FileNotFoundError:
            changed_ns, folders = -1, {}
        except OSError as error:
            raise LakeError(
                f"the lake cannot be read: {error.strerror or error}",
                where=str(self.folder),
            ) from error
        now_ns = time.time_ns()
        if not self._entries and folders:
            self._take_index(folders)
        for name in self._entries.keys() - folders.keys():
            del self._entries[name]
            self._ordered = self._newest = None
        read = [
            self._read(name, at_ns, now_ns)
            for name, at_ns in folders.items()
            if not self._holds(name, at_ns)
        ]
        self._names = {}
        for name, entry in self._entries.items():
            self._name(name, entry.delivery.id)
        self._changed_ns = changed_ns
        if is_due(len(folders), sum(read)):
            self._write_index()

    def _name(self, name: str, delivery_id: str) -> None:
        """Take note of the folder of a delivery; the first in order comes first."""
        names = self._names.setdefault(delivery_id, (name,))
        if name not in names:
            self._names[delivery_id] = tuple(sorted((*names, name)))

    @property
    def _index(self) -> Path:
        return self.root / "_index" / self.source / f"{self.dataset}.json"

    def _take_index(self, folders: Mapping[str, int]) -> None:
        """Take from the index what still holds; it is looked at once."""
        known = read_index(self._index, self.source, self.dataset)
        for name, (changed_ns, delivery) in known.items():
            if folders.get(name) == changed_ns:
                self._entries[name] = _Entry(delivery, changed_ns, settled=True)

    def _write_index(self) -> None:
        known = {
            name: (entry.changed_ns, entry.delivery)
            for name, entry in self._entries.items()
            if entry.settled
        }
        write_index(self._index, known)

    def _holds(self, name: str, changed_ns: int) -> bool:
        """Tell whether a delivery is known as it is."""
        known = self._entries.get(name)
        return known is not None and known.settled and known.changed_ns == changed_ns

    def _read(self, name: str, changed_ns: int, now_ns: int) -> bool:
        """Read a delivery; tell whether it will not change any more."""
        known = self._entries.get(name)
        delivery = read_delivery(self.folder / name)
        settled = now_ns - changed_ns > _SETTLED_NS
        self._entries[name] = _Entry(delivery, changed_ns, settled)
        if known is None or known.delivery != delivery:
            self._ordered = self._newest = None
        return settled

    def _merged(self) -> dict[str, Delivery]:
        """Return one delivery per id, should two processes have shelved the same one."""
        merged: dict[str, Delivery] = {}
        for key, (name, *others) in self._names.items():
            delivery = self._entries[name].delivery
            for other in others:
                more = self._entries[other].delivery.receipts
                delivery = replace(delivery, receipts=(*delivery.receipts, *more))
            merged[key] = delivery
        return merged


def _order(delivery: Delivery) -> tuple[datetime, str, str]:
    return delivery.received, delivery.name, delivery.id
