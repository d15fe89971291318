"""Decisions belong to versions: what holds on the day of the run, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from tests.projects import edit, shop_project, write

from backbone.app.environment import Environment
from backbone.app.origins import found_row
from backbone.errors import DeclarationError
from backbone.model.names import AssetName
from backbone.operations import verbs
from backbone.operations.plan import make_plan
from backbone.project import load

SALES = AssetName("trusted", "sales")
DECIDED = {
    "decisions/sales.yml": """
decisions:
  - name: west_is_south
    where: {id: 4}
    set: {shop: south}
    reason: It moved.
    by: mia
    decided: 2024-01-05
    until: 2024-06-30
"""
}


@pytest.fixture
def shop(tmp_path):
    return shop_project(tmp_path / "shop")


def run(folder):
    with Environment(load(folder)) as env:
        return verbs.run(env.place)


def planned(folder, day=None):
    """What a run would do: reasons by asset."""
    with Environment(load(folder)) as env:
        plan = make_plan(env.project, env.lake, env.catalog, day=day)
        return {str(step.asset): step.reason for step in plan.to_run}


def identity(folder, day):
    with Environment(load(folder)) as env:
        plan = make_plan(env.project, env.lake, env.catalog, day=day)
        return next(step.identity for step in plan.steps if step.asset == SALES)


def shop_of_sale(folder, sale):
    with Environment(load(folder)) as env:
        version = env.lake.tables.head(SALES)
        return found_row(env, version, {"id": str(sale)}).row["shop"]


def test_a_decision_makes_its_table_anew_and_what_is_made_from_it(shop):
    run(shop)
    before = identity(shop, date(2024, 3, 1))
    write(shop, DECIDED)
    assert identity(shop, date(2024, 7, 1)) == before
    assert identity(shop, date(2024, 6, 30)) != before
    assert planned(shop, date(2024, 3, 1)) == {
        "trusted.sales": "decisions changed",
        "exploitation.by_shop": "trusted.sales changed",
    }
    assert planned(shop, date(2024, 7, 1)) == {}


def test_putting_the_end_off_makes_nothing_and_words_count(shop):
    write(shop, DECIDED)
    before = identity(shop, date(2024, 3, 1))
    edit(shop / "decisions/sales.yml", "until: 2024-06-30", "until: 2024-07-31")
    assert identity(shop, date(2024, 3, 1)) == before
    edit(shop / "decisions/sales.yml", "It moved.", "It has moved.")
    assert identity(shop, date(2024, 3, 1)) != before


def test_what_expired_is_as_rules_say_again(shop):
    write(shop, DECIDED)
    edit(shop / "decisions/sales.yml", "until: 2024-06-30", "until: 2999-06-30")
    report = run(shop)
    assert report.ok
    assert shop_of_sale(shop, 4) == "south"
    assert planned(shop) == {}
    edit(shop / "decisions/sales.yml", "until: 2999-06-30", "until: 2024-06-30")
    assert planned(shop)["trusted.sales"] == "decisions changed"
    run(shop)
    assert shop_of_sale(shop, 4) == "west"


def test_a_run_is_finished_with_the_decisions_of_its_day(shop, monkeypatch):
    """It began on the last day of a decision, was stopped, and is resumed on the next."""
    write(shop, DECIDED)
    edit(shop / "trusted/sales.yml", "unique: [id]", "unique: [id], severity: error")
    days = [date(2024, 6, 30)]
    for module in ("verbs", "plan", "work"):
        monkeypatch.setattr(f"backbone.operations.{module}.today", lambda: days[-1])
    monkeypatch.setattr("backbone.operations.steps.integrate.execute", _dies)
    with Environment(load(shop)) as env:
        place = env.place
        assert not verbs._Run(place, "20240630T235959000_aaaa", None, lambda _e: None,
                              days[-1]).carry_out(pins=None).ok  # fmt: skip
    assert shop_of_sale(shop, 4) == "south"
    days.append(date(2024, 7, 1))
    monkeypatch.undo()
    with Environment(load(shop)) as env:
        finished = verbs.resume(env.place)
    assert {str(s.asset): s.status for s in finished.steps}["trusted.sales"] == "skipped"
    assert shop_of_sale(shop, 4) == "south"
    assert planned(shop)["trusted.sales"] == "decisions changed"


def _dies(_work, _step):
    message = "the disk is full"
    raise OSError(message)


def test_a_run_says_which_decisions_do_not_hold(shop):
    write(shop, DECIDED)
    edit(shop / "decisions/sales.yml", "until: 2024-06-30", "was: {shop: east}")
    report = run(shop)
    warnings = {str(s.asset): s.warnings for s in report.steps}["trusted.sales"]
    assert warnings == (
        (
            "1 decision not applied: `west_is_south`: the cell holds another value by now; "
            "backbone decide trusted.sales"
        ),
        "rows break known_shop (1) (severity warn)",
    )


def test_a_file_of_rows_is_part_of_the_identity_and_is_checked_by_the_plan(shop):
    write(
        shop,
        {
            "decisions/sales.yml": """
decisions:
  - {name: moved, rows: moved.csv, reason: List of the chain., by: tom, decided: 2024-01-05}
""",
            "decisions/moved.csv": "id,set:shop,was:amount\n4,south,0.10\n6,north,\n",
        },
    )
    run(shop)
    assert (shop_of_sale(shop, 4), shop_of_sale(shop, 6)) == ("south", "south")
    before = identity(shop, date(2024, 3, 1))
    (shop / "decisions/moved.csv").write_text("id,set:shop,was:amount\n6,north,8\n")
    assert identity(shop, date(2024, 3, 1)) != before
    run(shop)
    assert (shop_of_sale(shop, 4), shop_of_sale(shop, 6)) == ("west", "north")
    (shop / "decisions/moved.csv").write_text(
        "id,set:shop,was:amount\nsix,north,8\n7,x\n"
    )
    with pytest.raises(DeclarationError, match=r"decisions/moved.csv:3: has 2 cells"):
        run(shop)
    (shop / "decisions/moved.csv").write_text("id,set:shop,was:amount\nsix,north,8\n")
    with pytest.raises(DeclarationError, match=r"moved.csv:2: id: `six` is no whole"):
        run(shop)
