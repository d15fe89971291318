"""What every reader of lines has around it: the index of lines, their numbers, blanks.

Lines at the end of an object that are blank are no records, blank lines elsewhere are
rejected; `skip` lines in front are not counted. With `starts_with`, a record is an entry
of several lines: the line that matches, and those up to the next one that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backbone.engines.raw.headers import looks_like, missing_problem
from backbone.engines.raw.pieces import (
    RECORD,
    Job,
    Part,
    Piece,
    RejectedRecord,
    Wanted,
    cut,
    ending,
    refusal,
    text_table,
)
from backbone.engines.raw.places import with_nulls
from backbone.engines.raw.readers.frame import reader_of, settings_of
from backbone.engines.raw.readers.protocol import LineReader
from backbone.engines.raw.records import BLANK, LONG, Layout
from backbone.engines.raw.streams import Window, opened, opened_part, windows
from backbone.engines.raw.texts import NOT_TEXT
from backbone.model.raw import RawFormat, RawObject

__all__ = [
    "are_sound",
    "can_be_cut",
    "first_line",
    "jobs",
    "names_of",
    "part_jobs",
    "reads_lines",
    "record_texts",
    "skipped",
]

_READ_BYTES = 8 << 20
_NO_START = "does not begin as `starts_with` says, and is no part of an entry"


def reads_lines(form: RawFormat) -> bool:
    """Tell whether the reader of a format splits lines.

    Raises
    ------
    PluginError : it is not installed
    """
    return hasattr(reader_of(form.format), "read_lines")


def names_of(form: RawFormat) -> tuple[str, ...]:
    """Return the raw columns that lines of a layout have."""
    reader: LineReader = reader_of(form.format)
    return tuple(reader.names(settings_of(form)))


def can_be_cut(form: RawFormat) -> bool:
    """Tell whether every line is a record, so that some can be read without the rest."""
    return reads_lines(form) and not getattr(settings_of(form), "starts_with", None)


@dataclass(frozen=True)
class _Splitter:
    """A line reader, with what was declared of it."""

    obj: RawObject
    wanted: Wanted
    reader: LineReader
    settings: Any

    @classmethod
    def of(cls, obj: RawObject, wanted: Wanted) -> _Splitter:
        reader = reader_of(wanted.format.format)
        return cls(obj, wanted, reader, settings_of(wanted.format))

    @property
    def starts_with(self) -> str | None:
        found = getattr(self.settings, "starts_with", None)
        return f"^(?:{found})" if found else None

    @property
    def names(self) -> tuple[str, ...]:
        return self.reader.names(self.settings)

    def problem(self) -> str | None:
        """Say which wanted columns lines do not have."""
        missing = [each for each in self.wanted.required if each not in self.names]
        if not missing:
            return None
        return missing_problem("the layout has no", missing, self.names)

    def piece(
        self,
        lines: pa.Array,
        numbers: np.ndarray[Any, np.dtype[np.int64]],
        rejected: list[RejectedRecord],
        size: int,
    ) -> Piece:
        """Split lines that are sound text; add those with something wrong to rejected."""
        found = self.reader.read_lines(lines, self.settings)
        bad = sorted(found.bad)
        for row in bad:
            text = cut(lines[row].as_py())
            rejected.append(RejectedRecord(int(numbers[row]), found.bad[row], raw=text))
        known = self.wanted.sources
        columns = {name: found.columns[name] for name in known if name in found.columns}
        columns = with_nulls(self._emptied(columns), self.wanted.format.nulls)
        table = text_table(columns, numbers)
        if bad:
            kept = np.delete(np.arange(len(numbers)), bad)
            table, lines, numbers = table.take(kept), lines.take(kept), numbers[kept]
        raw = partial(_raw_of, lines, numbers) if self.wanted.keep_raw else None
        ordered = tuple(sorted(rejected, key=lambda each: each.record or 0))
        return Piece(self.obj, table, ordered, size=size, raw=raw)

    def _emptied(self, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        if "" not in self.wanted.format.nulls:
            return columns
        nothing = pa.scalar(None, pa.string())
        return {
            name: pc.if_else(pc.equal(column, ""), nothing, column)
            for name, column in columns.items()
        }


def _raw_of(
    lines: pa.Array, numbers: np.ndarray[Any, np.dtype[np.int64]], number: int
) -> str:
    at = int(np.searchsorted(numbers, number))
    return cut(lines[at].as_py())


def jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Index an object window by window; each job splits the lines of one."""
    one = _Splitter.of(obj, wanted)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        found = windows(
            stream,
            Layout(wanted.format.max_record_bytes),
            wanted.piece_bytes,
            first=1 - skipped(wanted.format),
        )
        first = next(found, None)
        problem = _refused(one, first)
        whole = chain([first], found) if first else found
        if problem:
            last = max((_behind_text(each) for each in whole), default=1) - 1
            head = first.data[: 4 * wanted.format.max_record_bytes] if first else b""
            refuse = partial(refusal, obj, wanted.sources, problem, records=last)
            yield partial(refuse, head=head)
        elif one.starts_with:
            yield from _entries(one, whole)
        else:
            yield from _line_jobs(one, whole)


