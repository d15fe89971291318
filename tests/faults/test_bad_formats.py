"""Damaged and hostile files of every format: refused or counted, never the end of a run."""

from __future__ import annotations

import io
import random
import sqlite3

import fastavro
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from pyarrow import orc
from tests.unit.engines.raw.readers.conftest import reading

from backbone.engines.raw import read

ROWS = 300
TABLE = pa.table(
    {
        "a": range(ROWS),
        "s": [f"x{n % 7}" for n in range(ROWS)],
        "l": [[n, None] for n in range(ROWS)],
    }
)
AVRO = {
    "type": "record",
    "name": "R",
    "fields": [{"name": "a", "type": "int"}, {"name": "s", "type": "string"}],
}
# A record inside itself, five million deep, in as many bytes.
ENDLESS = {
    "type": "record",
    "name": "N",
    "fields": [{"name": "n", "type": ["null", "N"]}],
}


def _sqlite(path):
    connection = sqlite3.connect(path)
    connection.execute("create table t (a integer primary key, s text)")
    rows = [(n, "x" * 50) for n in range(ROWS)]
    connection.executemany("insert into t values (?, ?)", rows)
    connection.commit()
    connection.close()


def _excel(path):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "s"])
        for n in range(1, 40):
            sheet.write_row(n, 0, [n, f"x{n}"])


def _avro(path):
    rows = [{"a": n, "s": f"x{n}"} for n in range(ROWS)]
    with path.open("wb") as file:
        fastavro.writer(file, AVRO, rows, codec="deflate", sync_interval=500)


def _xml(path):
    items = "".join(f'<i a="{n}"><s>x{n}</s></i>' for n in range(ROWS))
    path.write_text(f"<l>{items}</l>")


WRITERS = {
    "feather": lambda path: pf.write_feather(TABLE, path, compression="uncompressed"),
    "orc": lambda path: orc.write_table(TABLE, path),
    "parquet": lambda path: pq.write_table(TABLE, path, row_group_size=100),
    "avro": _avro,
    "sqlite": _sqlite,
    "excel": _excel,
    "xml": _xml,
}
MORE = {"xml": {"records": "//i"}}


def mutated(data, rng):
    made = bytearray(data)
    match rng.randrange(4):
        case 0:
            return made[: rng.randrange(len(made))]
        case 1:
            for _ in range(rng.randrange(1, 8)):
                made[rng.randrange(len(made))] = rng.randrange(256)
        case 2:
            place = rng.randrange(len(made))
            made[place : place + 8] = rng.choice([b"\xff" * 8, b"\0" * 8])
        case 3:
            made[-rng.randrange(1, min(400, len(made)))] = rng.randrange(256)
    return made


@pytest.mark.parametrize("kind", WRITERS)
def test_whatever_happens_to_a_file_its_records_are_accounted_for(kind, tmp_path):
    sound, path = tmp_path / "sound", tmp_path / "a"
    WRITERS[kind](sound)
    data, rng = sound.read_bytes(), random.Random(kind)
    columns = dict.fromkeys(["@a" if kind == "xml" else "a", "s"], "string")
    outcomes = set()
    for _ in range(40):
        path.write_bytes(mutated(data, rng))
        request = reading({"format": kind} | MORE.get(kind, {}), columns, path)
        rows = rejected = 0
        end = None
        for piece in read(request, threads=2, keep_raw=True):
            rows += piece.rows
            rejected += sum(each.records for each in piece.rejected)
            end = piece.end or end
        assert end is not None
        assert end.records == rows + rejected
        if end.refused is not None:
            assert rows == 0
        outcomes.add(end.refused is None)
    assert False in outcomes


def refused(path, layout, *columns):
    request = reading(layout, dict.fromkeys(columns, "string"), path)
    (piece,) = read(request, threads=1)
    assert piece.rows == 0
    return piece.end.refused


def test_an_avro_record_inside_itself_is_refused_before_it_is_followed(tmp_path):
    buffer = io.BytesIO()
    fastavro.writer(buffer, ENDLESS, [{"n": None}])
    whole = buffer.getvalue()
    sync = whole[-16:]
    head = whole[: whole.index(sync) + 16]
    deep = b"\x02" * 5_000_000 + b"\0"
    size = (len(deep) << 1).to_bytes(4, "little")
    number = bytearray()
    left = int.from_bytes(size, "little")
    while left > 0x7F:
        number.append(left & 0x7F | 0x80)
        left >>= 7
    number.append(left)
    path = tmp_path / "a.avro"
    path.write_bytes(head + b"\x02" + bytes(number) + deep + sync)
    reason = refused(path, {"format": "avro"}, "n")
    assert reason == "its schema has the record `N` inside itself"


def test_a_parquet_footer_that_contradicts_itself_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"a": range(77)})
    pq.write_table(table, path, row_group_size=77, compression="none")
    data = bytearray(path.read_bytes())
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # the zigzag of 77 stands in the footer as the rows of the file, then of its group
    place = data.index(b"\x16\x9a\x01", footer)
    data[place : place + 3] = b"\x16\x9c\x01"
    path.write_bytes(data)
    reason = refused(path, {"format": "parquet"}, "a")
    assert reason is not None
    assert "its footer tells of 78 rows, and row groups of 77" in reason


def test_offsets_that_lead_out_of_an_arrow_file_are_not_followed(tmp_path):
    path = tmp_path / "a.arrow"
    table = pa.table({"s": ["one", "two", "three"]})
    pf.write_feather(table, path, compression="uncompressed")
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 3, 6, 11))
    wild = b"".join(n.to_bytes(4, "little") for n in (0, 3, 6, 2_000_000_000))
    path.write_bytes(path.read_bytes().replace(offsets, wild))
    assert "damaged" in refused(path, {"format": "feather"}, "s")


def test_a_log_of_garbage_is_rejected_line_by_line(tmp_path):
    path = tmp_path / "a.log"
    garbage = random.Random(1).randbytes(200_000)
    path.write_bytes(b"x" + garbage)
    request = reading({"format": "log", "pattern": "combined"}, {"host": "string"}, path)
    pieces = list(read(request, threads=2))
    assert sum(piece.rows for piece in pieces) == 0
    assert pieces[-1].end.records == sum(len(piece.rejected) for piece in pieces)


def test_deep_json_inside_lists_is_one_rejected_record(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"l": [{"a": 1}]}\n{"l": ' + "[" * 100_000 + "\n")
    layout = {"format": "jsonl", "records": "l"}
    (piece,) = read(reading(layout, {"a": "string"}, path), threads=1)
    assert piece.rows == 1
    assert [each.record for each in piece.rejected] == [2]


def test_a_schema_of_sqlite_is_not_executed(tmp_path):
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("create table plain (a)")
    connection.execute("insert into plain values (1)")
    connection.execute("create view v as select a from plain")
    connection.execute("create virtual table f using fts5(a)")
    connection.commit()
    connection.close()
    layout = {"format": "sqlite"}
    for name in ("v", "f", "sqlite_master"):
        reason = refused(path, layout | {"table": name}, "a")
        assert f"has no table `{name}`" in reason
