"""A view that says ``on_error: exclude`` is made without the rows in question."""

from __future__ import annotations

import pytest
from tests.projects import edit, shop_project, write

from backbone.app.environment import Environment
from backbone.app.lineage import explain, trace
from backbone.app.pages import quality_page
from backbone.app.quality import quality
from backbone.app.queries import query
from backbone.app.runs import plan, run
from backbone.errors import BackboneError, DeclarationError
from backbone.project import load

VIEWS = {
    "exploitation/by_shop.yml": "grain: [shop]\non_error: exclude\n",
    "exploitation/ids.sql": "select s.id, s.shop from trusted.sales s\n",
    "exploitation/ids.yml": "grain: [id]\nrows_of: trusted.sales\non_error: exclude\n",
    "exploitation/waits.sql": "select s.id from trusted.sales s\n",
    "exploitation/after.sql": (
        "select x.shop, count(*) as n from exploitation.by_shop x group by x.shop\n"
    ),
}


@pytest.fixture
def folder(tmp_path):
    folder = shop_project(tmp_path / "shop")
    write(folder, VIEWS)
    known = "references: {shop: shops.shop}}"
    error = "references: {shop: shops.shop}, severity: error}"
    small = "  - {name: small, range: {amount: [~, 7]}}"
    edit(folder / "trusted" / "sales.yml", known, f"{error}\n{small}")
    return folder


def test_the_rows_are_left_out_counted_and_told(folder):
    with Environment(load(folder)) as env:
        report = run(env)
        steps = {str(step.asset): step for step in report.steps}
        assert not report.ok
        assert {name: step.status for name, step in steps.items()} == {
            "formatted.shops": "done", "formatted.sales": "done",
            "trusted.shops": "done", "trusted.sales": "done",
            "exploitation.by_shop": "done", "exploitation.after": "done",
            "exploitation.ids": "done", "exploitation.waits": "blocked",
        }  # fmt: skip
        words = "made without 1 row of trusted.sales that breaks known_shop"
        assert words in steps["exploitation.ids"].warnings[0]
        assert dict(steps["exploitation.by_shop"].left_out) == {"trusted.sales": 1}
        assert steps["trusted.sales"].warnings == (
            "rows break small (1) (severity warn)",
        )
        again = {str(step.asset): step for step in run(env).steps}["trusted.sales"]
        assert (again.status, again.warnings) == (
            "skipped",
            steps["trusted.sales"].warnings,
        )
        found = query(env, "select id from exploitation.ids order by id").to_pylist()
        assert [row["id"] for row in found] == [1, 2, 5, 6]
        shops = query(env, "select shop, sales from exploitation.by_shop order by shop")
        assert shops.to_pylist() == [
            {"shop": "north", "sales": 2}, {"shop": "south", "sales": 2},
        ]  # fmt: skip


def test_the_plan_and_explain_say_so_and_a_second_run_again(folder):
    with Environment(load(folder)) as env:
        assert all(not row["left_out"] for row in plan(env).rows())
        run(env)
        again = run(env)
        told = {row["asset"]: row["left_out"] for row in plan(env).rows()}
        assert told["exploitation.by_shop"] == {"trusted.sales": 1}
        assert told["exploitation.waits"] == {}
        found = explain(env, "exploitation.by_shop")
        assert found["on_error"] == "exclude"
        assert "1 row of trusted.sales" in found["left_out"][0]
        (step,) = [s for s in again.steps if str(s.asset) == "exploitation.by_shop"]
        assert (step.status, dict(step.left_out)) == ("skipped", {"trusted.sales": 1})
        assert "made without 1 row" in step.warnings[0]
        assert quality(env, "exploitation.by_shop")["left_out"] == {"trusted.sales": 1}
        assert "made without 1 row" in quality_page(env, "exploitation.by_shop")


def test_the_way_back_goes_through_the_rows_that_were_read(folder):
    with Environment(load(folder)) as env:
        run(env)
        found = trace(env, "exploitation.by_shop", ["south"])
        assert found.totals == {"trusted.sales": 2, "trusted.shops": 1}
        with pytest.raises(BackboneError, match="no row"):
            trace(env, "exploitation.by_shop", ["west"])


def test_mended_data_bring_every_row_back(folder):
    with Environment(load(folder)) as env:
        run(env)
        edit(folder / "trusted" / "sales.yml", "severity: error", "severity: warn")
    with Environment(load(folder)) as env:
        report = run(env)
        assert report.ok
        found = query(env, "select count(*) as n from exploitation.ids").to_pylist()
        assert found == [{"n": 5}]
        assert all(not step.left_out for step in report.steps)


def test_a_word_that_is_none_is_refused_with_its_line(folder):
    edit(folder / "exploitation" / "ids.yml", "exclude", "excluded")
    with pytest.raises(DeclarationError, match=r"ids\.yml:3.*did you mean `exclude`"):
        load(folder)
