from __future__ import annotations

import json
import shutil

import pytest
from sqlglot import parse_one

from backbone.engines.duckdb import DuckDBEngine
from backbone.errors import CommitConflict, LakeError
from backbone.lake.tables import Commit, Tables
from backbone.model.names import AssetName
from backbone.model.schemas import Column, Schema
from backbone.model.types import DATETIME, INTEGER, STRING
from backbone.sql.queries import Query

ASSET = AssetName("formatted", "meters")
SCHEMA = Schema.of(a=INTEGER, b=STRING)


@pytest.fixture(scope="module")
def engine():
    made = DuckDBEngine(threads=1)
    yield made
    made.close()


@pytest.fixture
def tables(tmp_path):
    return Tables(tmp_path / "lake")


@pytest.fixture
def write(tables, engine):
    def written(rows: int, schema: Schema = SCHEMA):
        columns = {
            "a": "i as a",
            "b": "'x' || i as b",
            "c": "timestamp '2020-01-01' as c",
        }
        picked = ", ".join(columns[name] for name in schema.names)
        text = f"select {picked} from range({rows}) r(i)"
        with engine.session() as session:
            query = Query.of(parse_one(text, dialect="duckdb"))
            return session.write(query, {}, schema, tables.attempt(ASSET)).files

    return written


def test_a_committed_version_can_be_read(tables, write):
    made = tables.commit(
        ASSET, Commit("one", SCHEMA, write(3), metadata={"kind": "format"})
    )

    assert (made.number, made.rows, made.identity) == (0, 3, "one")
    assert made.schema == SCHEMA
    assert made.metadata["kind"] == "format"
    assert tables.head(ASSET) == made
    assert tables.assets() == [ASSET]


def test_a_table_that_was_never_committed_is_not_there(tables, write):
    write(3)
    assert tables.head(ASSET) is None
    assert tables.versions(ASSET) == []
    with pytest.raises(LakeError, match="no version 0"):
        tables.at(ASSET, 0)


def test_a_table_whose_making_was_interrupted_is_made_by_the_next(tables, write):
    (tables.folder(ASSET) / "_delta_log").mkdir(parents=True)
    (tables.folder(ASSET) / "_delta_log" / "00000000000000000000.json#1").touch()
    assert tables.head(ASSET) is None

    made = tables.commit(ASSET, Commit("one", SCHEMA, write(3)))

    assert (made.number, made.rows) == (0, 3)


def test_a_lake_that_cannot_be_written_is_told_with_the_place(tmp_path):
    (tmp_path / "lake").write_text("a file in place of the folder")
    with pytest.raises(LakeError, match="could not be written: Not a directory") as told:
        Tables(tmp_path / "lake").attempt(ASSET)
    assert str(tmp_path / "lake") in str(told.value.where)
    assert "backbone run" in str(told.value.hint)


def test_files_are_appended_replaced_and_brought_back(tables, write):
    one = tables.commit(ASSET, Commit("one", SCHEMA, write(3)))
    two = tables.commit(ASSET, Commit("two", SCHEMA, write(4), keep=one.files, base=0))
    three = tables.commit(ASSET, Commit("three", SCHEMA, write(5), base=1))
    again = tables.commit(ASSET, Commit("again", SCHEMA, (), keep=two.files, base=2))

    assert [v.rows for v in (one, two, three, again)] == [3, 7, 5, 7]
    assert set(again.files) == set(two.files)
    assert tables.at(ASSET, 1).rows == 7
    assert [v["identity"] for v in tables.versions(ASSET)] == [
        "again",
        "three",
        "two",
        "one",
    ]


def test_the_same_identity_is_committed_once(tables, write):
    first = tables.commit(ASSET, Commit("one", SCHEMA, write(3)))
    second = tables.commit(ASSET, Commit("one", SCHEMA, write(3), base=0))

    assert second == first
    assert len(tables.versions(ASSET)) == 1


def test_a_commit_from_an_old_base_is_a_conflict_and_writes_nothing(tables, write):
    tables.commit(ASSET, Commit("one", SCHEMA, write(3)))
    tables.commit(ASSET, Commit("two", SCHEMA, write(3), base=0))

    with pytest.raises(CommitConflict):
        tables.commit(ASSET, Commit("late", SCHEMA, write(3), base=0))
    assert tables.head(ASSET).identity == "two"


def test_another_schema_replaces_the_table_and_keeps_its_history(tables, write):
    tables.commit(ASSET, Commit("one", SCHEMA, write(3)))
    wider = SCHEMA.with_columns(Column("c", DATETIME))
    made = tables.commit(ASSET, Commit("two", wider, write(2, wider), base=0))

    assert made.schema.names == ("a", "b", "c")
    assert made.rows == 2
    assert tables.at(ASSET, 0).schema == SCHEMA


