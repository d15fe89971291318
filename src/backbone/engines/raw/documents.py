"""JSON documents and JSON lines: records as text, digit by digit.

A document is read as a whole and is refused if it is not JSON; of JSON lines every line
is a record of its own. Either way a record with a key that stands twice, or with text
that is no text in a declared column, is rejected, and so is what is no object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import chain, count
from typing import Any

import numpy as np
import pyarrow as pa

from backbone.engines.raw.headers import looks_like, missing_problem
from backbone.engines.raw.json_text import (
    MISSING,
    ListOnTheWayError,
    NoRecordsError,
    RecordError,
    lookup,
    parse_record,
    text_of,
    walk_records,
)
from backbone.engines.raw.pieces import (
    Job,
    ObjectEnd,
    Part,
    Piece,
    RejectedRecord,
    Wanted,
    ending,
    readable,
    refusal,
    text_table,
)
from backbone.engines.raw.readers import frame
from backbone.engines.raw.records import BLANK, Layout
from backbone.engines.raw.streams import Window, opened, opened_part, windows
from backbone.model.raw import RawFormat, RawObject
from backbone.project.reads import is_above

__all__ = [
    "are_sound_lines",
    "behind_text",
    "document_jobs",
    "is_nested",
    "keys_of",
    "line_jobs",
    "line_layout",
    "part_jobs",
    "record_texts",
    "strange",
]

_READ_BYTES = 1 << 24
_UNSOUND = "text that is not Unicode, or has a NUL"
_Text = str | bytes | None  # a number's digits are bytes
_PLAIN = frozenset({str, bytes, type(None)})


def line_layout(form: RawFormat) -> Layout:
    """Return the layout of JSON lines: a record a line."""
    return Layout(form.max_record_bytes)


def is_nested(form: RawFormat) -> bool:
    """Tell whether the records of JSON lines are inside of their lines."""
    return form.format == "jsonl" and form.records is not None


class _Rows:
    """Records of one piece, and those that were rejected."""

    def __init__(self, obj: RawObject, wanted: Wanted) -> None:
        self.obj = obj
        self.keep_raw = wanted.keep_raw
        self.paths = {source: source.split(".") for source in wanted.sources}
        self.roots = {*self.paths, *(path[0] for path in self.paths.values())}
        # JSON has a null of its own: an empty string is a value
        nulls = set(wanted.format.nulls) - {""}
        self.nulls = nulls | {text.encode() for text in nulls}
        self.numbers: list[int] = []
        # no record is kept: many small objects would keep the garbage collector busy
        self.flat = [source for source, path in self.paths.items() if len(path) == 1]
        self.values: list[Any] = []
        deep = (source for source in self.paths if source not in self.flat)
        self.deep: dict[str, list[Any]] = {source: [] for source in deep}
        self.raws: list[str] = []
        self.rejected: list[RejectedRecord] = []
        self.keys: dict[str, None] = {}
        self.unseen = set(wanted.required)

    def add(self, number: int, record: dict[str, Any], raw: str) -> None:
        """Take a record."""
        self.meet(record)
        self.numbers.append(number)
        self.values.extend(map(record.get, self.flat))
        for source, found in self.deep.items():
            found.append(lookup(record, source, self.paths[source]))
        self.raws.append(raw)

    def meet(self, record: dict[str, Any]) -> None:
        """Remember what keys a record has."""
        if self.unseen:
            missing = [
                s for s in self.unseen if lookup(record, s, self.paths[s]) is MISSING
            ]
            self.unseen = set(missing)
        if not record.keys() <= self.keys.keys():
            self.keys.update(dict.fromkeys(record))

    def reject(
        self, number: int, reason: str, raw: str, *, column: str | None = None
    ) -> None:
        """Reject a record."""
        self.rejected.append(RejectedRecord(number, reason, column, _raw(raw)))

    def missing(self) -> str | None:
        """Say which sources no record has."""
        absent = [source for source in self.paths if source in self.unseen]
        if not absent or not self.keys:
            return None
        return missing_problem("no record has the", absent, tuple(self.keys))

    def piece(self, *, size: int, end: ObjectEnd | None = None) -> Piece:
        """Return what was taken."""
        width = len(self.flat)
        found = {source: self.values[n::width] for n, source in enumerate(self.flat)}
        found |= self.deep
        cells = {source: self._texts(found[source]) for source in self.paths}
        kept = self._reject_unsound(cells)
        numbers, raws = [self.numbers[row] for row in kept], self.raws
        if len(kept) < len(self.numbers):
            cells = {name: [texts[row] for row in kept] for name, texts in cells.items()}
            raws = [raws[row] for row in kept]
        columns = {name: pa.array(texts, pa.string()) for name, texts in cells.items()}
        by_number = dict(zip(numbers, raws, strict=True)) if self.keep_raw else {}
        return Piece(
            self.obj,
            text_table(columns, np.array(numbers, np.int64)),
            tuple(sorted(self.rejected, key=lambda reject: reject.record or 0)),
            size=size,
            undeclared=tuple(key for key in self.keys if key not in self.roots),
            end=end,
            raw=(lambda number: _raw(by_number[number])) if self.keep_raw else None,
        )

    def _texts(self, values: list[Any]) -> list[_Text]:
        if not _PLAIN.issuperset(map(type, values)):
            values = [text_of(value) for value in values]
        if self.nulls:
            values = [None if value in self.nulls else value for value in values]
        return values

    def _reject_unsound(self, cells: dict[str, list[_Text]]) -> list[int]:
        """Reject the records with a cell that is no text; return the rows of the rest."""
        kept = []
        for row, raw in enumerate(self.raws):
            column = None
            if "\\u" in raw or not raw.isascii():
                column = next((n for n in cells if not _is_sound(cells[n][row])), None)
            if column is None:
                kept.append(row)
            else:
                self.reject(self.numbers[row], _UNSOUND, raw, column=column)
        return kept


def _raw(text: str) -> str:
    return readable(text[:40_000].encode("utf-8", errors="surrogateescape"))


def _is_sound(text: _Text) -> bool:
    if not isinstance(text, str):
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def document_jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Read a JSON document: the whole of it is one piece."""
    is_inner = any(map(is_above, wanted.sources))
    yield partial(frame.whole if is_inner else _document, obj, wanted)


