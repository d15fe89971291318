"""Files as objects: one as it is, unpacked from gzip, or one for each member of a zip."""

from __future__ import annotations

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from backbone.errors import BackboneError, DeliveryRefused
from backbone.lake.landing import Incoming
from backbone.lake.objectnames import object_name

__all__ = ["SourceFile", "media_type", "unpack", "unpacked_name"]

_CHUNK_BYTES = 1 << 20
_MAX_RATIO = 200
_ALWAYS_ALLOWED_BYTES = 1 << 30
_ENCRYPTED = 0x1
_RESOURCE_FORKS = "__MACOSX/"
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xml": "application/xml",
}


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class SourceFile:
    """A file to deliver: its name as an object, where it is, what to call that place.

    `fields` are what a path or an address told of it; what is packed in it has them too.
    """

    name: str
    path: Path
    origin: str
    fields: Mapping[str, str] = field(default_factory=dict)


def media_type(name: str) -> str:
    """Return the media type that a file's name tells.

    >>> media_type("flights_01.CSV")
    'text/csv'
    """
    return _MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def unpacked_name(name: str) -> str:
    """Return the name that a file has once it is unpacked.

    >>> unpacked_name("flights.csv.gz"), unpacked_name("flights.csv")
    ('flights.csv', 'flights.csv')
    """
    return name[:-3] if name.lower().endswith(".gz") and len(name) > len(".gz") else name


def unpack(file: SourceFile, incoming: Incoming) -> tuple[BackboneError, ...]:
    """Add a file, or what is packed in it, to a delivery.

    Returns
    -------
    tuple of errors, one for each member of an archive that could not be delivered

    Raises
    ------
    DeliveryRefused : nothing of the file can be delivered
    OSError : the file cannot be read
    """
    suffix = file.path.suffix.lower()
    if suffix == ".zip":
        return _unzip(file, incoming)
    if suffix == ".gz":
        _gunzip(file, incoming)
    else:
        kind = media_type(file.name)
        incoming.add(
            file.name,
            file.path,
            media_type=kind,
            origin=file.origin,
            fields=file.fields,
        )
    return ()


def _gunzip(file: SourceFile, incoming: Incoming) -> None:
    name = unpacked_name(file.name)
    allowed = _allowance(file.path)
    try:
        with gzip.open(file.path) as stream:
            chunks = _metered(stream, allowed, file.name)
            incoming.add(
                name,
                chunks,
                media_type=media_type(name),
                origin=file.origin,
                fields=file.fields,
            )
    except (gzip.BadGzipFile, zlib.error, EOFError) as exc:
        what = f"`{file.name}` cannot be unpacked: {exc}"
        raise DeliveryRefused(what, where=file.origin, hint=_INCOMPLETE) from exc


def _unzip(file: SourceFile, incoming: Incoming) -> tuple[BackboneError, ...]:
    problems: list[BackboneError] = []
    allowed = _allowance(file.path)
    with _opened(file) as archive:
        members = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith(_RESOURCE_FORKS)
        ]
        if not members:
            what = f"the archive `{file.name}` holds no files"
            raise DeliveryRefused(what, where=file.origin)
        for info in members:
            try:
                allowed -= _add_member(file, archive, info, incoming, allowed)
            except DeliveryRefused as error:
                error.where = file.origin
                problems.append(error)
    return tuple(problems)


def _opened(file: SourceFile) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file.path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
        what = f"`{file.name}` is no readable zip archive: {exc}"
        raise DeliveryRefused(what, where=file.origin, hint=_INCOMPLETE) from exc


def _add_member(
    file: SourceFile,
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    incoming: Incoming,
    allowed: int,
) -> int:
    """Add a member and return its bytes."""
    shown = f"the member {info.filename!a} of `{file.name}`"
    member = object_name(info.filename)
    if info.flag_bits & _ENCRYPTED:
        what = f"{shown} is encrypted"
        raise DeliveryRefused(what, hint="Deliver it without a password.")
    if info.file_size > allowed:
        raise _bomb(shown, allowed)
    try:
        with archive.open(info) as stream:
            obj = incoming.add(
                f"{file.name}/{member}",
                _metered(stream, allowed, shown),
                media_type=media_type(member),
                origin=f"{file.origin}!{member}",
                fields=file.fields,
            )
    except _UNREADABLE as exc:
        what = f"{shown} cannot be read: {exc}"
        raise DeliveryRefused(what, hint=_INCOMPLETE) from exc
    return obj.size


def _allowance(path: Path) -> int:
    """Return how many bytes a packed file may unpack to."""
    return max(_ALWAYS_ALLOWED_BYTES, _MAX_RATIO * path.stat().st_size)


def _metered(stream: _Readable, allowed: int, shown: str) -> Iterator[bytes]:
    size = 0
    while chunk := stream.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > allowed:
            raise _bomb(shown, allowed)
        yield chunk


def _bomb(shown: str, allowed: int) -> DeliveryRefused:
    return DeliveryRefused(
        f"{shown} unpacks to more than {allowed:,} bytes",
        hint=f"A packed file may grow {_MAX_RATIO}-fold; deliver a larger one unpacked.",
    )


_INCOMPLETE = "It may be incomplete or damaged: deliver it again."
