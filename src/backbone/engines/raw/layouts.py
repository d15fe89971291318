"""Where the records of delimited text begin, and which of its lines are none.

The index numbers everything that ends like a record; the first entry behind the header
is record 1. A line that the layout leaves out keeps its number, so that the number of a
record does not depend on what is left out, and text can be cut anywhere.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, zip_longest

import numpy as np
import numpy.typing as npt

from backbone.engines.raw.records import BLANK, Layout, fields
from backbone.engines.raw.streams import ByteStream, Window, skip_lines, windows
from backbone.model.raw import RawFormat

__all__ = [
    "BLANKS",
    "Header",
    "Last",
    "Leaving",
    "Opening",
    "begun",
    "layout_of",
    "unique",
    "with_last",
]

BLANKS = " \t\u00a0\u202f\u2007\u2009\ufeff"
"""What `trim` takes off: blanks, also those that do not break a line."""

_MARK = "\ufeff".encode()
_PADDING = b" \t\r\n"
_FOOTER_LINES = 1_000
_COMPARED_BYTES = 16
_HEAD_BYTES = 40_000

Places = npt.NDArray[np.int64]


def layout_of(form: RawFormat) -> Layout:
    """Return the bytes that structure delimited text."""
    return Layout(
        form.max_record_bytes,
        ord(form.delimiter),
        None if form.quote is None else ord(form.quote),
        None if form.escape is None else ord(form.escape),
        (form.comment or "").encode(),
    )


@dataclass(frozen=True)
class Leaving:
    """Which lines are no records; `lines` are those of the header."""

    comment: bytes = b""
    blank: bool = False
    lines: tuple[bytes, ...] = ()
    delimiter: bytes = b","

    @classmethod
    def of(cls, form: RawFormat, lines: Sequence[bytes] = ()) -> Leaving:
        """Return what a layout leaves out."""
        comment = (form.comment or "").encode()
        repeated = tuple(lines) if form.repeated_header else ()
        blank = form.blank_lines == "skip"
        return cls(comment, blank, repeated, form.delimiter.encode())

    def places(self, window: Window) -> Places:
        """Return the indexes of a window's entries that are no records, in order."""
        if not (self.comment or self.blank or self.lines) or not len(window.records):
            return np.empty(0, np.int64)
        entries = _Entries(window)
        found = [np.empty(0, np.int64)]
        if self.comment:
            found.append(entries.beginning(self.comment))
        if self.blank:
            found.append(entries.blank(self.delimiter))
        for line in self.lines:
            found += [entries.equal(line), entries.equal(_MARK + line)]
        return np.unique(np.concatenate(found))


class _Entries:
    """The entries of a window, compared with texts."""

    def __init__(self, window: Window) -> None:
        records = window.records
        self.data = window.data
        self.view = np.frombuffer(window.data, np.uint8)
        self.ends = records.ends
        first = np.array([records.start], np.int64)
        self.starts = np.concatenate([first, records.ends[:-1]])

    def beginning(self, text: bytes) -> Places:
        """Return those that begin with `text`."""
        found = np.arange(len(self.ends))
        for place, byte in enumerate(text[:_COMPARED_BYTES]):
            at = self.starts[found] + place
            found = found[at < self.ends[found]]
            found = found[self.view[self.starts[found] + place] == byte]
        if len(text) <= _COMPARED_BYTES:
            return found
        return self._kept(found, lambda line: line.startswith(text))

    def equal(self, line: bytes) -> Places:
        """Return those that are `line`."""
        size = self.ends - self.starts
        fits = (size >= len(line)) & (size <= len(line) + len(b"\r\n"))
        found = self.beginning(line[:_COMPARED_BYTES])
        return self._kept(found[fits[found]], lambda text: text.rstrip(b"\r\n") == line)

    def blank(self, delimiter: bytes) -> Places:
        """Return those that hold nothing but blanks that are no delimiter."""
        padding = _PADDING.replace(delimiter, b"")
        first, last = self.view[self.starts], self.view[self.ends - 1]
        blank = np.isin(first, list(padding)) & np.isin(last, list(padding))
        found = np.flatnonzero(blank)
        if not np.isin(first[found], list(b" \t")).any():
            return found
        return self._kept(found, lambda text: not text.strip(padding))

    def _kept(self, found: Places, is_wanted: Callable[[bytes], bool]) -> Places:
        kept = [n for n in found.tolist() if is_wanted(self._text(n))]
        return np.array(kept, np.int64)

    def _text(self, place: int) -> bytes:
        return self.data[self.starts[place] : self.ends[place]]


