"""Parquet: typed values become the same canonical values."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def parquet(**options):
    def make(columns):
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink, **options)
        return sink.getvalue()

    return make


@pytest.fixture
def load(read):
    def run(data, columns, **layout):
        data = data if isinstance(data, bytes) else parquet()(data)
        return read({"a.parquet": data}, columns, format="parquet", **layout)

    return run


PARIS = ZoneInfo("Europe/Paris")
UTC = dt.UTC
CASES = [
    (pa.array([1, -(2**63)]), "integer", [1, -(2**63)]),
    (pa.array([2**63], pa.uint64()), "integer", [None]),
    (
        pa.array([0.1, 1e300, float("inf"), 5e-324]),
        "double",
        [0.1, 1e300, float("inf"), 5e-324],
    ),
    (pa.array([0.1], pa.float32()), "double", [0.10000000149011612]),
    (pa.array([1.0, 2.5]), "integer", [1, None]),
    (
        pa.array([Decimal("0.000000001"), Decimal("-12.5")], pa.decimal128(20, 9)),
        "decimal(20,9)",
        [Decimal("0.000000001"), Decimal("-12.500000000")],
    ),
    (pa.array([Decimal("1.239")], pa.decimal128(4, 3)), "decimal(4,2)", [None]),
    (pa.array([True, False, None]), "boolean", [True, False, None]),
    (pa.array(["x", "", None]), "string", ["x", "", None]),
    (pa.array(["x", "x"]).dictionary_encode(), "string", ["x", "x"]),
    (pa.array([b"x"], pa.binary()), "string", ["x"]),
    (pa.array([[1, 2], None]), "string", ["[1,2]", None]),
    (
        pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
        "date",
        [dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    ),
    (
        pa.array([dt.datetime(2013, 1, 1, 10, 0, 0, 5)]),
        "datetime",
        [dt.datetime(2013, 1, 1, 10, 0, 0, 5)],
    ),
    (
        pa.array([1_000_000_001_000, 1], pa.timestamp("ns")),
        "datetime",
        [dt.datetime(1970, 1, 1, 0, 16, 40, 1), None],
    ),
    (
        pa.array(
            [dt.datetime(2013, 7, 1, 12, tzinfo=PARIS)],
            pa.timestamp("us", "Europe/Paris"),
        ),
        "timestamp",
        [dt.datetime(2013, 7, 1, 10, tzinfo=UTC)],
    ),
    (pa.array([10**6], pa.date32()), "date", [dt.date(4707, 11, 29)]),
]


@pytest.mark.parametrize(("cells", "kind", "values"), CASES, ids=lambda x: str(x)[:20])
def test_typed_values(load, declare, cells, kind, values):
    found = load({"x": cells}, (declare("x", kind),))
    assert [row[0] for row in found.values] == values
    given = sum(cell is not None for cell in cells.to_pylist())
    assert len(found.cells) == given - sum(value is not None for value in values)


def test_a_zoneless_time_becomes_an_instant_by_its_time_zone(load, declare):
    cells = pa.array([dt.datetime(2013, 7, 1, 12)])
    found = load({"x": cells}, (declare("x", "timestamp", timezone="Europe/Paris"),))
    assert found.values == [(dt.datetime(2013, 7, 1, 10, tzinfo=UTC),)]
    (cell,) = load({"x": cells}, (declare("x", "timestamp"),)).cells
    assert cell["reason"].startswith("local to a `timezone` that is not declared")


def test_origin_and_undeclared_columns(load, texts):
    found = load({"a": ["x", "y"], "b": [1, 2]}, texts("a"))
    assert found.rows == [("x", "d1", "a.parquet", 1), ("y", "d1", "a.parquet", 2)]
    assert found.result.undeclared == {"a.parquet": ("b",)}


def test_fields_of_structures(load, texts):
    found = load({"wind": [{"speed": 5}, None, {"speed": None}]}, texts("wind.speed"))
    assert found.values == [("5",), (None,), (None,)]
    assert load({"wind": [1]}, texts("wind.speed")).result.refused


def test_missing_columns_refuse_the_object(load, texts):
    found = load({"temp": [1, 2]}, texts("tmp"))
    assert found.result.refused == {
        "a.parquet": "the file has no column `tmp`. Did you mean `temp`?"
    }
    assert found.result.account.rejected == 2


def test_what_is_no_parquet_is_refused(load, texts):
    for data in (b"", b"a,b\n1,2\n", parquet()({"a": [1]})[:-10]):
        (reason,) = load(data, texts("a")).result.refused.values()
        assert reason.startswith("not Parquet: ")


def test_a_damaged_row_group_is_rejected_as_a_whole(load, texts):
    make = parquet(row_group_size=100, compression="zstd", use_dictionary=False)
    data = bytearray(make({"a": [f"text {n}" for n in range(300)]}))
    meta = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0)
    start = meta.data_page_offset
    data[start : start + meta.total_compressed_size] = (
        b"\xff" * meta.total_compressed_size
    )
    found = load(bytes(data), texts("a"))
    assert len(found.rows) == 200
    (row,) = found.rejected
    assert (row["_record"], row["records"]) == (None, 100)
    assert row["reason"].startswith("row group 1 cannot be read: ")
    assert found.rows[-1] == ("text 299", "d1", "a.parquet", 300)
    found.result.account.check("here")


def test_text_that_is_no_text(load, texts):
    cells = pa.array([b"x", b"\xff", b"a\0b", None], pa.binary())
    found = load({"a": cells}, texts("a"))
    assert found.values == [("x",), (None,)]
    assert [n for n, _ in found.reasons] == [2, 3]
    assert {row["column"] for row in found.rejected} == {"a"}


def test_nulls_are_texts_here_too(load, texts):
    found = load({"a": ["NA", "", "x"]}, texts("a"), nulls=("", "NA"))
    assert found.values == [(None,), ("",), ("x",)]


def test_a_duration_is_seconds_and_an_interval_is_refused(load, texts):
    cells = pa.array([1, -90_061_500], pa.duration("ms"))
    assert load({"a": cells}, texts("a")).values == [("0.001",), ("-90061.500",)]


def test_no_rows(load, texts):
    found = load({"a": pa.array([], pa.string())}, texts("a"))
    assert found.result.account.read == 0
    assert found.result.refused == {}
