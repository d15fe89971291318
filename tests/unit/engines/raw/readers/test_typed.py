"""Formats with types, written by their own libraries: every cell as text, exactly."""

from __future__ import annotations

import io
import json
import sqlite3
import zlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import fastavro
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import orc

from backbone.engines.raw.texts import canonical_text, spelt

NEW_YEAR = datetime(2024, 1, 1, 5, 6, 7, 80, tzinfo=UTC)
ROW = "0123456789abcdef"
# What is written, as every format that has the type has it; and the text of it.
CELLS = {
    "integer": (pa.int64(), -(2**63), "-9223372036854775808"),
    "whole": (pa.float64(), 123456789012.0, "123456789012"),
    "double": (pa.float64(), 5e-324, "5e-324"),
    "nan": (pa.float64(), float("nan"), "nan"),
    "float": (pa.float32(), 0.5, "0.5"),
    "decimal": (pa.decimal128(38, 10), Decimal("-1.10"), "-1.1000000000"),
    "boolean": (pa.bool_(), True, "true"),
    "text": (pa.string(), "naïve, \n“x”", "naïve, \n“x”"),
    "empty": (pa.string(), "", ""),
    "day": (pa.date32(), date(1, 1, 1), "0001-01-01"),
    "instant": (pa.timestamp("us", "UTC"), NEW_YEAR, "2024-01-01 05:06:07.000080Z"),
    "nothing": (pa.string(), None, None),
    "list": (pa.list_(pa.int32()), [1, None, 3], "[1,null,3]"),
    "inner": (
        pa.struct([("a", pa.decimal128(9, 2)), ("b", pa.list_(pa.string()))]),
        {"a": Decimal("1.50"), "b": ['"']},
        '{"a":1.50,"b":["\\""]}',
    ),
}
ARROW = CELLS | {
    "time": (pa.time64("us"), time(17, 5, 9, 1), "17:05:09.000001"),
    "duration": (pa.duration("ms"), timedelta(seconds=-90.5), "-90.500"),
    "half": (pa.float16(), 0.5, "0.5"),
    "zoned": (pa.timestamp("s", "Asia/Tokyo"), NEW_YEAR, "2024-01-01 05:06:07Z"),
    "wide": (pa.decimal256(50, 0), Decimal("1E+40"), "1" + "0" * 40),
    "map": (pa.map_(pa.string(), pa.float64()), [("k", float("inf"))], '{"k":"inf"}'),
    "uuid": (pa.uuid(), UUID(int=1).bytes, "00000000-0000-0000-0000-000000000001"),
    "coded": (pa.dictionary(pa.int8(), pa.string()), "x", "x"),
    "view": (pa.string_view(), "x" * 20, "x" * 20),
}


def table_of(cells):
    columns = {}
    for name, (kind, value, _) in cells.items():
        if isinstance(kind, pa.UuidType):
            storage = pa.array([value, None], pa.binary(16))
            columns[name] = pa.ExtensionArray.from_storage(kind, storage)
        elif pa.types.is_float16(kind):
            columns[name] = pa.array([value, None], pa.float64()).cast(kind)
        else:
            columns[name] = pa.array([value, None], kind)
    return pa.table(columns)


def texts_of(cells):
    return [tuple(text for *_, text in cells.values()), (None,) * len(cells)]


def arrow_stream(table, path):
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)


@pytest.mark.parametrize("write", [pf.write_feather, arrow_stream])
def test_arrow_cell_by_cell(find, tmp_path, write):
    path = tmp_path / "a.arrow"
    write(table_of(ARROW), str(path))
    found = find(path, {"format": "feather"}, *ARROW)
    assert found.rows == texts_of(ARROW)
    assert found.numbers == [1, 2]


def test_orc_and_parquet_mean_the_same(find, tmp_path):
    table = table_of(CELLS)
    orc.write_table(table, tmp_path / "a.orc", stripe_size=1)
    pq.write_table(table, tmp_path / "a.parquet")
    for kind in ("orc", "parquet"):
        found = find(tmp_path / f"a.{kind}", {"format": kind}, *CELLS, "inner.a")
        expected = [(*row, row[-1] and "1.50") for row in texts_of(CELLS)]
        if kind == "orc":  # it keeps nanoseconds
            place = list(CELLS).index("instant")
            assert found.rows[0][place] == "2024-01-01 05:06:07.000080000Z"
            expected[0] = tuple(
                found.rows[0][n] if n == place else each
                for n, each in enumerate(expected[0])
            )
        assert found.rows == expected


