"""The whole job: files, accounts, many objects."""

from __future__ import annotations

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet
import pytest

from backbone.engines import raw
from backbone.engines.protocol import RawRead
from backbone.engines.raw import batches, raw_record
from backbone.errors import DataError, DeclarationError, LakeError
from backbone.model.raw import RawFormat, RawObject
from backbone.model.types import STRING


def test_many_small_objects_make_few_files(read, texts):
    objects = {f"{n:03}.csv": b"a,b\n%d,x\nbad\n" % n for n in range(300)}
    objects["100.csv"] = b""
    found = read(objects, texts("a"))
    assert [row[0] for row in found.values] == [str(n) for n in range(300) if n != 100]
    assert len(found.result.main.files) == len(found.result.rejected.files) == 1
    assert found.result.main.files[0].path.name == "part-0.parquet"
    assert found.result.account.read == 598
    assert len(found.result.accounts) == 300


def test_large_reads_make_several_files_in_order(read, declare, monkeypatch):
    monkeypatch.setattr(batches, "BATCH_ROWS", 100)
    data = b"a\n" + b"".join(b"%d\n" % n if n % 50 else b"x\n" for n in range(1_000))
    found = read(data, (declare("a", "integer"),), piece_bytes=300)
    assert [row[-1] for row in found.rows] == list(range(1, 1_001))
    assert [row[0] for row in found.values] == [
        n if n % 50 else None for n in range(1_000)
    ]
    assert len(found.result.main.files) > 5
    assert [cell["_record"] for cell in found.cells] == list(range(1, 1_001, 50))
    assert found.result.account.rejected_cells == 20


def test_the_schemas_of_the_three_relations(read, declare):
    found = read(b"n,s\n1,x\n", (declare("n", "integer"), declare("s", "decimal(4,1)")))
    main = found.result.main
    assert main.schema.names == ("n", "s", "_delivery", "_object", "_record")
    assert [str(c.type) for c in main.schema][:2] == ["integer", "decimal(4,1)"]
    names = ("_delivery", "_object", "_record", "records", "reason", "column", "raw")
    assert found.result.rejected.schema.names == names
    names = ("_delivery", "_object", "_record", "column", "text", "reason")
    assert found.result.rejected_cells.schema.names == names
    assert found.result.rejected_cells.files[0].rows == len(found.cells) == 1


def test_the_same_object_name_in_two_deliveries(connection, tmp_path, texts):
    for name in ("1", "2"):
        (tmp_path / name).write_bytes(b"a\n%s\n" % name.encode())
    objects = tuple(RawObject(str(tmp_path / n), "a.csv", f"d{n}") for n in ("1", "2"))
    pieces = list(raw.read(RawRead(objects, RawFormat("csv"), texts("a")), threads=1))
    rows = [(p.object.delivery, p.table["a"].to_pylist()) for p in pieces if p.rows]
    assert rows == [("d1", ["1"]), ("d2", ["2"])]


def test_pieces_are_text_and_record_numbers(tmp_path, declare):
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,x\n,y\n")
    request = RawRead(
        (RawObject(str(tmp_path / "a.csv"), "a.csv", "d"),),
        RawFormat("csv"),
        (declare("n", "integer", "a"), declare("f", "string", "$file")),
    )
    (piece,) = raw.read(request, threads=1)
    assert piece.table.to_pydict() == {
        "a": ["1", None],
        "$file": ["a.csv"] * 2,
        "_record": [1, 2],
    }
    assert piece.table.schema.types == [pa.string(), pa.string(), pa.int64()]
    assert (piece.end.records, piece.end.undeclared, piece.end.refused) == (
        2,
        ("b",),
        None,
    )


def test_reading_may_stop_early(tmp_path, texts):
    (tmp_path / "a.csv").write_bytes(b"a\n" + b"1\n" * 10_000)
    objects = (RawObject(str(tmp_path / "a.csv"), "a.csv", "d"),)
    request = RawRead(objects, RawFormat("csv"), texts("a"))
    pieces = raw.read(request, threads=2, piece_bytes=100)
    assert next(pieces).rows > 0
    pieces.close()


