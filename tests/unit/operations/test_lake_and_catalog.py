"""The lake is the truth: the catalog follows it, whatever happens to either."""

from __future__ import annotations

import shutil

import pytest
from tests.projects import edit, shop_project

from backbone.app.assets import content_hash, ls, show
from backbone.app.environment import Environment
from backbone.app.quality import quality
from backbone.app.queries import head, query
from backbone.app.runs import plan, run
from backbone.catalog import Catalog
from backbone.errors import LakeError
from backbone.lake.lake import Lake
from backbone.model.names import AssetName
from backbone.operations.work import Work
from backbone.project import load

SALES = AssetName("trusted", "sales")


@pytest.fixture
def folder(tmp_path):
    return shop_project(tmp_path / "shop")


def opened(folder) -> Environment:
    return Environment(load(folder))


def hashes(env) -> dict[str, str]:
    return {
        row["asset"]: row["content_hash"]
        for row in ls(env, all_tables=True, with_hash=True)
    }


def test_a_lake_that_was_removed_is_made_anew(folder):
    with opened(folder) as env:
        run(env)
        before = hashes(env)
    shutil.rmtree(folder / ".backbone/lake")
    with opened(folder) as env:
        report = run(env)
        assert {step.status for step in report.steps} == {"done"}
        assert hashes(env) == before


def test_a_table_brought_back_from_an_older_copy_is_brought_up_to_date(folder):
    table = folder / ".backbone/lake/tables/exploitation/by_shop"
    with opened(folder) as env:
        run(env)
    shutil.copytree(table, folder / "copy")
    edit(folder / "exploitation/by_shop.sql", "count(*) as sales", "2 as sales")
    with opened(folder) as env:
        run(env)
        newer = content_hash(env, head(env, AssetName("exploitation", "by_shop")))
    shutil.rmtree(table)
    (folder / "copy").rename(table)
    with opened(folder) as env:
        done = [str(s.asset) for s in run(env).steps if s.status == "done"]
        assert done == ["exploitation.by_shop"]
        again = content_hash(env, head(env, AssetName("exploitation", "by_shop")))
        assert again == newer


@pytest.mark.parametrize(
    "record", ["record_deliveries", "record_rules", "record_lineage", "record_version"]
)
def test_a_run_stopped_between_lake_and_catalog_leaves_nothing_unsaid(
    folder, tmp_path, monkeypatch, record
):
    with opened(shop_project(tmp_path / "other")) as env:
        run(env)
        expected = hashes(env)
    with opened(folder) as env, monkeypatch.context() as patch:
        patch.setattr(Catalog, record, _interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(env)
    with opened(folder) as env:
        assert run(env).ok
        assert hashes(env) == expected
        assert len(quality(env, "trusted.sales")["rules"]) == 3
        assert env.catalog.lineage(AssetName("exploitation", "by_shop"))
        assert {row["action"] for row in plan(env).rows()} == {"skip"}
        edit(folder / "inbox/sales_2.csv", "7.00", "7.50")
        run(env)
        formatted = env.catalog.versions(AssetName("formatted", "sales"))
        assert len(formatted[0]["record"]["deliveries"]) == 1  # the others were kept


def _interrupted(*_args: object) -> None:
    raise KeyboardInterrupt


def test_a_side_table_is_read_through_its_table_only(folder, monkeypatch):
    """A run that fails after a side table was committed shows nothing of it."""
    side = SALES.with_side("violations")
    with opened(folder) as env:
        run(env)
        before = query(env, f"select * from {side}").num_rows
    edit(folder / "trusted/sales.yml", "{shop: shops.shop}", "{shop: shops.city}")
    with opened(folder) as env:
        commit_side = Work.commit_side

        def commit(work, name, *args):
            made = commit_side(work, name, *args)
            if name == SALES.with_side("merged"):
                raise LakeError("the disk is full")
            return made

        with monkeypatch.context() as patch:
            patch.setattr(Work, "commit_side", commit)
            failed = run(env)
        assert failed.status == "failed"
        assert query(env, f"select * from {side}", at=failed.run).num_rows == before
        listed = {row["asset"]: row["rows"] for row in ls(env, all_tables=True)}
        assert listed[str(side)] == before
        assert len(show(env, str(side), sample=99)["sample"]) == before

        assert run(env).ok
        assert query(env, f"select * from {side}").num_rows > before


def test_the_order_and_the_words_of_columns_may_change(folder):
    with opened(folder) as env:
        run(env)
    sales = folder / "formatted/sales.yml"
    edit(sales, "  id: {type: integer}\n  day: {type: date}\n",
         "  day: {type: date}\n  id: {type: integer, unit: pieces}\n")  # fmt: skip
    (folder / "inbox/sales_3.csv").write_text(
        "id,day,shop,amount\n9,2024-03-01,north,1\n"
    )
    with opened(folder) as env:
        assert run(env).ok
        assert query(env, "select * from formatted.sales").column_names[:2] == [
            "day",
            "id",
        ]
        found = {c["name"]: c["unit"] for c in show(env, "trusted.sales")["columns"]}
        assert found["id"] == "pieces"


@pytest.mark.parametrize("name", ["a#b", "a?", "a%20b"])
def test_a_lake_where_no_delta_table_can_be_is_refused(tmp_path, name):
    with pytest.raises(LakeError, match="cannot be in a folder"):
        Lake(tmp_path / name)