AVRO = {
    "integer": ("long", -(2**63), "-9223372036854775808"),
    "whole": ("double", 123456789012.0, "123456789012"),
    "decimal": (
        {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 2},
        Decimal("-1.10"),
        "-1.10",
    ),
    "boolean": ("boolean", True, "true"),
    "text": ("string", "naïve", "naïve"),
    "empty": ("string", "", ""),
    "day": ({"type": "int", "logicalType": "date"}, date(1969, 7, 20), "1969-07-20"),
    "instant": (
        {"type": "long", "logicalType": "timestamp-micros"},
        NEW_YEAR,
        "2024-01-01 05:06:07.000080Z",
    ),
    "nanos": (
        {"type": "long", "logicalType": "timestamp-nanos"},
        1_500_000_001,
        "1970-01-01 00:00:01.500000001Z",
    ),
    "clock": (
        {"type": "long", "logicalType": "local-timestamp-millis"},
        datetime(2024, 1, 1),
        "2024-01-01 00:00:00",
    ),
    "uuid": ({"type": "string", "logicalType": "uuid"}, UUID(int=1), str(UUID(int=1))),
    "sort": ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, "b", "b"),
    "list": ({"type": "array", "items": ["null", "int"]}, [1, None], "[1,null]"),
    "map": ({"type": "map", "values": "double"}, {"k": 1e16}, '{"k":10000000000000000}'),
    "inner": (
        {"type": "record", "name": "I", "fields": [{"name": "a", "type": "string"}]},
        {"a": "x"},
        '{"a":"x"}',
    ),
}


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_avro_cell_by_cell(find, tmp_path, codec):
    fields = [{"name": n, "type": ["null", kind]} for n, (kind, *_) in AVRO.items()]
    rows = [{n: value for n, (_, value, _) in AVRO.items()}, dict.fromkeys(AVRO)]
    with (tmp_path / "a.avro").open("wb") as file:
        schema = {"type": "record", "name": "R", "fields": fields}
        fastavro.writer(file, schema, rows * 3, codec=codec, sync_interval=50)
    found = find(tmp_path / "a.avro", {"format": "avro"}, *AVRO, "inner.a")
    first = (*(text for *_, text in AVRO.values()), "x")
    assert found.rows == [first, (None,) * len(first)] * 3


@pytest.mark.parametrize(("codec", "ours"), [("snappy", "snappy"), ("zstandard", "zstd")])
def test_avro_packed_by_codecs_of_arrow(find, tmp_path, codec, ours):
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    sync, rows = b"0123456789abcdef", [{"a": f"x{n}"} for n in range(500)]
    plain, body = io.BytesIO(), io.BytesIO()
    fastavro.writer(plain, schema, [], sync_marker=sync)
    head = plain.getvalue().replace(
        b"\x08null", b"%c%s" % (2 * len(codec), codec.encode())
    )
    for row in rows:
        fastavro.schemaless_writer(body, schema, row)
    packed = pa.Codec(ours).compress(body.getvalue(), asbytes=True)
    packed += zlib.crc32(body.getvalue()).to_bytes(4, "big") if codec == "snappy" else b""
    numbers = io.BytesIO()
    for number in (len(rows), len(packed)):
        fastavro.schemaless_writer(numbers, "long", number)
    path = tmp_path / "a.avro"
    path.write_bytes(head + numbers.getvalue() + packed + sync)
    assert find(path, {"format": "avro"}, "a").rows == [(row["a"],) for row in rows]
    path.write_bytes(head + numbers.getvalue() + packed[:-9] + sync)
    assert "damaged" in (find(path, {"format": "avro"}, "a").end.refused or "")


