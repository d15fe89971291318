"""Delimited text (CSV): records by the index, cells by pyarrow, nothing by guesswork.

Only sound records reach pyarrow, as whole records, and the rows that it returns are
counted against the index. What is not sound is rejected with its raw text: a blank
line, a NUL byte, an open quote, text after a closing quote, too few or too many fields,
bytes that are not in the declared encoding.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
from pyarrow import csv

from backbone.engines.raw.headers import header_problem, looks_like
from backbone.engines.raw.pieces import (
    Job,
    ObjectEnd,
    Part,
    Piece,
    RejectedRecord,
    Wanted,
    refusal,
    text_table,
)
from backbone.engines.raw.records import BLANK, Layout, fields
from backbone.engines.raw.streams import (
    Window,
    opened,
    opened_part,
    windows,
    with_last,
)
from backbone.errors import AccountMismatch
from backbone.model.raw import RawFormat, RawObject

__all__ = ["header_of", "jobs", "layout_of", "part_jobs"]

_BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 40_000


@dataclass(frozen=True)
class _Header:
    """The names of the raw columns, and the places of those that are wanted."""

    names: tuple[str, ...]
    places: Mapping[str, int]

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The names that nobody reads, each once."""
        unread = (name for name in self.names if name not in self.places)
        return tuple(dict.fromkeys(unread))


def layout_of(form: RawFormat) -> Layout:
    """Return the bytes that structure delimited text."""
    return Layout(form.max_record_bytes, ord(form.delimiter), ord(form.quote))


def jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Index an object window by window; each job reads one of them.

    The header is checked before the first job: a refused object has only one, which
    says why (its records are counted, not read).
    """
    layout = layout_of(wanted.format)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        found = windows(stream, layout, wanted.piece_bytes)
        first = next(found, None)
        if first is None:
            yield partial(refusal, obj, wanted.sources, "the file is empty")
            return
        header = _header(first, layout, wanted.sources)
        problem = _problem(first, header, wanted)
        if problem:
            count = first.last + sum(len(window.records) for window in found) - 1
            refuse = partial(refusal, obj, wanted.sources, problem, records=count)
            yield partial(refuse, head=first.data[:_HEAD_BYTES])
            return
        for window, is_last in with_last(chain([first.behind_header()], found)):
            end = ObjectEnd(window.last - 1) if is_last else None
            yield partial(_piece, obj, header, window, wanted, end)


def part_jobs(obj: RawObject, wanted: Wanted, part: Part) -> Iterator[Job]:
    """Read the records of a part; each job reads a window of them."""
    layout, header = layout_of(wanted.format), _named(part.names, wanted.sources)
    with closing(opened_part(obj.path, part.start, part.stop)) as stream:
        found = windows(stream, layout, wanted.piece_bytes, first=part.first)
        for window, is_last in with_last(found):
            end = ObjectEnd(part.records) if is_last else None
            yield partial(_piece, obj, header, window, wanted, end)


def header_of(obj: RawObject, wanted: Wanted) -> tuple[tuple[str, ...], int] | None:
    """Return the names in a sound header, and where the bytes behind it begin.

    There is none if the object is to be refused.
    """
    layout = layout_of(wanted.format)
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        first = next(windows(stream, layout, wanted.piece_bytes), None)
    if first is None:
        return None
    header = _header(first, layout, wanted.sources)
    if _problem(first, header, wanted):
        return None
    return header.names, first.records.span(0)[1]


def _header(first: Window, layout: Layout, sources: Iterable[str]) -> _Header:
    cells = fields(first.bytes_of(0), layout)
    names = tuple(cell.decode("utf-8", errors="replace") for cell in cells)
    return _named(names, sources)


def _named(names: tuple[str, ...], sources: Iterable[str]) -> _Header:
    places = {name: names.index(name) for name in sources if name in names}
    return _Header(names, places)


def _problem(first: Window, header: _Header, wanted: Wanted) -> str | None:
    trouble = first.records.bad.get(0)
    if trouble == BLANK:
        return "the first line is blank; the header should be there"
    if trouble:
        problem: str | None = f"the header cannot be read: {trouble}."
    else:
        form = wanted.format
        problem = header_problem(header.names, wanted, form.delimiter)
    kind = looks_like(first.data)
    return f"{problem} The file looks like {kind}" if problem and kind else problem


def _piece(
    obj: RawObject,
    header: _Header,
    window: Window,
    wanted: Wanted,
    end: ObjectEnd | None,
) -> Piece:
    """Read the records of a window."""
    rejected = list(_unsound(window, header, wanted.format))
    numbers = np.arange(window.first, window.last, dtype=np.int64)
    if rejected:
        bad = [(each.record or 0) - window.first for each in rejected]
        numbers = np.delete(numbers, bad)
    table, wrong = _parse(_without(window, rejected), header, wanted.format, window)
    if wrong:
        places = [row.number - 1 for row in wrong]
        for row, number in zip(wrong, numbers[places].tolist(), strict=True):
            reason = _miscounted(row.expected_columns, row.actual_columns)
            rejected.append(RejectedRecord(number, reason, raw=window.text_of(number)))
        numbers = np.delete(numbers, places)
    if table.num_rows != len(numbers):
        what = f"{len(numbers):,} records were given to be read, {table.num_rows:,} came"
        raise AccountMismatch(what, where=f"{obj.name}, from record {window.first}")
    columns = {name: table[str(place)] for name, place in header.places.items()}
    return Piece(
        obj,
        text_table(columns, numbers),
        tuple(sorted(rejected, key=lambda reject: reject.record or 0)),
        size=window.records.used - window.records.start,
        undeclared=header.undeclared if end else (),
        end=end,
        raw=window.text_of if wanted.keep_raw else None,
    )


def _miscounted(expected: int, found: int) -> str:
    return f"expected {expected} fields, found {found}"


def _unsound(
    window: Window, header: _Header, form: RawFormat
) -> Iterator[RejectedRecord]:
    """Reject the records that must not be given to a splitter of cells."""
    for index, reason in window.records.bad.items():
        number = window.first + index
        yield RejectedRecord(number, reason, raw=window.text_of(number))
    yield from _not_in_encoding(window, header, form)


def _not_in_encoding(
    window: Window, header: _Header, form: RawFormat
) -> Iterator[RejectedRecord]:
    """Reject records with a declared cell, or a number of cells, that cannot be."""
    for index in _invalid(window):
        if index in window.records.bad:
            continue
        cells = fields(window.bytes_of(index), layout_of(form))
        number = window.first + index
        reason, column = None, None
        if len(cells) != len(header.names):
            reason = _miscounted(len(header.names), len(cells))
        else:
            for name, place in header.places.items():
                if not _is_utf8(pa.py_buffer(cells[place])):
                    reason, column = f"bytes that are not {form.encoding}", name
                    break
        if reason:
            yield RejectedRecord(number, reason, column, window.text_of(number))


def _is_utf8(data: pa.Buffer) -> bool:
    offsets = pa.py_buffer(np.array([0, data.size], np.int64))
    text = pa.Array.from_buffers(pa.large_utf8(), 1, [None, offsets, data])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _invalid(window: Window) -> Iterator[int]:
    """Yield the indexes of the records whose bytes are no UTF-8."""
    records = window.records
    if _is_utf8(
        pa.py_buffer(window.data).slice(records.start, records.used - records.start)
    ):
        return
    view, at = memoryview(window.data), records.start
    while at < records.used:
        try:
            codecs.utf_8_decode(view[at : records.used], "strict", True)
        except UnicodeDecodeError as error:
            index = int(np.searchsorted(records.ends, at + error.start, side="right"))
            yield index
            at = int(records.ends[index])
        else:
            return


def _without(window: Window, rejected: Iterable[RejectedRecord]) -> pa.Buffer:
    """Return the bytes of the window's records, without those of the rejected."""
    records, view = window.records, memoryview(window.data)
    at, kept = records.start, []
    for number in sorted(reject.record or 0 for reject in rejected):
        start, end = records.span(number - window.first)
        kept.append(view[at:start])
        at = end
    kept.append(view[at : records.used])
    data = kept[0] if len(kept) == 1 else b"".join(kept)
    # pyarrow takes a byte order mark at the start of what it reads for no text
    mark = codecs.BOM_UTF8
    return pa.py_buffer(mark + data if data[: len(mark)] == mark else data)


