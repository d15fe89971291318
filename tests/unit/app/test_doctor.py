"""What `doctor` says of the engines that a project uses."""

from importlib.metadata import PackageNotFoundError, version
from platform import python_version

import pytest
from tests.projects import edit, small_project

from backbone.app import doctor_spark, engines
from backbone.app.doctor import doctor
from backbone.app.environment import Environment
from backbone.engines.spark import java
from backbone.engines.spark.java import Java
from backbone.errors import EngineError, EngineUnavailable
from backbone.project import load

BACKBONE = version("backbone")
VERSIONS = {"pyspark": "4.9.9", "backbone": BACKBONE}


@pytest.fixture
def folder(tmp_path):
    return small_project(tmp_path / "meters")


@pytest.fixture
def ready(monkeypatch, tmp_path):
    """A machine with everything that Spark needs, and a Spark that starts at once."""

    class Started:
        def native(self):
            return None

        def close(self):
            pass

    monkeypatch.setattr(java, "find_java", lambda: Java(tmp_path / "java", (17, 0, 1)))
    monkeypatch.setattr(doctor_spark, "version", VERSIONS.__getitem__)
    monkeypatch.setitem(engines._STARTS, "spark", lambda _project, _lake: Started())


def told(folder, **options) -> list[tuple[bool, str, str | None]]:
    with Environment(load(folder), **options) as env:
        found = [one for one in doctor(env) if one["check"] == "engine"]
    return [(one["ok"], one["message"], one["hint"]) for one in found]


def answering(monkeypatch, *answers):
    executors = pytest.importorskip("backbone.engines.spark.executors")
    found = [executors.Executor(*answer) for answer in answers]
    monkeypatch.setattr(executors, "look_at_executors", lambda *_: found)


def test_a_project_on_duckdb_needs_no_spark(folder):
    edit(folder / "backbone.yml", "name: meters", "name: meters\nengine: {threads: 3}")
    assert told(folder) == [(True, "duckdb, 3 threads, 80 % of memory", None)]


def test_all_is_well(folder, ready, monkeypatch):
    answering(monkeypatch, ("h", python_version(), BACKBONE, True))
    assert [(ok, message) for ok, message, _ in told(folder, engine="spark")] == [
        (True, "pyspark 4.9.9"),
        (True, f"Java 17.0.1 ({folder.parent}/java)"),
        (True, "spark, local[*] answers"),
        (
            True,
            f"h has Python {python_version()}, Backbone {BACKBONE}, and sees the lake",
        ),
    ]


def test_one_step_on_spark_is_enough_to_look_at_it(folder, ready, monkeypatch):
    answering(monkeypatch)
    edit(folder / "trusted/devices.yml", "rules:", "engine: spark\nrules:")
    said = [message for _, message, _ in told(folder)]
    assert said[0].startswith("duckdb, ")
    assert said[1:] == [
        "pyspark 4.9.9",
        f"Java 17.0.1 ({folder.parent}/java)",
        "spark, local[*] answers",
    ]


def test_pyspark_is_missing(folder, ready, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor_spark, "version", missing)
    first, second = told(folder, engine="spark")
    assert first == (False, "pyspark is not installed", "pip install 'backbone[spark]'")
    assert second[0], "Java is looked for all the same"


def test_java_is_missing(folder, ready, monkeypatch):
    def missing():
        raise EngineUnavailable("Spark needs Java", hint="Install it.")

    monkeypatch.setattr(java, "find_java", missing)
    assert told(folder, engine="spark")[1:] == [
        (False, "Spark needs Java", "Install it.")
    ]


def test_spark_connect_needs_no_java_here(folder, ready, monkeypatch):
    answering(monkeypatch)
    master = 'engine: {kind: spark, master: "sc://h:1/;token=abc"}'
    edit(folder / "backbone.yml", "name: meters", f"name: meters\n{master}")
    said = [message for _, message, _ in told(folder)]
    assert said == ["pyspark 4.9.9", "spark, sc://h:1/ answers"]


def test_the_master_does_not_answer(folder, ready, monkeypatch):
    def refuse(_project, _lake):
        raise EngineUnavailable("nobody is there", hint="Start it.")

    monkeypatch.setitem(engines._STARTS, "spark", refuse)
    assert told(folder, engine="spark")[2:] == [(False, "nobody is there", "Start it.")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("h", "3.9.1", BACKBONE, True), "h has Python 3.9.1, Backbone"),
        (("h", python_version(), "0.0.1", True), "Backbone 0.0.1; here they are"),
        (("h", python_version(), BACKBONE, False), "h cannot write in the lake at"),
    ],
)  # fmt: skip
def test_an_executor_is_not_as_it_should_be(folder, ready, monkeypatch, answer, said):
    answering(monkeypatch, answer)
    ok, message, hint = told(folder, engine="spark")[-1]
    assert not ok
    assert said in message
    assert hint


def test_executors_have_another_python(folder, ready, monkeypatch):
    executors = pytest.importorskip("backbone.engines.spark.executors")

    def fail(*_):
        raise EngineError("Python in worker has different version: 3.9")

    monkeypatch.setattr(executors, "look_at_executors", fail)
    ok, message, hint = told(folder, engine="spark")[-1]
    assert not ok
    assert message.endswith("Python in worker has different version: 3.9")
    assert "`spark.pyspark.python` in `conf`" in hint
