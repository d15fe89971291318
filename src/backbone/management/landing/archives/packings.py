"""Packed bytes: how they are told by name and content, and streams that unpack them.

Everything is read as it comes, at most a few MiB at a time, and metered: what unpacks
beyond measure is refused while it does.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Literal, Protocol

from backbone.errors import DeliveryRefused

__all__ = [
    "CHUNK_BYTES", "Allowance", "Packing", "Read", "Stream", "expanded",
    "packing", "unpacked_name",
]  # fmt: skip

Packing = Literal["zip", "tar", "gz", "bz2", "xz", "zst"]
Read = Callable[[int], bytes]

CHUNK_BYTES = 1 << 20
ALWAYS_ALLOWED_BYTES = 1 << 30
MAX_RATIO = 200

_HEAD_BYTES = 512
_XZ_MEMORY_BYTES = 256 << 20
_GZIP_WINDOW = 31  # the largest window, and a header of gzip's
_SUFFIXES = MappingProxyType[str, Packing](
    {
        ".bz2": "bz2", ".gz": "gz", ".gzip": "gz", ".lzma": "xz", ".tar": "tar",
        ".tbz": "bz2", ".tbz2": "bz2", ".tgz": "gz", ".txz": "xz", ".tzst": "zst",
        ".xz": "xz", ".zip": "zip", ".zst": "zst", ".zstd": "zst",
    }
)  # fmt: skip
_MARKS: tuple[tuple[Packing, re.Pattern[bytes]], ...] = (
    ("zip", re.compile(rb"PK(\x03\x04|\x05\x06)")),
    ("gz", re.compile(rb"\x1f\x8b\x08")),
    ("bz2", re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\x00")),
    ("zst", re.compile(rb"\x28\xb5\x2f\xfd")),
    ("tar", re.compile(rb".{257}ustar", re.DOTALL)),
)
# Formats of their own may be zip or gzip inside; names of these formats never are.
_TEXTUAL = frozenset(
    {"", ".csv", ".dat", ".data", ".geojson", ".json", ".jsonl", ".log", ".ndjson",
     ".out", ".psv", ".sql", ".tab", ".tsv", ".txt", ".xml"}
)  # fmt: skip
_DOCUMENTS = (b"[Content_Types].xml", b"mimetype", b"META-INF/", b"_rels/")


def packing(name: str, head: bytes) -> Packing | None:
    r"""Return how bytes are packed, by their first 512 and the name they came under.

    Where both say something, the bytes are believed. Formats that are packed by
    themselves (a workbook, a Java archive) are none.

    >>> packing("a.csv.gz", b"PK\3\4"), packing("a.xlsx", b"PK\3\4")
    ('zip', None)
    """
    suffix = PurePosixPath(name).suffix.lower()
    told = _SUFFIXES.get(suffix)
    seen = next((kind for kind, mark in _MARKS if mark.match(head)), None)
    if told is not None:
        return seen or told
    if suffix not in _TEXTUAL or (seen == "zip" and head[30:].startswith(_DOCUMENTS)):
        return None
    return seen


def unpacked_name(name: str) -> str:
    """Return the name that a file has once it is unpacked.

    >>> unpacked_name("flights.csv.gz"), unpacked_name("year.TGZ"), unpacked_name("a.csv")
    ('flights.csv', 'year.tar', 'a.csv')
    """
    stem, dot, suffix = name.rpartition(".")
    kind = _SUFFIXES.get(f"{dot}{suffix}".lower())
    if not PurePosixPath(stem).name or kind in {None, "zip", "tar"}:
        return name
    return f"{stem}.tar" if suffix[0] in "tT" else stem


class Allowance:
    """How many bytes a packed file may still unpack to, with all that is in it."""

    def __init__(self, packed_bytes: int) -> None:
        self.left = self.whole = max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * packed_bytes)
        self._spare = 2 * self.whole

    def metered(self, read: Read, shown: str) -> Read:
        """Return `read`, which counts what it gives and refuses what is too much."""

        def counted(size: int) -> bytes:
            data = read(size)
            self.left -= len(data)
            if self.left < 0:
                raise self.exceeded(shown)
            return data

        return counted

    def give_back(self, left: int) -> None:
        """Forget what a member took that was refused, as long as that is bounded too."""
        taken = left - self.left
        if taken <= self._spare:
            self._spare -= taken
            self.left = left

    def exceeded(self, shown: str) -> DeliveryRefused:
        """Return the error for what unpacks to more."""
        return DeliveryRefused(
            f"{shown} unpacks to more than {self.whole:,} bytes",
            hint=f"A packed file may grow {MAX_RATIO}-fold; deliver a larger one "
            "unpacked.",
        )


class Stream:
    """Bytes that are read once, first to last, after a look at their head."""

    closed = False  # Arrow asks

    def __init__(self, read: Read, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._read = read
        self._chunk_bytes = chunk_bytes
        self._ahead = b""

    def head(self) -> bytes:
        """Return the first 512 bytes, or all there are; they are still to be read."""
        while len(self._ahead) < _HEAD_BYTES:
            more = self._read(self._chunk_bytes)
            if not more:
                break
            self._ahead += more
        return self._ahead[:_HEAD_BYTES]

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """Return at most `size` bytes; none at the end."""
        if not self._ahead:
            return self._read(size)
        if len(self._ahead) <= size:
            data, self._ahead = self._ahead, b""
            return data
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data


def expanded(stream: Stream, kind: Packing) -> Read:
    """Return how the unpacked bytes of `stream` are read.

    Raises what its library does where the bytes are damaged, EOFError where they end too
    early. Several packed streams one after the other are one.
    """
    if not stream.head():
        message = "it is empty"
        raise EOFError(message)
    if kind == "zst":
        import pyarrow as pa  # noqa: PLC0415 - slow to load

        packed = pa.PythonFile(stream, mode="r")
        read: Read = pa.CompressedInputStream(packed, "zstd").read
        return read
    return _Expanded(stream.read, _UNPACKERS[kind]).read


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """What zlib unpacks, in the terms of bz2 and lzma."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _xz() -> _Unpacker:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES)


_UNPACKERS = MappingProxyType[Packing, Callable[[], _Unpacker]](
    {"gz": _Gzip, "bz2": bz2.BZ2Decompressor, "xz": _xz}
)


class _Expanded:
    """Packed streams, one after the other, unpacked as they are read."""

    def __init__(self, read: Read, new: Callable[[], _Unpacker]) -> None:
        self._packed = read
        self._new = new
        self._unpacker = new()
        self._ahead = b""

    def read(self, size: int) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        while not self._unpacker.eof or self._next():
            packed = b""
            if self._unpacker.needs_input:
                packed = self._ahead or self._packed(CHUNK_BYTES)
                self._ahead = b""
                if not packed:
                    message = "it ends before its end mark"
                    raise EOFError(message)
            data = self._unpacker.decompress(packed, size)
            if data:
                return data
        return b""

    def _next(self) -> bool:
        """Begin the next stream; padding of zeros may stand between two."""
        rest = self._unpacker.unused_data.lstrip(b"\x00")
        while not rest:
            more = self._packed(CHUNK_BYTES)
            if not more:
                return False
            rest = more.lstrip(b"\x00")
        self._ahead = rest
        self._unpacker = self._new()
        return True
