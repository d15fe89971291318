"""Files as objects: one as it is, unpacked, or one for each member of an archive.

An archive in an archive is opened too, what is in that is not: two layers, of which a
packed tar is one. Members are read one after the other; sound ones are delivered, the
others are errors.
"""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from backbone.errors import BackboneError, DeliveryRefused
from backbone.lake.landing import Incoming
from backbone.lake.objectnames import object_name
from backbone.management.landing.archives.packings import (
    CHUNK_BYTES,
    Allowance,
    Packing,
    Read,
    Stream,
    expanded,
    packing,
    unpacked_name,
)
from backbone.management.landing.archives.tars import TarMember, members_of
from backbone.management.landing.archives.zips import (
    check_directory,
    is_link,
    member_name,
)
from backbone.management.landing.places.folders import Readable

__all__ = ["SourceFile", "media_type", "unpack"]

_LAYERS = 2
_MAX_PROBLEMS = 100
_ENCRYPTED = 0x1
_RESOURCE_FORKS = "__MACOSX/"
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)
_MEDIA_TYPES = MappingProxyType(
    {
        ".csv": "text/csv",
        ".json": "application/json",
        ".jsonl": "application/jsonl",
        ".ndjson": "application/jsonl",
        ".parquet": "application/vnd.apache.parquet",
        ".tsv": "text/tab-separated-values",
        ".txt": "text/plain",
        ".xml": "application/xml",
    }
)


@dataclass(frozen=True)
class SourceFile:
    """A file to deliver: its name as an object, what to call its place, its bytes.

    `path` is where it is if that is this machine; `fields` are what its path tells.
    """

    name: str
    origin: str
    size: int
    path: Path | None = None
    fields: tuple[tuple[str, str], ...] = ()


def media_type(name: str) -> str:
    """Return the media type that a file's name tells.

    >>> media_type("flights_01.CSV")
    'text/csv'
    """
    return _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def unpack(
    file: SourceFile, stream: Readable, incoming: Incoming
) -> tuple[BackboneError, ...]:
    """Add a file, or what is packed in it, to a delivery.

    Parameters
    ----------
    stream : the bytes of the file; read once, from the first to the last, unless the
        file is a zip archive of this machine, which is opened where it is

    Returns
    -------
    tuple of errors, one for each member of an archive that could not be delivered

    Raises
    ------
    DeliveryRefused : nothing of the file can be delivered
    OSError : the file cannot be read
    """
    work = _Unpacking(file, incoming, Allowance(file.size))
    chunk = min(CHUNK_BYTES, file.size + 1)
    shown = f"`{file.name}`"
    whole = _Part(file.name, file.origin, shown, Stream(stream.read, max(chunk, 1)))
    with work.explained(whole):
        work.put(whole, _LAYERS, file.path)
    return work.told()


@dataclass(frozen=True)
class _Part:
    """A file or a member: its name as an object, its origin, what it is called."""

    name: str
    origin: str
    shown: str
    stream: Stream


