"""`infer` of files that are no delimited text, and of files that differ."""

import json
import sqlite3
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pyarrow import feather, orc
from pyarrow import parquet as pq
from tests.commands import call

ROWS = [
    {"id": n, "at": f"2024-01-{n % 28 + 1:02}T10:00:00Z", "who": {"zip": f"{n % 9:05}"},
     "ok": n % 2 == 0, "lines": [{"sku": "x"}], "tags": ["a"]}
    for n in range(60)
]  # fmt: skip
TYPED = pa.table(
    {
        "Id": list(range(30)),
        "When": [datetime(2024, 1, 1, n % 24, tzinfo=UTC) for n in range(30)],
        "Day": [f"{n % 28 + 1:02}/03/2024" for n in range(30)],
        "x": [n / 2 for n in range(30)],
    }
)


def inferred(folder, *words):
    return json.loads(call(folder, "infer", *map(str, words), "--json").stdout)


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_json_is_flattened_and_what_is_nested_is_asked(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    lines = "\n".join(map(json.dumps, ROWS))
    path.write_text(lines if kind == "jsonl" else json.dumps({"data": {"rows": ROWS}}))
    (one,) = inferred(tmp_path, path)
    read = (
        {"format": "json", "records": "data.rows"} if kind == "json" else {"format": kind}
    )
    assert one["declaration"]["read"] == read
    assert one["declaration"]["columns"] == {
        "id": {"type": "integer"},
        "at": {"type": "timestamp"},
        "who_zip": {"type": "string", "from": "who.zip"},
        "ok": {"type": "boolean"},
    }
    asked = {choice["what"] for choice in one["choices"] if not choice["sure"]}
    assert {"children.lines", "lists.tags"} <= asked


@pytest.mark.parametrize("kind", ["parquet", "feather", "orc"])
def test_types_that_files_have_are_kept_and_texts_are_looked_at(tmp_path, kind):
    path = tmp_path / "a.bin"
    write = {
        "parquet": pq.write_table, "feather": feather.write_feather, "orc": orc.write_table
    }[kind]  # fmt: skip
    write(TYPED, str(path))
    (one,) = inferred(tmp_path, path)
    assert one["declaration"]["read"] == {"format": kind}
    types = {name: c["type"] for name, c in one["declaration"]["columns"].items()}
    assert types == {"id": "integer", "when": "timestamp", "day": "date", "x": "double"}
    assert one["declaration"]["columns"]["day"]["format"] == "%d/%m/%Y"


def test_a_table_of_sqlite_and_a_log(tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("create table t(a, b)")
        rows = [(n, f"{n}.5") for n in range(30)]
        database.executemany("insert into t values (?, ?)", rows)
    (one,) = inferred(tmp_path, tmp_path / "a.db")
    types = {name: c["type"] for name, c in one["declaration"]["columns"].items()}
    assert types == {"a": "integer", "b": "double"}
    line = '10.0.0.{} - - [17/May/2015:10:05:{:02} +0000] "GET /{} HTTP/1.1" 200 {}\n'
    text = "".join(line.format(n, n, n, n) for n in range(40))
    (tmp_path / "access").write_text(text)
    (one,) = inferred(tmp_path, tmp_path / "access")
    assert one["declaration"]["read"] == {"format": "log", "pattern": "common"}
    assert one["declaration"]["columns"]["time"]["type"] == "timestamp"


YEARS = range(2015, 2023)


def year(number):
    names = ["year", "barri", "area", "preu"]
    rows = [[number, f"b{n % 12}", f"A{n % 5}", f"{n}.{n % 90 + 10}"] for n in range(60)]
    if number < 2017:
        names[3] = "Preu (EUR)"
    if number in {2018, 2019}:
        rows = [[a, c, b, d] for a, b, c, d in rows]
    if number == 2022:
        names, rows = [*names, "new"], [[*row, "z"] for row in rows]
    sign = ";" if number == 2020 else ","
    text = "\n".join(sign.join(map(str, row)) for row in [names, *rows]) + "\n"
    return text.encode("utf-16" if number == 2021 else "utf-8")


def test_what_files_differ_in_is_proposed_as_variants(tmp_path):
    for number in YEARS:
        (tmp_path / f"rent_{number}.csv").write_bytes(year(number))
    (one,) = inferred(tmp_path, tmp_path)
    assert one["records"] == 60 * len(YEARS)
    assert one["declaration"]["columns"]["new"] == {"type": "string", "optional": True}
    variants = one["declaration"]["variants"]
    assert variants[0]["when"] == {"header_has": ["Preu (EUR)"]}
    assert variants[0]["rename"] == {"Preu (EUR)": "preu"}
    assert variants[1]["rename"] == {"barri": "area", "area": "barri"}
    assert variants[1]["when"] == {"file": ["*2018*", "*2019*"]}
    assert [v["read"] for v in variants[2:]] == [
        {"delimiter": ";"},
        {"encoding": "utf-16"},
    ]


def test_a_workbook_and_fields_of_fixed_width(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book = openpyxl.Workbook()
    for row in (["Report"], [], ["Id", "Name", "Price €"]):
        book.active.append(row)
    for n in range(40):
        book.active.append([n, f"n{n % 5}", n * 1.25])
    book.save(tmp_path / "a.xlsx")
    (one,) = inferred(tmp_path, tmp_path / "a.xlsx")
    assert one["declaration"]["read"] == {"format": "excel", "range": "A3:C1048576"}
    types = {name: c["type"] for name, c in one["declaration"]["columns"].items()}
    assert types == {"id": "integer", "name": "string", "price": "decimal(18,2)"}
    lines = [
        f"NIS{n % 3:<7}2024-01-{n % 28 + 1:02}  {n * 0.5:6.1f} {n:4}" for n in range(50)
    ]
    text = "\n".join(["STATION   DATE         TEMP RAIN", *lines]) + "\n"
    (tmp_path / "f.txt").write_text(text)
    (one,) = inferred(tmp_path, tmp_path / "f.txt")
    read = one["declaration"]["read"]
    assert (read["format"], read["skip"]) == ("fixed", 1)
    assert list(read["fields"]) == ["STATION", "DATE", "TEMP", "RAIN"]
    cut = [
        [
            line[start - 1 : start - 1 + width].strip()
            for start, width in read["fields"].values()
        ]
        for line in lines
    ]
    assert cut == [line.split() for line in lines]


def test_the_same_key_in_several_files_is_asked(tmp_path):
    for day in (1, 2, 3):
        rows = "".join(f"{n},{n * day}.5\n" for n in range(30))
        (tmp_path / f"stock_{day}.csv").write_text("item,left\n" + rows)
    (one,) = inferred(tmp_path, tmp_path)
    assert one["declaration"]["key"] == ["item"]
    (key,) = (choice for choice in one["choices"] if choice["what"] == "key")
    assert "snapshots" in key["ask"]