def test_sqlite_cell_by_cell(find, tmp_path):
    cells = [2**63 - 1, -1.5, 1e16, "naïve", "", None, b"\x01\xff", float("inf")]
    names = [f'c"{n} x' for n in range(len(cells))]
    connection = sqlite3.connect(tmp_path / "a.db")
    columns = ",".join('"{}"'.format(n.replace('"', '""')) for n in names)
    connection.execute(f"create table t ({columns})")
    marks = ",".join("?" * len(cells))
    connection.executemany(f"insert into t values ({marks})", [cells, cells[::-1]])
    connection.execute("delete from t where rowid = 1")
    connection.execute(f"insert into t (rowid, {columns}) values (1, {marks})", cells)
    connection.commit()
    found = find(tmp_path / "a.db", {"format": "sqlite", "binary": "hex"}, *names)
    texts = (
        "9223372036854775807", "-1.5", "10000000000000000", "naïve", "", None, "01ff",
        "inf",
    )  # fmt: skip
    assert found.rows == [texts, texts[::-1]]
    assert find(tmp_path / "a.db", {"format": "sqlite"}, *names).reasons == [
        (1, "text that is not Unicode, or has a NUL"),
        (2, "text that is not Unicode, or has a NUL"),
    ]


@given(st.floats(width=64))
@settings(max_examples=200)
def test_a_double_is_the_same_text_from_any_format(value):
    text = spelt(value)
    assert canonical_text(pa.array([value]), {}, "").to_pylist() == [text]
    assert str(float(text)) == str(value)
    if 1e-6 <= abs(value) < 1e21:
        assert "e" not in text


def test_nested_json_is_json():
    cells = pa.array([[{"a": [1.5, None], "b": "\t☃"}], [], None, [None]])
    texts = canonical_text(cells, {}, "").to_pylist()
    assert [text and json.loads(text) for text in texts] == cells.to_pylist()


def test_big_objects_wait_in_a_file_and_come_whole(find, tmp_path, monkeypatch):
    monkeypatch.setattr("backbone.engines.raw.readers.spool._HELD_BYTES", 1)
    spool = "backbone.engines.raw.readers.spool.Spool.__init__"
    monkeypatch.setattr(f"{spool}.__defaults__", (1,))
    path = tmp_path / "a.arrow"
    count = 200_000
    pf.write_feather(pa.table({"a": range(count)}), path)
    found = find(path, {"format": "feather"}, "a", piece_bytes=1)
    assert found.rows == [(str(n),) for n in range(count)]
    assert found.numbers == [*range(1, count + 1)]


def test_bytes_that_are_no_text_reject_their_record_with_its_raw_text(find, tmp_path):
    path = tmp_path / "a.arrow"
    pf.write_feather(pa.table({"a": [b"ok", b"\xff", b"\0"], "b": [1, 2, 3]}), path)
    found = find(path, {"format": "feather"}, "a", "b")
    assert found.rows == [("ok", "1")]
    assert [(each.record, each.column) for each in found.rejected] == [(2, "a"), (3, "a")]
    assert json.loads(found.rejected[0].raw) == {"a": "\0", "b": 2}
    as_base64 = find(path, {"format": "feather", "binary": "base64"}, "a")
    assert as_base64.rows == [("b2s=",), ("/w==",), ("AA==",)]


def test_nulls_are_texts_and_an_empty_text_is_a_value(find, tmp_path):
    path = tmp_path / "a.arrow"
    pf.write_feather(pa.table({"a": ["NA", "", "x"]}), path)
    found = find(path, {"format": "feather", "nulls": ["", "NA"]}, "a")
    assert found.rows == [(None,), ("",), ("x",)]


def test_a_column_that_is_not_there_refuses_the_object(find, tmp_path):
    path = tmp_path / "a.arrow"
    pf.write_feather(pa.table({"price": [1], "other": [2]}), path)
    found = find(path, {"format": "feather"}, "prize")
    assert found.end.refused == "there is no column `prize`. Did you mean `price`?"
    assert find(path, {"format": "feather"}, "price").end.undeclared == ("other",)


def test_no_rows(find, tmp_path):
    path = tmp_path / "a.avro"
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, [])
    path.write_bytes(buffer.getvalue())
    assert find(path, {"format": "avro"}, "a").end.records == 0
    assert "no column `b`" in (find(path, {"format": "avro"}, "b").end.refused or "")
