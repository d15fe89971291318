"""The engines of an opened project: started late, once, and closed."""

import socket
import subprocess
import sys

import pytest
from tests.commands import backbone
from tests.projects import edit, small_project

from backbone.app import engines
from backbone.app.engines import spark_options
from backbone.app.environment import Environment
from backbone.app.runs import plan, run
from backbone.engines.duckdb import DuckDBEngine
from backbone.errors import EngineUnavailable, ProjectError
from backbone.project import load
from backbone.project.engines import EngineSettings


class Counted(DuckDBEngine):
    """Stands for an engine that is slow to start; it computes as DuckDB does."""

    started = 0
    closed = 0

    def __init__(self):
        type(self).started += 1
        super().__init__(threads=1)

    def close(self):
        type(self).closed += 1
        super().close()


@pytest.fixture
def folder(tmp_path):
    return small_project(tmp_path / "meters")


@pytest.fixture
def spark(monkeypatch):
    kind = type("Spark", (Counted,), {})
    monkeypatch.setitem(engines._STARTS, "spark", lambda _project, _lake: kind())
    return kind


def opened(folder, **options) -> Environment:
    return Environment(load(folder), **options)


def engines_of(env) -> dict[str, str]:
    return {row["asset"]: row["engine"] for row in plan(env).rows()}


def test_nothing_is_started_that_is_not_needed(folder, spark):
    with opened(folder, engine="spark") as env:
        assert env.engine.capabilities.name == "duckdb"
        plan(env)
    assert (spark.started, spark.closed) == (0, 0)


def test_an_engine_starts_once_and_is_closed(folder, spark):
    with opened(folder, engine="spark") as env:
        assert run(env).ok
        assert run(env).ok
        assert (spark.started, spark.closed) == (1, 0)
    assert (spark.started, spark.closed) == (1, 1)


def test_a_step_keeps_the_engine_that_it_names(folder, spark):
    edit(folder / "formatted/readings.yml", "read:", "engine: duckdb\nread:")
    edit(folder / "trusted/devices.yml", "rules:", "engine: spark\nrules:")
    with opened(folder) as env:
        named = {asset for asset, kind in engines_of(env).items() if kind == "spark"}
        assert named == {"trusted.devices"}
    with opened(folder, engine="spark") as env:
        named = {asset for asset, kind in engines_of(env).items() if kind == "duckdb"}
        assert named == {"formatted.readings"}


def test_what_was_computed_where_is_remembered(folder, spark):
    edit(folder / "trusted/devices.yml", "rules:", "engine: spark\nrules:")
    with opened(folder) as env:
        report = run(env)
        assert report.ok
        assert spark.started == 1
        known = env.catalog.run(report.run)
        assert known["engine"] == "duckdb"
        of = known["record"]["engines"]
        assert (of["trusted.devices"], of["trusted.readings"]) == ("spark", "duckdb")
        made = env.catalog.heads()
        assert made["trusted.devices"]["record"]["engine"] == "spark"
        assert made["trusted.readings"]["record"]["engine"] == "duckdb"


def test_another_engine_makes_nothing_anew(folder, spark):
    with opened(folder) as env:
        assert run(env).ok
    edit(folder / "backbone.yml", "name: meters", "name: meters\nengine: spark")
    edit(folder / "trusted/devices.yml", "rules:", "engine: spark\nrules:")
    edit(folder / "formatted/readings.yml", "read:", "engine: duckdb\nread:")
    with opened(folder) as env:
        assert {row["action"] for row in plan(env).rows()} == {"skip"}
        report = run(env)
    assert {step.status for step in report.steps} == {"skipped"}
    assert spark.started == 0


def test_an_engine_that_does_not_start_fails_the_run_before_it_writes(
    folder, monkeypatch
):
    def refuse(_project, _lake):
        raise EngineUnavailable("nobody is there")

    monkeypatch.setitem(engines._STARTS, "spark", refuse)
    with opened(folder, engine="spark") as env:
        with pytest.raises(EngineUnavailable, match="nobody is there"):
            run(env)
        assert env.catalog.runs() == []
        assert list(env.lake.landing.datasets()) == []


def test_an_engine_that_there_is_not(folder):
    with pytest.raises(ProjectError) as caught:
        opened(folder, engine="sparkk")
    assert str(caught.value) == "there is no engine `sparkk`\n  Did you mean `spark`?"


WITHOUT = """
import sys

sys.modules[sys.argv[1]] = None
sys.argv = ["backbone", *sys.argv[2:]]
from backbone.cli.main import main

main()
"""


@pytest.mark.parametrize("missing", ["pyspark", "py4j", "grpc"])
def test_without_pyspark_the_line_to_type_is_said(folder, missing):
    pytest.importorskip("pyspark")
    with socket.create_server(("127.0.0.1", 0)) as server:
        master = f"sc://127.0.0.1:{server.getsockname()[1]}"
        declared = f'engine: {{kind: spark, master: "{master}", timeout_s: 20}}'
        edit(folder / "backbone.yml", "name: meters", f"name: meters\n{declared}")
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, missing, "-C", folder, "run"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"Error: the engine spark needs {missing}, which is not installed",
        "  Next: pip install 'backbone[spark]'",
    ]
    assert not list((folder / ".backbone/lake/landing").rglob("*.csv"))


def test_secrets_are_in_no_error(folder, monkeypatch):
    monkeypatch.setenv("NO_SUCH_HOST", "very-secret.invalid")
    master = 'engine: {kind: spark, master: "spark://${var:NO_SUCH_HOST}:7077"}'
    edit(folder / "backbone.yml", "name: meters", f"name: meters\n{master}")
    pytest.importorskip("pyspark")
    said = backbone(folder, "run", code=2).stderr
    assert "very-secret" not in said
    assert "there is no host `${var:NO_SUCH_HOST}`" in said


@pytest.mark.parametrize(
    ("given", "master", "conf"),
    [
        ({}, "local[*]", {}),
        ({"threads": 3}, "local[3]", {}),
        ({"memory_limit": "4GB"}, "local[*]", {"spark.driver.memory": "3814m"}),
        ({"memory_limit": "1.5 GiB"}, "local[*]", {"spark.driver.memory": "1536m"}),
        ({"memory_limit": "700MB"}, "local[*]", {"spark.driver.memory": "667m"}),
        ({"memory_limit": "512MiB", "master": "yarn", "conf": {"spark.a": "{X}"}}, "yarn",
         {"spark.driver.memory": "512m", "spark.a": "{resolved}"}),
    ],
)  # fmt: skip
def test_what_spark_is_told(given, master, conf):
    settings = EngineSettings(kind="spark", **given)
    found = spark_options(settings, lambda text: text.replace("X", "resolved"))
    assert found == (master, conf)
