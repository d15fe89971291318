"""Pins, the past beside the present, what changed, and raw bytes that go."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from tests.projects import edit, shop_project

from backbone.app.differences import diff
from backbone.app.environment import Environment
from backbone.app.garbage import gc
from backbone.app.history import history
from backbone.app.lineage import trace
from backbone.app.pins import pin, pins, unpin, verify_pins
from backbone.app.queries import query
from backbone.app.runs import plan, run, run_at
from backbone.errors import BackboneError, DeclarationError, LakeError, ProjectError
from backbone.operations.aside import sweep_aside
from backbone.operations.collect import collect
from backbone.operations.retain import retain
from backbone.project import load

SALES = "formatted.sales"
LATER = datetime.now(UTC) + timedelta(days=1000)
COUNT = "select count(*) as n from trusted.sales"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A project that was run, pinned as `first`, and got one more delivery."""
    folder = shop_project(tmp_path_factory.mktemp("versions") / "shop")
    with opened(folder) as env:
        assert run(env).ok
        pin(env, "first")
    deliver(folder, 90, "2.00")
    with opened(folder) as env:
        assert run(env).ok
    return folder


@pytest.fixture
def shop(ran, tmp_path):
    return shutil.copytree(ran, tmp_path / "shop")


def opened(folder) -> Environment:
    return Environment(load(folder))


def deliver(folder, number, amount):
    path = folder / f"inbox/sales_{number}.csv"
    path.write_text(f"id,day,shop,amount\n{number},2024-03-01,north,{amount}\n")
    return path


def declare(folder, retention, source="till"):
    with (folder / f"sources/{source}.yml").open("a") as file:
        file.write(f"retention: {retention}\n")


def rows(env, sql=COUNT, at=None):
    return query(env, sql, at=at).to_pylist()


def heads(env):
    return {name: head["number"] for name, head in env.catalog.heads().items()}


# -- pins -----------------------------------------------------------------------------


def test_a_pin_names_deliveries_by_their_contents_alone(ran, tmp_path):
    content = json.loads((ran / "refs/first.json").read_text())
    assert list(content["datasets"]) == ["sales", "shops"]
    with opened(ran) as env:
        landed = env.lake.landing.deliveries("till", "sales")
    digests = content["datasets"]["sales"]["deliveries"]
    assert [one[:16] for one in digests] == [one.id for one in landed[:2]]
    again = shop_project(tmp_path / "elsewhere")
    with opened(again) as env:
        run(env)
        pin(env, "first")
    assert (again / "refs/first.json").read_text() == (
        ran / "refs/first.json"
    ).read_text()


def test_a_name_stands_for_other_deliveries_only_when_told(shop):
    with opened(shop) as env:
        with pytest.raises(BackboneError, match="names other deliveries"):
            pin(env, "first")
        assert pin(env, "first", replace=True)["status"] == "replaced"
        assert pin(env, "first")["status"] == "unchanged"
        pin(env, "shops", ["trusted.shops"])
        assert [one["pin"] for one in pins(env)] == ["first", "shops"]
        assert [d["dataset"] for d in pins(env)[1]["datasets"]] == ["shops"]
        unpin(env, "shops")
        assert [one["pin"] for one in pins(env)] == ["first"]
        with pytest.raises(ProjectError, match="there is no pin `shops`"):
            unpin(env, "shops")
        with pytest.raises(ProjectError, match="cannot name a pin"):
            pin(env, "../first")


def test_what_a_pin_names_is_verified_byte_by_byte(shop):
    with opened(shop) as env:
        (told,) = verify_pins(env)
        assert (told["ok"], told["deliveries"]) == (True, 3)
        first = env.lake.landing.deliveries("till", "sales")[0]
        path = env.lake.landing.path(first.objects[0])
        path.write_bytes(path.read_bytes().replace(b"north", b"south"))
        (told,) = verify_pins(env, ["first"])
        assert [one["delivery"] for one in told["problems"]] == [first.id]
    shutil.rmtree(path.parent)
    with opened(shop) as env:
        (told,) = verify_pins(env)
        assert "not in landing" in told["problems"][0]["reason"]
        with pytest.raises(LakeError, match="cannot be used"):
            run_at(env, "first")


BAD = {"pin": 1, "datasets": {"sales": {"source": "till", "deliveries": ["x"]}}}


