"""Habits of CSV files, alone and together: what was written, or the record rejected."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.truth.test_raw_parts import cut

from backbone.engines.protocol import RawRead
from backbone.engines.raw import chunks, delimited, layouts, raw_record, read
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import STRING

BLANKS = ["", " ", "  ", "\u00a0"]


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_PROBE_BYTES", 16)
        patch.setattr(chunks, "_WINDOW_BYTES", 24)
        patch.setattr(delimited, "_BLOCK_BYTES", 1)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("raw") / "a"


@dataclass
class Written:
    """A file, how it is declared, and what must be read of it."""

    layout: dict
    data: bytes = b""
    names: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)
    rejected: set = field(default_factory=set)
    left_out: int = 0


def spelt(row, layout, quoting):
    """One record, as Python's csv writes it."""
    sink = io.StringIO()
    quote, escape = layout.get("quote", '"'), layout.get("escape")
    writer = csv.writer(
        sink,
        delimiter=layout["delimiter"],
        quotechar=quote,
        quoting=quoting if quote else csv.QUOTE_NONE,
        escapechar=escape,
        doublequote=escape is None,
        lineterminator="",
    )
    writer.writerow(row)
    return sink.getvalue()


def cells_of(layout):
    letters = "ab é#'=.-" + layout["delimiter"]
    if layout.get("quote", '"') is None:
        letters = "ab é#'=.-\""
        return st.text(st.sampled_from(letters), max_size=6)
    return st.text(
        st.sampled_from(letters + '"\n\r' + (layout.get("escape") or "")), max_size=7
    )


QUOTES = {"single": {"quote": "'"}, "escape": {"escape": "\\"}, "none": {"quote": None}}
ENDS = [["\n"], ["\r\n"], ["\r"], ["\n", "\r\n"], ["\r", "\r\n"]]
REMARKS = st.text(st.sampled_from("ab\"',;\t |é\\"), max_size=6)


@st.composite
def layouts_(draw):
    """A layout, as `RawFormat` has it."""
    header = draw(st.integers(0, 3))
    layout = {
        "format": "csv",
        "delimiter": draw(st.sampled_from(",;\t|")),
        "header": header,
        "skip": draw(st.integers(0, 2)),
        "comment": draw(st.sampled_from([None, "#", "//"])),
        "blank_lines": draw(st.sampled_from(["skip", "reject"])),
        "trim": draw(st.booleans()),
        "footer": draw(st.sampled_from([0, 0, 2, "^Total"])),
        "repeated_header": bool(header) and draw(st.booleans()),
        "nulls": (),
    }
    if header > 1 and draw(st.booleans()):
        layout["units"] = draw(st.integers(1, header))
    return layout | QUOTES.get(draw(st.sampled_from(["plain", *QUOTES])), {})


