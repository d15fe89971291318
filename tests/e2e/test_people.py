"""People decide from the command line, deliveries come, decisions end: what holds."""

from __future__ import annotations

import json

import pytest
from tests.commands import account, ask, call, versions
from tests.projects import add_month, edit, shop_project, small_project, write

from backbone.app.environment import open_environment
from backbone.app.replay import replay

REASON = ("--reason", "Asked the shop.", "--by", "mia")


def make_shop(folder):
    shop_project(folder)
    rule = "  - {name: one_shop, functional: {amount: [shop]}, action: repair}\n"
    edit(folder / "trusted/sales.yml", "rules:\n", "rules:\n" + rule)
    call(folder, "run")
    return folder


@pytest.fixture
def shop(tmp_path):
    return make_shop(tmp_path / "shop")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A shop in which nothing may be written."""
    return make_shop(tmp_path_factory.mktemp("untouched") / "shop")


def decide(folder, *words, code=0):
    done = call(folder, "decide", "trusted.sales", *words, code=code)
    return done.stdout + done.stderr


def listed(folder):
    found = json.loads(call(folder, "decide", "trusted.sales", "--json").stdout)
    return {one["name"]: one["status"] for one in found["decisions"]}


def sales(folder):
    rows = ask(folder, "select id, shop, amount, _flags from trusted.sales order by id")
    return {row["id"]: (row["shop"], row["amount"], row["_flags"]) for row in rows}


def holds(folder):
    with open_environment(folder) as env:
        return all(replay(env, f"trusted.{name}").holds for name in env.project.trusted)


def test_a_decision_holds_until_it_ends_or_the_source_changes_its_mind(shop):
    before = versions(shop)
    said = decide(shop, "4", "-c", "shop", "--set", "south", *REASON, "--dry-run")
    assert "'west' → 'south'" in said
    assert not (shop / "decisions").exists()
    decide(shop, "4", "-c", "shop", "--set", "south", *REASON)
    decide(shop, "id=3", "--fine", "positive", *REASON)
    decide(shop, "6", "-c", "amount", "--set", "9", *REASON, "--until", "2999-12-31")
    assert listed(shop) == dict.fromkeys(
        ("set_shop_1", "fine_positive_1", "set_amount_1"), "not run yet"
    )

    call(shop, "run")
    after = versions(shop)
    changed = {name for name in after if after[name] != before.get(name)}
    assert {name.partition("__")[0] for name in changed} == {
        "trusted.sales", "exploitation.by_shop",
    }  # fmt: skip
    assert sales(shop)[4] == ("south", 0.10, None)
    assert sales(shop)[3] == ("north", -4.0, None)
    assert sales(shop)[6] == ("south", 9.0, None)
    assert set(listed(shop).values()) == {"applied"}
    assert account(shop, "trusted.sales")["quarantined"] == 0
    assert holds(shop)

    write(shop, {"inbox/sales_3.csv": "id,day,shop,amount\n4,2024-01-02,west,0.20\n"
                                      "6,2024-02-01,south,8.50\n"})  # fmt: skip
    done = call(shop, "run")
    assert "`set_amount_1`: the cell holds another value by now" in done.stderr
    assert sales(shop)[4] == ("south", 0.20, None)  # the shop is as it was: it holds
    assert sales(shop)[6] == ("south", 8.50, None)
    assert listed(shop)["set_amount_1"] == "applied in part"
    assert holds(shop)

    file, end = shop / "decisions/sales.yml", "    until: 2999-01-01\n"
    edit(file, "    where: {id: 4}\n", f"    where: {{id: 4}}\n{end}")
    plan = json.loads(call(shop, "plan", "--json").stdout)
    assert {step["action"] for step in plan} == {"skip"}
    today = file.read_text().split("decided: ")[1].split("\n")[0]
    edit(file, end, "    until: 2024-02-01\n")
    file.write_text(file.read_text().replace(f"decided: {today}", "decided: 2024-01-05"))
    call(shop, "run")
    assert listed(shop)["set_shop_1"] == "expired"
    assert sales(shop)[4][0] != "south"
    assert holds(shop)


def test_the_history_of_a_cell_is_told_from_the_raw_text_on(shop):
    decide(shop, "4", "-c", "shop", "--set", "south", *REASON)
    call(shop, "run")
    found = json.loads(
        call(shop, "trace", "trusted.sales", "4", "-c", "shop", "--json").stdout
    )
    kinds = [event["kind"] for event in found["events"]]
    assert kinds == ["raw", "read", "change"]
    raw, read, change = found["events"]
    assert (raw["cells"], raw["text"]) == ({"shop": "west"}, "4,2024-01-02,west,0.10")
    assert read["value"] == "west"
    assert (change["old"], change["new"], change["by"]) == ("west", "south", "mia")
    assert [one["value"] for one in found["versions"]] == ["west", "south"]
    assert found["value"] == "south"
    shown = call(shop, "trace", "trusted.sales", "4", "--column", "shop").stdout
    assert "decided  'west' → 'south'" in shown
    assert "mia on " in shown

    gone = call(shop, "trace", "trusted.sales", "3", "-c", "amount").stdout
    assert "taken out  positive" in gone
    assert "in trusted.sales__quarantine" in gone
    (next((shop / ".backbone/lake/landing").rglob("sales_1.csv"))).unlink()
    told = call(shop, "trace", "trusted.sales", "4", "-c", "shop").stdout
    assert "cannot be opened" in told
    assert "now      'south'" in told
    for words, said in (
        (("99", "-c", "shop"), "no row of trusted.sales has id = 99"),
        (("shop=north", "-c", "id"), "several rows of trusted.sales have shop = north"),
        (("4", "-c", "shoop"), "there is no column `shoop`"),
        (("four", "-c", "shop"), "`id` of trusted.sales is integer; `four`"),
    ):
        assert said in call(shop, "trace", "trusted.sales", *words, code=2).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("4", "--keep", *REASON), "--keep is said of a --column"),
        (("4", "-c", "shop", "--keep"), "a decision has a reason: --reason TEXT"),
        (("4", "-c", "shop", *REASON), "say one of --keep, --set VALUE"),
        (("--keep", *REASON), "which row?"),
        (("4", "-c", "shoop", "--keep", *REASON), "did you mean `shop`?"),
        (("4", "-c", "amount", "--set", "lots", *REASON), "`lots` is no number"),
        (("4", "--fine", "positiv", *REASON), "did you mean `positive`?"),
        (("4", "--fine", "positive", *REASON), "does not break `positive`"),
        (("4", "--undo", "one_shop", *REASON), "`one_shop` changed nothing in row"),
        (("4", "--undo", "known_shop", *REASON), "flags rows and changes nothing"),
        (("99", "--out", *REASON), "no current row of trusted.sales has id = 99"),
        (("shop=north", "--out", *REASON), "rows of trusted.sales have shop = north"),
        (("4", "--out", *REASON, "--until", "soon"), "`soon` is no date"),
        (("4", "--out", "--reason", "${param:x}"), "stands for a parameter"),
        (("4", "--out", *REASON, "--name", "known_shop"), "a rule `known_shop` already"),
        (("4", "--out", *REASON, "--name", "The Shop"), "name: `The Shop` is not of"),
    ],
)
def test_what_cannot_be_decided_is_said_and_nothing_is_written(untouched, words, said):
    assert said in " ".join(decide(untouched, *words, code=2).split())
    assert not (untouched / "decisions").exists()


def test_the_story_of_every_table_gives_the_table(tmp_path):
    folder = small_project(tmp_path / "meters")
    call(folder, "run")
    write(
        folder,
        {
            "decisions/readings.yml": """
decisions:
  - name: all_of_l1
    where: {device: L1}
    keep: [outdoor, energy]
    many: true
    reason: Read at the site.
    by: mia
    decided: 2024-02-01
  - name: no_fall
    where: {device: L3}
    fine: [falls, sensible]
    many: true
    reason: The meter was changed.
    by: mia
    decided: 2024-02-01
""",
            "decisions/devices.yml": """
decisions:
  - {name: as_written, where: {device: L5}, undo: one_place, reason: Seen., by: tom,
     decided: 2024-02-01}
""",
        },
    )
    add_month(folder, 7)
    call(folder, "run")
    assert holds(folder)
    broken = ask(folder, "select distinct device, rule from trusted.readings__violations v "
                 "join formatted.readings f using (_delivery, _object, _record)")  # fmt: skip
    assert {"device": "L3", "rule": "falls"} not in broken
    assert account(folder, "trusted.readings")
