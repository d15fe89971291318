"""Temporal landing: bytes of one delivery while they are being received."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Literal, Self

from backbone.errors import DeliveryRefused, LakeError
from backbone.lake.objectnames import disk_name, made_name, object_name
from backbone.model.deliveries import Delivery, LandedObject

__all__ = [
    "INCOMING",
    "Attempt",
    "Batch",
    "Content",
    "Incoming",
    "Received",
    "Shelve",
    "Writer",
    "unwritable",
]

INCOMING = "_incoming"

_SCRATCH = "scratch"
_SPOOL = "spool"
_CHUNK_BYTES = 1 << 20

Content = Iterable[bytes] | BinaryIO | Path


@dataclass(frozen=True)
class Received:
    """What became of a delivery.

    `status` is ``new``; ``again`` when the same content came before and got one more
    receipt; ``unchanged`` when it is the newest delivery already and nothing was written.
    """

    delivery: Delivery
    status: Literal["new", "again", "unchanged"]


@dataclass(frozen=True)
class Attempt:
    """What an attempt to receive hands over when it is complete.

    `files` are the objects' paths inside `folder`; `origin`, `state`, `cursor` and
    `problems` are those of the delivery and its receipt.
    """

    folder: Path
    files: Sequence[tuple[LandedObject, str]]
    origin: str
    state: str | None
    cursor: str | None
    problems: tuple[str, ...]


Shelve = Callable[[Sequence[Attempt]], list[Received]]


class Writer:
    """A file of temporal landing: what is written is hashed on its way to the disk."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.closed = False
        self._hash = hashlib.sha256()
        self._stream = path.open("xb")

    def write(self, data: bytes | memoryview) -> int:
        """Append `data`.

        Raises
        ------
        LakeError : the disk did not take it
        """
        self._hash.update(data)
        try:
            written = self._stream.write(data)
        except OSError as exc:
            raise unwritable(self._stream.name, exc) from exc
        self.size += written
        return written

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def flush(self) -> None:
        """Hand what was written to the system."""
        try:
            self._stream.flush()
        except OSError as exc:
            raise unwritable(self._stream.name, exc) from exc

    def close(self) -> None:
        """Finish the file."""
        if not self.closed:
            self.closed = True
            try:
                self._stream.close()
            except OSError as exc:
                raise unwritable(self._stream.name, exc) from exc

    @property
    def sha256(self) -> str:
        """The hash of what was written, in hexadecimal digits."""
        return self._hash.hexdigest()


