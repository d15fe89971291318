"""Delimited text against Python's csv: every cell, or the record's rejection."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.protocol import RawRead
from backbone.engines.raw import delimited, raw_record, read
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import STRING


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    """Let pyarrow read pieces in blocks of a few records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_BLOCK_BYTES", 1)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("raw") / "a.csv"


def load(path, data, names, piece_bytes, **layout):
    """Rows and rejected records by number, and how many records there are."""
    path.write_bytes(data)
    columns = tuple(RawColumn(name, STRING, (name,)) for name in names)
    objects = (RawObject(str(path), "a.csv", "d"),)
    request = RawRead(objects, RawFormat("csv", **layout), columns)
    rows, rejected, records = {}, {}, 0
    for piece in read(request, threads=2, piece_bytes=piece_bytes, keep_raw=True):
        table = piece.table.to_pydict()
        for place, number in enumerate(table["_record"]):
            assert number not in rows
            rows[number] = [table[name][place] for name in names]
            assert piece.raw(number) == raw_record(str(path), request.format, number)
        for reject in piece.rejected:
            assert reject.record not in rejected
            rejected[reject.record] = reject
        if piece.end:
            records = piece.end.records
    return rows, rejected, records


letters = st.sampled_from("ab,;\"'\n\r\t é\u2028🐝\ufeff\u0085")
cells = st.text(letters, max_size=8)
sizes = st.integers(1, 400)


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), max_size=12)
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(",;\t"),
    sizes,
)
@settings(max_examples=150, deadline=None)
def test_tables_come_back_as_they_were_written(path, table, quoting, end, comma, size):
    if quoting == csv.QUOTE_MINIMAL:  # Python leaves line ends of other kinds unquoted
        others = str.maketrans("", "", "".join({"\r", "\n"} - set(end)))
        table = [[cell.translate(others) for cell in row] for row in table]
    names = [f"c{n}" for n in range(len(table[0]) if table else 2)]
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=quoting, lineterminator=end, delimiter=comma)
    writer.writerows([names, *table])
    data = sink.getvalue().encode()
    rows, rejected, records = load(path, data, names, size, delimiter=comma, nulls=())
    assert rejected == {}
    assert records == len(table)
    assert rows == {n + 1: row for n, row in enumerate(table)}


parts = st.sampled_from(
    [
        b"a",
        b"b",
        b",",
        b",",
        b'"',
        b'""',
        b"\n",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xc3\xa9",
    ]
)


@given(st.lists(parts, max_size=60).map(b"".join), sizes)
@settings(max_examples=400, deadline=None)
def test_a_record_is_a_row_or_rejected(path, data, size):
    names = ["x", "y"]
    rows, rejected, records = load(path, b"x,y\n" + data, names, size, nulls=())
    assert sorted([*rows, *rejected]) == list(range(1, records + 1))
    form = RawFormat("csv")
    for number, row in rows.items():
        raw = raw_record(str(path), form, number)
        (fields,) = csv.reader(io.StringIO(raw, newline=""), strict=True)
        assert fields == row
    for number, reject in rejected.items():
        assert raw_record(str(path), form, number) == reject.raw
        assert is_bad(data, reject)


def is_bad(data, reject):
    """Whether there is something to be said against a rejected record."""
    raw, reason = reject.raw, reject.reason
    if reason == "a blank line":
        return raw == ""
    if reason == "a NUL byte":
        return "\0" in raw
    if reason == "bytes that are not utf-8":
        return "\ufffd" in raw and b"\xff" in data and reject.column in {"x", "y"}
    try:
        (fields,) = csv.reader(io.StringIO(raw, newline=""), strict=True)
    except csv.Error:
        return reason in {
            "text after a closing quote",
            "a quote that opens here is not closed",
        }
    return reason == f"expected 2 fields, found {len(fields)}" and len(fields) != 2


good = st.lists(
    st.text(st.sampled_from('ab,"\né'), min_size=1, max_size=6), min_size=3, max_size=3
)
breaks = st.sampled_from(["field", "more", "utf8", "nul", "blank", "after", "cut"])


def line(row):
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in row).encode() + b"\n"


def broken(row, how):
    whole = line(row)
    return {
        "field": line(row[:2]),
        "more": line([*row, "x"]),
        "utf8": whole.replace(b'"', b'"\xe9', 1),
        "nul": whole.replace(b'"', b'"\0', 1),
        "blank": b"\n",
        "after": whole[:-1] + b"x\n",
        "cut": whole[:-1].rstrip(b'"').replace(b"\n", b" ") + b"\n",
    }[how]


@given(st.lists(st.tuples(good, st.none() | breaks), max_size=20), sizes)
@settings(max_examples=150, deadline=None)
def test_one_broken_record_costs_itself_only(path, table, size):
    """Every sound record survives, whatever stands before it, but behind an open quote."""
    data, expected, rejects = b"x,y,z\n", {}, []
    for number, (row, how) in enumerate(table, 1):
        if how == "cut":
            break
        data += broken(row, how) if how else line(row)
        if how:
            rejects.append(number)
        else:
            expected[number] = row
    rows, rejected, records = load(path, data, ["x", "y", "z"], size, nulls=())
    assert rows == expected
    assert sorted(rejected) == rejects
    assert records == len(rows) + len(rejected)


@given(st.integers(0, 40), st.integers(0, 40), sizes)
@settings(max_examples=60, deadline=None)
def test_an_open_quote_costs_one_line(path, before, after, size):
    """Lines behind it are read again, when no quote closes it in reach."""
    lines = [f"{n},x,y\n" for n in range(before)] + ['q,"open,y\n']
    lines += [f"{n},x,y\n" for n in range(after)]
    data = "".join(["x,y,z\n", *lines]).encode()
    rows, rejected, records = load(path, data, ["x"], size, max_record_bytes=50)
    assert list(rejected) == [before + 1]
    assert records == before + after + 1
    assert [row[0] for row in rows.values()] == [
        *(str(n) for n in range(before)),
        *(str(n) for n in range(after)),
    ]