def test_words_about_a_column_do_not_make_another_schema(tables, write):
    one = tables.commit(ASSET, Commit("one", SCHEMA, write(3)))
    told = Schema((Column("a", INTEGER, "counted", unit="1"), SCHEMA["b"]))
    made = tables.commit(ASSET, Commit("two", told, write(1), keep=one.files, base=0))

    assert made.rows == 4


def test_an_old_version_keeps_what_was_recorded_with_it(tables, write):
    """The library tells the whole log's history, whichever version is open."""
    for n in range(3):
        head = tables.head(ASSET)
        tables.commit(
            ASSET,
            Commit(
                f"v{n}", SCHEMA, write(n + 1), base=head.number if head else None,
                metadata={"run": f"r{n}", "sides": {"repairs": n}},
            ),
        )  # fmt: skip

    old = [tables.at(ASSET, n) for n in range(3)]

    assert [one.identity for one in old] == ["v0", "v1", "v2"]
    assert [one.metadata["run"] for one in old] == ["r0", "r1", "r2"]
    assert [one.sides["repairs"] for one in old] == [0, 1, 2]
    assert [one.committed for one in old] == sorted(one.committed for one in old)


def test_an_empty_table_has_a_version(tables):
    made = tables.commit(ASSET, Commit("none", SCHEMA))
    assert (made.rows, made.files, made.schema) == (0, (), SCHEMA)


def test_side_tables_are_found_through_the_table(tables, write):
    side = ASSET.with_side("rejected")
    moved = tables.adopt(side, write(2))
    number = tables.commit(side, Commit("one", SCHEMA, moved)).number
    main = tables.commit(
        ASSET, Commit("one", SCHEMA, write(3), metadata={"sides": {"rejected": number}})
    )

    assert tables.at(side, main.sides["rejected"]).rows == 2
    assert tables.assets() == [ASSET, side]


def test_what_is_recorded_is_in_the_log_for_everyone(tables, write):
    tables.commit(ASSET, Commit("one", SCHEMA, write(3), metadata={"inputs": {"x": "y"}}))
    log = tables.folder(ASSET) / "_delta_log" / "00000000000000000000.json"
    entries = [json.loads(line) for line in log.read_text().splitlines()]

    info = next(entry["commitInfo"] for entry in entries if "commitInfo" in entry)
    assert json.loads(info["backbone"]) == {"identity": "one", "inputs": {"x": "y"}}
    stats = [json.loads(entry["add"]["stats"]) for entry in entries if "add" in entry]
    assert stats == [
        {
            "numRecords": 3,
            "minValues": {"a": 0, "b": "x0"},
            "maxValues": {"a": 2, "b": "x2"},
            "nullCount": {"a": 0, "b": 0},
        }
    ]


def test_many_commits_stay_readable_after_checkpoints(tables, write):
    files = ()
    for number in range(25):
        base = number - 1 if number else None
        made = tables.commit(
            ASSET, Commit(f"id{number}", SCHEMA, write(1), keep=files, base=base)
        )
        files = made.files

    assert tables.head(ASSET).rows == 25
    assert tables.head(ASSET).identity == "id24"
    assert len(tables.versions(ASSET)) == 25
    assert tables.at(ASSET, 3).rows == 4


def test_a_version_is_read_once_and_the_newest_one_is_seen(tables, write, monkeypatch):
    tables.commit(ASSET, Commit("one", SCHEMA, write(1)))
    other = Tables(tables.root)
    opened = []
    real = Tables._open
    monkeypatch.setattr(
        Tables, "_open", lambda self, *asked: opened.append(asked) or real(self, *asked)
    )
    assert other.head(ASSET) is other.head(ASSET)
    assert len(opened) == 1
    assert other.at(ASSET, 0) is other.head(ASSET)
    tables.commit(ASSET, Commit("two", SCHEMA, write(2), base=0))
    assert other.head(ASSET).identity == "two"
    assert other.at(ASSET, 0).identity == "one"


def test_a_lake_that_was_brought_back_is_read_anew(tables, write, tmp_path):
    tables.commit(ASSET, Commit("one", SCHEMA, write(1)))
    shutil.copytree(tables.root, tmp_path / "copy")
    tables.commit(ASSET, Commit("two", SCHEMA, write(2), base=0))
    assert tables.head(ASSET).identity == "two"
    shutil.rmtree(tables.root)
    assert tables.head(ASSET) is None
    shutil.copytree(tmp_path / "copy", tables.root)
    assert tables.head(ASSET).identity == "one"
    with pytest.raises(LakeError, match="has no version 1"):
        tables.at(ASSET, 1)
