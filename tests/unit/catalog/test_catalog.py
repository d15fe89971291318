from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backbone.catalog import Catalog
from backbone.errors import CatalogError, CatalogVersion
from backbone.model.names import AssetName
from backbone.model.schemas import Column, Schema
from backbone.model.types import DOUBLE, INTEGER
from backbone.model.versions import VersionRef

ASSET = AssetName("trusted", "meters")
SCHEMA = Schema((Column("a", INTEGER), Column("x", DOUBLE, "heat", unit="MWh")))
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path / "deep" / "catalog.db")
    yield made
    made.close()


def version(number: int, identity: str) -> VersionRef:
    return VersionRef(
        ASSET, identity, number, NOON, rows=10 + number, size_bytes=99,
        sides={"repairs": number}, inputs={"formatted.meters": "in"},
    )  # fmt: skip


def test_the_head_is_the_newest_version(catalog):
    catalog.record_version(version(0, "one"), SCHEMA, {"account": {"trusted": 10}})
    catalog.record_version(version(1, "two"), SCHEMA, {})

    head = catalog.heads()["trusted.meters"]
    assert (head["number"], head["identity"], head["rows"]) == (1, "two", 11)
    assert head["record"] == {
        "sides": {"repairs": 1},
        "inputs": {"formatted.meters": "in"},
    }
    assert [v["number"] for v in catalog.versions(ASSET)] == [1, 0]
    assert catalog.version(ASSET, "one")["record"]["account"] == {"trusted": 10}
    assert catalog.version(ASSET, "none") is None


def test_recording_a_version_twice_changes_nothing(catalog):
    for _ in range(2):
        catalog.record_version(version(0, "one"), SCHEMA, {})
    assert len(catalog.versions(ASSET)) == 1


def test_columns_are_those_of_the_last_version(catalog):
    catalog.record_version(version(0, "one"), Schema.of(old=INTEGER), {})
    catalog.record_version(version(1, "two"), SCHEMA, {})

    columns = catalog.columns(ASSET)
    assert [(c["name"], c["type"], c["unit"]) for c in columns] == [
        ("a", "integer", None),
        ("x", "double", "MWh"),
    ]


def test_a_run_is_recorded_piece_by_piece(catalog):
    catalog.record_run("r1", started=NOON, status="running", engine="duckdb", record={})
    catalog.record_run("r1", status="done", seconds=1.5)
    catalog.record_run("r2", started=NOON, status="running", engine="duckdb", record={})

    assert [(r["id"], r["status"]) for r in catalog.runs()] == [
        ("r2", "running"),
        ("r1", "done"),
    ]
    assert catalog.run("r1")["seconds"] == 1.5


def test_times_are_kept_in_utc(catalog):
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    catalog.record_run("r1", started=east, status="done", engine="duckdb", record={})
    assert catalog.run("r1")["started"] == NOON.replace(tzinfo=None)


def test_the_last_time_a_step_took_is_that_of_its_newest_finished_run(catalog):
    for run, status, seconds in [
        ("r1", "done", 5.0),
        ("r2", "done", 7.0),
        ("r3", "failed", 1.0),
    ]:
        catalog.record_step(
            run, ASSET, kind="trust", identity="i", status=status, seconds=seconds
        )
    assert catalog.step_seconds() == {"trusted.meters": 7.0}


def test_deliveries_rules_lineage_and_hashes_are_remembered(catalog):
    catalog.record_deliveries(ASSET, "how", {"d1": {"files": ["a"]}, "d2": {"files": []}})
    catalog.record_rules(ASSET, "one", [
        {"name": "second", "violating_rows": 3}, {"name": "first", "violating_rows": 0},
    ])  # fmt: skip
    catalog.record_lineage(ASSET, [("x", "formatted.meters", "x", "value")] * 2)
    catalog.record_lineage(ASSET, [("y", "formatted.meters", "x", "value")])
    catalog.record_hash(ASSET, 0, "abc")

    assert catalog.deliveries(ASSET, "how") == {
        "d1": {"files": ["a"]},
        "d2": {"files": []},
    }
    assert catalog.deliveries(ASSET, "otherwise") == {}
    assert [r["name"] for r in catalog.rules(ASSET, "one")] == ["second", "first"]
    assert [(e["name"], e["input_asset"]) for e in catalog.lineage(ASSET)] == [
        ("y", "formatted.meters")
    ]
    assert catalog.hash(ASSET, 0) == "abc"
    assert catalog.hash(ASSET, 1) is None


