"""SIGKILL at any moment of a run, then `run`: the same tables, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest
from tests.commands import BACKBONE, ask, backbone, hashes
from tests.projects import add_month, small_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What the project is when nothing goes wrong: hashes, and the seconds of a run."""
    folder = small_project(tmp_path_factory.mktemp("whole"))
    clock = time.monotonic()
    backbone(folder, "run")
    seconds = time.monotonic() - clock
    return hashes(folder), seconds


def kill_during_run(folder, after_s: float) -> bool:
    """Start a run and kill it; tell whether it was still running."""
    with subprocess.Popen(
        [str(BACKBONE), "-C", str(folder), "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
    return False


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_run_is_finished_by_the_next(tmp_path, whole, seed):
    expected, seconds = whole
    folder = small_project(tmp_path)
    moment = random.Random(seed)
    for _ in range(3):
        kill_during_run(folder, moment.uniform(0.25, 1.0) * seconds)

    backbone(folder, "run")

    assert hashes(folder) == expected
    doubled = ask(
        folder,
        "select count(*) n from (select _delivery, _object, _record from formatted.readings "
        "group by all having count(*) > 1)",
    )
    assert doubled == [{"n": 0}]
    left = list((folder / ".backbone/lake/landing").glob("_incoming/*"))
    assert left == []


def test_a_killed_run_is_finished_by_resume_without_collecting(tmp_path, whole):
    _, seconds = whole
    folder = small_project(tmp_path)
    backbone(folder, "run")
    before = hashes(folder)
    add_month(folder, 7)
    for attempt in range(10):
        if kill_during_run(folder, (0.5 + 0.05 * attempt) * seconds):
            break
    add_month(folder, 8)

    done = backbone(folder, "resume", code=None)

    landed = {name: value for name, value in hashes(folder).items() if name == "landing.readings"}
    assert done.returncode in {0, 2}
    assert "readings_2024_08" not in done.stdout + done.stderr
    assert set(landed) <= set(before)


def test_two_runs_at_once_do_not_write_the_same_asset(tmp_path, whole):
    expected, _ = whole
    folder = small_project(tmp_path)
    command = [str(BACKBONE), "-C", str(folder), "run"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **quiet) as one, subprocess.Popen(command, **quiet) as two:
        errors = [process.communicate(timeout=120)[1].decode() for process in (one, two)]
    assert [one.returncode, two.returncode] == [0, 0], errors

    assert hashes(folder) == expected
