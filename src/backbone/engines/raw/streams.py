"""The bytes of an object as UTF-8, and the windows of whole records in them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from backbone.engines.raw.pieces import readable
from backbone.engines.raw.records import Layout, Records, scan
from backbone.errors import LakeError

__all__ = [
    "ByteStream",
    "Window",
    "behind_mark",
    "is_utf8",
    "opened",
    "opened_file",
    "opened_part",
    "skip_lines",
    "windows",
]

_BOM = codecs.BOM_UTF8
_MARK_BYTES = 4
_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
_DECODED_BYTES = 1 << 20
_SKIPPED_BYTES = 1 << 16
_INVALID = "backbone-invalid"


class ByteStream(Protocol):
    """Bytes in order; fewer than asked for means that they have ended."""

    def read(self, size: int, /) -> bytes:
        """Return the next `size` bytes, or what is left."""
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


@dataclass(frozen=True)
class Window:
    """Whole records of an object: `data`, of which `records` tells the ends.

    `first` is the number of the first record; the first of an object is 0. `at` tells
    where in the stream `data` begins. Of a record, `limit` bytes are shown at most: a
    longer one may not be in the window as a whole.
    """

    data: bytes
    records: Records
    first: int
    at: int
    limit: int

    @property
    def last(self) -> int:
        """The number behind that of the last record."""
        return self.first + len(self.records)

    def bytes_of(self, index: int) -> bytes:
        """Return the bytes of a record of the window, without its line end."""
        start, end = self.records.span(index)
        return self.data[start:end].rstrip(b"\r\n")

    def text_of(self, number: int) -> str:
        """Return the raw text of the record of that number, cut."""
        start, end = self.records.span(number - self.first)
        raw = self.data[start : min(end, start + self.limit)]
        return readable(raw.rstrip(b"\r\n"))

    def offset_of(self, index: int) -> int:
        """Return where in the stream the record of that index begins."""
        records = self.records
        start = int(records.ends[index - 1]) if index else records.start
        return self.at + start

    def behind(self, index: int, number: int) -> Window:
        """Return the window from a record on, which has a number."""
        return replace(self, records=self.records.behind(index), first=number)

    def until(self, index: int) -> Window:
        """Return the window up to a record, without it."""
        return replace(self, records=self.records.until(index))


def opened(path: str, encoding: str) -> ByteStream:
    """Open an object to be read as UTF-8, without its byte order mark.

    What `encoding` cannot decode becomes bytes that are no UTF-8, so that only the
    records that hold them are lost.
    """
    file = opened_file(path)
    if is_utf8(encoding):
        file.seek(behind_mark(file))
        return file
    return _Decoded(file, encoding)


def opened_part(path: str, start: int, stop: int | None = None) -> ByteStream:
    """Open the bytes of a UTF-8 object from `start` to `stop`, or to its end."""
    file = opened_file(path)
    file.seek(start)
    return file if stop is None else _Part(file, stop - start)


def is_utf8(encoding: str) -> bool:
    """Tell whether text in this encoding is read as it is."""
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}


def behind_mark(file: BinaryIO) -> int:
    """Return where the text of a UTF-8 file begins: behind its byte order mark."""
    file.seek(0)
    return len(_BOM) if file.read(len(_BOM)) == _BOM else 0


def opened_file(path: str) -> BinaryIO:
    """Open the bytes of an object.

    Raises
    ------
    LakeError : they are not there, or may not be read
    """
    try:
        return Path(path).open("rb")
    except OSError as error:
        message = f"a raw object cannot be opened: {error.strerror}"
        hint = "landing keeps raw bytes for ever: was the file moved?"
        raise LakeError(message, where=path, hint=hint) from error


class _Part:
    """Some of the bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int, /) -> bytes:
        found = self._file.read(min(size, self._left))
        self._left -= len(found)
        return found

    def close(self) -> None:
        self._file.close()


