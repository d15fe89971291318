"""Bytes of the lake that went bad, or a lake that cannot be written: told by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.commands import ask, call, hashes, listed
from tests.projects import edit, shop_project


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = shop_project(tmp_path_factory.mktemp("finished") / "shop")
    call(folder, "run")
    return folder


@pytest.fixture
def ran(finished, tmp_path) -> Path:
    """A copy of a project that has been run."""
    return shutil.copytree(finished, tmp_path / "shop")


def one(folder: Path, pattern: str) -> Path:
    return next((folder / ".backbone/lake").glob(pattern))


def said(folder: Path, *words: str, code: int) -> str:
    return " ".join(call(folder, *words, code=code).output.split())


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def blot(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[10:60] = bytes(50)
    file.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, blot, Path.unlink], ids=["cut", "blotted", "gone"])
def test_a_bad_parquet_file_is_named_and_stops_only_what_needs_it(ran, harm):
    file = one(ran, "tables/trusted/shops/w-*/main/*.parquet")
    harm(file)
    (ran / "exploitation/cities.sql").write_text(
        "select city, count(*) as shops from trusted.shops group by city\n"
    )
    (ran / "exploitation/days.sql").write_text(
        "select day, count(*) as sales from trusted.sales group by day\n"
    )

    told = said(ran, "run", code=1)

    assert str(file) in told
    assert "a file of the lake cannot be read" in told
    assert "exploitation.cities" in told
    assert "everything else is done" in told
    assert listed(ran)["exploitation.days"]["rows"] == 3
    assert listed(ran)["exploitation.cities"]["status"] == "failed"
    assert str(file) in said(ran, "query", "select * from trusted.shops", code=2)


@pytest.mark.parametrize("table", ["formatted/sales", "trusted/shops"])
def test_a_table_that_is_lost_is_made_anew_from_landing(ran, table):
    before = hashes(ran)
    for folder in (ran / ".backbone/lake/tables").glob(f"{table}*"):
        shutil.rmtree(folder)
    for file in (ran / ".backbone").glob("catalog.db*"):
        file.unlink()

    call(ran, "run")

    assert hashes(ran) == before


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda file: edit(file, "1.50", "9.50"), "is not what was received"),
        (cut, "is not what was received"),
        (Path.unlink, "cannot be read: No such file or directory"),
    ],
    ids=["changed", "cut", "gone"],
)
def test_a_raw_file_that_is_not_as_received_is_never_read(ran, harm, told):
    file = one(ran, "landing/till/sales/*/sales_1.csv")
    kept = file.read_bytes()
    harm(file)
    edit(ran / "formatted/sales.yml", "day: {type: date}", "day: {type: string}")

    words = said(ran, "run", code=1)

    assert f"`sales_1.csv` {told}" in words
    assert "Bring the file back from a copy of the lake" in words
    assert "trusted.sales not made: formatted.sales failed" in words
    amount = "select amount from formatted.sales where id = 1"
    assert ask(ran, amount) == [{"amount": 1.5}], "the version before is still there"

    file.write_bytes(kept)
    call(ran, "run")

    assert {row["status"] for row in listed(ran).values()} == {"fresh"}
    assert ask(ran, "select distinct typeof(day) t from formatted.sales") == [
        {"t": "VARCHAR"}
    ]


def test_a_reference_that_cannot_be_read_is_named(ran):
    file = one(ran, "landing/till/sales/*/_reference.json")
    file.write_text("{")

    told = said(ran, "run", code=2)

    assert "`_reference.json`" in told
    assert str(file.parent) in told


def test_a_log_that_cannot_be_read_is_named(ran):
    log = ran / ".backbone/lake/tables/trusted/sales/_delta_log"
    (log / "00000000000000000000.json").write_text("{")
    (ran / "inbox/sales_3.csv").write_text("id,day,shop,amount\n7,,north,1\n")

    told = said(ran, "run", code=1)

    assert "trusted.sales cannot be opened" in told
    assert str(log) in told
    assert listed(ran)["formatted.sales"]["rows"] == 7


def test_a_catalog_that_is_none_is_named_and_can_be_deleted(ran):
    before = hashes(ran)
    catalog = ran / ".backbone/catalog.db"
    for file in catalog.parent.glob("catalog.db-*"):
        file.unlink()
    catalog.write_bytes(b"no database" * 1000)

    told = said(ran, "run", code=2)

    assert f"{catalog} is no catalog that can be read" in told
    assert "delete the file" in told

    catalog.unlink()
    call(ran, "run")
    assert hashes(ran) == before


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("", 2),
        ("lake", 2),
        ("lake/landing", 2),
        ("lake/landing/_incoming", 1),
        ("lake/tables", 1),
        ("lake/tables/trusted", 1),
        ("lake/locks", 1),
        ("lake/runs", 2),
    ],
)
def test_a_lake_that_cannot_be_written_is_told_with_the_place(shop, place, code):
    blocked = shop / ".backbone" / place
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file in place of a folder")

    told = said(shop, "run", code=code)

    assert str(blocked) in told
    assert "Unexpected" not in told

    blocked.unlink()
    call(shop, "run")
    assert {row["status"] for row in listed(shop).values()} == {"fresh"}