def _refused(one: _Splitter, first: Window | None) -> str | None:
    if first is None:
        return "the file is empty"
    kind = looks_like(first.data)
    if kind:
        return f"not lines of text. The file looks like {kind}"
    return one.problem()


def _line_jobs(one: _Splitter, found: Iterable[Window]) -> Iterator[Job]:
    behind = 1
    for window in found:
        pending, behind = behind, max(behind, _behind_text(window))
        if behind > window.first and behind > pending:
            yield partial(_split, one, window, (pending, behind))
    yield partial(ending, one.obj, one.wanted.sources, records=behind - 1)


def part_jobs(obj: RawObject, wanted: Wanted, part: Part) -> Iterator[Job]:
    """Split the lines of a part; each job those of a window."""
    one, behind = _Splitter.of(obj, wanted), part.first + part.records
    with closing(opened_part(obj.path, part.start, part.stop)) as stream:
        found = windows(
            stream,
            Layout(wanted.format.max_record_bytes),
            wanted.piece_bytes,
            first=part.first,
        )
        for window in found:
            numbers = (window.first, min(window.last, behind))
            yield partial(_split, one, window, numbers)
    yield partial(ending, obj, wanted.sources, records=part.records)


def are_sound(obj: RawObject, wanted: Wanted) -> bool:
    """Tell whether an object is not to be refused."""
    one = _Splitter.of(obj, wanted)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        first = next(
            windows(stream, Layout(wanted.format.max_record_bytes), wanted.piece_bytes),
            None,
        )
    return _refused(one, first) is None


def skipped(form: RawFormat) -> int:
    """Return how many lines stand before the first record."""
    return int(getattr(settings_of(form), "skip", 0))


def record_texts(obj: RawObject, form: RawFormat) -> Iterator[str]:
    """Yield the raw text of every entry of several lines."""
    wanted = Wanted(form, (), _READ_BYTES, keep_raw=True)
    found: dict[int, str] = {}
    for job in jobs(obj, wanted):
        piece = job()
        found = {each.record or 0: each.raw for each in piece.rejected}
        for number in piece.table[RECORD].to_pylist():
            found[number] = piece.raw(number) if piece.raw else ""
        yield from (found[number] for number in sorted(found))


def first_line(obj: RawObject, form: RawFormat) -> int:
    """Return how many bytes of an object, behind its mark, are skipped."""
    skip, behind = skipped(form), 0
    if not skip:
        return 0
    with closing(opened(obj.path, form.encoding)) as stream:
        for window in windows(stream, Layout(form.max_record_bytes), 1 << 20):
            if window.last >= skip:
                return window.at + window.records.span(skip - 1 - window.first)[1]
            behind = window.at + window.records.used
    return behind


def _behind_text(window: Window) -> int:
    """Return the number behind the last line that is not blank, at least 1."""
    bad = window.records.bad
    for index in range(len(window.records) - 1, -1, -1):
        if bad.get(index) != BLANK:
            return max(1, window.first + index + 1)
    return 1


def _split(one: _Splitter, window: Window, numbers: tuple[int, int]) -> Piece:
    """Split the lines of a window; numbers before it are those of blank lines."""
    rejected = [
        RejectedRecord(number, BLANK) for number in range(numbers[0], window.first)
    ]
    start = max(1, window.first)
    lines, kept = _sound_lines(window, (start, numbers[1]), rejected)
    return one.piece(lines, kept, rejected, window.records.used)