def _document(obj: RawObject, wanted: Wanted) -> Piece:
    data = _whole(obj, wanted.format)
    refuse = partial(refusal, obj, wanted.sources, head=data)
    if not data.strip():
        return refuse("the file is empty")
    rows = _Rows(obj, wanted)
    numbers = count(1)

    def take(record: dict[str, Any] | RecordError, start: int, end: int) -> None:
        number = next(numbers)
        if isinstance(record, RecordError):
            rows.reject(number, str(record), text[start:end])
        else:
            rows.add(number, record, text[start:end])

    text = data.decode("utf-8", errors="surrogateescape")
    try:
        walk_records(text, _path(wanted.format), take)
    except ListOnTheWayError:
        return frame.whole(obj, wanted)
    except (NoRecordsError, json.JSONDecodeError, RecursionError) as error:
        return refuse(_unusable(error, data))
    records = next(numbers) - 1
    problem = rows.missing()
    if problem:
        return refuse(problem, records=records)
    return rows.piece(size=len(data), end=ObjectEnd(records))


def record_texts(obj: RawObject, form: RawFormat) -> Iterator[str]:
    """Yield the raw text of every record of a JSON document."""
    text = _whole(obj, form).decode("utf-8", errors="surrogateescape")
    spans: list[tuple[int, int]] = []
    try:
        walk_records(text, _path(form), lambda _, start, end: spans.append((start, end)))
    except ListOnTheWayError:
        yield from frame.record_texts(obj, form)
        return
    for start, end in spans:
        yield _raw(text[start:end])


def keys_of(obj: RawObject, wanted: Wanted) -> tuple[str, ...] | None:
    """Return the keys of the records of a document, or of the first lines of JSON lines.

    None if it is not one, or no record has any.
    """
    if wanted.format.format == "json":
        return _document(obj, wanted).undeclared or None
    layout = line_layout(wanted.format)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        first = next(windows(stream, layout, wanted.piece_bytes, first=1), None)
    if first is None or strange(first):
        return None
    numbers = (first.first, first.first + len(first.records))
    return _lines(obj, first, numbers, wanted).undeclared or None


def _path(form: RawFormat) -> list[str]:
    return form.records.split(".") if form.records else []


def _whole(obj: RawObject, form: RawFormat) -> bytes:
    with closing(opened(obj.path, form.encoding)) as stream:
        parts = list(iter(partial(stream.read, _READ_BYTES), b""))
    return b"".join(parts)