class _Decoded:
    """A file in another encoding, read as UTF-8."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        codecs.register_error(_INVALID, _mark_invalid)
        self._file = file
        named = _with_order(encoding, file.read(_MARK_BYTES))
        file.seek(0)
        self._decoder = codecs.getincrementaldecoder(named)(errors=_INVALID)
        self._ready = b""
        self._begun = False
        self._ended = False

    def read(self, size: int, /) -> bytes:
        parts, length = [self._ready], len(self._ready)
        while length < size and not self._ended:
            chunk = self._file.read(_DECODED_BYTES)
            self._ended = not chunk
            text = self._decoder.decode(chunk, final=self._ended)
            if text and not self._begun:
                self._begun = True
                text = text.removeprefix("\ufeff")
            parts.append(text.encode("utf-8", errors="surrogatepass"))
            length += len(parts[-1])
        whole = b"".join(parts)
        self._ready = whole[size:]
        return whole[:size]

    def close(self) -> None:
        self._file.close()


def _with_order(encoding: str, head: bytes) -> str:
    """Name the order of bytes of UTF-16 and UTF-32 that begin without their mark.

    It is that of Windows, whose programs leave out the mark.
    """
    name = codecs.lookup(encoding).name
    marks = _MARKS.get(name, ())
    return f"{name}-le" if marks and not head.startswith(marks) else encoding


def _mark_invalid(error: UnicodeError) -> tuple[str, int]:
    """Decode what cannot be decoded to a lone surrogate, which UTF-8 does not have."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


def windows(
    stream: ByteStream, layout: Layout, window_bytes: int, *, first: int = 0
) -> Iterator[Window]:
    """Read a stream window by window; every window holds whole records."""
    carry, behind = b"", 0
    while True:
        asked = max(window_bytes - len(carry), len(carry), 1)
        chunk = stream.read(asked)
        final = len(chunk) < asked
        data = carry + chunk
        records = scan(data, layout, final=final)
        if len(records):
            yield Window(data, records, first, behind, layout.max_record_bytes)
        first += len(records)
        behind += records.used
        carry = data[records.used :]
        if records.is_cut:
            carry, final, skipped = _behind_line(stream, data[-1:], window_bytes)
            behind += skipped
        if final and not carry:
            return


class _Behind:
    """A stream of which bytes can be given back."""

    def __init__(self, stream: ByteStream) -> None:
        self._ready = b""
        self._stream = stream

    def unread(self, data: bytes) -> None:
        """Give bytes back that were read last."""
        self._ready = data + self._ready

    def read(self, size: int, /) -> bytes:
        found, self._ready = self._ready[:size], self._ready[size:]
        return found + self._stream.read(size - len(found))

    def close(self) -> None:
        self._stream.close()


def skip_lines(stream: ByteStream, lines: int) -> tuple[ByteStream, int, int]:
    """Return the stream behind its first `lines` lines, whatever is in them.

    The numbers are how many bytes were skipped, and how many lines there were.
    """
    if not lines:
        return stream, 0, 0
    behind, skipped = _Behind(stream), 0
    for count in range(lines):
        rest, final, size = _behind_line(behind, b"", _SKIPPED_BYTES)
        skipped += size
        behind.unread(rest)
        if final and not rest:
            return behind, skipped, count + bool(size)
    return behind, skipped, lines


def _behind_line(stream: ByteStream, last: bytes, size: int) -> tuple[bytes, bool, int]:
    """Skip to the next line end.

    Returns the bytes read behind it, whether they are all, and how many were skipped.
    """
    skipped = 0
    while True:
        chunk = stream.read(size)
        final = len(chunk) < size
        at = _line_end(last, chunk, final=final)
        if at is not None:
            return chunk[at:], final, skipped + at
        skipped += len(chunk)
        if final:
            return b"", True, skipped
        last = chunk[-1:]


def _line_end(last: bytes, chunk: bytes, *, final: bool) -> int | None:
    """Return where the first line ends in a chunk behind the byte `last`."""
    if last == b"\r" and chunk:
        return int(chunk[:1] == b"\n")
    ends = [at for at in (chunk.find(b"\n"), chunk.find(b"\r")) if at >= 0]
    if not ends:
        return None
    at = min(ends)
    if chunk[at : at + 2] == b"\r" and not final:
        return None  # the byte behind it tells whether the line ends there
    return at + (2 if chunk[at : at + 2] == b"\r\n" else 1)