@pytest.mark.parametrize("text", ["", "[]", '{"pin": 2}', json.dumps(BAD)])
def test_a_file_that_is_no_pin_is_told(shop, text):
    (shop / "refs/bad.json").write_text(text)
    with opened(shop) as env:
        with pytest.raises(ProjectError, match=r"refs/bad\.json is no pin"):
            pins(env)
        declare(shop, "{age: 1d}")
    with opened(shop) as env, pytest.raises(ProjectError, match="is no pin"):
        gone(env)


# -- the past -------------------------------------------------------------------------


def test_a_pin_is_read_and_made_beside_the_present(shop):
    with opened(shop) as env:
        now, before = rows(env), heads(env)
        then = rows(env, at="first")
        assert (then, now) == (rows(env, at="0"), rows(env, at="1"))
        assert then[0]["n"] + 1 == now[0]["n"]
        report = run_at(env, "first")
        assert {step.status for step in report.steps} == {"skipped"}
    edit(shop / "trusted/sales.yml", "amount: [0, ~]", "amount: [1, ~]")
    with opened(shop) as env:
        with pytest.raises(LakeError) as caught:
            rows(env, at="first")
        assert caught.value.command == "backbone run --at first trusted.sales"
        made = {s.asset.table: s.action for s in plan(env, at="first").plan.steps}
        assert made == {"sales": "run", "shops": "skip", "by_shop": "run"}
        report = run_at(env, "first")
        assert report.ok
        assert {str(s.asset) for s in report.steps if s.status == "done"} == {
            "trusted.sales", "exploitation.by_shop",
        }  # fmt: skip
        expected = rows(env, f"{COUNT} where amount >= 1", at="0")
        assert rows(env, at="first") == expected
        assert rows(env, "select count(*) n from trusted.sales__quarantine", at="first")
        assert (rows(env), heads(env)) == (now, before), "the present is as it was"
        assert run(env).ok
        assert diff(env, "trusted.sales", "first")["rows"]["added"] == 1


def test_the_past_equals_a_project_that_never_went_on(shop, tmp_path):
    edit(shop / "trusted/sales.yml", "amount: [0, ~]", "amount: [1, ~]")
    alone = shop_project(tmp_path / "alone")
    edit(alone / "trusted/sales.yml", "amount: [0, ~]", "amount: [1, ~]")
    every = "select * from exploitation.by_shop order by shop"
    with opened(alone) as env, opened(shop) as beside:
        run(env)
        run_at(beside, "first")
        assert rows(env, every) == rows(beside, every, at="first")


def test_moments_are_times_runs_and_versions(shop):
    with opened(shop) as env:
        first = env.catalog.versions(env.asset("trusted.sales"))[-1]
        committed = first["committed"].isoformat()
        n = rows(env, at="0")
        for moment in (committed, first["record"]["run"], first["identity"][:8]):
            assert rows(env, at=moment) == n, moment
        assert rows(env, at="2100-01-01") == rows(env)
        pinned = pin(env, "then", at=first["record"]["run"])
        assert pinned["datasets"][0]["deliveries"] == 2
        assert (shop / "refs/then.json").read_text() == (
            shop / "refs/first.json"
        ).read_text()
        both = "select 1 from trusted.sales, trusted.shops"
        for moment, words in {
            "2000-01-01": "was not there at 2000-01-01",
            "fisrt": "no pin, no run and no time",
            "77": "nor a version of trusted.sales",
        }.items():
            with pytest.raises(BackboneError, match=words):
                rows(env, at=moment)
        with pytest.raises(BackboneError, match="no version in common"):
            rows(env, both, at="0")


def test_tables_that_no_pin_names_go(shop):
    edit(shop / "trusted/sales.yml", "amount: [0, ~]", "amount: [1, ~]")
    with opened(shop) as env:
        run_at(env, "first")
        (place,) = (env.lake.root / "at").iterdir()
        gc(env, older_than_s=200)
        assert place.exists()
        unpin(env, "first")
        assert "it changed" in gc(env, older_than_s=200).kept[0]["kept"]
    with opened(shop) as env:
        gone = sweep_aside(env.place, only=None, older_than_s=-1, remove=True)
        assert [one.place for one in gone] == [place]
        assert not place.exists()


# -- what changed ---------------------------------------------------------------------


