"""Every verb on a small project that is run for real."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backbone.app import runs, summary
from backbone.app.summary import DemoReport
from backbone.errors import BackboneError
from backbone.model.names import AssetName
from backbone.operations.run import StepResult
from backbone.operations.verbs import RunReport
from backbone.project.folder import FOLDERS

ASSETS = ["landing.sales", "formatted.sales", "trusted.sales", "exploitation.by_shop"]


@pytest.fixture
def copy(ran, tmp_path):
    """A copy of the project that was run, to be changed."""
    return Path(shutil.copytree(ran, tmp_path / "copy"))


@pytest.fixture
def as_json(call):
    def as_json(*args, code=0):
        result = call(*args, "--json")
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout)

    return as_json


def lines(text):
    return [re.sub(" +", " ", line).strip() for line in text.splitlines() if line.strip()]


# -- run, plan, resume ----------------------------------------------------------------


def test_a_run_shows_progress_on_stderr_and_its_summary_on_stdout(project):
    command = [sys.executable, "-c", "from backbone.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "-C", str(project), "run"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = [line.split() for line in done.stdout.splitlines() if line]
    assert shown[3][:4] == ["formatted", "1", "4", "1"]
    assert [row[0] for row in shown[2:]] == [
        "landing", "formatted", "trusted", "exploitation"
    ]  # fmt: skip
    for asset in ASSETS:
        assert f"done     {asset} " in done.stderr
    assert "3 steps done in" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_second_run_has_nothing_to_do(call, copy):
    result = call("-C", copy, "run")
    assert (result.exit_code, result.stdout) == (0, "Everything is up to date.\n")
    assert "(severity warn)" in result.stderr, "what rows break is no news, but still so"
    assert call("-C", copy, "run", "--quiet").output == ""


def test_the_report_of_a_run_as_json(as_json, copy):
    (copy / "inbox" / "sales_2.csv").write_text(
        "id,day,shop,amount\n9,2024-01-03,north,1\n"
    )
    report = as_json("-C", copy, "run")
    assert report["status"] == "done"
    assert [step["asset"] for step in report["steps"]] == ASSETS[1:]
    assert [len(one["new"]) for one in report["collected"]] == [1]
    assert [zone["zone"] for zone in report["zones"]][:2] == ["landing", "formatted"]


def test_a_dry_run_is_a_plan(call, as_json, project):
    plan = as_json("-C", project, "plan")
    assert plan == as_json("-C", project, "run", "--dry-run")
    assert [(step["asset"], step["action"]) for step in plan] == [
        (asset, "wait") for asset in ASSETS[1:]
    ]
    assert not list((project / ".backbone").rglob("*.parquet"))


def test_a_plan_says_why_and_what_a_selection_leaves_out(call, copy):
    with (copy / "exploitation" / "by_shop.sql").open("a") as file:
        file.write("having count(*) > 0\n")
    result = call("-C", copy, "plan", "zone:exploitation")
    assert result.exit_code == 0
    shown = lines(result.stdout)
    assert shown[2].startswith("run exploitation.by_shop declaration changed")
    assert shown[3].startswith("1 step to run, 0 up to date")
    assert shown[4] == (
        "The selection leaves out 2 assets; taken as they are: trusted.sales."
    )


@pytest.mark.parametrize(
    "words",
    [["+trusted.sales"], ["-s", "+trusted.sales"], ["--exclude", "zone:exploitation"],
     ["zone:trusted", "zone:formatted"], ["-s", "zone:trusted zone:formatted"]],
    ids=" ".join,
)  # fmt: skip
def test_the_ways_to_select(as_json, project, words):
    plan = as_json("-C", project, "plan", *words)
    assert [step["asset"] for step in plan] == ["formatted.sales", "trusted.sales"]


def test_a_selection_that_matches_nothing_is_refused(call, ran):
    result = call("-C", ran, "run", "trusted.sale")
    assert result.exit_code == 2
    assert "Did you mean `trusted.sales`?" in result.stderr


def test_a_broken_rule_of_severity_error_ends_with_1(call, as_json, copy):
    rules = copy / "trusted" / "sales.yml"
    rules.write_text(rules.read_text().replace("action: flag", "severity: error"))
    result = call("-C", copy, "run")
    assert result.exit_code == 1
    assert "trusted.sales  rows still break known_shop" in result.stderr
    assert "exploitation.by_shop  not made" in result.stderr
    assert "Next: backbone quality trusted.sales" in result.stderr
    assert "Traceback" not in result.stderr
    found = as_json("-C", copy, "quality", "trusted.sales")
    assert found["failed_rules"] == ["known_shop"]


def test_a_delivery_that_cannot_be_read_ends_with_1(call, copy):
    (copy / "inbox" / "sales_2.csv").write_text("id,day\n1,2024-01-01\n")
    result = call("-C", copy, "run", "--quiet")
    assert result.exit_code == 1
    assert "sales_2.csv" in result.stderr
    assert call("-C", copy, "ls").exit_code == 0


def test_a_run_warns_of_cells_that_have_no_value(call, copy):
    till = copy / "inbox" / "sales_2.csv"
    till.write_text("id,day,shop,amount\n6,soon,north,1\n7,later,north,x\n")
    result = call("-C", copy, "run", "--quiet")
    assert result.exit_code == 0
    told = " ".join(lines(result.stderr))
    assert "formatted.sales cells without a value: 2 of `day` (not a date" in told
    assert "1 of `amount` (" in told
    assert "formatted.sales__rejected_cells" in told
    assert "without a value" not in call("-C", copy, "run").stderr


def test_a_run_warns_of_a_source_that_finds_nothing(call, project):
    for file in (project / "inbox").iterdir():
        file.unlink()
    result = call("-C", project, "run")
    assert "source till  no file matches `path: inbox/*.csv`" in result.stderr


def test_an_interrupted_run_says_how_to_go_on(call, ran, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "run", interrupted)
    result = call("-C", ran, "run")
    assert result.exit_code == 130
    assert lines(result.stderr) == [
        "What is finished is kept.", "Next: backbone resume", "Interrupted."
    ]  # fmt: skip


def test_verbose_shows_the_traceback_of_a_step(call, ran, monkeypatch):
    error = BackboneError("it broke")
    asset = AssetName("formatted", "sales")
    step = StepResult(asset, "format", "failed", "ab", "new", error=error)
    report = RunReport("r1", "failed", 1.0, (), (step,))
    monkeypatch.setattr(runs, "run", lambda *_args, **_kwargs: report)
    assert "BackboneError: it broke" in call("-C", ran, "run", "-v").stderr
    assert "BackboneError" not in call("-C", ran, "run").stderr


def test_there_is_nothing_to_resume(call, ran):
    result = call("-C", ran, "resume")
    assert result.exit_code == 2
    assert "Next: backbone run" in result.stderr


# -- ls, versions, show ---------------------------------------------------------------


def test_ls_as_json(as_json, ran):
    rows = as_json("-C", ran, "ls", "--hash")
    assert [row["asset"] for row in rows] == ASSETS
    keys = {"asset", "zone", "rows", "version", "updated_at", "status", "content_hash"}
    for row in rows:
        assert keys <= set(row)
        assert isinstance(row["version"], str)
        assert row["status"] == "fresh"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["updated_at"])
    assert [row["rows"] for row in rows] == [None, 4, 3, 3]


def test_ls_as_a_table(call, ran):
    shown = lines(call("-C", ran, "ls", "zone:trusted", "--all", "--hash").stdout)
    assert shown[0].endswith("status content hash")
    assert shown[2].startswith("trusted.sales 3 ")
    assert any(line.startswith("trusted.sales__quarantine 1 ") for line in shown)


def test_the_versions_of_a_table_and_of_a_dataset(call, as_json, ran):
    (version,) = as_json("-C", ran, "versions", "trusted.sales")
    assert version["rows"] == 3
    (delivery,) = as_json("-C", ran, "versions", "landing.sales")
    assert delivery["name"] == "sales_1.csv"
    assert "sales_1.csv" in call("-C", ran, "versions", "landing.sales").stdout
    assert version["identity"][:12] in call("-C", ran, "versions", "trusted.sales").stdout


def test_a_table_without_versions_says_what_to_type(call, project):
    result = call("-C", project, "versions", "trusted.sales")
    assert result.exit_code == 0
    assert "Next: backbone run +trusted.sales" in result.stderr


def test_show_describes_a_table(call, as_json, ran):
    text = call("-C", ran, "show", "formatted.sales", "--sample", "2").stdout
    shown = lines(text)
    assert shown[0] == "formatted.sales"
    assert shown[1] == "What was sold."
    assert "made from landing.sales" in shown
    assert "id integer The number on the receipt." in shown
    assert "amount decimal(18,2) EUR" in shown
    assert "formatted.sales__rejected 1" in shown
    assert "2 rows" in shown
    found = as_json("-C", ran, "show", "trusted.sales", "--sample", "1")
    assert len(found["sample"]) == 1
    assert found["columns"][0]["name"] == "id"
    assert "formatted.sales.id" in found["columns"][0]["from"]


@pytest.mark.parametrize("asset", ["landing.sales", "exploitation.by_shop"])
def test_show_works_before_anything_was_run(call, project, asset):
    result = call("-C", project, "show", asset)
    assert result.exit_code == 0, result.stderr
    assert asset in result.stdout


# -- query ----------------------------------------------------------------------------


def test_a_query_as_json_and_csv(call, as_json, ran):
    sql = "select id, shop, amount from trusted.sales order by id"
    rows = as_json("-C", ran, "query", sql)
    assert rows == [
        {"id": 1, "shop": "north", "amount": 1.5},
        {"id": 2, "shop": "south", "amount": 2.25},
        {"id": 4, "shop": "west", "amount": 0.1},
    ]
    text = call("-C", ran, "query", sql, "--csv").stdout
    assert list(csv.reader(io.StringIO(text)))[1:] == [
        ["1", "north", "1.50"], ["2", "south", "2.25"], ["4", "west", "0.10"]
    ]  # fmt: skip
    assert as_json("-C", ran, "query", sql, "--limit", "1") == rows[:1]


def test_a_query_from_stdin(call, ran):
    result = call(
        "-C",
        ran,
        "query",
        "-",
        "--json",
        input="select count(*) as n from formatted.sales;",
    )
    assert json.loads(result.stdout) == [{"n": 4}]


LONG = "select a.id from formatted.sales a, formatted.sales b, formatted.sales c, trusted.sales d"


def test_a_long_answer_is_cut_as_a_table_only(call, ran):
    result = call("-C", ran, "query", LONG)
    assert len(result.stdout.splitlines()) == 2 + 50
    assert "… and 142 more rows: --limit 192" in result.stderr
    assert (
        len(call("-C", ran, "query", LONG, "--limit", "192").stdout.splitlines()) == 194
    )
    assert len(call("-C", ran, "query", LONG, "--csv").stdout.splitlines()) == 193


def test_an_answer_without_rows_says_so(call, as_json, ran):
    sql = "select * from trusted.sales where amount > 1000"
    result = call("-C", ran, "query", sql)
    assert result.stderr == "no rows\n"
    assert as_json("-C", ran, "query", sql) == []


def test_a_query_of_an_earlier_run(call, as_json, copy):
    first = as_json("-C", copy, "versions", "trusted.sales")[0]["run"]
    (copy / "inbox" / "sales_2.csv").write_text(
        "id,day,shop,amount\n9,2024-01-03,north,1\n"
    )
    assert call("-C", copy, "run", "--quiet").exit_code == 0
    sql = "select count(*) as n from trusted.sales"
    assert as_json("-C", copy, "query", sql) == [{"n": 4}]
    assert as_json("-C", copy, "query", sql, "--at", first) == [{"n": 3}]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["select * from trusted.sale"], "Did you mean `trusted.sales`?"),
        (["drop table trusted.sales"], "select"),
        (["select a from trusted.sales"], "a"),
        (["select 1", "--json", "--csv"], "exclude each other"),
        (["drop table trusted.sales"], "a query is one select"),
        (["select (1"], "the query does not parse"),
        (["select 1", "--at", "yesterday"], "is no pin, no run and no time"),
        (["select 1", "--at", "20200101T000000000_0000"], "The newest runs: 20"),
    ],
)
def test_a_query_that_cannot_be_answered(call, ran, args, words):
    result = call("-C", ran, "query", *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


# -- quality, trace, explain ----------------------------------------------------------


def test_quality_of_raw_bytes_leads_to_their_deliveries(call, ran):
    result = call("-C", ran, "quality", "landing.sales")
    assert result.exit_code == 2
    assert "Next: backbone versions landing.sales" in result.stderr


def test_quality_adds_up(call, as_json, ran):
    found = as_json("-C", ran, "quality", "trusted.sales")
    assert found["asset"] == "trusted.sales"
    assert [(r["name"], r["violating_rows"]) for r in found["rules"]] == [
        ("positive", 1), ("known_shop", 1)
    ]  # fmt: skip
    account = found["account"]
    assert account["read"] == account["formatted"] + account["rejected"] == 5
    assert account["formatted"] == sum(
        account[part] for part in ("trusted", "quarantined", "merged", "superseded")
    )
    shown = lines(call("-C", ran, "quality", "trusted.sales").stdout)
    assert "records read 5 = 4 formatted + 1 rejected" in shown
    assert any(
        line.startswith("✗ positive 1 warn quarantine 1 row quar") for line in shown
    )
    assert any("amount = -4.00" in line for line in shown)


def test_trace_goes_back_to_the_record(call, as_json, ran):
    shown = call("-C", ran, "trace", "exploitation.by_shop", "south").stdout
    assert "exploitation.by_shop  shop=south" in shown
    assert "repaired  shop: ' south' → 'south'" in shown
    assert "record 2 of inbox/sales_1.csv" in shown
    assert "2,2024-01-01, south,2.25" in shown
    found = as_json("-C", ran, "trace", "trusted.sales", "id=4")
    assert found["row"]["shop"] == "west"
    (origin,) = found["inputs"]
    assert origin["raw"] == "4,2024-01-02,west,0.10"
    assert origin["violations"][0]["rule"] == "known_shop"
    assert "breaks    known_shop" in call("-C", ran, "trace", "trusted.sales", 4).stdout


def test_a_row_that_is_not_there_cannot_be_traced(call, ran):
    result = call("-C", ran, "trace", "trusted.sales", "77")
    assert result.exit_code == 2
    assert "no row of trusted.sales has id = 77" in result.stderr


def test_explain(call, as_json, ran):
    rules = call("-C", ran, "explain", "trusted.sales").stdout
    assert "positive" in rules
    assert "O(n)" in rules
    view = call("-C", ran, "explain", "exploitation.by_shop").stdout
    assert "group by shop" in view
    assert "trusted.sales.amount" in view
    assert as_json("-C", ran, "explain", "trusted.sales")["inputs"] == ["formatted.sales"]
    assert "key: [id]" in call("-C", ran, "explain", "formatted.sales").stdout


# -- init, demo, schema, doctor -------------------------------------------------------


def test_init_writes_a_project_that_plans(call, tmp_path):
    result = call("init", tmp_path / "heat")
    assert result.exit_code == 0, result.stderr
    assert f"backbone -C {tmp_path / 'heat'} plan" in result.stdout
    assert call("-C", tmp_path / "heat", "plan").exit_code == 0
    again = call("init", tmp_path / "heat")
    assert again.exit_code == 2
    assert "is a project already" in again.stderr
    told = (tmp_path / "heat" / "README.md").read_text()
    assert [f for f in FOLDERS if f"`{f}/*" not in told] == []


def test_init_says_where_it_cannot_write(call, tmp_path):
    (tmp_path / "file").write_text("")
    result = call("init", str(tmp_path / "file" / "mine"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    assert "Unexpected" not in result.stderr


def test_init_goes_where_project_says(call, as_json, tmp_path):
    found = as_json("-C", tmp_path, "init", "heat")
    assert found["folder"] == str(tmp_path / "heat")
    assert str(tmp_path / "heat" / "backbone.yml") in found["files"]


def test_an_unknown_example_names_those_there_are(call, tmp_path):
    result = call("init", tmp_path / "x", "--example", "flihgts")
    assert result.exit_code == 2
    assert "Did you mean `flights`?" in result.stderr


@pytest.mark.parametrize("ok", [True, False])
def test_demo_shows_summary_reports_and_what_to_type(call, tmp_path, monkeypatch, ok):
    step = StepResult(AssetName("formatted", "flights"), "format", "done", "ab", "new")
    run = RunReport("r1", "done" if ok else "failed", 65.0, (), (step,))
    zone = {"zone": "formatted", "tables": 1, "rows": 336776, "rejected": 0,
            "quarantined": None, "repaired": None, "seconds": 2.0}  # fmt: skip
    asked = []

    def demo(folder, *, engine, tell):
        asked.append((folder, engine))
        report = folder / "a" / "report.html"
        return DemoReport(run, (zone,), (report,), ("backbone ls",), folder)

    monkeypatch.setattr(summary, "demo", demo)
    result = call("demo", tmp_path, "--engine", "duckdb")
    assert asked == [(tmp_path, "duckdb")]
    assert result.exit_code == (0 if ok else 1)
    assert "336,776" in result.stdout
    assert str(tmp_path / "a" / "report.html") in result.stdout
    assert "  backbone ls" in result.stdout
    found = json.loads(call("demo", tmp_path, "--json").stdout)
    assert found["next_commands"] == ["backbone ls"]
    assert found["zones"][0]["rows"] == 336776


def test_schema_is_json(call):
    result = call("schema")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)
    assert "properties" in result.stdout
    unknown = call("schema", "trustd")
    assert unknown.exit_code == 2
    assert "trusted" in unknown.stderr


def test_doctor_looks_at_the_machine_and_the_project(call, as_json, ran, tmp_path):
    found = as_json("-C", ran, "doctor")
    assert {"python", "engine", "catalog"} <= {one["check"] for one in found}
    assert all(one["ok"] for one in found)
    assert "✓ python Python 3" in lines(call("-C", ran, "doctor").stdout)[2]
    nowhere = as_json("-C", tmp_path, "doctor", code=1)
    assert [one["check"] for one in nowhere if not one["ok"]] == ["project"]


# -- pin, diff, the past ------------------------------------------------------------------


def test_pins_on_the_command_line(call, as_json, copy):
    assert as_json("-C", copy, "pin", "--list") == []
    made = call("-C", copy, "pin", "first")
    assert made.exit_code == 0
    assert "New: refs/first.json" in made.stderr
    (told,) = as_json("-C", copy, "pin")
    assert (told["pin"], told["datasets"][0]["deliveries"]) == ("first", 1)
    assert "first" in call("-C", copy, "pin", "first", "--verify").stdout
    raw = next((copy / ".backbone/lake/landing/till").rglob("sales_1.csv"))
    raw.write_bytes(raw.read_bytes() + b"\n")
    broken = call("-C", copy, "pin", "--verify")
    assert broken.exit_code == 1
    assert "is not what was received" in broken.stderr
    assert call("-C", copy, "pin", "first", "--remove").exit_code == 0
    for words in (
        ["--remove"],
        ["x", "--list", "--verify"],
        ["x", "--verify", "--at", "y"],
    ):
        assert call("-C", copy, "pin", *words).exit_code == 2


def test_the_past_on_the_command_line(call, as_json, copy):
    call("-C", copy, "pin", "first")
    rules = copy / "trusted" / "sales.yml"
    rules.write_text(rules.read_text().replace("amount: [0, ~]", "amount: [1, ~]"))
    planned = as_json("-C", copy, "plan", "--at", "first")
    assert planned == as_json("-C", copy, "run", "--dry-run", "--at", "first")
    assert [step["action"] for step in planned] == ["skip", "run", "run"]
    sql = "select count(*) as n from trusted.sales"
    refused = call("-C", copy, "query", sql, "--at", "first")
    assert refused.exit_code == 2
    assert "Next: backbone run --at first trusted.sales" in refused.stderr
    made = call("-C", copy, "run", "--at", "first")
    assert (made.exit_code, "there" in made.stdout) == (0, True)
    assert as_json("-C", copy, "query", sql, "--at", "first") == [{"n": 2}]
    assert as_json("-C", copy, "query", sql) == [{"n": 3}]
    assert as_json("-C", copy, "diff", "trusted.sales", "0", "first")["rows"] == {
        "added": 0, "removed": 1, "changed": 0, "unchanged": 2,
    }  # fmt: skip
    shown = call("-C", copy, "diff", "trusted.sales", "0", "first").stdout
    assert "removed 1" in [" ".join(line.split()) for line in shown.splitlines()]
    landed = call("-C", copy, "diff", "landing.sales", "2000-01-01").stdout
    assert "sales_1.csv" in landed


def test_raw_bytes_past_their_age_on_the_command_line(call, as_json, copy):
    with (copy / "sources" / "till.yml").open("a") as file:
        file.write("retention: {age: 1m}\n")
    for folder in (copy / ".backbone/lake/landing/till/sales").iterdir():
        reference = folder / "_reference.json"
        text = re.sub(r'"received": "\d{4}', '"received": "2001', reference.read_text())
        reference.write_text(text)
    dry = call("-C", copy, "gc", "--dry-run")
    assert "retention age: 1m" in dry.stdout
    (row,) = as_json("-C", copy, "gc")["removed"]
    assert (row["what"], row["name"]) == ("raw bytes", "sales_1.csv")
    (delivery,) = as_json("-C", copy, "versions", "landing.sales")
    assert delivery["removed"]
    assert "raw bytes removed" in call("-C", copy, "versions", "landing.sales").stdout
    traced = call("-C", copy, "trace", "trusted.sales", "1").stdout
    assert "its raw bytes were removed on" in traced
