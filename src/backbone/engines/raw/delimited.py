"""Delimited text (CSV): records by the index, cells by pyarrow, nothing by guesswork.

Only sound records reach pyarrow, as whole records, and the rows that it returns are
counted against the index. What is not sound is rejected with its raw text: a blank
line, a NUL byte, an open quote, text after a closing quote, too few or too many fields,
bytes that are not in the declared encoding.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from backbone.engines.raw.headers import header_problem, looks_like
from backbone.engines.raw.layouts import (
    BLANKS,
    Leaving,
    Opening,
    begun,
    layout_of,
    with_last,
)
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
from backbone.engines.raw.records import fields
from backbone.engines.raw.streams import (
    ByteStream,
    Window,
    opened,
    opened_part,
    windows,
)
from backbone.errors import AccountMismatch
from backbone.model.raw import RawFormat, RawObject

__all__ = ["jobs", "layout_of", "opening_of", "part_jobs", "records_of"]

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class _Columns:
    """The raw columns, the places of those that are wanted, and what is no record."""

    names: tuple[str, ...]
    places: Mapping[str, int]
    leaving: Leaving

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The names that nobody reads, each once."""
        unread = (name for name in self.names if name not in self.places)
        return tuple(dict.fromkeys(unread))


def jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Index an object window by window; each job reads one of them.

    The header is checked before the first job: a refused object has only one, which
    says why (its records are counted, not read).
    """
    form = wanted.format
    with closing(opened(obj.path, form.encoding)) as stream:
        opening = begun(stream, form, wanted.piece_bytes)
        problem = _problem(opening, wanted)
        if problem or opening.header is None:
            count = sum(len(window.records) for window in opening.windows)
            refuse = partial(refusal, obj, wanted.sources, problem or "", records=count)
            yield partial(refuse, head=opening.head)
            return
        columns = _columns(opening.header.names, opening.header.lines, wanted)
        for window, last in with_last(opening.windows, form):
            end = ObjectEnd(last.number, before=opening.left_out) if last else None
            footer = last.footer if last else 0
            yield partial(_piece, obj, columns, window, wanted, end, footer)


def part_jobs(obj: RawObject, wanted: Wanted, part: Part) -> Iterator[Job]:
    """Read the records of a part; each job reads a window of them."""
    lines = [line.encode("latin-1") for line in part.lines]
    columns = _columns(part.names, lines, wanted)
    layout = layout_of(wanted.format)
    with closing(opened_part(obj.path, part.start, part.stop)) as stream:
        found = windows(stream, layout, wanted.piece_bytes, first=part.first)
        for window, last in with_last(found, wanted.format):
            end = ObjectEnd(part.records, before=part.before) if last else None
            yield partial(_piece, obj, columns, window, wanted, end, 0)


def opening_of(obj: RawObject, wanted: Wanted) -> Opening | None:
    """Return how an object begins; None if it is to be refused."""
    with closing(opened(obj.path, wanted.format.encoding)) as stream:
        opening = begun(stream, wanted.format, wanted.piece_bytes)
        return None if _problem(opening, wanted) else opening


def records_of(
    stream: ByteStream, form: RawFormat, window_bytes: int
) -> Iterator[Window]:
    """Yield the windows of a stream behind its header; the first record is 1."""
    return begun(stream, form, window_bytes).windows


def _columns(names: tuple[str, ...], lines: Sequence[bytes], wanted: Wanted) -> _Columns:
    place_of = {name: place for place, name in enumerate(names)}
    places = {name: place_of[name] for name in wanted.sources if name in place_of}
    return _Columns(names, places, Leaving.of(wanted.format, lines))


def _problem(opening: Opening, wanted: Wanted) -> str | None:
    """Say why an object cannot be read; the names are those that its header gives."""
    header, problem = opening.header, opening.trouble
    if header is not None:
        problem = header_problem(header.names, header.given, wanted)
    kind = looks_like(opening.head)
    return f"{problem} The file looks like {kind}" if problem and kind else problem


def _piece(
    obj: RawObject,
    header: _Columns,
    window: Window,
    wanted: Wanted,
    end: ObjectEnd | None,
    footer: int,
) -> Piece:
    """Read the records of a window, behind which is a footer of some lines."""
    gone = header.leaving.places(window)
    rejected = list(_unsound(window, header, wanted.format, frozenset(gone.tolist())))
    numbers = np.arange(window.first, window.last, dtype=np.int64)
    bad = np.array([(each.record or 0) - window.first for each in rejected], np.int64)
    bad = np.union1d(gone, bad) if len(gone) else np.sort(bad)
    if len(bad):
        numbers = np.delete(numbers, bad)
    table, wrong = _parse(_without(window, bad), header, wanted.format, window)
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
    if wanted.format.trim:
        columns = {name: _trimmed(text, wanted) for name, text in columns.items()}
    return Piece(
        obj,
        text_table(columns, numbers),
        tuple(sorted(rejected, key=lambda reject: reject.record or 0)),
        size=window.records.used - window.records.start,
        undeclared=header.undeclared if end else (),
        end=end,
        raw=window.text_of if wanted.keep_raw else None,
        left_out=len(gone) + footer,
    )


def _trimmed(texts: pa.ChunkedArray, wanted: Wanted) -> pa.ChunkedArray:
    """Take the blanks off texts; what is left may stand for a missing value."""
    bare = pc.utf8_trim(texts, characters=BLANKS)
    nulls = pa.array(wanted.format.nulls, pa.string())
    missing = pc.and_(pc.not_equal(bare, texts), pc.is_in(bare, value_set=nulls))
    return pc.if_else(missing, pa.scalar(None, pa.string()), bare)


def _miscounted(expected: int, found: int) -> str:
    return f"expected {expected} fields, found {found}"


def _unsound(
    window: Window, header: _Columns, form: RawFormat, gone: frozenset[int]
) -> Iterator[RejectedRecord]:
    """Reject the records that must not be given to a splitter of cells."""
    for index, reason in window.records.bad.items():
        if index not in gone:
            number = window.first + index
            yield RejectedRecord(number, reason, raw=window.text_of(number))
    yield from _not_in_encoding(window, header, form, gone)


def _not_in_encoding(
    window: Window, header: _Columns, form: RawFormat, gone: frozenset[int]
) -> Iterator[RejectedRecord]:
    """Reject records with a declared cell, or a number of cells, that cannot be."""
    for index in _invalid(window):
        if index in window.records.bad or index in gone:
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


def _without(window: Window, places: npt.NDArray[np.int64]) -> pa.Buffer:
    """Return the bytes of the window's records, without those at some places."""
    records, view = window.records, memoryview(window.data)
    at, kept = records.start, []
    for place in places.tolist():
        start, end = records.span(place)
        if start > at:
            kept.append(view[at:start])
        at = end
    kept.append(view[at : records.used])
    data = kept[0] if len(kept) == 1 else b"".join(kept)
    # pyarrow takes a byte order mark at the start of what it reads for no text
    mark = codecs.BOM_UTF8
    return pa.py_buffer(mark + data if data[: len(mark)] == mark else data)


def _parse(
    data: pa.Buffer, header: _Columns, form: RawFormat, window: Window
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
    block = _block(window, is_escaped=form.escape is not None)
    table = csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(
            use_threads=False, column_names=names, block_size=block
        ),
        parse_options=csv.ParseOptions(
            delimiter=form.delimiter,
            quote_char=form.quote if quoted and form.quote else False,
            escape_char=form.escape or False,
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


def _text_type(header: _Columns) -> pa.DataType:
    """Cells that nobody reads may hold any bytes."""
    return pa.string() if header.places else pa.binary()


def _block(window: Window, *, is_escaped: bool) -> int:
    """Return a size of blocks that every record fits into.

    Where a block ends between the CR and the LF of a quoted cell, pyarrow drops the LF
    (https://github.com/apache/arrow/issues/51368): such text is one block.
    """
    records = window.records
    if (records.quoted and window.data.find(b"\r") >= 0) or is_escaped:
        return max(_BLOCK_BYTES, len(window.data) + len(codecs.BOM_UTF8))
    longest = np.diff(records.ends, prepend=records.start).max()
    return max(_BLOCK_BYTES, 2 * int(longest))