@dataclass(frozen=True)
class Header:
    """The names of the raw columns.

    `given` are the names as the file has them, `lines` the lines of the header. `entries`
    of the index end with it, and the text behind it begins at the offset `behind`.
    """

    names: tuple[str, ...]
    given: tuple[str, ...] = ()
    lines: tuple[bytes, ...] = ()
    entries: int = 1
    behind: int = 0

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The place of each name."""
        return {name: place for place, name in enumerate(self.names)}


@dataclass(frozen=True)
class Opening:
    """How text begins: its header, or what is in the way of one.

    `head` are its first bytes; `left_out` lines come before the first record that are
    neither records nor the header. `windows` show the records behind it, of which the
    first has the number 1. The text behind the lines that are skipped is at `begin`.
    """

    windows: Iterator[Window]
    header: Header | None = None
    trouble: str | None = None
    head: bytes = b""
    left_out: int = 0
    begin: int = 0


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Name columns so that no two names are the same, and none is empty.

    >>> unique(["id", "x", "", "x", "x_2"])
    ('id', 'x', 'column_3', 'x_3', 'x_2')
    """
    taken, met = set(names), Counter[str]()
    found: list[str] = []
    for place, name in enumerate(names, 1):
        made = name or f"column_{place}"
        met[made] += 1
        if met[made] > 1 or (not name and made in taken):
            number = max(met[made], 2)
            while f"{made}_{number}" in taken:
                number += 1
            met[made] = number
            made = f"{made}_{number}"
            taken.add(made)
        found.append(made)
    return tuple(found)


def begun(stream: ByteStream, form: RawFormat, window_bytes: int) -> Opening:
    """Read the beginning of text: up to the header and with it."""
    behind, skipped, lines = skip_lines(stream, form.skip)
    found = windows(behind, layout_of(form), window_bytes)
    opening = _headless(found, form) if form.header == 0 else _headed(found, form)
    opening = replace(opening, left_out=opening.left_out + lines, begin=skipped)
    if opening.header is not None:
        place = opening.header.behind + skipped
        return replace(opening, header=replace(opening.header, behind=place))
    if opening.head or not lines:
        return opening
    what = f"there is nothing behind the first {form.skip:,} lines, which are skipped"
    return replace(opening, trouble=what)


def _headed(found: Iterator[Window], form: RawFormat) -> Opening:
    """Look for the lines of the header, behind lines that are left out."""
    leaving = Leaving.of(form)
    lines: list[bytes] = []
    left, entries, head = 0, 0, b""
    for window in found:
        head = head or window.data[:_HEAD_BYTES]
        gone = set(leaving.places(window).tolist())
        for index in range(len(window.records)):
            entries += 1
            if index in gone:
                left += 1
                continue
            trouble = window.records.bad.get(index)
            if trouble:
                rest = chain([window.behind(index + 1, 1)], _renumbered(found, entries))
                return Opening(rest, None, _header_trouble(trouble), head, left)
            lines.append(window.bytes_of(index))
            if len(lines) == form.header:
                header = _header(lines, form, entries, window.offset_of(index + 1))
                rest = chain([window.behind(index + 1, 1)], _renumbered(found, entries))
                return Opening(rest, header, None, head, left)
    trouble = "the file is empty"
    if lines:
        trouble = f"the header has {form.header} lines, the file only {len(lines)}"
    elif left:
        trouble = f"there is no header: all {left:,} lines are left out"
    return Opening(iter(()), None, trouble, head, left)


def _header_trouble(trouble: str) -> str:
    if trouble == BLANK:
        return "the first line is blank; the header should be there"
    return f"the header cannot be read: {trouble}."


def _renumbered(found: Iterable[Window], entries: int) -> Iterator[Window]:
    return (replace(each, first=each.first - entries + 1) for each in found)