def test_a_diff_of_tables(shop):
    with opened(shop) as env:
        found = diff(env, "trusted.sales")
        assert found["rows"] == {"added": 1, "removed": 0, "changed": 0, "unchanged": 5}
        assert found["sample"]["added"][0]["id"] == 90
        assert diff(env, SALES)["files"] == {"shared": 2, "read": 1}
        by_shop = diff(env, "exploitation.by_shop")
        assert by_shop["key"] == ["shop"]
        assert by_shop["columns"] == {"sales": 1, "amount": 1}
        (changed,) = by_shop["sample"]["changed"]
        assert changed["key"] == {"shop": "north"}
        assert (
            changed["columns"]["sales"]["to"] == changed["columns"]["sales"]["from"] + 1
        )
        with pytest.raises(LakeError, match="no version before"):
            diff(env, "trusted.shops")


def test_a_diff_tells_columns(shop):
    edit(shop / "formatted/sales.yml", "decimal(18,2)", "decimal(12,2)")
    edit(
        shop / "formatted/sales.yml",
        "  day: {type: date}",
        "  on: {type: date, from: day}",
    )
    with opened(shop) as env:
        assert run(env).ok
        schema = diff(env, "trusted.sales")["schema"]
    assert schema == {
        "added": [{"name": "on", "type": "date"}],
        "removed": [{"name": "day", "type": "date"}],
        "retyped": [{"name": "amount", "from": "decimal(18,2)", "to": "decimal(12,2)"}],
    }


def test_a_diff_of_landing(shop):
    with opened(shop) as env:
        found = diff(env, "landing.sales")
        assert [one["name"] for one in found["added"]] == ["sales_90.csv"]
        assert diff(env, "landing.sales", "first")["added"] == found["added"]
        assert len(diff(env, "landing.sales", None, "first")["added"]) == 2
        assert len(diff(env, "landing.shops")["added"]) == 1
    (shop / "inbox/sales_90.csv").touch()
    with opened(shop) as env:
        run(env)
        found = diff(env, "landing.sales")
        assert (found["added"], found["gone"]) == ([], [])
        assert diff(env, "landing.sales", "first", "first")["again"] == []


# -- retention ------------------------------------------------------------------------


def gone(env, **options):
    found = retain(env.place, now=LATER, **options)
    return {one.delivery.name: one.kept for one in found}


def test_raw_bytes_go_and_nothing_else(shop):
    declare(shop, "{age: 30d}")
    with opened(shop) as env:
        unpin(env, "first")
        before, held = heads(env), rows(env, f"select * from {SALES} order by id")
        assert retain(env.place) == []
        dry = gone(env, remove=False)
        assert set(dry.values()) == {""}
        first = env.lake.landing.deliveries("till", "sales")[0]
        assert env.lake.landing.path(first.objects[0]).exists()
        assert gone(env) == dry
    with opened(shop) as env:
        landed = env.lake.landing.deliveries("till", "sales")
        assert all(one.removed for one in landed)
        assert not list((env.lake.root / "landing").rglob("*.csv"))
        tombstone = env.lake.landing.folder(landed[0]) / "_removed.json"
        content = json.loads(tombstone.read_text())
        assert (content["id"], content["reason"][:18]) == (
            landed[0].id,
            "retention age: 30d",
        )
        assert content["objects"][0]["sha256"] == landed[0].objects[0].sha256
        assert run(env).ok
        assert (heads(env), rows(env, f"select * from {SALES} order by id")) == (
            before,
            held,
        )
        (raw,) = trace(env, "trusted.sales", ["90"]).inputs
        assert (raw["raw"], raw["gone"][:24]) == (None, "its raw bytes were remov")
        event = history(env, "trusted.sales", ["90"], "amount")["events"][0]
        assert "retention age" in event["gone"]
        assert gone(env) == {}
    shutil.rmtree(shop / ".backbone/lake/at", ignore_errors=True)
    (shop / ".backbone/catalog.db").unlink()
    with opened(shop) as env:
        assert all(one.removed for one in env.lake.landing.deliveries("till", "sales"))
        assert {step.action for step in plan(env).plan.steps} == {"skip"}


def test_what_something_needs_stays(shop):
    declare(shop, '{age: 30d, hold: ["until 2000-01-01"]}')
    refused = shop / "inbox/sales_91.csv"
    refused.write_text("id\n1\n")
    with opened(shop) as env:
        run(env)
        deliver(shop, 92, "1")
        collect(env.project, env.lake, received=datetime.now(UTC))
        kept = gone(env)
        assert kept.pop("sales_90.csv") == ""
        assert "refused it" in kept.pop("sales_91.csv")
        assert "has not read it yet" in kept.pop("sales_92.csv")
        assert set(kept.values()) == {"pin `first` names it"}
        with env.lake.locks.hold(env.asset(SALES), run="x", timeout_s=1):
            assert all("being written" in one for one in gone(env).values())
    edit(shop / "formatted/sales.yml", "{type: date}", "{type: string}")
    with opened(shop) as env:
        unpin(env, "first")
        assert all("read anew" in one for one in gone(env).values())