def _sound_lines(
    window: Window, numbers: tuple[int, int], rejected: list[RejectedRecord]
) -> tuple[pa.Array, np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the lines of these numbers that are text; the others are rejected."""
    wanted = np.arange(numbers[0], max(numbers), dtype=np.int64)
    bad = {
        window.first + index: reason
        for index, reason in window.records.bad.items()
        if numbers[0] <= window.first + index < numbers[1]
    }
    cells = _cells(window, numbers)
    if not _is_text(cells):
        for number, value in zip(wanted.tolist(), cells.to_pylist(), strict=True):
            if number not in bad and not _is_sound(value):
                bad[number] = NOT_TEXT
    for number, reason in bad.items():
        raw = "" if reason == BLANK else window.text_of(number)
        rejected.append(RejectedRecord(number, reason, raw=raw))
    if bad:
        mask = ~np.isin(wanted, np.fromiter(bad, np.int64))
        wanted, cells = wanted[mask], cells.filter(pa.array(mask))
    text = cells.cast(pa.large_string()).cast(pa.string())
    return pc.utf8_rtrim(text, "\r\n"), wanted


def _cells(window: Window, numbers: tuple[int, int]) -> pa.Array:
    """Return the bytes of lines, with their ends, without a copy of them."""
    low, high = numbers[0] - window.first, max(numbers) - window.first
    ends = window.records.ends[low:high]
    start = window.records.span(low)[0] if len(ends) else 0
    offsets = np.concatenate([np.array([start], np.int64), ends.astype(np.int64)])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(window.data)]
    return pa.Array.from_buffers(pa.large_binary(), len(ends), buffers)


def _is_text(cells: pa.Array) -> bool:
    try:
        text = cells.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.match_substring(text, "\0")).as_py()


def _is_sound(value: bytes) -> bool:
    try:
        return "\0" not in value.decode()
    except UnicodeDecodeError:
        return False


def _entries(one: _Splitter, found: Iterable[Window]) -> Iterator[Job]:
    """Put lines together that make an entry; the last one waits for its end."""
    waiting: list[str] = []
    number = 1
    bad: dict[int, str] = {}
    for window in found:
        behind = max(_behind_text(window), window.first)
        lines = _texts_of(window, behind)
        text = pa.array(waiting + [line for line, _ in lines], pa.string())
        wrong = {
            len(waiting) + place: reason
            for place, (_, reason) in enumerate(lines)
            if reason and reason != BLANK
        } | bad
        starts = np.flatnonzero(
            pc.match_substring_regex(text, one.starts_with).to_numpy(zero_copy_only=False)
        )
        starts = np.union1d(starts, [0] if len(text) else []).astype(np.int64)
        if len(starts) > 1:
            done = int(starts[-1])
            own = {place: reason for place, reason in wrong.items() if place < done}
            yield partial(
                _entry_piece, one, text.slice(0, done), starts[:-1], own, number
            )
            number += len(starts) - 1
            wrong = {place - done: each for place, each in wrong.items() if place >= done}
            text = text.slice(done)
        waiting, bad = text.to_pylist(), wrong
        size = sum(map(len, waiting))
        if size > 2 * one.wanted.format.max_record_bytes:
            bad = {0: LONG.format(limit=one.wanted.format.max_record_bytes)}
            waiting = [cut(waiting[0])]
    while waiting and not waiting[-1].strip():
        waiting.pop()
    if waiting:
        text = pa.array(waiting, pa.string())
        yield partial(_entry_piece, one, text, np.zeros(1, np.int64), bad, number)
        number += 1
    yield partial(ending, one.obj, one.wanted.sources, records=number - 1)


def _texts_of(window: Window, behind: int) -> list[tuple[str, str | None]]:
    """Return lines, with what is wrong with them; those that are skipped are left out."""
    found: list[tuple[str, str | None]] = []
    for number in range(max(1, window.first), max(behind, window.last)):
        index = number - window.first
        reason = window.records.bad.get(index)
        data = window.bytes_of(index)
        if reason is None and not _is_sound(data):
            reason = NOT_TEXT
        text = window.text_of(number) if reason else data.decode()
        found.append((text.replace("\0", "\ufffd"), reason))
    return found


def _entry_piece(
    one: _Splitter,
    lines: pa.Array,
    starts: np.ndarray[Any, np.dtype[np.int64]],
    bad: dict[int, str],
    first: int,
) -> Piece:
    """Split entries, whose first lines are at `starts`."""
    offsets = pa.array(np.append(starts, len(lines)), pa.int32())
    entries = pc.binary_join(pa.ListArray.from_arrays(offsets, lines), "\n")
    entries = pc.utf8_rtrim(entries, "\r\n")
    numbers = np.arange(first, first + len(entries), dtype=np.int64)
    wrong: dict[int, str] = {}
    for place, reason in sorted(bad.items()):
        row = int(np.searchsorted(starts, place, side="right")) - 1
        wrong.setdefault(row, reason)
    limit = one.wanted.format.max_record_bytes
    for row in np.flatnonzero(pc.greater(pc.binary_length(entries), limit)).tolist():
        wrong.setdefault(row, LONG.format(limit=limit))
    begins = pc.match_substring_regex(entries.slice(0, 1), one.starts_with)
    if len(entries) and not begins[0].as_py():
        wrong.setdefault(0, BLANK if not entries[0].as_py().strip() else _NO_START)
    rejected = [
        RejectedRecord(int(numbers[row]), reason, raw=cut(entries[row].as_py()))
        for row, reason in sorted(wrong.items())
    ]
    size = int(entries.nbytes)
    kept = np.delete(np.arange(len(entries)), list(wrong))
    return one.piece(entries.take(kept), numbers[kept], rejected, size)
