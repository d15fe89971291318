"""Which deliveries count: with selections, refused snapshots and pinned inputs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tests.projects import shop_project, write

from backbone.app.environment import Environment
from backbone.app.queries import query
from backbone.app.runs import plan, resume, run
from backbone.catalog import Catalog
from backbone.project import load

PLACES = {
    "sources/places.yml": """
collector: files
path: places/*
datasets: {places: "p_*"}
delivers: snapshots
""",
    "formatted/places.yml": """
from: landing.places
read: {format: csv}
columns:
  id: {type: integer}
  name: {type: string}
""",
    "places/p_1.csv": "id,name\n1,Nis\n2,Bor\n",
}


@pytest.fixture
def folder(tmp_path):
    return shop_project(tmp_path / "shop")


def opened(folder) -> Environment:
    return Environment(load(folder))


def rows(env, table) -> int:
    return query(env, f"select count(*) as n from {table}")["n"][0].as_py()


def open_a_shop(folder, name) -> None:
    with closing(sqlite3.connect(folder / "register.db")) as database, database:
        database.execute("insert into shops values (?, 'Nis')", [name])


def test_a_selected_table_does_not_lose_what_only_landing_has_replaced(folder):
    with opened(folder) as env:
        run(env)
        open_a_shop(folder, "east")

        assert run(env, ["trusted.shops"]).ok  # collects; formats nothing
        assert rows(env, "trusted.shops") == 2

        assert run(env).ok
        assert rows(env, "trusted.shops") == 3


def test_a_rule_may_change_while_newer_deliveries_wait_to_be_formatted(folder):
    with opened(folder) as env:
        run(env)
    open_a_shop(folder, "east")
    write(
        folder,
        {"trusted/shops.yml": "rules:\n  - {name: one_shop, unique: [shop]}\n"},
    )
    with opened(folder) as env:
        report = run(env, ["trusted.shops"])
        assert [step.status for step in report.steps] == ["done"]
        assert rows(env, "trusted.shops") == 2

        run(env)
        assert rows(env, "trusted.shops") == 3
        assert {step["action"] for step in plan(env).rows()} == {"skip"}


def test_a_selection_is_resumed_with_what_its_table_holds(folder, monkeypatch):
    with opened(folder) as env:
        run(env)
        open_a_shop(folder, "east")
        run(env, ["formatted.shops"])
        with monkeypatch.context() as patch:
            patch.setattr(Catalog, "record_rules", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(env, ["trusted.shops"])
    with opened(folder) as env:
        assert resume(env).ok
        assert rows(env, "trusted.shops") == 3


def _interrupted(*_args: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("text", ["<html>Bad gateway</html>\n", "", "id;name\n3;Pec\n"])
def test_a_refused_snapshot_does_not_empty_the_table(folder, text):
    write(folder, PLACES)
    with opened(folder) as env:
        run(env)
        (folder / "places/p_1.csv").write_text(text)
        report = run(env)
        assert report.status == "failed"
        assert rows(env, "trusted.places") == 2

        write(folder, {"places/p_1.csv": "id,name\n3,Pec\n"})
        assert run(env).ok
        assert query(env, "select name from trusted.places").to_pylist() == [
            {"name": "Pec"}
        ]


def test_a_snapshot_without_rows_is_the_empty_table(folder):
    write(folder, PLACES)
    with opened(folder) as env:
        run(env)
        write(folder, {"places/p_1.csv": "id,name\n"})
        assert run(env).ok
        assert rows(env, "trusted.places") == 0