@dataclass
class _Unpacking:
    """One file while it is unpacked."""

    file: SourceFile
    incoming: Incoming
    allowance: Allowance
    problems: list[BackboneError] = field(default_factory=list)
    more_problems: int = 0

    def put(self, part: _Part, layers: int, path: Path | None = None) -> None:
        """Add a part: as it is, or what is in it."""
        kind = packing(part.name, part.stream.head()) if layers else None
        if kind is None:
            self._add(part)
        elif kind == "zip":
            self._unzip(part, layers - 1, path)
        elif kind == "tar":
            self._untar(part, layers - 1)
        else:
            self._expand(part, kind, layers - 1)

    def told(self) -> tuple[BackboneError, ...]:
        """Return the errors of members, bounded."""
        if self.more_problems:
            what = f"`{self.file.name}` has {self.more_problems:,} more such members"
            self.problems.append(DeliveryRefused(what, where=self.file.origin))
        return tuple(self.problems)

    @contextmanager
    def explained(self, part: _Part) -> Iterator[None]:
        """Say what was damaged, where a library says how."""
        try:
            yield
        except _DAMAGE as exc:
            if isinstance(exc, OSError) and exc.errno is not None:
                raise
            what = f"{part.shown} cannot be {_verb(part)}: {_words(exc)}"
            raise DeliveryRefused(what, where=self.file.origin, hint=_INCOMPLETE) from exc

    @contextmanager
    def _member(self, part: _Part) -> Iterator[None]:
        """Take note of what is wrong with a member; the others are not concerned."""
        left = self.allowance.left
        try:
            with self.explained(part):
                yield
        except DeliveryRefused as error:
            self.allowance.give_back(left)
            self._note(error)

    def _note(self, error: BackboneError) -> None:
        error.where = self.file.origin
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(error)
        else:
            self.more_problems += 1

    def _add(self, part: _Part) -> None:
        self.incoming.add(
            part.name,
            iter(lambda: part.stream.read(CHUNK_BYTES), b""),
            media_type=media_type(part.name),
            origin=part.origin,
            fields=dict(self.file.fields),
        )

    def _expand(self, part: _Part, kind: Packing, layers: int) -> None:
        read = self.allowance.metered(expanded(part.stream, kind), part.shown)
        name = unpacked_name(part.name)
        inner = _Part(name, part.origin, part.shown, Stream(read))
        if packing(name, inner.stream.head()) == "tar":
            self._untar(_Part(part.name, part.origin, part.shown, inner.stream), layers)
        else:
            self.put(inner, layers)

    def _untar(self, part: _Part, layers: int) -> None:
        members = members_of(part.stream.read)
        met = 0
        while True:
            try:
                with self.explained(part):
                    member = next(members, None)
            except DeliveryRefused as error:
                if not met:
                    raise
                error.what = f"the rest of {error.what}"
                self._note(error)
                return
            if member is None:
                break
            met += 1
            self._untar_member(part, member, layers)
        if not met:
            raise self._empty(part)

    def _untar_member(self, part: _Part, member: TarMember, layers: int) -> None:
        shown = _member_shown(part, member.name)
        read = self.allowance.metered(member.read, shown)
        inner = self._inner(part, member.name, read)
        with self._member(inner):
            if member.problem:
                what = f"{shown} {member.problem}"
                raise DeliveryRefused(what)
            self._put_member(part, member.name, inner, layers)

    def _unzip(self, part: _Part, layers: int, path: Path | None) -> None:
        if path is None:
            chunks = iter(lambda: part.stream.read(CHUNK_BYTES), b"")
            with self.incoming.spool(chunks) as spooled:
                self._unzip(part, layers, spooled)
            return
        check_directory(path, part.shown)
        with self._opened(part, path) as archive:
            members = [
                info
                for info in archive.infolist()
                if not info.is_dir() and not info.filename.startswith(_RESOURCE_FORKS)
            ]
            if not members:
                raise self._empty(part)
            for info in members:
                self._unzip_member(part, archive, info, layers)

    def _unzip_member(
        self, part: _Part, archive: zipfile.ZipFile, info: zipfile.ZipInfo, layers: int
    ) -> None:
        name = member_name(info)
        shown = _member_shown(part, name)
        with self._member(self._inner(part, name, lambda _size: b"")):
            if info.flag_bits & _ENCRYPTED:
                what = f"{shown} is encrypted"
                raise DeliveryRefused(what, hint="Deliver it without a password.")
            if is_link(info):
                what = f"{shown} is a link"
                raise DeliveryRefused(what)
            if info.file_size > self.allowance.left:
                raise self.allowance.exceeded(shown)
            with archive.open(info) as stream:
                read = self.allowance.metered(stream.read, shown)
                inner = self._inner(part, name, read, min(info.file_size, CHUNK_BYTES))
                self._put_member(part, name, inner, layers)

    def _inner(
        self, part: _Part, name: str, read: Read, chunk_bytes: int = CHUNK_BYTES
    ) -> _Part:
        return _Part(
            f"{part.name}/{name}",
            f"{part.origin}!{name}",
            _member_shown(part, name),
            Stream(read, chunk_bytes + 1),
        )

    def _put_member(self, part: _Part, name: str, inner: _Part, layers: int) -> None:
        """Add a member under the name that objects have; its own leads nowhere else."""
        known = object_name(name)
        origin = f"{part.origin}!{known}"
        self.put(_Part(f"{part.name}/{known}", origin, inner.shown, inner.stream), layers)

    def _opened(self, part: _Part, path: Path) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
            what = f"{part.shown} is no readable zip archive: {exc}"
            raise DeliveryRefused(what, where=self.file.origin, hint=_INCOMPLETE) from exc

    def _empty(self, part: _Part) -> DeliveryRefused:
        what = f"the archive {part.shown} holds no files"
        return DeliveryRefused(what, where=self.file.origin)


def _member_shown(part: _Part, name: str) -> str:
    return f"the member {name!a} of {part.shown}"


def _verb(part: _Part) -> str:
    return "read" if part.shown.startswith("the member") else "unpacked"


def _words(exc: BaseException) -> str:
    return str(exc) or type(exc).__name__


_INCOMPLETE = "It may be incomplete or damaged: deliver it again."
