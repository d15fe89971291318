"""Where the records of delimited text end.

A window of bytes is indexed in one pass over its line ends and quotes: the number of
quotes before a line end tells whether it ends a record. Where that cannot be trusted (a
quote inside a field, text after a closing quote, a quote that stays open, a record that
is too long), the rest of the window is walked field by field. Both ways find the same
records; only the second is slow.

Line ends are LF, CRLF and CR, also mixed. A quote opens a field only as its first
character, elsewhere it is text. A doubled quote inside a quoted field is a quote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

__all__ = ["BLANK", "LONG", "NUL", "Layout", "Records", "fields", "likely_start", "scan"]

BLANK = "a blank line"
NUL = "a NUL byte"
OPEN = "a quote that opens here is not closed"
AFTER = "text after a closing quote"
ESCAPED = "a line end behind the escape character"
LONG = "longer than `max_record_bytes` ({limit:,})"

_LF, _CR = 10, 13

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """The bytes that structure text; no `delimiter` and `quote`: lines are records.

    The byte behind `escape` is text, unless it ends a line. A line that begins with
    `comment` ends with the line, whatever its quotes.
    """

    max_record_bytes: int
    delimiter: int | None = None
    quote: int | None = None
    escape: int | None = None
    comment: bytes = b""

    @property
    def stops(self) -> frozenset[int]:
        """The bytes that may follow a closing quote."""
        return frozenset({self.delimiter or _LF, _LF, _CR})


@dataclass(frozen=True)
class Records:
    """The records of a window.

    `ends` are offsets behind each record's line end. `bad` maps the index of a record
    that cannot be read to the reason. `is_cut`: the last record is longer than the
    window shows; what follows, up to the next line end, belongs to it. `start` is where
    the first record starts; `quoted` tells whether there are quotes at all.
    """

    ends: Offsets
    bad: dict[int, str] = field(default_factory=dict)
    is_cut: bool = False
    quoted: bool = False
    start: int = 0

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def used(self) -> int:
        """How many bytes of the window the records take."""
        return int(self.ends[-1]) if len(self.ends) else self.start

    def span(self, index: int) -> tuple[int, int]:
        """Return where the record starts and ends (behind its line end)."""
        start = int(self.ends[index - 1]) if index else self.start
        return start, int(self.ends[index])

    def behind(self, index: int) -> Records:
        """Return the records from `index` on."""
        if not index:
            return self
        bad = {n - index: reason for n, reason in self.bad.items() if n >= index}
        start = int(self.ends[index - 1])
        return replace(self, ends=self.ends[index:], bad=bad, start=start)

    def until(self, index: int) -> Records:
        """Return the records before `index`."""
        if index >= len(self.ends):
            return self
        bad = {n: reason for n, reason in self.bad.items() if n < index}
        return replace(self, ends=self.ends[:index], bad=bad, is_cut=False)


def scan(data: bytes, layout: Layout, *, final: bool) -> Records:
    """Find the records of a window that starts at a record.

    `final` says that no bytes follow the window: then its last record needs no line end.
    Behind a trouble the window is walked for ever longer stretches before parity is
    trusted again, so that few troubles cost little, and many no more than a walk.
    """
    data = _masked(data, layout)
    view = np.frombuffer(data, np.uint8)
    lines = _line_ends(data, view, final=final)
    quotes = _positions(data, view, layout.quote)
    remark = _first_remark(view, lines, quotes, layout)
    walk = _Walk(data, layout, final=final)
    found: list[Offsets] = []
    bad: dict[int, str] = {}
    at, stretch = 0, 1
    while True:
        lines = lines[np.searchsorted(lines, at, side="right") :]
        quotes = quotes[np.searchsorted(quotes, at) :]
        remark = remark[np.searchsorted(remark, at) :]
        ends, sound = _by_parity(view, at, lines, quotes, layout, final=final)
        if len(remark) and len(ends) and ends[-1] > remark[0]:
            ends, sound = ends[ends <= remark[0]], False
        elif len(remark):
            sound = False
        found.append(ends)
        if sound:
            break
        at = int(ends[-1]) if len(ends) else at
        walk.run(at, lines, quotes, stretch)
        count = sum(map(len, found))
        bad |= {count + index: reason for index, reason in walk.bad.items()}
        found.append(np.array(walk.ends, np.int64))
        if walk.is_done:
            break
        at, stretch = walk.ends[-1], 2 * stretch
    whole = np.concatenate(found)
    _mark(data, view, whole, bad, layout)
    _mark_escaped(view, whole, bad, layout)
    is_quoted = layout.quote is not None and data.find(layout.quote) >= 0
    return Records(whole, dict(sorted(bad.items())), walk.is_cut, is_quoted)


def likely_start(data: bytes, layout: Layout, *, final: bool) -> int | None:
    """Guess where a record starts in bytes that begin anywhere but at their first byte.

    Either the bytes begin inside a quoted field, or they do not; what makes sense of the
    quotes for longer is taken for true. None: no line ends in these bytes.
    """
    data = _masked(data, layout)
    view = np.frombuffer(data, np.uint8)
    lines = _line_ends(data, view, final=final)
    lines = lines[lines < len(view)]
    quotes = _positions(data, view, layout.quote)
    is_odd = np.searchsorted(quotes, lines) % 2 == 1
    starts = [int(group[0]) for group in (lines[~is_odd], lines[is_odd]) if len(group)]

    def sense(start: int) -> float:
        stray = _first_stray(view, quotes[quotes >= start], layout)
        return math.inf if stray is None else stray - start

    return max(starts, key=sense, default=None)


def fields(record: bytes, layout: Layout) -> list[bytes]:
    """Split one sound record, without its line end, into the bytes of its fields.

    >>> fields(b'1,"a ""b"", c",', Layout(99, ord(","), ord('"')))
    [b'1', b'a "b", c', b'']
    """
    masked = _masked(record, layout)
    return [
        _unescaped(record[start:stop], layout, bare=bare)
        for start, stop, bare in _spans(masked, layout)
    ]


def _spans(record: bytes, layout: Layout) -> Iterator[tuple[int, int, bool]]:
    """Yield where the text of each field starts and stops, and if it has no quotes."""
    quote = b"" if layout.quote is None else bytes([layout.quote])
    delimiter = bytes([layout.delimiter or 0])
    at = 0
    while True:
        if quote and record[at : at + 1] == quote:
            close = _closing(record, at + 1, len(record), quote)
            stop = len(record) if close is None else close
            yield at + 1, stop, False
            at = stop + 1
            if at >= len(record):
                return
        else:
            stop = record.find(delimiter, at)
            yield at, len(record) if stop < 0 else stop, True
            if stop < 0:
                return
            at = stop
        at += 1


def _unescaped(text: bytes, layout: Layout, *, bare: bool) -> bytes:
    """Return what a text says: inside quotes a doubled quote is one."""
    quote = bytes([layout.quote or 0])
    if layout.escape is None:
        return text if bare else text.replace(quote + quote, quote)
    escape = re.escape(bytes([layout.escape]))
    pattern = escape + rb"(.)" + (b"" if bare else b"|" + re.escape(quote + quote))
    return re.sub(
        pattern, lambda m: quote if m[1] is None else m[1], text, flags=re.DOTALL
    )


def _masked(data: bytes, layout: Layout) -> bytes:
    """Return the bytes with others, that mean nothing, in place of what is escaped."""
    if layout.escape is None or data.find(layout.escape) < 0:
        return data
    pattern = re.compile(re.escape(bytes([layout.escape])) + rb"[^\r\n\0]")
    return pattern.sub(b"xx", data)


def _first_remark(
    view: npt.NDArray[np.uint8], lines: Offsets, quotes: Offsets, layout: Layout
) -> Offsets:
    """Return the starts of lines that may be comments and have quotes.

    Such a line is a comment only if a record starts there, which parity cannot tell
    behind it; the walk can.
    """
    if not layout.comment or not len(quotes):
        return np.empty(0, np.int64)
    ends = np.append(lines, len(view))
    starts = np.concatenate([np.zeros(1, np.int64), lines])
    for place, byte in enumerate(layout.comment):
        inside = starts + place < ends
        starts, ends = starts[inside], ends[inside]
        same = view[starts + place] == byte
        starts, ends = starts[same], ends[same]
    return starts[np.searchsorted(quotes, starts) < np.searchsorted(quotes, ends)]


def _positions(data: bytes, view: npt.NDArray[np.uint8], byte: int | None) -> Offsets:
    """Return where a byte stands; most often it stands nowhere, which is seen sooner."""
    if byte is None or data.find(byte) < 0:
        return np.empty(0, np.int64)
    return np.flatnonzero(view == byte)


def _line_ends(data: bytes, view: npt.NDArray[np.uint8], *, final: bool) -> Offsets:
    ends = _positions(data, view, _LF) + 1
    returns = _positions(data, view, _CR)
    if len(returns):
        # the byte behind a CR at the end of the window is not known yet
        behind = np.minimum(returns + 1, len(view) - 1)
        alone = np.where(returns + 1 < len(view), view[behind] != _LF, final)
        if alone.any():
            ends = np.sort(np.concatenate([ends, returns[alone] + 1]))
    if final and len(view) and (not len(ends) or ends[-1] < len(view)):
        ends = np.append(ends, len(view))
    return ends


def _by_parity(
    view: npt.NDArray[np.uint8],
    start: int,
    lines: Offsets,
    quotes: Offsets,
    layout: Layout,
    *,
    final: bool,
) -> tuple[Offsets, bool]:
    """Return the record ends behind `start` that quote parity is sure of.

    The second value tells whether they are all that the window shows.
    """
    ends, sound = lines, True
    if len(quotes):
        ends = lines[np.searchsorted(quotes, lines) % 2 == 0]
        stray = _first_stray(view, quotes, layout)
        if stray is None and final and len(quotes) % 2:
            stray = int(quotes[-1])
        if stray is not None:
            ends, sound = ends[ends <= stray], False
    over = np.flatnonzero(np.diff(ends, prepend=start) > layout.max_record_bytes)
    if len(over):
        ends, sound = ends[: over[0]], False
    left = len(view) - (int(ends[-1]) if len(ends) else start)
    return ends, sound and left <= layout.max_record_bytes


def _first_stray(
    view: npt.NDArray[np.uint8], quotes: Offsets, layout: Layout
) -> int | None:
    """Return where the first quote is that neither opens nor closes a field properly."""
    proper = np.zeros(256, np.bool_)
    proper[[*layout.stops, layout.quote or 0]] = True
    before, after = quotes[0::2] - 1, quotes[1::2] + 1
    opens = proper[view[np.maximum(before, 0)]] | (before < 0)
    closes = proper[view[np.minimum(after, len(view) - 1)]] | (after >= len(view))
    strays = [
        int(quotes[2 * int(np.argmin(opens))]) if not opens.all() else None,
        int(quotes[2 * int(np.argmin(closes)) + 1]) if not closes.all() else None,
    ]
    return min((stray for stray in strays if stray is not None), default=None)


def _mark(
    data: bytes,
    view: npt.NDArray[np.uint8],
    ends: Offsets,
    bad: dict[int, str],
    layout: Layout,
) -> None:
    """Add blank lines, NUL bytes and records that are too long to the bad records."""
    if not len(ends):
        return
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    long = np.flatnonzero(ends - starts > layout.max_record_bytes)
    for index in long.tolist():
        bad.setdefault(index, LONG.format(limit=layout.max_record_bytes))
    zeros = _positions(data, view, 0)
    zeros = zeros[zeros < ends[-1]]
    for index in np.unique(np.searchsorted(ends, zeros, side="right")).tolist():
        bad.setdefault(index, NUL)
    first = view[starts]
    for index in np.flatnonzero((first == _LF) | (first == _CR)).tolist():
        bad.setdefault(index, BLANK)


def _mark_escaped(
    view: npt.NDArray[np.uint8], ends: Offsets, bad: dict[int, str], layout: Layout
) -> None:
    """Add the records whose line end is escaped: pairs of escapes are masked by now."""
    if layout.escape is None or not len(ends):
        return
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    last = ends - 1
    for byte in (_LF, _CR):
        behind = (last > starts) & (view[last] == byte)
        last = np.where(behind, last - 1, last)
    for index in np.flatnonzero(view[last] == layout.escape).tolist():
        bad.setdefault(index, ESCAPED)


def _closing(data: bytes, at: int, limit: int, quote: bytes) -> int | None:
    """Return where the quote is that closes a field, looking from `at` to `limit`."""
    while True:
        close = data.find(quote, at, limit)
        if close < 0:
            return None
        if data[close + 1 : close + 2] != quote:
            return close
        at = close + 2


class _Walk:
    """A walk over the records of a window, field by field where there are quotes.

    `is_done`: there is nothing more to be found in the window.
    """

    def __init__(self, data: bytes, layout: Layout, *, final: bool) -> None:
        self.data = data
        self.layout = layout
        self.final = final
        self.ends: list[int] = []
        self.bad: dict[int, str] = {}
        self.is_cut = False
        self.is_done = False
        self._quote = bytes([layout.quote]) if layout.quote is not None else b""
        self._delimiter = bytes([layout.delimiter or _LF])
        self._comment = layout.comment
        self._stops = layout.stops
        self._lines = np.empty(0, np.int64)

    def run(self, at: int, lines: Offsets, quotes: Offsets, records: int) -> None:
        """Walk some `records` from `at` on, or as far as whole records go."""
        self.ends, self.bad = [], {}
        self._lines = lines
        while at < len(self.data):
            if len(self.ends) >= records:
                return
            mark = int(quotes.searchsorted(at))
            quote = int(quotes[mark]) if mark < len(quotes) else len(self.data)
            line = int(lines.searchsorted(at, side="right"))
            upto = int(lines.searchsorted(quote, side="right"))
            if upto > line:
                self.ends.extend(lines[line:upto].tolist())
                at = self.ends[-1]
                continue
            end = self._record(at) if mark < len(quotes) else None
            if end is None:
                self._leave(at)
                break
            self.ends.append(end)
            at = end
        self.is_done = True

    def _leave(self, at: int) -> None:
        """Leave the last record to the next window, or cut it if it is too long."""
        index, limit = len(self.ends), self.layout.max_record_bytes
        if len(self.data) - at > limit:
            self.is_cut = True
            self.bad.setdefault(index, LONG.format(limit=limit))
            self.ends.append(len(self.data))
        else:
            self.bad.pop(index, None)

    def _record(self, start: int) -> int | None:
        """Return where the record ends, None if the window does not show it."""
        data, at = self.data, start
        limit = start + self.layout.max_record_bytes
        line = self._line_end(at)
        if self._comment and data.startswith(self._comment, at):
            return line
        while at < len(data):
            if at <= limit and data[at : at + 1] == self._quote:
                close = _closing(data, at + 1, limit, self._quote)
                if close is None:
                    return self._open(at, limit)
                at = close + 1
                if at < len(data) and data[at] not in self._stops:
                    self.bad.setdefault(len(self.ends), AFTER)
                if line is not None and at >= line:
                    line = self._line_end(at)
            stop = data.find(self._delimiter, at, line) if at <= limit else -1
            if stop < 0:
                return line if at < len(data) or not self.final else at
            at = stop + 1
        return at if self.final else None

    def _open(self, quote: int, limit: int) -> int | None:
        """End a record at the end of the line on which its open quote stands."""
        if len(self.data) < limit and not self.final:
            return None
        self.bad[len(self.ends)] = OPEN
        return self._line_end(quote)

    def _line_end(self, at: int) -> int | None:
        index = int(self._lines.searchsorted(at, side="right"))
        return int(self._lines[index]) if index < len(self._lines) else None
