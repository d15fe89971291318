"""Plan and run on a small project: what runs, why, and what it leaves."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tests.projects import MONTHS, add_month, small_project

from backbone.app.assets import content_hash, ls, versions
from backbone.app.environment import Environment
from backbone.app.lineage import explain
from backbone.app.quality import quality
from backbone.app.queries import head, query
from backbone.app.runs import plan, resume, run
from backbone.errors import DeclarationError, NothingToResume
from backbone.model.names import AssetName
from backbone.project import load


@pytest.fixture
def folder(tmp_path):
    return small_project(tmp_path / "meters")


def opened(folder) -> Environment:
    return Environment(load(folder))


def actions(env, *words) -> dict[str, str]:
    return {
        row["asset"]: f"{row['action']}: {row['reason']}"
        for row in plan(env, words).rows()
    }


def statuses(report) -> dict[str, str]:
    return {str(step.asset): step.status for step in report.steps}


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_before_the_first_run_everything_waits_for_its_source(folder):
    with opened(folder) as env:
        found = actions(env)
    assert found["formatted.readings"] == "wait: landing.readings is not there yet"
    assert {text.partition(":")[0] for text in found.values()} == {"wait"}


def test_a_run_makes_everything_and_the_next_nothing(folder):
    with opened(folder) as env:
        first = run(env)
        assert first.ok
        assert set(statuses(first).values()) == {"done"}
        assert [len(c.new) for c in first.collected if c.dataset == "readings"] == [
            MONTHS
        ]
        before = {row["asset"]: row["version"] for row in ls(env, all_tables=True)}

        second = run(env)
        assert second.ok
        assert set(statuses(second).values()) == {"skipped"}
        assert {
            row["asset"]: row["version"] for row in ls(env, all_tables=True)
        } == before
        assert {row["status"] for row in ls(env)} == {"fresh"}


def test_one_more_file_is_formatted_alone_and_everything_downstream_follows(folder):
    with opened(folder) as env:
        run(env)
        table = env.lake.tables.head(AssetName("formatted", "readings"))
        add_month(folder, 7)

        report = run(env)

        after = env.lake.tables.head(AssetName("formatted", "readings"))
        assert set(table.files) < set(after.files)
        assert statuses(report) == {
            "formatted.devices": "skipped",
            "trusted.devices": "skipped",
            "formatted.readings": "done",
            "trusted.readings": "done",
            "exploitation.by_device": "done",
            "exploitation.by_place": "done",
        }
        assert [len(v["name"]) > 0 for v in versions(env, "landing.readings")] == [
            True
        ] * 7


def test_columns_that_nobody_declared_are_one_warning(folder):
    def said():
        with Environment(load(folder)) as env:
            steps = {str(step.asset): step for step in run(env).steps}
            told = steps["formatted.readings"].warnings
            return [words for words in told if "declared" in words]

    assert said() == []
    path = min((folder / "inbox").glob("*"))
    for number in (7, 8, 9):
        head, row = path.read_text().splitlines()[:2]
        more = f"{head},note{',more' * (number > 8)}\n{row},x{',y' * (number > 8)}\n"
        (folder / "inbox" / f"{path.stem}_{number}{path.suffix}").write_text(more)
    (warning,) = said()
    assert warning.startswith("3 files have columns that are not declared, ")
    assert warning.endswith(" for example: note (in 3), more (in 1)")


def test_a_plan_says_why(folder):
    with opened(folder) as env:
        run(env)
    edit(folder / "trusted/readings.yml", "[-35, 45]", "[-30, 45]")
    edit(folder / "exploitation/by_place.sql", "sum(readings)", "sum(readings) + 0")
    with opened(folder) as env:
        found = actions(env)
    assert found["formatted.readings"] == "skip: up to date"
    assert found["trusted.readings"] == "run: declaration changed"
    assert found["exploitation.by_device"] == "run: trusted.readings changed"
    assert found["exploitation.by_place"] == "run: declaration changed"


def test_words_for_people_change_nothing(folder):
    with opened(folder) as env:
        run(env)
    path = folder / "exploitation/by_device.yml"
    path.write_text(
        path.read_text() + "description: What each device reported.\nowner: heat\n"
    )
    edit(folder / "formatted/devices.yml", "key:", "description: Devices.\nkey:")
    with opened(folder) as env:
        assert set(statuses(run(env)).values()) == {"skipped"}


def test_a_pair_in_a_list_is_part_of_the_tables_that_it_cleans(folder):
    listed = folder / "lookups/devices.csv"
    listed.parent.mkdir()
    listed.write_text("old,new\nL3,M3\n")
    step = "do: [trim]}\n  - {column: device, lookup: {file: lookups/devices.csv}}"
    edit(folder / "trusted/readings.yml", "do: [trim]}", step)
    with opened(folder) as env:
        run(env)
        assert set(actions(env).values()) == {"skip: up to date"}
        told = {c["rule"]: c for c in quality(env, "trusted.readings")["cleaning"]}
        count = "select count(*) as n from trusted.readings where device = 'M3'"
        assert told["clean_2_lookup"]["column"] == "device"
        assert told["clean_2_lookup"]["cells"] >= query(env, count)["n"][0].as_py() > 0
        says = explain(env, "trusted.readings")["cleaning"][1]["says"]
        assert says.startswith("`device` found as `old` in lookups/devices.csv becomes")
    listed.write_text("old,new\nL3,M3\nL4,M4\n")
    with opened(folder) as env:
        assert actions(env)["trusted.readings"] == "run: declaration changed"


def test_another_column_reads_every_delivery_again(folder):
    with opened(folder) as env:
        run(env)
        old = env.lake.tables.head(AssetName("formatted", "readings"))
    edit(
        folder / "formatted/readings.yml", "unit: degC}", 'unit: degC, nulls: ["-39.9"]}'
    )
    with opened(folder) as env:
        run(env)
        new = env.lake.tables.head(AssetName("formatted", "readings"))
        assert not set(old.files) & set(new.files)
        assert new.rows == old.rows
        found = query(
            env, "select count(*) n from formatted.readings where outdoor = -39.9"
        )
        assert found.to_pylist() == [{"n": 0}]


def test_a_selection_leaves_the_rest_as_it_is(folder):
    with opened(folder) as env:
        run(env)
        add_month(folder, 7)
        report = run(env, ["+formatted.readings"])
        assert statuses(report) == {"formatted.readings": "done"}
        status = {row["asset"]: row["status"] for row in ls(env)}
        assert status["trusted.readings"] == "stale"
        assert status["formatted.readings"] == "fresh"


def test_a_snapshot_supersedes_the_one_before(folder):
    with opened(folder) as env:
        run(env)
        with closing(sqlite3.connect(folder / "register.db")) as database, database:
            database.execute("update devices set place = 'Pirot' where device = 'L7'")
        run(env)
        found = query(
            env, "select place from trusted.devices where device = 'L7'"
        ).to_pylist()
        assert quality(env, "trusted.devices")["account"] | {"repaired": 0} == {
            "read": 80, "formatted": 80, "rejected": 0, "rejected_cells": 0, "trusted": 40,
            "quarantined": 0, "merged": 0, "superseded": 40, "repaired": 0, "flagged": 0,
        }  # fmt: skip
        assert len(found) == 1


def test_a_query_can_ask_for_the_tables_of_an_earlier_run(folder):
    with opened(folder) as env:
        first = run(env)
        before = query(env, "select count(*) n from trusted.readings").to_pylist()
        add_month(folder, 7)
        run(env)
        now = query(env, "select count(*) n from trusted.readings").to_pylist()
        then = query(
            env, "select count(*) n from trusted.readings", at=first.run
        ).to_pylist()
        assert then == before
        assert now[0]["n"] > before[0]["n"]


def test_a_failed_step_stops_only_what_is_downstream(folder):
    edit(folder / "exploitation/by_device.yml", "[device]", "[place]")
    with opened(folder) as env:
        report = run(env)
        assert not report.ok
        assert statuses(report) == {
            "formatted.devices": "done",
            "formatted.readings": "done",
            "trusted.devices": "done",
            "trusted.readings": "done",
            "exploitation.by_device": "failed",
            "exploitation.by_place": "blocked",
        }
        failed = next(step for step in report.steps if step.status == "failed")
        assert "does not identify a row" in failed.message
        status = {row["asset"]: row["status"] for row in ls(env)}
        assert status["exploitation.by_device"] == "failed"


def test_a_broken_rule_of_severity_error_blocks_what_reads_the_table(folder):
    edit(
        folder / "trusted/devices.yml",
        "rules:",
        'rules:\n  - {name: long_zip, deny: "length(zip) < 6", severity: error}',
    )
    with opened(folder) as env:
        for _ in range(2):
            report = run(env)
            assert not report.ok
            found = statuses(report)
            assert found["trusted.devices"] in {"done", "skipped"}
            assert found["trusted.readings"] == "blocked"
            assert found["exploitation.by_place"] == "blocked"
        assert quality(env, "trusted.devices")["failed_rules"] == ["long_zip"]


def test_a_rule_that_does_not_fit_stops_before_anything_is_written(folder):
    edit(folder / "exploitation/by_place.sql", "sum(readings)", "sum(reading)")
    with opened(folder) as env:
        with pytest.raises(DeclarationError) as caught:
            run(env)
        assert "exploitation/by_place.sql" in str(caught.value)
        assert "readings" in str(caught.value)
        assert env.lake.tables.assets() == []


def test_there_is_nothing_to_resume_after_a_run_that_ended_well(folder):
    with opened(folder) as env:
        with pytest.raises(NothingToResume):
            resume(env)
        run(env)
        with pytest.raises(NothingToResume):
            resume(env)


def test_resume_finishes_at_the_pinned_inputs_and_collects_nothing(folder):
    edit(folder / "exploitation/by_device.yml", "[device]", "[place]")
    with opened(folder) as env:
        assert not run(env).ok
    edit(folder / "exploitation/by_device.yml", "[place]", "[device]")
    add_month(folder, 7)
    with opened(folder) as env:
        report = resume(env)
        assert report.ok
        assert report.collected == ()
        assert len(versions(env, "landing.readings")) == MONTHS
        assert statuses(report)["exploitation.by_place"] == "done"


def test_a_lost_catalog_is_filled_from_the_lake(folder):
    with opened(folder) as env:
        run(env)
        before = {
            row["asset"]: row["content_hash"]
            for row in ls(env, with_hash=True, all_tables=True)
        }
        rules = quality(env, "trusted.readings")
    for path in (folder / ".backbone").glob("catalog.db*"):
        path.unlink()
    with opened(folder) as env:
        assert {row["status"] for row in ls(env)} == {"fresh"}
        assert {text.partition(":")[0] for text in actions(env).values()} == {"skip"}
        report = run(env)
        assert set(statuses(report).values()) == {"skipped"}
        after = {
            row["asset"]: row["content_hash"]
            for row in ls(env, with_hash=True, all_tables=True)
        }
        assert after == before
        assert quality(env, "trusted.readings") == rules
        assert len(env.catalog.runs()) == 2


def test_the_same_inputs_give_the_same_tables_in_another_place(folder, tmp_path):
    hashes = []
    for place in (folder, small_project(tmp_path / "elsewhere")):
        with opened(place) as env:
            run(env)
            hashes.append(
                {row["asset"]: row["content_hash"] for row in ls(env, with_hash=True)}
            )
    assert hashes[0] == hashes[1]


def test_every_version_names_the_versions_it_was_made_from(folder):
    with opened(folder) as env:
        run(env)
        view = env.lake.tables.head(AssetName("exploitation", "by_device"))
        for name, identity in view.metadata["inputs"].items():
            assert head(env, AssetName.parse(name)).identity == identity
        table = env.lake.tables.head(AssetName("trusted", "readings"))
        assert set(table.sides) == {"violations", "repairs", "quarantine", "merged"}
        assert content_hash(env, table) == content_hash(env, table)


def test_a_view_of_side_tables_is_made_in_the_first_run(folder):
    (folder / "exploitation/why.sql").write_text(
        "select reason, count(*) as n from formatted.readings__rejected group by reason\n"
        "union all select rule, count(*) as n from trusted.readings__violations "
        "group by rule\n"
    )
    with opened(folder) as env:
        assert run(env).ok
        found = query(env, "select reason from exploitation.why order by reason")
    assert found["reason"].to_pylist() == [
        "expected 4 fields, found 2",
        "one_reading",
        "sensible",
    ]


def test_a_question_about_an_analysis_waits_until_that_is_made(folder):
    (folder / "exploitation/why.sql").write_text(
        "select finding from analysis.places order by finding\n"
    )
    (folder / "analysis").mkdir()
    (folder / "analysis/places.yml").write_text(
        "kind: describe\nquestion: Where is it warm?\nfrom: trusted.readings\n"
        "outcome: outdoor\nfactors: [{column: device}]\n"
    )
    with opened(folder) as env:
        assert actions(env)["exploitation.why"].startswith("wait")


def test_a_declaration_that_reads_nothing_any_more_leaves_the_table_as_it_was(folder):
    with opened(folder) as env:
        run(env)
        before = env.lake.tables.head(AssetName("formatted", "readings"))
    edit(
        folder / "formatted/readings.yml",
        "{type: double, unit: degC}",
        "{type: double, from: t_out}",
    )
    with opened(folder) as env:
        report = run(env)
        assert not report.ok
        failed = next(step for step in report.steps if step.status == "failed")
        assert str(failed.asset) == "formatted.readings"
        assert "t_out" in failed.message
        assert env.lake.tables.head(AssetName("formatted", "readings")) == before
        assert statuses(report)["trusted.readings"] == "blocked"
