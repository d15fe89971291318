"""As many bytes of a file as were asked for, spread over all of it, as whole records."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backbone.engines.raw.looking.dialects import Dialect
from backbone.engines.raw.records import Layout, likely_start, scan

__all__ = ["Part", "parts_of"]

_PART_BYTES = 4 << 20
_SPREAD_BYTES = 256 << 10
_MAX_RECORD = 64 << 20
_WIDE = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4}


@dataclass(frozen=True)
class Part:
    """Whole records of a file, in UTF-8.

    `first` is the number of the first record, None where those before were not read.
    """

    data: bytes
    first: int | None


def parts_of(
    path: Path,
    encoding: str,
    dialect: Dialect,
    *,
    skip_lines: int,
    footer_lines: int,
    at_most: int,
) -> Iterator[Part]:
    """Read records of a file, without what is above and below its table.

    Parameters
    ----------
    at_most : bytes; of a larger file pieces are read, evenly spread from its start to
        its end, the same ones each time
    """
    size = path.stat().st_size
    layout = Layout(
        _MAX_RECORD, ord(dialect.delimiter), ord(dialect.quote) if dialect.quote else None
    )
    if size <= at_most:
        data = _as_utf8(path.read_bytes(), encoding)
        body = _without_lines(_below(data, skip_lines), footer_lines)
        if body:
            yield from _cut(body, layout)
        return
    for start, stop in _spread(size, at_most, _WIDE.get(encoding, 1)):
        raw = _between(path, start, stop)
        data = _as_utf8(raw, encoding if start == 0 else _inner(path, encoding))
        if start == 0:
            body = _below(data, skip_lines)
        else:
            at = likely_start(data, layout, final=False)
            body = data[at:] if at is not None else b""
        if stop == size:
            body = _without_lines(body, footer_lines)
        else:
            body = body[: scan(body, layout, final=False).used] if body else b""
        if body:
            yield Part(body, 1 if start == 0 else None)


def _spread(size: int, at_most: int, unit: int) -> Iterator[tuple[int, int]]:
    count = max(3, at_most // _SPREAD_BYTES)
    length = at_most // count
    step = (size - length) / (count - 1)
    for place in range(count):
        start = int(place * step) // unit * unit
        yield start, size if place == count - 1 else start + length


def _between(path: Path, start: int, stop: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(stop - start)


def _inner(path: Path, encoding: str) -> str:
    """Name the encoding of bytes that do not begin with the file's mark."""
    if encoding not in {"utf-16", "utf-32"}:
        return encoding
    with path.open("rb") as file:
        head = file.read(4)
    big = head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return f"{encoding}-{'be' if big else 'le'}"


def _as_utf8(raw: bytes, encoding: str) -> bytes:
    if encoding == "utf-8":
        raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            codecs.utf_8_decode(raw, "strict", True)
        except UnicodeDecodeError:
            raw = raw.decode("utf-8", errors="replace").encode()
    else:
        text = raw.decode(encoding, errors="replace").removeprefix("\ufeff")
        raw = text.encode("utf-8", errors="replace")
    raw = raw.replace(b"\0", b"")
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def _below(data: bytes, lines: int) -> bytes:
    at = 0
    for _ in range(lines):
        found = data.find(b"\n", at)
        if found < 0:
            return b""
        at = found + 1
    return data[at:]


def _without_lines(data: bytes, lines: int) -> bytes:
    if not lines:
        return data
    end = len(data.rstrip(b"\r\n"))
    for _ in range(lines):
        end = data.rfind(b"\n", 0, max(end, 0))
        if end < 0:
            return b""
    return data[: end + 1]


def _cut(data: bytes, layout: Layout) -> Iterator[Part]:
    """Cut into parts at record ends, so that they are read at the same time."""
    if len(data) <= _PART_BYTES:
        yield Part(data, 1)
        return
    ends = scan(data, layout, final=True).ends
    at, first = 0, 1
    while at < len(data):
        place = int(ends.searchsorted(at + _PART_BYTES, side="left"))
        place = min(place, len(ends) - 1)
        yield Part(data[at : int(ends[place])], first)
        at, first = int(ends[place]), place + 2
        if place == len(ends) - 1:
            return
