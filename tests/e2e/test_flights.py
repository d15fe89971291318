"""The flights project through the command line, as its user goes through it."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing

import pytest
from tests.commands import ask, backbone, hashes, versions

from backbone.app.environment import open_environment
from backbone.app.replay import replay

pytestmark = [pytest.mark.example, pytest.mark.slow]

# What a slow reading of the same files gives (Python's csv and json).
ROWS = {
    "formatted.flights": 336_776,
    "formatted.weather": 26_115,
    "formatted.planes": 3_322,
    "formatted.airports": 1_458,
    "formatted.airlines": 16,
    "trusted.flights": 336_776,
    "trusted.weather": 26_115,
    "trusted.planes": 3_279,
    "trusted.airports": 1_436,
    "trusted.airlines": 16,
    "exploitation.flight_conditions": 336_776,
    "exploitation.daily_traffic": 1_095,
}
VIOLATING = {
    "trusted.flights": {
        "one_flight": 0,
        "complete": 0,
        "known_destination": 7_602,
        "registration": 22_750,
        "known_plane": 53_036,
        "known_weather": 1_556,
        "too_fast": 4,
        "one_distance": 213,
        "two_departures": 62,
        "left_while_in_the_air": 234,
    },
    "trusted.planes": {"one_manufacturer": 212, "no_airliner_engine": 37},
    "trusted.weather": {
        "repeated_hour": 6,
        "hurricane": 1,
        "far_colder_than_next_door": 3,
    },
    "trusted.airports": {"wrong_side_of_the_globe": 3, "railway_station": 19},
}


def listed(folder, *words):
    return {
        row["asset"]: row
        for row in json.loads(backbone(folder, "ls", "--json", *words).stdout)
    }


def test_the_demonstration_ends_with_a_summary_reports_and_what_to_type(finished):
    said = (finished.parent / "demo.out").read_text()

    for zone in ("landing", "formatted", "trusted", "exploitation", "analysis"):
        assert zone in said
    reports = [line.strip() for line in said.splitlines() if "report.html" in line]
    assert len(reports) == 2
    assert len(re.findall(r"backbone (?:-C \S+ )?(quality|trace|query) ", said)) == 3


def test_every_row_of_the_sources_is_there(finished):
    table = listed(finished)
    assert {asset: table[asset]["rows"] for asset in ROWS} == ROWS
    assert {row["status"] for row in table.values()} == {"fresh"}
    assert ask(finished, "select count(*) n from formatted.flights") == [{"n": 336_776}]


def test_a_listing_has_the_columns_and_hashes_that_are_promised(finished):
    for row in listed(finished, "--hash").values():
        assert {"asset", "zone", "rows", "version", "updated_at", "status"} <= set(row)
        assert isinstance(row["version"], str)
        assert re.fullmatch(r"[0-9a-f]{32}", row["content_hash"])


@pytest.mark.parametrize("asset", sorted(VIOLATING))
def test_quality_shows_rules_and_an_account_that_adds_up(finished, asset):
    found = json.loads(backbone(finished, "quality", asset, "--json").stdout)

    counts = {rule["name"]: rule["violating_rows"] for rule in found["rules"]}
    assert {name: counts[name] for name in VIOLATING[asset]} == VIOLATING[asset]
    account = found["account"]
    assert account["read"] == account["formatted"] + account["rejected"]
    assert account["formatted"] == (
        account["trusted"]
        + account["quarantined"]
        + account["merged"]
        + account["superseded"]
    )
    assert account["trusted"] == found["rows"] == ROWS[asset]


def test_changed_cells_are_all_in_repairs(finished):
    replayed = ask(
        finished,
        "select count(*) n from trusted.planes t join formatted.planes f "
        "on t._delivery = f._delivery and t._object = f._object and t._record = f._record "
        "where t.manufacturer is distinct from f.manufacturer and not exists ("
        "select 1 from trusted.planes__repairs r where r._record = f._record "
        "and r.column = 'manufacturer')",
    )
    assert replayed == [{"n": 0}]
    seen = ask(
        finished,
        "select count(*) n from trusted.planes__repairs "
        "where rule = 'one_manufacturer' and column = 'manufacturer'",
    )
    assert seen == [{"n": 19}]


def test_the_story_of_each_table_gives_the_table(finished):
    with open_environment(finished) as env:
        found = [replay(env, f"trusted.{name}") for name in env.project.trusted]
    assert len(found) == 5
    assert [one for one in found if not one.holds] == []


def test_a_second_run_writes_no_version(project):
    before = versions(project)
    said = backbone(project, "run")
    assert "up to date" in said.stdout + said.stderr
    assert versions(project) == before


def test_one_more_delivery_formats_only_that_delivery(project):
    november = (
        (project / "inbox" / "flights_2013_11.csv").read_text().splitlines(keepends=True)
    )
    extra = [november[0], november[1].replace("2013,11,", "2014,11,", 1)]
    extra[1] = re.sub(r"2013-11-(\d\d)T", r"2014-11-\1T", extra[1])
    (project / "inbox" / "flights_2014_11.csv").write_text("".join(extra))
    log = project / ".backbone/lake/tables/formatted/flights/_delta_log"
    before = sorted(log.glob("*.json"))

    backbone(project, "run", "+trusted.flights")

    assert ask(project, "select count(*) n from formatted.flights") == [{"n": 336_777}]
    (added,) = sorted(set(log.glob("*.json")) - set(before))
    entries = [json.loads(line) for line in added.read_text().splitlines()]
    rows = [json.loads(e["add"]["stats"])["numRecords"] for e in entries if "add" in e]
    assert rows == [1]
    assert not [entry for entry in entries if "remove" in entry]


def test_a_changed_row_in_the_database_makes_a_snapshot_and_supersedes_the_old_one(
    project,
):
    with (
        closing(sqlite3.connect(project / "data" / "warehouse.db")) as database,
        database,
    ):
        database.execute("update airlines set name = 'Envoy' where carrier = 'MQ'")

    backbone(project, "run", "+trusted.airlines")

    assert ask(project, "select name from trusted.airlines where carrier = 'MQ'") == [
        {"name": "Envoy"}
    ]
    account = json.loads(
        backbone(project, "quality", "trusted.airlines", "--json").stdout
    )["account"]
    assert (account["formatted"], account["trusted"], account["superseded"]) == (
        32,
        16,
        16,
    )
    deliveries = json.loads(
        backbone(project, "versions", "landing.airlines", "--json").stdout
    )
    assert len(deliveries) == 2


def test_without_its_catalog_the_project_gives_the_same_hashes(project):
    before = hashes(project)
    for path in (project / ".backbone").glob("catalog.db*"):
        path.unlink()

    backbone(project, "run")

    assert hashes(project) == before


def test_without_its_lake_the_project_gives_the_same_rows(project):
    kept = {k: v for k, v in hashes(project).items() if not k.startswith("analysis.")}
    shutil.rmtree(project / ".backbone")

    backbone(project, "run", "--exclude", "zone:analysis")

    again = hashes(project)
    assert {asset: again[asset] for asset in kept} == kept


def test_a_row_goes_back_to_the_raw_file_and_record_of_each_input(finished):
    key = ["UA", "1545", "2013-01-01 10:15:00+00", "EWR"]
    done = backbone(finished, "trace", "exploitation.flight_conditions", *key, "--json")

    text = done.stdout
    json.loads(text)
    assert "flights_2013_01.csv" in text
    assert "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH" in text
    for table in ("trusted.weather", "trusted.planes", "trusted.airlines"):
        assert table in text


def test_both_reports_stand_alone(finished):
    reports = sorted(finished.glob(".backbone/lake/artifacts/analysis/*/*/report.html"))
    assert [path.parts[-3] for path in reports] == ["delay_causes", "late_arrivals"]
    for path in reports:
        text = path.read_text(encoding="utf-8")
        assert "<svg" in text
        assert not re.search(r"<script|@import|src=.?http|href=.?http|url\(", text)


def test_predictions_are_a_table_better_than_the_baseline(finished):
    scores = ask(
        finished,
        "select model, value from analysis.late_arrivals__metrics "
        "where part = 'test' and metric = 'roc_auc' order by value",
    )
    assert scores[0]["model"] == "baseline" or scores[0]["value"] <= 0.5
    assert scores[-1]["value"] > 0.6
    found = ask(
        finished,
        "select count(*) n, min(probability) low, max(probability) high "
        "from analysis.late_arrivals__predictions",
    )
    assert found[0]["n"] > 0
    assert 0 <= found[0]["low"] < found[0]["high"] <= 1


def test_a_prediction_goes_back_to_the_raw_records_too(finished):
    row = ask(
        finished,
        "select carrier, flight, scheduled_departure, origin "
        "from analysis.late_arrivals__predictions order by all limit 1",
    )[0]
    key = [str(value) for value in row.values()]
    done = backbone(
        finished, "trace", "analysis.late_arrivals__predictions", *key, "--json"
    )

    found = json.loads(done.stdout)
    assert found["row"]["carrier"] == row["carrier"]
    flight = next(one for one in found["inputs"] if one["asset"] == "trusted.flights")
    assert flight["raw"].split(",")[10] == str(row["flight"])