def test_a_catalog_is_found_again_by_the_next_process(tmp_path):
    path = tmp_path / "catalog.db"
    first = Catalog(path)
    assert first.is_new
    first.record_hash(ASSET, 0, "abc")
    first.close()

    second = Catalog(path)
    assert not second.is_new
    assert second.hash(ASSET, 0) == "abc"
    second.close()


def test_a_catalog_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    path = tmp_path / "catalog.db"
    writer = Catalog(path)
    writer.record_hash(ASSET, 0, "abc")
    monkeypatch.setattr("backbone.catalog.connections.os.access", lambda *_: False)

    beside_its_log = Catalog(path)
    assert beside_its_log.hash(ASSET, 0) == "abc"
    writer.close()
    reader = Catalog(path)
    assert reader.hash(ASSET, 0) == "abc"
    assert [one.name for one in tmp_path.iterdir()] == ["catalog.db"]
    with pytest.raises(CatalogError, match="readonly") as caught:
        reader.record_hash(ASSET, 1, "def")
    assert "may you write there" in caught.value.hint
    reader.close()
    beside_its_log.close()


def test_a_newer_catalog_is_left_alone(tmp_path):
    path = tmp_path / "catalog.db"
    Catalog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("update meta set value = '99'")
    connection.close()

    with pytest.raises(CatalogVersion, match="has revision 99"):
        Catalog(path)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    path = tmp_path / "catalog.db"
    path.write_text(
        "this is no database, and long enough not to be taken for an empty one"
    )
    with pytest.raises(CatalogError, match="is no catalog"):
        Catalog(path)


def test_another_database_is_left_alone(tmp_path):
    path = tmp_path / "register.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table shops (shop text)")
    connection.close()

    with pytest.raises(CatalogError, match="is another database"):
        Catalog(path)

    with sqlite3.connect(path) as connection:
        found = connection.execute("select name from sqlite_master").fetchall()
    connection.close()
    assert found == [("shops",)]


def test_a_catalog_whose_making_failed_is_made_by_the_next(tmp_path, monkeypatch):
    path = tmp_path / "catalog.db"
    with monkeypatch.context() as patched:
        patched.setattr("backbone.catalog.catalog.insert", None)
        with pytest.raises(TypeError):
            Catalog(path)
    assert path.exists()

    catalog = Catalog(path)
    assert catalog.is_new
    catalog.record_hash(ASSET, 0, "abc")
    assert catalog.hash(ASSET, 0) == "abc"
    catalog.close()


def test_several_processes_make_a_catalog_at_once(tmp_path):
    path = tmp_path / "catalog.db"
    text = (
        "import sys\nfrom pathlib import Path\nfrom backbone.catalog import Catalog\n"
        "sys.stdin.read()\nCatalog(Path(sys.argv[1])).close()\n"
    )
    command = [sys.executable, "-c", text, str(path)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(4)]
    for process in started:
        process.stdin.close()
    assert [process.wait(60) for process in started] == [0, 0, 0, 0]


def test_a_full_disk_is_no_broken_catalog(tmp_path):
    pytest.importorskip("resource")
    text = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from backbone.catalog import Catalog\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "Catalog(Path(sys.argv[1]))\n"
    )
    path = tmp_path / "catalog.db"
    done = subprocess.run(
        [sys.executable, "-c", text, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Is there space on the disk" in done.stderr

    Catalog(path).close()


def test_reading_goes_on_while_another_process_writes(tmp_path):
    path = tmp_path / "catalog.db"
    one, two = Catalog(path), Catalog(path)
    one.record_hash(ASSET, 0, "abc")
    assert two.hash(ASSET, 0) == "abc"
    two.record_hash(ASSET, 1, "def")
    assert one.hash(ASSET, 1) == "def"
    one.close()
    two.close()