def _unusable(error: Exception, data: bytes) -> str:
    """Say why a document cannot be used."""
    if isinstance(error, json.JSONDecodeError):
        return _not_json(error, data)
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _not_json(error: json.JSONDecodeError, data: bytes) -> str:
    kind = looks_like(data)
    if kind is None and error.msg == "Extra data":
        kind = "JSON lines: declare `format: jsonl`"
    place = f"line {error.lineno}, column {error.colno}"
    problem = f"not JSON: {error.msg} at {place}"
    return f"{problem}. The file looks like {kind}" if kind else problem


def line_jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Index an object window by window; each job reads the lines of one.

    Blank lines at the end are no records. Lines are read ahead until every wanted
    source has been met, which most often is in the first line.
    """
    if is_nested(wanted.format):
        yield from frame.jobs(obj, wanted)
        return
    layout = line_layout(wanted.format)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        found = windows(stream, layout, wanted.piece_bytes, first=1)
        first = next(found, None)
        if first is None:
            yield partial(refusal, obj, wanted.sources, "the file is empty")
            return
        problem = strange(first) or _missing(obj, wanted)
        if problem:
            last = max(behind_text(window) for window in chain([first], found)) - 1
            refuse = partial(refusal, obj, wanted.sources, problem, records=last)
            yield partial(refuse, head=first.data[: 4 * layout.max_record_bytes])
            return
        behind = 1
        for window in chain([first], found):
            pending, behind = behind, max(behind, behind_text(window))
            if behind > window.first:
                yield partial(_lines, obj, window, (pending, behind), wanted)
        yield partial(ending, obj, wanted.sources, records=behind - 1)


def part_jobs(obj: RawObject, wanted: Wanted, part: Part) -> Iterator[Job]:
    """Read the lines of a part; each job reads a window of them.

    Lines behind the records of the part are blank and end the object.
    """
    layout, behind = line_layout(wanted.format), part.first + part.records
    with closing(opened_part(obj.path, part.start, part.stop)) as stream:
        for window in windows(stream, layout, wanted.piece_bytes, first=part.first):
            numbers = (window.first, min(window.last, behind))
            yield partial(_lines, obj, window, numbers, wanted)
        yield partial(ending, obj, wanted.sources, records=part.records)


def are_sound_lines(obj: RawObject, wanted: Wanted) -> bool:
    """Tell whether an object is not to be refused."""
    layout = line_layout(wanted.format)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        first = next(windows(stream, layout, wanted.piece_bytes, first=1), None)
    return first is not None and not (strange(first) or _missing(obj, wanted))


def behind_text(window: Window) -> int:
    """Return the number behind the last record that is no blank line, at least 1."""
    bad = window.records.bad
    for index in range(len(window.records) - 1, -1, -1):
        if bad.get(index) != BLANK:
            return window.first + index + 1
    return 1


def strange(first: Window) -> str | None:
    """Say why a file cannot be JSON lines, from its first line."""
    line = first.bytes_of(0).strip()
    try:
        is_document = isinstance(json.loads(line), list)
    except (ValueError, RecursionError):
        is_document = line.startswith(b"[") or line == b"{"
    document = "a JSON document: declare `format: json`" if is_document else None
    kind = document or looks_like(first.data)
    return f"not JSON lines. The file looks like {kind}" if kind else None


def _missing(obj: RawObject, wanted: Wanted) -> str | None:
    """Say which sources no record of an object has."""
    rows = _Rows(obj, wanted)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        layout = line_layout(wanted.format)
        for window in windows(stream, layout, wanted.piece_bytes, first=1):
            for index in range(len(window.records)):
                if not rows.unseen:
                    return None
                if index in window.records.bad:
                    continue
                try:
                    rows.meet(parse_record(_line(window, index)))
                except RecordError:
                    continue
    return rows.missing()


def _line(window: Window, index: int) -> str:
    return window.bytes_of(index).decode("utf-8", errors="surrogateescape")


def _lines(
    obj: RawObject, window: Window, numbers: tuple[int, int], wanted: Wanted
) -> Piece:
    """Read the lines of a window; those before it, from `numbers` on, are blank."""
    rows = _Rows(obj, wanted)
    for number in range(numbers[0], window.first):
        rows.reject(number, BLANK, "")
    for index in range(numbers[1] - window.first):
        number = window.first + index
        reason = window.records.bad.get(index)
        if reason:
            rows.reject(number, reason, window.text_of(number))
            continue
        line = _line(window, index)
        try:
            rows.add(number, parse_record(line), line)
        except RecordError as error:
            rows.reject(number, str(error), line)
    return rows.piece(size=window.records.used)