class Writer:
    """Writes a file of a layout, and what must be read of it."""

    def __init__(self, draw, layout):
        self.draw = draw
        self.made = Written(layout)
        self.layout = layout
        self.quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
        self.ends = st.sampled_from(draw(st.sampled_from(ENDS)))
        self.width = draw(st.integers(2, 3))
        self.lines = []
        self.number = 0

    def put(self, line, *, left_out=False):
        self.made.data += (line + self.draw(self.ends)).encode()
        self.made.left_out += left_out

    def between(self, *, numbered):
        """A line that is no record, or a blank one that is rejected, or nothing."""
        layout = self.layout
        kind = self.draw(st.sampled_from(["", "", "comment", "blank", "header"]))
        if kind == "comment" and layout["comment"]:
            self.put(layout["comment"] + self.draw(REMARKS), left_out=True)
        elif kind == "blank" and layout["blank_lines"] == "skip":
            self.put(self.draw(st.sampled_from(["", " ", "  "])), left_out=True)
        elif kind == "blank" and numbered:
            self.put("")
            self.made.rejected.add(self.number + 1)
        elif kind == "header" and numbered and layout["repeated_header"]:
            self.put(self.draw(st.sampled_from(self.lines)), left_out=True)
        else:
            return
        self.number += numbered

    def header(self):
        count, columns = self.layout["header"], range(self.width)
        heads = [[f"n{line}{column}" for column in columns] for line in range(count)]
        pad = st.sampled_from(BLANKS if self.layout["trim"] else [""])
        for names in heads:
            self.between(numbered=False)
            padded = [self.draw(pad) + name + self.draw(pad) for name in names]
            self.lines.append(spelt(padded, self.layout, self.quoting))
            self.put(self.lines[-1])
        kept = [head for n, head in enumerate(heads, 1) if n != self.layout.get("units")]
        joined = [" ".join(column) for column in zip(*kept, strict=True)]
        self.made.names = joined or [f"column_{n + 1}" for n in columns]

    def record(self, cells):
        """A record; its first cell is its place, so that it is like no other line."""
        if self.layout["header"] or self.number:  # the first tells how many columns
            self.between(numbered=True)
        self.number += 1
        row = [f"{self.number}", *cells]
        if self.quoting == csv.QUOTE_MINIMAL or not self.layout.get("quote", '"'):
            # Python leaves line ends of other kinds unquoted
            row = [cell.replace("\r", "").replace("\n", "") for cell in row]
        if not self.layout.get("quote", '"'):
            row = [cell.replace(self.layout["delimiter"], "") for cell in row]
        if self.number > 1 and self.draw(st.integers(0, 9)) == 0:
            self.put(spelt(row[:-1], self.layout, self.quoting))
            self.made.rejected.add(self.number)
            return
        self.put(spelt(row, self.layout, self.quoting))
        bare = [cell.strip(layouts.BLANKS) for cell in row]
        self.made.rows[self.number] = bare if self.layout["trim"] else row


@st.composite
def files(draw):
    layout = draw(layouts_())
    writer = Writer(draw, layout)
    for _ in range(layout["skip"]):
        title = draw(st.sampled_from(['a "title', "", 'x,";y"', "'"]))
        writer.put(title, left_out=True)
    writer.header()
    cells = [cells_of(layout)] * (writer.width - 1)
    for row in draw(st.lists(st.tuples(*cells), min_size=1, max_size=12)):
        writer.record(row)
    for _ in range(2 if layout["footer"] else 0):
        remark = draw(REMARKS).replace('"', "").replace("'", "")
        writer.put("Total" + remark, left_out=True)
    return writer.made


def outcome(request, path, piece_bytes, parts=(None,)):
    rows, rejected, left_out = {}, {}, 0
    for part in parts:
        for piece in read(
            request, threads=1, piece_bytes=piece_bytes, keep_raw=True, part=part
        ):
            left_out += piece.left_out + (piece.end.before if piece.end else 0)
            for row in piece.table.to_pylist():
                number = row.pop("_record")
                assert number not in rows
                rows[number] = list(row.values())
                assert piece.raw(number) == raw_record(str(path), request.format, number)
            for reject in piece.rejected:
                assert reject.record not in rejected
                rejected[reject.record] = reject.reason
    return rows, rejected, left_out


@given(files(), st.integers(1, 200), st.integers(4, 40))
@settings(max_examples=150, deadline=None)
def test_what_was_written_is_read_or_rejected(path, written, piece_bytes, share_bytes):
    path.write_bytes(written.data)
    columns = tuple(RawColumn(name, STRING, (name,)) for name in written.names)
    objects = (RawObject(str(path), "a", "d"),)
    request = RawRead(objects, RawFormat(**written.layout), columns)
    rows, rejected, left_out = outcome(request, path, piece_bytes)
    assert rows == written.rows, rejected
    assert set(rejected) == written.rejected
    assert left_out == written.left_out
    parts, _ = cut(request, share_bytes)
    assert not (parts and written.layout["footer"])
    if parts:
        assert outcome(request, path, piece_bytes, parts) == (rows, rejected, left_out)