def test_an_object_that_is_not_there(texts):
    request = RawRead(
        (RawObject("/nowhere/a.csv", "a.csv", "d"),), RawFormat("csv"), texts("a")
    )
    with pytest.raises(LakeError, match="cannot be opened"):
        list(raw.read(request, threads=1))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"delimiter": "§"}, "`delimiter` is one ASCII character"),
        ({"quote": "\n"}, "`quote` is one ASCII character"),
        ({"delimiter": '"'}, "`delimiter` and `quote` are the same"),
        ({"encoding": "utf-88"}, "there is no text encoding `utf-88`"),
        ({"encoding": "base64"}, "there is no text encoding `base64`"),
        ({"format": "spss"}, "no package that is installed brings `spss`"),
    ],
)
def test_layouts_that_cannot_be_used(read, texts, layout, message):
    with pytest.raises(DeclarationError, match=message):
        read(b"a\n", texts("a"), **layout)


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("integer", {"format": "%Y"}, "`format` is for dates and times, not for integer"),
        ("date", {"format": "%Y"}, "`format: %Y` cannot be used: it needs the month"),
        ("date", {"timezone": "UTC"}, "`timezone` is for timestamps"),
        ("timestamp", {"timezone": "Europe/Belgrad"}, "Did you mean `Europe/Belgrade`?"),
        ("timestamp", {"format": "%Y-%m-%d"}, "a local time needs a `timezone`"),
        ("datetime", {"format": "%Y-%m-%d %H:%M %z"}, "has an offset"),
        ("string", {"pattern": "a("}, "`pattern` is no regular expression"),
        ("string", {"pattern": "abc"}, "`pattern` needs a group"),
        ("string", {"pattern": "(a)(?=b)"}, "column `a`: "),
        ("string", {"pad": (("b", 3),)}, "`pad` has `b: 3`"),
    ],
)
def test_columns_that_cannot_be_used(read, declare, kind, more, message):
    with pytest.raises(DeclarationError) as caught:
        read(b"a\n1\n", (declare("a", kind, **more),))
    assert message in str(caught.value)


def test_every_mistake_is_said_at_once(read, declare):
    columns = (
        declare("_a", "string"),
        declare("B", "integer", format="%Y"),
        declare("b", "integer", sql="c + 1", nulls=("x",)),
    )
    with pytest.raises(DeclarationError) as caught:
        read(b"a\n", columns, delimiter="ab")
    assert len(caught.value.mistakes) == 6


def test_names_of_every_kind(read, declare):
    columns = (
        declare("raw text", "integer", 'odd "name", x'),
        declare("select", "string", "select"),
    )
    found = read(b'"odd ""name"", x",select\n5,x\n', columns)
    assert found.values == [(5, "x")]


def test_a_hundred_columns(read, declare):
    names = [f"c{n}" for n in range(100)]
    data = ",".join(names) + "\n" + ",".join(map(str, range(100))) + "\n"
    found = read(data.encode(), tuple(declare(name, "integer") for name in names))
    assert found.values == [tuple(range(100))]


@pytest.mark.parametrize(
    ("name", "data", "layout", "texts_of"),
    [
        ("a.csv", b'a,b\n1,"x\ny"\n\n2,\xff', {}, ['1,"x\ny"', "", "2,\ufffd"]),
        ("a.csv", "a\n1\né".encode("utf-16"), {"encoding": "utf-16"}, ["1", "é"]),
        ("a.jsonl", b'{"a": 1}\n{"a"', {"format": "jsonl"}, ['{"a": 1}', '{"a"']),
        (
            "a.json",
            b'{"d": [{"a": 1} , 2]}',
            {"format": "json", "records": "d"},
            ['{"a": 1}', "2"],
        ),
    ],
)
def test_the_raw_text_of_a_record(tmp_path, name, data, layout, texts_of):
    path = tmp_path / name
    path.write_bytes(data)
    form = RawFormat(**{"format": "csv"} | layout)
    found = [raw_record(str(path), form, n + 1) for n in range(len(texts_of))]
    assert found == texts_of
    for missing in (0, len(texts_of) + 1):
        with pytest.raises(DataError, match="there is no record"):
            raw_record(str(path), form, missing)


def test_the_raw_record_of_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pa.parquet.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), path)
    assert raw_record(str(path), RawFormat("parquet"), 2) == '{"a":2,"b":null}'


def test_importing_the_reader_is_light():
    code = "import sys, backbone.engines.raw; print('pandas' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert found.stdout.strip() == b"False"


def test_a_select_of_text_is_text(read, declare):
    assert read(b"a\n1\n", (declare("a"),)).result.main.schema["a"].type == STRING


def test_a_sound_file_is_written_in_one_pass(read, declare, monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(raw.Recipe, "bad_cells", never)
    columns = (
        declare("a", "integer"),
        declare("day", "date", "a", "b", "c", format="%Y %m %d"),
        declare("d", "double", "b", nulls=("7",)),
        declare("twice", "integer", sql="d * 2"),
    )
    found = read(b"a,b,c\n2013,1,\n,2,3\n2014,7,9\n2015,,\n", columns)
    assert found.cells == []
    assert [row[2] for row in found.values] == [1.0, 2.0, None, None]


def test_mistakes_are_told_without_reading(declare):
    columns = (
        declare("a", "string", pattern="(a)(?=b)"),
        declare("b", "timestamp", sql="cast(c as timestamp)"),
        declare("c", "string"),
        declare("d", "integer", sql="nosuch(c)"),
    )
    found = raw.mistakes(RawRead((), RawFormat("csv"), columns))
    assert [text.partition(":")[0] for text in found] == [
        "column `a`",
        "column `b`",
        "column `d`",
    ]
    assert raw.mistakes(RawRead((), RawFormat("csv"), columns[2:3])) == []
