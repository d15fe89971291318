"""The members of a tar archive, one after the other, as its bytes come.

Python's reader takes a damaged header, or an end without the mark of one, for the end of
the archive. Here both are errors, and so is a header that would fill the memory.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Self, cast

__all__ = ["TarMember", "members_of"]

_CHUNK_BYTES = 1 << 20
_MAX_MEMBERS = 500_000
_MAX_HEADER_BYTES = 1 << 20
_LONG_HEADERS = frozenset(
    {
        tarfile.GNUTYPE_LONGLINK,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.XHDTYPE,
    }
)


@dataclass(frozen=True)
class TarMember:
    """A member; `read` gives its bytes until the next one is asked for.

    `problem` says in words why it has none.
    """

    name: str
    read: Callable[[int], bytes]
    problem: str | None = None


def members_of(read: Callable[[int], bytes]) -> Iterator[TarMember]:
    """Read a tar archive; folders are left out.

    Raises
    ------
    tarfile.TarError : what follows the last member cannot be read
    """
    source = cast("IO[bytes]", _Source(read))
    with tarfile.open(
        fileobj=source, mode="r|", tarinfo=_Header, bufsize=_CHUNK_BYTES
    ) as archive:
        count = 0
        for info in archive:
            archive.members = []  # type: ignore[attr-defined] # else all are kept
            if info.isdir():
                continue
            count += 1
            if count > _MAX_MEMBERS:
                message = f"it has more than {_MAX_MEMBERS:,} members"
                raise tarfile.ReadError(message)
            yield _member(archive, info)
    while read(_CHUNK_BYTES):
        pass  # what packs the archive checks itself at its end


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> TarMember:
    problem = _problem(info)
    stream = None if problem else archive.extractfile(info)
    if stream is None:
        return TarMember(info.name, lambda _size: b"", problem or "has no bytes")
    left = info.size

    def whole(size: int) -> bytes:
        nonlocal left
        data = stream.read(size)
        left -= len(data)
        if not data and left > 0:
            message = f"the archive ends {left:,} bytes before this member does"
            raise EOFError(message)
        return data

    return TarMember(info.name, whole)


def _problem(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "is a link"
    if not info.isreg():
        return "is a device, a pipe or something else without bytes"
    return None


class _Source:
    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read


class _Header(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if not buf:
            message = "it ends without the mark of its end"
            raise tarfile.ReadError(message)
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as exc:
            message = f"a header is damaged ({exc})"
            raise tarfile.ReadError(message) from exc
        if header.type in _LONG_HEADERS and header.size > _MAX_HEADER_BYTES:
            message = f"a header says that it has {header.size:,} bytes"
            raise tarfile.ReadError(message)
        return header