def _parse(
    data: pa.Buffer, header: _Header, form: RawFormat, window: Window
) -> tuple[pa.Table, list[csv.InvalidRow]]:
    """Let pyarrow split sound records into cells; return the rows that do not fit."""
    names = [str(place) for place in range(len(header.names))]
    wanted = [str(place) for place in dict.fromkeys(header.places.values())] or names[:1]
    wrong: list[csv.InvalidRow] = []

    def skip(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    if not data.size:
        return pa.table({name: pa.array([], pa.string()) for name in wanted}), wrong
    quoted = window.records.quoted
    table = csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(
            use_threads=False, column_names=names, block_size=_block(window)
        ),
        parse_options=csv.ParseOptions(
            delimiter=form.delimiter,
            quote_char=form.quote if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        convert_options=csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, _text_type(header)),
            null_values=list(form.nulls),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return table, wrong


def _text_type(header: _Header) -> pa.DataType:
    """Cells that nobody reads may hold any bytes."""
    return pa.string() if header.places else pa.binary()


def _block(window: Window) -> int:
    """Return a size of blocks that every record fits into.

    Where a block ends between the CR and the LF of a quoted cell, pyarrow drops the LF
    (https://github.com/apache/arrow/issues/51368): such text is one block.
    """
    records = window.records
    if records.quoted and window.data.find(b"\r") >= 0:
        return max(_BLOCK_BYTES, len(window.data) + len(codecs.BOM_UTF8))
    longest = np.diff(records.ends, prepend=records.start).max()
    return max(_BLOCK_BYTES, 2 * int(longest))
