"""Wide records made long, optional columns and constants: against a slow reference."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from tests.habits import outcome

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import RawRead
from backbone.engines.raw import perform, read_spread
from backbone.model.raw import RawColumn, RawFormat, RawObject, RawUnpivot
from backbone.model.types import DOUBLE, INTEGER, STRING

YEARS = ("2014", "2015", "2016")
WIDE = RawUnpivot(("year",), ("people",), tuple(((year,), (year,)) for year in YEARS))
COLUMNS = (
    RawColumn("place", STRING, ("place",)),
    RawColumn("year", INTEGER, ("year",)),
    RawColumn("people", INTEGER, ("people",), on_bad_cell="reject"),
    RawColumn("note", STRING, ("note",), optional=True),
    RawColumn("origin", DOUBLE, value="1.5"),
    RawColumn("nothing", DOUBLE, absent=True),
    RawColumn("double", INTEGER, sql="people * 2"),
)


@pytest.fixture(scope="module")
def engine():
    made = DuckDBEngine(threads=2)
    yield made
    made.close()


def wide_file(records: int) -> str:
    lines = ["place,2014,note,2015,2016"]
    for n in range(records):
        cells = [str(n), "" if n % 3 else str(n * 2), "x" if n % 7 == 0 else "3"]
        lines.append(",".join([f'"p,{n}"', cells[0], "n", cells[1], cells[2]]))
    return "\n".join(lines) + "\n"


def by_hand(text: str) -> tuple[list[tuple], list[int]]:
    """Return the rows and the rejected records, from the definition."""
    rows, rejected = [], []
    for number, record in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        if not all(record[year] == "" or record[year].isdecimal() for year in YEARS):
            rejected.append(number)
            continue
        for place, year in enumerate(YEARS):
            if record[year]:
                people = int(record[year])
                rows.append(
                    (record["place"], int(year), people, record.get("note"), 1.5, None,
                     people * 2, "d", "w.csv", (number - 1) * 3 + place + 1)
                )  # fmt: skip
    return rows, rejected


@pytest.mark.parametrize("records", [0, 1, 4_000])
def test_a_record_becomes_a_row_for_each_year_on_one_process_and_on_many(
    tmp_path, engine, records
):
    text = wide_file(records)
    path = tmp_path / "w.csv"
    path.write_text(text)
    objects = (RawObject(str(path), "w.csv", "d"),)
    request = RawRead(objects, RawFormat("csv"), COLUMNS, WIDE)
    with engine.session() as session:
        one = session.read_raw(request, tmp_path / "one")
    rows, rejected = by_hand(text)
    found = outcome(one)
    assert sorted(map(tuple, found["rows"])) == sorted(rows)
    assert sorted(row[2] for row in found["rejected"]) == rejected
    account = one.account.check("w.csv")
    assert account.told() == {
        "read": records,
        "formatted": records - len(rejected),
        "rejected": len(rejected),
        "rejected_cells": 0,
        "rows": len(rows),
        "unfilled": 3 * (records - len(rejected)) - len(rows),
    }

    def workers(job, tasks):
        return [perform(job, task) for task in tasks]

    many = read_spread(
        request, tmp_path / "many", workers, parallelism=2, share_bytes=20_000
    )
    assert outcome(many) == found


def test_rows_without_a_value_are_kept_where_that_is_said(tmp_path, engine):
    path = tmp_path / "w.csv"
    path.write_text("place,2014,2015,2016\na,1,,\n")
    request = RawRead(
        (RawObject(str(path), "w.csv", "d"),), RawFormat("csv"), COLUMNS[:4],
        replace(WIDE, drop_missing=False),
    )  # fmt: skip
    with engine.session() as session:
        found = session.read_raw(request, tmp_path / "out")
    rows = [tuple(row[:4]) for row in outcome(found)["rows"]]
    assert rows == [
        ("a", 2014, 1, None),
        ("a", 2015, None, None),
        ("a", 2016, None, None),
    ]
    assert found.account.told()["unfilled"] == 0


@pytest.mark.parametrize(
    ("text", "reason", "records"),
    [
        ("place,x\na,1\nb,2\n", "no year", 2),
        ("place;x\na;1\n", "the header has no column `place`.", 1),
        ("", "the file is empty", 0),
    ],
)
def test_an_object_with_no_column_to_unpivot_is_refused_for_the_worst(
    tmp_path, engine, text, reason, records
):
    path = tmp_path / "w.csv"
    path.write_text(text)
    nothing = RawUnpivot(("year",), ("people",), (), problem="no year")
    request = RawRead(
        (RawObject(str(path), "w.csv", "d"),), RawFormat("csv"), COLUMNS[:3], nothing
    )
    with engine.session() as session:
        found = session.read_raw(request, tmp_path / "out")
    assert found.refused["w.csv"].startswith(reason)
    assert found.account.told()["rejected"] == records


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("csv", b"a\n1\n2\n"),
        ("jsonl", b'{"a": 1}\n{"a": 2}\n'),
        ("json", b'[{"a": 1}, {"a": 2}]'),
    ],
)
def test_an_optional_column_that_is_not_there_has_no_values(read, declare, form, data):
    columns = (
        declare("a", "integer"),
        declare("b", "integer", optional=True),
        declare("day", "string", "$day", optional=True),
    )
    assert read(data, columns, format=form).values == [(1, None, None), (2, None, None)]
    # where another column needs the raw column, it must be there
    found = read(data, (*columns, declare("c", "string", "b")), format=form)
    assert "no" in found.result.refused["a.csv"]


def test_an_optional_column_of_parquet_that_is_not_there_has_no_values(read, declare):
    import pyarrow as pa  # noqa: PLC0415 - the other tests do without
    from pyarrow import parquet  # noqa: PLC0415

    sink = io.BytesIO()
    parquet.write_table(pa.table({"a": [1, 2]}), sink)
    columns = (declare("a", "integer"), declare("b", "double", optional=True))
    found = read(sink.getvalue(), columns, format="parquet")
    assert found.values == [(1, None), (2, None)]
