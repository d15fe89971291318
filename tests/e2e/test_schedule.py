"""Schedules from the command line, with a scheduler that is killed and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest
from tests.commands import BACKBONE, ask, call
from tests.projects import write

FILES = {
    "backbone.yml": "name: timely\n",
    "sources/often.yml": """
collector: files
path: inbox/*.csv
datasets: {often: "*.csv"}
schedule: {every: 1s}
""",
    "sources/seldom.yml": """
collector: files
path: inbox/*.txt
datasets: {seldom: "*.txt"}
schedule: {cron: "0 0 1 1 *"}
""",
    "formatted/often.yml": """
from: landing.often
read: {format: csv}
columns: {a: {type: integer}}
""",
    "formatted/seldom.yml": """
from: landing.seldom
read: {format: csv}
columns: {a: {type: integer}}
""",
    "inbox/1.csv": "a\n1\n",
    "inbox/1.txt": "a\n1\n",
}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, FILES)
    return tmp_path


def rows(folder, table):
    return ask(folder, f"select count(*) as n from formatted.{table}")[0]["n"]


def test_run_due_collects_what_is_due_and_nothing_else(folder):
    assert json.loads(call(folder, "run", "--due", "--json").stdout)["status"] == "done"
    write(folder, {"inbox/2.csv": "a\n2\n", "inbox/2.txt": "a\n2\n"})
    time.sleep(1.1)
    call(folder, "run", "--due")
    assert (rows(folder, "often"), rows(folder, "seldom")) == (2, 1)
    done = call(folder, "run", "--due", "source:seldom+")
    assert "nothing is due; seldom is next, 20" in done.stderr
    assert json.loads(call(folder, "run", "--due", "seldom", "--json").stdout) is None
    call(folder, "run")  # whatever the schedules say
    assert rows(folder, "seldom") == 2


@contextmanager
def scheduler(folder):
    words = [str(BACKBONE), "-C", str(folder), "schedule", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def next_of(scheduler, kind="ended"):
    """Wait until the scheduler tells something of this kind."""
    for line in scheduler.stdout:
        told = json.loads(line)
        if told["kind"] == kind:
            return told
    raise AssertionError(scheduler.stderr.read())


@pytest.mark.slow
def test_a_scheduler_outlives_kills_and_is_alone(folder):
    with scheduler(folder) as first:
        told = next_of(first)
        assert (told["sources"], told["status"]) == (["often", "seldom"], "done")
        with scheduler(folder) as second:
            said = second.communicate(timeout=60)[1]
            assert (second.returncode, b"another scheduler" in said) == (2, True)
    write(folder, {"inbox/2.csv": "a\n2\n"})
    with scheduler(folder) as third:
        while rows(folder, "often") < 2:
            assert next_of(third)["status"] == "done"
        write(folder, {"backbone.yml": "name: [\n"})
        assert "backbone.yml" in next_of(third, "problem")["words"]
        write(folder, {**FILES, "inbox/3.csv": "a\n3\n"})
        while rows(folder, "often") < 3:
            next_of(third)
        third.send_signal(signal.SIGTERM)
        assert third.wait(90) == 130
    listed = json.loads(call(folder, "schedule", "--list", "--json").stdout)
    assert {one["source"]: one["missed"] for one in listed}["seldom"] == 0
