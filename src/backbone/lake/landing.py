"""The landing zone at rest: raw bytes exactly as received, delivery by delivery.

::

    <root>/_incoming/<attempt>/…                            temporal: being received
    <root>/<source>/<dataset>/<received UTC>_<id8>/…        persistent: whole, unchanging
        _reference.json                                     what the delivery is
        _receipt_<received UTC>.json                        the same content once more
        _removed.json                                       a tombstone, no bytes
    <root>/<source>/<dataset>/_origins/<noted UTC>.json     what became of their origins

A delivery is complete on disk before its folder is renamed into place: a process that
dies at any moment leaves it whole or absent.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from backbone.errors import BytesRemoved, CorruptLake, LakeError
from backbone.lake.disk import sync, sync_folder, writing
from backbone.lake.incoming import (
    INCOMING,
    Attempt,
    Batch,
    Incoming,
    Received,
    Shelve,
    unwritable,
)
from backbone.lake.leases import GRACE_S, Leases
from backbone.lake.leftovers import Judge, Leftover
from backbone.lake.objectnames import REFERENCE
from backbone.lake.originnotes import NOTES, OriginNotes
from backbone.lake.references import (
    add_receipt,
    delivery_id,
    read_delivery,
    reference_bytes,
    stamp,
)
from backbone.lake.shelf import Shelf
from backbone.lake.sweeping import in_folder
from backbone.lake.tombstones import bury, raise_again, raw_files
from backbone.model.deliveries import Delivery, LandedObject, Receipt, Removal

__all__ = ["Attempt", "Batch", "Incoming", "Landing", "Received"]

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CHUNK_BYTES = 1 << 20
_DELIVERY = "delivery"


class Landing:
    """The landing folder of a lake; threads may share one.

    Parameters
    ----------
    root : the folder; it is made with the first delivery
    leases : the leases on the lake; by default beside the folder
    """

    def __init__(self, root: Path, leases: Leases | None = None) -> None:
        self.root = root
        self._leases = leases or Leases(root.with_name("leases"))
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._notes: dict[Path, OriginNotes] = {}
        self._lock = threading.Lock()

    def receive(self, source: str, dataset: str, *, received: datetime) -> Incoming:
        """Return a context manager that receives one delivery.

        Leaving it without `commit` removes what was received.

        Parameters
        ----------
        received : an instant with a time zone; the caller's clock, not ours

        Raises
        ------
        LakeError : a name that cannot be a folder, or a time without a zone
        """
        attempt, shelve = self._attempt(source, dataset, received)
        return Incoming(self.root, attempt / _DELIVERY, shelve)

    def batch(self, source: str, dataset: str, *, received: datetime) -> Batch:
        """Return a context manager that receives deliveries and shelves them together.

        The parameters and errors are those of `receive`.
        """
        return Batch(self.root, *self._attempt(source, dataset, received))

    def datasets(self) -> tuple[tuple[str, str], ...]:
        """Return (source, dataset) of everything that was ever received."""
        return tuple(
            (source.name, dataset.name)
            for source in _folders(self.root)
            for dataset in _folders(source)
        )

    def deliveries(self, source: str, dataset: str) -> tuple[Delivery, ...]:
        """Return the deliveries of a dataset by (last receipt, name, id).

        Raises
        ------
        CorruptLake : a reference cannot be read

        Notes
        -----
        One scan of the dataset's folder; a delivery is read the first time it is seen
        and when it has got another receipt.
        """
        landed = self._shelf(source, dataset).deliveries()
        told = self.notes(source, dataset).told()
        return tuple(_told(one, told) for one in landed) if told else landed

    def notes(self, source: str, dataset: str) -> OriginNotes:
        """Return the notes of what became of the places that deliveries came from."""
        folder = self._shelf(source, dataset).folder / NOTES
        with self._lock:
            return self._notes.setdefault(folder, OriginNotes(folder))

    def path(self, obj: LandedObject) -> Path:
        """Return where the bytes of an object are.

        Raises
        ------
        CorruptLake : its reference names a place outside the landing folder
        """
        path = self.root / obj.path
        if ".." in path.parts or not path.is_relative_to(self.root):
            what = f"`{obj.path}` is outside the landing folder"
            raise CorruptLake(what)
        return path

    def open(self, obj: LandedObject) -> BinaryIO:
        """Open the bytes of an object for reading."""
        try:
            return self.path(obj).open("rb")
        except OSError as exc:
            raise _missing(obj, exc) from exc

    def verify(self, delivery: Delivery) -> None:
        """Read every byte of a delivery again and compare it with its reference.

        Raises
        ------
        BytesRemoved : the bytes were removed on purpose
        CorruptLake : bytes are missing, or are not those that were received
        """
        if delivery.removed is not None:
            what = f"delivery {delivery.id}: {delivery.removed.words}"
            raise BytesRemoved(what, hint="Deliver it again, and it is kept again.")
        for obj in delivery.objects:
            found = self._hash(obj)
            if found != (obj.size, obj.sha256):
                what = (
                    f"`{obj.name}` is not what was received: {obj.size:,} bytes with "
                    f"sha256 {obj.sha256[:16]}… then, {found[0]:,} with "
                    f"{found[1][:16]}… now"
                )
                raise CorruptLake(
                    what,
                    where=str(self.path(obj)),
                    hint="Bring the file back from a copy of the lake or its source.",
                )
        contents = [(obj.name, obj.sha256) for obj in delivery.objects]
        if delivery_id(delivery.source, delivery.dataset, contents) != delivery.id:
            what = f"the reference of delivery {delivery.id} was changed"
            raise CorruptLake(what)

    def remove(self, delivery: Delivery, removal: Removal) -> int:
        """Remove the bytes of a delivery; a tombstone says when and why.

        Its reference and receipts stay, so it is known as before. Returns how many bytes
        were removed. The caller holds the dataset's lock.

        Raises
        ------
        LakeError : the disk did not take the tombstone, or did not let the bytes go
        """
        shelf = self._shelf(delivery.source, delivery.dataset)
        with shelf.lock, writing(shelf.folder):
            freed = 0
            for name in shelf.folders(delivery.id):
                freed += bury(shelf.folder / name, delivery, removal)
                shelf.put(name, read_delivery(shelf.folder / name))
            return freed

    def folder(self, delivery: Delivery) -> Path | None:
        """Return the folder of a delivery; None where there is none any more."""
        shelf = self._shelf(delivery.source, delivery.dataset)
        found = shelf.find(delivery.id)
        return found[0] if found else None

    def remains(self, delivery: Delivery) -> int:
        """Return how many bytes lie there yet of a delivery, removed or not."""
        shelf = self._shelf(delivery.source, delivery.dataset)
        folders = [shelf.folder / name for name in shelf.folders(delivery.id)]
        return sum(path.stat().st_size for one in folders for path in raw_files(one))

    def sweep(self, *, older_than_s: float = GRACE_S) -> int:
        """Remove what dead processes left in temporal landing; return how many attempts.

        Those of another machine are dead after `older_than_s` without a sign of life.
        """
        found = self.leftovers(older_than_s=older_than_s)
        return sum(1 for one in found if not one.removed().kept)

    def leftovers(self, *, older_than_s: float) -> Iterator[Leftover]:
        """Find what is in temporal landing; what is being received says so."""
        judge = Judge(self._leases, older_than_s=older_than_s, settled_s=0)
        return in_folder(self.root / INCOMING, "delivery", judge)

    def _attempt(
        self, source: str, dataset: str, received: datetime
    ) -> tuple[Path, Shelve]:
        """Return a new folder of temporal landing, and what shelves what is in it."""
        if received.tzinfo is None:
            what = "the time of a receipt needs a time zone"
            raise LakeError(what)
        shelf, label = self._shelf(source, dataset), self._leases.claim()

        def shelve(attempts: Sequence[Attempt]) -> list[Received]:
            self._leases.assure(label)
            try:
                with shelf.lock:
                    return _shelve_all(shelf, attempts, received)
            except OSError as exc:
                raise unwritable(str(self.root), exc) from exc

        return self.root / INCOMING / label, shelve

    def _shelf(self, source: str, dataset: str) -> Shelf:
        for name in (source, dataset):
            if not _SEGMENT.fullmatch(name):
                what = f"`{name}` cannot name a folder of the lake"
                raise LakeError(
                    what,
                    hint="Letters, digits, `_` and `-`; a letter or digit first.",
                )
        with self._lock:
            key = (source, dataset)
            if key not in self._shelves:
                self._shelves[key] = Shelf(self.root, source, dataset)
            return self._shelves[key]

    def _hash(self, obj: LandedObject) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        with self.open(obj) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
        return size, digest.hexdigest()


def _shelve_all(
    shelf: Shelf, attempts: Sequence[Attempt], received: datetime
) -> list[Received]:
    """Shelve attempts; those that are new deliveries are made durable together."""
    if len(attempts) == 1:
        return [_shelve(shelf, attempts[0], received)]
    fresh: dict[Path, tuple[Attempt, Delivery]] = {}
    names: set[str] = set()
    for attempt in attempts:
        name = _name(shelf, attempt)
        if name in names or shelf.find(name) is not None:
            continue
        names.add(name)
        folder = _free_folder(shelf.folder, received, name)
        if folder in fresh:
            folder = folder.with_name(f"{stamp(received)}_{name}")
        receipt = Receipt(received, attempt.origin, attempt.state)
        fresh[folder] = attempt, _landed(shelf, folder, name, attempt, receipt)
    _move_all(shelf, fresh)
    landed = {attempt.folder: delivery for attempt, delivery in fresh.values()}
    return [
        Received(landed[attempt.folder], "new")
        if attempt.folder in landed
        else _shelve(shelf, attempt, received)
        for attempt in attempts
    ]


def _shelve(shelf: Shelf, attempt: Attempt, received: datetime) -> Received:
    receipt = Receipt(received, attempt.origin, attempt.state)
    name = _name(shelf, attempt)
    known = shelf.find(name)
    if known is not None and known[1].removed is not None:
        return _bring_back(shelf, *known, attempt, receipt)
    if known is not None:
        return _receive_again(shelf, *known, receipt)
    folder = _free_folder(shelf.folder, received, name)
    delivery = _landed(shelf, folder, name, attempt, receipt)
    _move_all(shelf, {folder: (attempt, delivery)})
    return Received(delivery, "new")


def _name(shelf: Shelf, attempt: Attempt) -> str:
    contents = [(obj.name, obj.sha256) for obj, _ in attempt.files]
    return delivery_id(shelf.source, shelf.dataset, contents)


def _landed(
    shelf: Shelf, folder: Path, name: str, attempt: Attempt, receipt: Receipt
) -> Delivery:
    """Return what an attempt is once it stands in `folder`."""
    return Delivery(
        id=name,
        source=shelf.source,
        dataset=shelf.dataset,
        objects=tuple(_moved(shelf.root, folder, obj, at) for obj, at in attempt.files),
        receipts=(receipt,),
        cursor=attempt.cursor,
        problems=attempt.problems,
    )


def _receive_again(
    shelf: Shelf, folder: Path, delivery: Delivery, receipt: Receipt
) -> Received:
    if shelf.newest() == delivery and _says_nothing_new(delivery, receipt):
        return Received(delivery, "unchanged")
    add_receipt(folder, receipt)
    delivery = delivery.with_receipt(receipt)
    shelf.put(folder.name, delivery)
    return Received(delivery, "again")


def _bring_back(
    shelf: Shelf, folder: Path, delivery: Delivery, attempt: Attempt, receipt: Receipt
) -> Received:
    """Keep the bytes of a delivery again, of which they had been removed.

    They are on the disk before the tombstone goes; the receipt comes last, so that what
    is interrupted is delivered once more.
    """
    places = {obj.name: shelf.root / obj.path for obj in delivery.objects}
    sync([attempt.folder / at for _, at in attempt.files])
    for obj, at in attempt.files:
        _make_folder(places[obj.name].parent)
        (attempt.folder / at).replace(places[obj.name])
    for inner in {place.parent for place in places.values()}:
        sync_folder(inner)
    raise_again(folder)
    add_receipt(folder, receipt)
    delivery = replace(delivery, removed=None).with_receipt(receipt)
    shelf.put(folder.name, delivery)
    return Received(delivery, "again")


def _says_nothing_new(delivery: Delivery, receipt: Receipt) -> bool:
    """Tell whether a receipt of the newest delivery would add nothing."""
    if receipt.state is None:
        return True
    same = [r for r in delivery.receipts if r.origin == receipt.origin]
    return bool(same) and same[-1].state == receipt.state


def _move_all(shelf: Shelf, fresh: Mapping[Path, tuple[Attempt, Delivery]]) -> None:
    """Make attempts durable together, then make each a delivery by one rename."""
    if not fresh:
        return
    files: list[Path] = []
    folders: list[Path] = []
    for attempt, delivery in fresh.values():
        reference = attempt.folder / REFERENCE
        reference.write_bytes(reference_bytes(delivery))
        paths = [attempt.folder / at for _, at in attempt.files]
        files += [reference, *paths]
        folders += {parent for at in paths for parent in _parents(at, attempt.folder)}
    sync(files, folders)
    _make_folder(shelf.folder)
    for folder, (attempt, _) in fresh.items():
        attempt.folder.rename(folder)
    sync_folder(shelf.folder)
    for folder, (_, delivery) in fresh.items():
        shelf.put(folder.name, delivery)


def _parents(path: Path, top: Path) -> Iterator[Path]:
    for parent in path.parents:
        if parent == top:
            return
        yield parent


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they outlive a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def _free_folder(shelf: Path, received: datetime, name: str) -> Path:
    short = shelf / f"{stamp(received)}_{name[:8]}"
    return shelf / f"{stamp(received)}_{name}" if short.exists() else short


def _told(
    delivery: Delivery, told: Mapping[str, tuple[tuple[str, str], ...]]
) -> Delivery:
    """Return a delivery with the fields that were told of it last."""
    fields = told.get(delivery.id)
    if fields is None:
        return delivery
    objects = (replace(obj, fields=fields) for obj in delivery.objects)
    return replace(delivery, objects=tuple(objects))


def _moved(root: Path, folder: Path, obj: LandedObject, at: str) -> LandedObject:
    path = (folder / at).relative_to(root).as_posix()
    return replace(obj, path=path)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as found:
        names = [e.name for e in found if e.is_dir() and _SEGMENT.fullmatch(e.name)]
    return [folder / name for name in sorted(names)]


def _missing(obj: LandedObject, exc: OSError) -> CorruptLake:
    return CorruptLake(
        f"the bytes of `{obj.name}` cannot be read: {exc.strerror or exc}",
        where=obj.path,
        hint="Bring the file back from a copy of the lake or from its source.",
    )