def test_a_hold_names_a_delivery_or_a_day(shop):
    with opened(shop) as env:
        unpin(env, "first")
        first, *_ = env.lake.landing.deliveries("till", "sales")
    declare(shop, f'{{age: 1d, hold: ["{first.id[:8]} until {LATER:%Y-%m-%d}"]}}')
    with opened(shop) as env:
        kept = gone(env, remove=False)
        assert [name for name, why in kept.items() if why] == [first.name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{keep: 3}", "of increments all count"),
        ("{hold: [abcdef12]}", "how many to `keep`"),
        ("{age: 1d, hold: [x]}", "`x` holds nothing"),
        ("{age: 1y}", "age"),
    ],
)
def test_a_retention_that_says_nothing_is_a_mistake(shop, text, words):
    declare(shop, text)
    with pytest.raises(DeclarationError, match=words):
        load(shop)


def test_snapshots_are_counted_and_the_current_one_stays(shop):
    declare(shop, "{keep: 1}", source="register")
    for city in ("Pirot", "Bor"):
        database = sqlite3.connect(shop / "register.db")
        with database:
            database.execute("update shops set city = ? where shop = 'north'", (city,))
        database.close()
        with opened(shop) as env:
            assert run(env).ok
    with opened(shop) as env:
        unpin(env, "first")
        before = rows(env, "select * from trusted.shops order by shop")
        landed = env.lake.landing.deliveries("register", "shops")
        found = retain(env.place, now=LATER)
        assert [(one.delivery.id, one.kept) for one in found] == [
            (one.id, "") for one in landed[:2]
        ]
        assert run(env).ok
        assert rows(env, "select * from trusted.shops order by shop") == before


def test_what_cannot_be_read_anew_is_refused_until_it_comes_back(shop):
    declare(shop, "{age: 30d}")
    with opened(shop) as env:
        unpin(env, "first")
        gone(env)
        before = rows(env)
    edit(shop / "formatted/sales.yml", "  day: {type: date}", "  day: {type: string}")
    with opened(shop) as env:
        assert plan(env).foreseen[SALES].removed == 3
        words = plan(env).foreseen[SALES].words()
        assert "it cannot be: the raw bytes of 3 deliveries were removed" in words
        report = run(env)
        (failed,) = [step for step in report.steps if step.error]
        assert "3 deliveries are to be read anew" in failed.message
        assert rows(env) == before
    for file in (shop / "inbox").iterdir():
        file.touch()
    with opened(shop) as env:
        assert run(env).ok
        assert rows(env) == before
        landed = env.lake.landing.deliveries("till", "sales")
        assert [(one.removed, len(one.receipts)) for one in landed] == [(None, 2)] * 3
        for one in landed:
            env.lake.landing.verify(one)


def test_rows_that_cannot_be_read_anew_may_be_given_up(shop):
    declare(shop, "{age: 30d}")
    with opened(shop) as env:
        unpin(env, "first")
        gone(env)
        before = rows(env)
    deliver(shop, 93, "7")
    edit(shop / "formatted/sales.yml", "  day: {type: date}", "  day: {type: string}")
    with opened(shop) as env:
        assert not run(env).ok
        report = run(env, without_removed=True)
        assert report.ok
        assert any(
            "3 deliveries are not in it" in w for s in report.steps for w in s.warnings
        )
        assert rows(env) == [{"n": 1}]
        assert rows(env, at="1") == before
        assert {step.action for step in plan(env).plan.steps} == {"skip"}
        assert pin(env, "rest")["left_out"] == 3


def test_a_change_that_reads_them_as_before_needs_no_bytes(shop):
    declare(shop, "{age: 30d}")
    with opened(shop) as env:
        unpin(env, "first")
        gone(env)
        before = rows(env)
    variant = "variants:\n  - {name: other, when: {file: 'none_*'}, rename: {x: day}}\n"
    with (shop / "formatted/sales.yml").open("a") as file:
        file.write(variant)
    with opened(shop) as env:
        assert run(env).ok
        assert rows(env) == before