def _headless(found: Iterator[Window], form: RawFormat) -> Opening:
    """Name the columns of text without a header: as declared, or by their places."""
    waiting: list[Window] = []
    width = len(form.names)
    for window in found:
        waiting.append(window)
        width = width or _width(window, form)
        if width:
            break
    if not waiting:
        return Opening(iter(()), None, "the file is empty")
    head = waiting[0].data[:_HEAD_BYTES]
    names = form.names or tuple(f"column_{n + 1}" for n in range(width))
    header = Header(names, names, entries=0, behind=0)
    return Opening(_renumbered(chain(waiting, found), 0), header, None, head)


def _width(window: Window, form: RawFormat) -> int:
    """Count the fields of the first sound record of a window; 0: there is none."""
    gone = {*Leaving.of(form).places(window).tolist(), *window.records.bad}
    sound = (n for n in range(len(window.records)) if n not in gone)
    first = next(sound, None)
    return 0 if first is None else len(fields(window.bytes_of(first), layout_of(form)))


def _header(lines: Sequence[bytes], form: RawFormat, entries: int, behind: int) -> Header:
    layout = layout_of(form)
    rows = [
        [cell.decode("utf-8", errors="replace") for cell in fields(line, layout)]
        for n, line in enumerate(lines, 1)
        if n != form.units
    ]
    given = _joined(rows) if len(rows) > 1 else rows[0]
    if form.trim:
        given = [name.strip(BLANKS) for name in given]
    names = form.names or unique(given)
    return Header(names, tuple(given), tuple(lines), entries, behind)


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """Join what stands above each other, with one space.

    >>> _joined([["id", "load", "load"], ["", "kW", "MW"]])
    ['id', 'load kW', 'load MW']
    """
    columns = zip_longest(*rows, fillvalue="")
    return [" ".join(filter(None, map(str.strip, column))) for column in columns]


@dataclass(frozen=True)
class Last:
    """The end of text: the number of its last entry, and how long its footer is."""

    number: int
    footer: int = 0


def with_last(
    found: Iterable[Window], form: RawFormat
) -> Iterator[tuple[Window, Last | None]]:
    """Yield every window, and what is known at the last one, which has no footer."""
    held: deque[Window] = deque()
    for window in found:
        held.append(window)
        while len(held) > 1 and not _reaches(form, [*held][1:]):
            yield held.popleft(), None
    if not held:
        return
    number, size = held[-1].last - 1, _footer_size(form, held)
    left = size
    while len(held) > 1 and left >= len(held[-1].records):
        left -= len(held.pop().records)
    while len(held) > 1:
        yield held.popleft(), None
    window = held.popleft()
    yield window.until(max(len(window.records) - left, 0)), Last(number, size)


def _reaches(form: RawFormat, behind: Sequence[Window]) -> bool:
    """Tell whether a footer may begin before the windows `behind`, if they are last."""
    if form.footer == 0:
        return False
    count = sum(len(each.records) for each in behind)
    if isinstance(form.footer, int):
        return count < form.footer
    return count < _FOOTER_LINES and _matching(form.footer, behind) == count


def _footer_size(form: RawFormat, held: Iterable[Window]) -> int:
    windows_ = [*held]
    count = sum(len(each.records) for each in windows_)
    if isinstance(form.footer, int):
        return min(form.footer, count)
    return _matching(form.footer, windows_, must_begin=True)


def _matching(pattern: str, found: Sequence[Window], *, must_begin: bool = False) -> int:
    """Count the last entries that match, or are blank; at most 1,000 of them.

    `must_begin`: they are counted from the first that matches.
    """
    matches = re.compile(pattern).search
    size = begun_at = 0
    for window in reversed(found):
        for index in range(len(window.records) - 1, -1, -1):
            text = window.bytes_of(index).decode("utf-8", errors="replace")
            is_match = matches(text) is not None
            if not is_match and text.strip(BLANKS):
                return begun_at if must_begin else size
            size += 1
            begun_at = size if is_match else begun_at
            if size >= _FOOTER_LINES:
                return begun_at if must_begin else size
    return begun_at if must_begin else size
