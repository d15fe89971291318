"""Big objects cut into parts: the records of all parts are those of one reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backbone.engines.protocol import RawRead
from backbone.engines.raw import chunks, delimited, perform, read
from backbone.engines.raw.index import parts_of
from backbone.engines.raw.worker import Job
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import STRING


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    """Guess from few bytes, count in small windows, let pyarrow read few records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_PROBE_BYTES", 16)
        patch.setattr(chunks, "_WINDOW_BYTES", 24)
        patch.setattr(delimited, "_BLOCK_BYTES", 1)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("raw") / "a"


def outcome(request, parts=(None,)):
    """Rows and rejected records in order, how many there are, what nobody reads."""
    rows, rejected, records, undeclared, refused = [], [], 0, {}, None
    for part in parts:
        for piece in read(request, threads=1, piece_bytes=64, keep_raw=True, part=part):
            table = piece.table.to_pylist()
            rows += [(*row.values(), piece.raw(row["_record"])) for row in table]
            rejected += piece.rejected
            if piece.end:
                records += piece.end.records
                undeclared |= dict.fromkeys(piece.end.undeclared)
                refused = piece.end.refused
    return rows, rejected, records, list(undeclared), refused


def cut(request, share_bytes):
    """The parts of the only object; None if it is not cut."""
    place = Path(request.objects[0].path)
    layout = RawRead((), request.format, request.columns)
    job = Job(layout, place.parent, "t", share_bytes)
    job.sign.touch()
    sizes = [place.stat().st_size]
    asked = []

    def ask(tasks):
        asked.extend(task["do"] for task in tasks)
        answers = [perform(job.text(), json.dumps(task)) for task in reversed(tasks)]
        return [json.loads(answer) for answer in reversed(answers)]

    return parts_of(request, sizes, share_bytes, ask).get(0), asked


def same(path, data, share_bytes, names, **layout):
    """Whether parts give what the whole gives; how many there are."""
    path.write_bytes(data)
    columns = tuple(RawColumn(name, STRING, (name,)) for name in names)
    objects = (RawObject(str(path), "a", "d"),)
    request = RawRead(objects, RawFormat(**layout), columns)
    whole = outcome(request)
    parts, asked = cut(request, share_bytes)
    if not parts:
        assert whole[4] or whole[2] == 0 or len(data) < 1.5 * share_bytes
        return asked
    assert outcome(request, parts) == whole
    firsts = [part.first for part in parts]
    assert firsts == sorted(set(firsts))
    assert firsts[0] == 1
    return asked


pieces = st.sampled_from(
    [b"a", b"b", b",", b",", b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b"\0", b"\xff"]
)
marks = st.sampled_from([b"", b"\xef\xbb\xbf"])
headers = st.sampled_from([b"x,y\n", b'"x","y"\r\n', b'z,x,y,"q\nq"\n', b"y,x,x\r"])
limits = st.sampled_from([20, 50, 1_000])
shares = st.integers(4, 30)


@given(
    marks,
    headers,
    st.lists(pieces, min_size=20, max_size=150).map(b"".join),
    shares,
    limits,
)
@settings(max_examples=250, deadline=None)
@example(b"", b"x,y\n", b'a,"b\nc,d\ne"x,f\n' * 9, 16, 1_000)
@example(b"", b"x,y\n", b'1,5" pipe\n2,b\n' * 9, 13, 1_000)
@example(b"", b"x,y\n", b"a,b\n" * 3 + b"\n\r\n" * 20, 13, 1_000)
def test_whatever_bytes_there_are(path, mark, header, data, share_bytes, limit):
    data = mark + header + data
    same(path, data, share_bytes, ("x", "y"), format="csv", max_record_bytes=limit)


cells = st.text(st.sampled_from('ab,;"\n\r é'), max_size=12)
tables = st.lists(st.tuples(cells, cells), min_size=10, max_size=40)


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


@given(tables, st.sampled_from(["\n", "\r\n"]), shares)
@settings(max_examples=100, deadline=None)
def test_tables_with_quoted_line_ends(path, table, end, share_bytes):
    lines = [",".join(map(quoted, row)) for row in [("x", "y"), *table]]
    data = (end.join(lines) + end).encode()
    same(path, data, share_bytes, ("x",), format="csv")


documents = st.sampled_from(
    [
        b'{"x": 1}',
        b'{"x": "a,\\n", "y": [1, 2.50]}',
        b'{"y": null, "z": {"x": 3}}',
        b'{"x": 1, "x": 2}',
        b'{"x": "' + b"l" * 70 + b'"}',
        b"[]",
        b"no",
        b"",
        b" ",
        b'{"x": "\xff", "\xff": 1}',
        b'{"w": "\\ud800"}',
        b"\0",
    ]
)
ends = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])


@given(
    marks,
    st.lists(st.tuples(documents, ends), min_size=5, max_size=30),
    st.integers(0, 20),
    shares,
    limits,
)
@settings(max_examples=200, deadline=None)
def test_lines_of_json(path, mark, lines, blank, share_bytes, limit):
    data = mark + b"".join(line + end for line, end in lines) + b"\n" * blank
    names = ("x", "y")
    same(path, data, share_bytes, names, format="jsonl", max_record_bytes=limit)


@pytest.fixture
def fair_probe(monkeypatch):
    monkeypatch.setattr(chunks, "_PROBE_BYTES", 300)


@pytest.mark.parametrize("stray", [b'%d,"a\nb, ""c"""\n', b'%d,5" x\n'])
def test_a_fair_guess_is_right(path, fair_probe, stray):
    rows = [b'%d,"a\nb"\n' % n if n % 50 else stray % n for n in range(500)]
    data = b"x,y\n" + b"".join(rows)
    asked = same(path, data, 300, ("x", "y"), format="csv")
    assert set(asked) == {"head", "chunk"}
    assert len(asked) > 10


def test_a_table_inside_a_cell_misleads_and_is_counted_again(path, fair_probe):
    inner = b"".join(b"%d,z\n" % n for n in range(300))
    rows = [b"%d,a\n" % n for n in range(300)]
    data = b"x,y\n" + b"".join([*rows, b'0,"' + inner + b'"\n', *rows])
    asked = same(path, data, 300, ("x", "y"), format="csv")
    assert 0 < asked.count("recount") < asked.count("chunk")


def test_inches_everywhere_are_counted_again_in_one_go(path, fair_probe):
    rows = [b'%d,%d" pipe\n' % (n, n) for n in range(2_000)]
    asked = same(path, b"x,y\n" + b"".join(rows), 300, ("x", "y"), format="csv")
    assert asked.count("recount") < asked.count("chunk")
