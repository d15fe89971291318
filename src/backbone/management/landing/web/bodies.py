"""Bodies of answers: unpacked as they come, never more of them than is allowed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

import httpx2

__all__ = ["ACCEPTED", "Broken", "TooLarge", "decoded", "is_plain", "whole"]

ACCEPTED = "gzip"

_CHUNK_BYTES = 1 << 18
_MAX_RATIO = 200
_ALWAYS_ALLOWED_BYTES = 1 << 30
_LEAST_BYTES = 100
_PACKED = {"gzip", "x-gzip", "deflate"}
_ANY_HEADER = 47


class TooLarge(Exception):
    """A body has more bytes than are allowed; `args[0]` is how many that were."""


class Broken(Exception):
    """A body is packed in a way that cannot be undone; `args[0]` says why."""


def is_plain(response: httpx2.Response) -> bool:
    """Tell whether the bytes on the wire are those of the body."""
    return _encoding(response) in {"", "identity"}


def whole(response: httpx2.Response, most: int) -> bytes:
    """Read a body that may have `most` bytes.

    Raises
    ------
    TooLarge : it has more
    Broken : it cannot be unpacked
    """
    body = bytearray()
    for chunk in decoded(response):
        body += chunk
        if len(body) > most:
            raise TooLarge(most)
    return bytes(body)


def decoded(response: httpx2.Response) -> Iterator[bytes]:
    """Read a body chunk by chunk, unpacked if it was packed for the way.

    Raises
    ------
    TooLarge : it unpacks to more than 200 times its bytes, and 1 GiB
    Broken : it cannot be unpacked, or in a way that was not asked for

    httpx2.TransportError : it breaks off, or brings less than 100 bytes in the time that
        one read may take

    Notes
    -----
    A chunk has at most 256 KiB, whatever it was packed into.
    """
    raw_chunks = _steady(response)
    if is_plain(response):
        yield from raw_chunks
        return
    encoding = _encoding(response)
    if encoding not in _PACKED:
        what = f"it is encoded as {encoding[:40]!a}, which was not asked for"
        raise Broken(what)
    packed = unpacked = 0
    unpacker = _Unpacker()
    for raw in raw_chunks:
        packed += len(raw)
        for chunk in unpacker.feed(raw):
            unpacked += len(chunk)
            allowed = max(_ALWAYS_ALLOWED_BYTES, _MAX_RATIO * packed)
            if unpacked > allowed:
                raise TooLarge(allowed)
            yield chunk
    if not unpacker.finished:
        what = "its gzip stream ends too early"
        raise Broken(what)


def _steady(response: httpx2.Response) -> Iterator[bytes]:
    """Read what is on the wire; a server that only drips has not answered in time."""
    patience_s = response.request.extensions.get("timeout", {}).get("read")
    begun, came = time.monotonic(), 0
    for chunk in response.iter_raw():
        yield chunk
        came += len(chunk)
        now = time.monotonic()
        if patience_s is not None and now - begun >= patience_s:
            if came < _LEAST_BYTES:
                what = f"{came} bytes in {patience_s} s"
                raise httpx2.ReadTimeout(what, request=response.request)
            begun, came = now, 0


class _Unpacker:
    """Several gzip members one after the other are one body."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_ANY_HEADER)
        self._begun = False

    @property
    def finished(self) -> bool:
        return self._stream.eof or not self._begun

    def feed(self, raw: bytes) -> Iterator[bytes]:
        left, full = raw, False
        # A full chunk may leave more behind, though nothing of the input is left.
        while left or full:
            if self._stream.eof and left:
                self._stream = zlib.decompressobj(_ANY_HEADER)
            self._begun = True
            try:
                chunk = self._stream.decompress(left, _CHUNK_BYTES)
            except zlib.error as exc:
                what = f"it cannot be unpacked: {exc}"
                raise Broken(what) from exc
            left = self._stream.unconsumed_tail or self._stream.unused_data
            full = len(chunk) == _CHUNK_BYTES and not self._stream.eof
            if chunk:
                yield chunk


def _encoding(response: httpx2.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower()