class Incoming:
    """A delivery that is being received; it lands with `commit`, or leaves no trace.

    Parameters
    ----------
    landing : the landing folder
    folder : a new one of temporal landing, inside that of an attempt
    shelve : moves complete attempts to persistent landing
    alone : nothing else is in the attempt's folder, which goes with this delivery
    """

    def __init__(
        self, landing: Path, folder: Path, shelve: Shelve, *, alone: bool = True
    ) -> None:
        self._landing = landing
        self._folder = folder
        self._shelve = shelve
        self._alone = alone
        self._handed_over = False
        self._files: dict[str, tuple[LandedObject, str]] = {}
        self._spools = itertools.count()
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done = True
        if not self._handed_over:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._alone:
            shutil.rmtree(self._folder.parent, ignore_errors=True)

    def scratch(self) -> Path:
        """Return a folder for files that are no objects; it goes with the attempt.

        Raises
        ------
        LakeError : the disk did not take it
        """
        folder = self._folder.with_name(f"{self._folder.name}-{_SCRATCH}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise unwritable(str(folder), exc) from exc
        return folder

    @property
    def objects(self) -> tuple[LandedObject, ...]:
        """The objects so far, where they are now."""
        return tuple(obj for obj, _ in self._files.values())

    def add(
        self,
        name: str,
        content: Content,
        *,
        media_type: str,
        origin: str,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> LandedObject:
        """Receive an object: chunks of bytes, an open binary file, or a file's path.

        Parameters
        ----------
        name : its name in the delivery
        content : its bytes
        media_type, origin : what it is, and where it came from
        fields : what a path or an address told of it

        Raises
        ------
        DeliveryRefused : the name leaves the delivery's folder, or came before
        LakeError : the disk did not take it

        Notes
        -----
        At most 1 MiB of a file is in memory. What raises while `content` is read passes
        through, and the object is dropped; those before it stay.
        """
        written = self.writing(name, media_type=media_type, origin=origin, fields=fields)
        with written as writer:
            for chunk in _chunks(content):
                writer.write(chunk)
        return self._files[object_name(name)][0]

    @contextmanager
    def writing(
        self,
        name: str,
        *,
        media_type: str,
        origin: str,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[Writer]:
        """Receive an object from something that writes to a file.

        Raises
        ------
        DeliveryRefused : the name leaves the delivery's folder, or came before
        LakeError : the disk did not take it
        """
        known = object_name(name)
        if self._done:
            what = f"`{known}` comes too late: its delivery is closed"
            raise LakeError(what)
        if known in self._files:
            what = f"two objects of one delivery are called `{known}`"
            raise DeliveryRefused(
                what,
                hint="The first one is kept; names in a delivery differ.",
            )
        writer, on_disk = self._create(known)
        path = self._folder / on_disk
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.close()
            path.unlink(missing_ok=True)
            raise
        here = path.relative_to(self._landing).as_posix()
        obj = LandedObject(
            known, here, writer.size, writer.sha256, media_type, origin,
            tuple(sorted(fields.items())),
        )  # fmt: skip
        self._files[known] = (obj, on_disk)

    @contextmanager
    def spool(self, chunks: Iterable[bytes]) -> Iterator[Path]:
        """Keep bytes in a file while they are needed to receive; they are no object.

        Raises
        ------
        LakeError : the disk did not take them
        """
        name = f"{self._folder.name}-{_SPOOL}-{next(self._spools)}"
        path = self._folder.with_name(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = Writer(path)
        except OSError as exc:
            raise unwritable(str(path), exc) from exc
        try:
            for chunk in chunks:
                writer.write(chunk)
            writer.close()
            yield path
        finally:
            writer.close()
            path.unlink(missing_ok=True)

    def commit(
        self,
        cursor: str | None = None,
        *,
        origin: str | None = None,
        state: str | None = None,
        problems: tuple[str, ...] = (),
    ) -> Received:
        """Move the delivery to persistent landing, whole, and return what became of it.

        Parameters
        ----------
        cursor : where the next incremental collection goes on
        origin : where the delivery came from; default: that of its first object
        state : what the collector notes of the source, see `Receipt`
        problems : what could not be delivered, in words

        Raises
        ------
        LakeError : nothing was added, or the disk did not take it
        CommitConflict : this process was taken for dead, and what it received removed
        """
        attempt = self.finish(cursor, origin=origin, state=state, problems=problems)
        return self._shelve([attempt])[0]

    def finish(
        self,
        cursor: str | None = None,
        *,
        origin: str | None = None,
        state: str | None = None,
        problems: tuple[str, ...] = (),
    ) -> Attempt:
        """Close the delivery and hand it over, to be shelved with others of its batch.

        The parameters are those of `commit`.

        Raises
        ------
        LakeError : nothing was added
        """
        if self._done or not self._files:
            why = "it is closed" if self._done else "it holds no object"
            what = f"a delivery cannot be committed: {why}"
            raise LakeError(what)
        self._done = self._handed_over = True
        files = tuple(self._files.values())
        origin = files[0][0].origin if origin is None else origin
        return Attempt(self._folder, files, origin, state, cursor, problems)

    def _create(self, name: str) -> tuple[Writer, str]:
        """Open the file of an object, under its own name if the file system takes it."""
        try:
            for on_disk in (disk_name(name), made_name(name)):
                path = self._folder / on_disk
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    return Writer(path), on_disk
                except (FileExistsError, NotADirectoryError, IsADirectoryError):
                    continue  # differs from another name only in case, or is its folder
        except OSError as exc:
            raise unwritable(str(self._folder), exc) from exc
        what = f"`{name}` cannot be written below {self._folder}"
        raise LakeError(what)


class Batch:
    """Deliveries of one dataset that are shelved together: one flush for all of them.

    Threads may receive into one batch. What was not shelved leaves no trace.

    Parameters
    ----------
    landing : the landing folder
    attempt : a new folder of temporal landing
    shelve : moves complete attempts to persistent landing
    """

    def __init__(self, landing: Path, attempt: Path, shelve: Shelve) -> None:
        self._landing = landing
        self._attempt = attempt
        self._shelve = shelve
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._attempt, ignore_errors=True)

    def receive(self) -> Incoming:
        """Return a context manager that receives one delivery, up to its `finish`."""
        folder = self._attempt / str(next(self._numbers))
        return Incoming(self._landing, folder, self._shelve, alone=False)

    def shelve(self, attempts: Sequence[Attempt]) -> list[Received]:
        """Move finished deliveries to persistent landing, each whole, in their order.

        Raises
        ------
        LakeError : the disk did not take them; those that did land are whole
        CommitConflict : this process was taken for dead, and what it received removed
        """
        return self._shelve(attempts)


def _chunks(content: Content) -> Iterator[bytes]:
    if isinstance(content, Path):
        with content.open("rb") as stream:
            yield from iter(lambda: stream.read(_CHUNK_BYTES), b"")
    elif hasattr(content, "read"):
        yield from iter(lambda: content.read(_CHUNK_BYTES), b"")
    else:
        yield from content


def unwritable(where: str, exc: OSError) -> LakeError:
    """Return the error for what the disk did not take."""
    return LakeError(
        f"the lake could not be written: {exc.strerror or exc}",
        where=where,
        hint="Free some space or check who may write there, then collect again: nothing "
        "of this delivery was kept, and nothing is lost.",
    )
