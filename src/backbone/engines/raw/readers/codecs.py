"""Blocks of Avro that are packed with Snappy or Zstandard, unpacked by Arrow.

fastavro asks for a library more for each; Arrow, which is here, has both.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any, BinaryIO

import pyarrow as pa

__all__ = ["completed"]

_MOST_BYTES = 512 << 20
_CRC_BYTES = 4
_MISSING = "missing"  # what fastavro calls the function that stands in for a library


def completed(fastavro: Any) -> Any:
    """Return the library, with the codecs that it has no library for.

    Its table of codecs is its door for them, and of the whole process; what is there
    already stays.
    """
    readers = fastavro.read.BLOCK_READERS
    for name, reader in _READERS.items():
        if getattr(readers.get(name), "__name__", _MISSING) == _MISSING:
            readers[name] = reader
    return fastavro


def _snappy(source: BinaryIO) -> BytesIO:
    packed = _block(source)[:-_CRC_BYTES]
    size, _ = _number(BytesIO(packed))
    _check(size)
    data = pa.Codec("snappy").decompress(packed, size, asbytes=True)
    return BytesIO(data)


def _zstandard(source: BinaryIO) -> BytesIO:
    with pa.CompressedInputStream(pa.BufferReader(_block(source)), "zstd") as stream:
        data = stream.read(_MOST_BYTES + 1)
    _check(len(data))
    return BytesIO(data)


def _check(size: int) -> None:
    if size > _MOST_BYTES:
        message = f"a block unpacks to more than {_MOST_BYTES >> 20} MB"
        raise ValueError(message)


def _block(source: BinaryIO) -> bytes:
    """Read a block's bytes, before which stands how many they are."""
    number, _ = _number(source)
    size = (number >> 1) ^ -(number & 1)
    data = source.read(size) if size >= 0 else b""
    if len(data) != size:
        message = "a block ends too early"
        raise EOFError(message)
    return data


def _number(source: BinaryIO) -> tuple[int, int]:
    """Read a number of variable length; return it, and how many bytes it took."""
    found = shift = 0
    while shift < 64:  # noqa: PLR2004 - no number has more bits
        byte = source.read(1)
        if not byte:
            break
        found |= (byte[0] & 0x7F) << shift
        shift += 7
        if byte[0] < 0x80:  # noqa: PLR2004 - the last one
            return found, shift // 7
    message = "a number has no end"
    raise EOFError(message)


_READERS: dict[str, Callable[[BinaryIO], BytesIO]] = {
    "snappy": _snappy,
    "zstandard": _zstandard,
}
