"""SIGKILL at any moment of a run, then `run`: the same tables, nothing twice."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.commands import BACKBONE, ask, call, hashes, listed
from tests.projects import MONTHS, add_month, small_project

from backbone.app.environment import open_environment

pytestmark = pytest.mark.slow

DYING = [sys.executable, str(Path(__file__).with_name("dying.py"))]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Path:
    return small_project(tmp_path_factory.mktemp("new") / "meters")


@pytest.fixture(scope="module")
def finished(new, tmp_path_factory) -> Path:
    """The project as it is when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("finished") / "meters"
    shutil.copytree(new, folder)
    call(folder, "run", "--quiet")
    return folder


@pytest.fixture(scope="module")
def whole(finished) -> dict[str, str]:
    return hashes(finished)


@pytest.fixture
def copied(tmp_path) -> Callable[[Path], Path]:
    return lambda folder: shutil.copytree(folder, tmp_path / "meters")


def dying(folder: Path, moment: str, verb: str = "run") -> int:
    """Kill a run at a moment of writing; return how it ended."""
    words = ["kill", moment, "-C", str(folder), verb, "--quiet"]
    return subprocess.run([*DYING, *words], check=False, timeout=120, **QUIET).returncode


def check(folder: Path, whole: dict[str, str]) -> None:
    """Everything is as if nothing had happened, and once."""
    assert hashes(folder) == whole
    doubled = (
        "select count(*) n from (select _delivery, _object, _record "
        "from formatted.readings group by all having count(*) > 1)"
    )
    assert ask(folder, doubled) == [{"n": 0}]
    assert not list((folder / ".backbone/lake/landing/_incoming").iterdir())
    with open_environment(folder) as env:
        for source, dataset in env.lake.landing.datasets():
            for delivery in env.lake.landing.deliveries(source, dataset):
                env.lake.landing.verify(delivery)
                assert len(delivery.receipts) == 1
        for asset in env.lake.tables.assets():
            made = Counter(one["identity"] for one in env.lake.tables.versions(asset))
            assert set(made.values()) == {1}, asset
    assert {row["status"] for row in listed(folder).values()} == {"fresh"}


@pytest.mark.parametrize(
    "moment",
    [
        "rename:5",  # some deliveries are in landing, others not
        "replace:1",  # what the run is going to do is about to be recorded
        "log:2",  # one side table is there, its table is not
        "logged:3",  # the first table is there, nobody knows it
        "catalog:25",  # a version is in the lake, the catalog lags behind
    ],
)
def test_a_killed_run_is_finished_by_the_next(new, copied, whole, moment):
    folder = copied(new)

    assert dying(folder, moment) == KILLED
    call(folder, "run")

    check(folder, whole)


def test_run_after_run_is_killed_and_the_last_ends_as_if_nothing_had_happened(
    new, copied, whole
):
    folder = copied(new)
    killed = 0
    for nth in itertools.chain((1, 2, 3, 5, 8, 13), itertools.count(20, 16)):
        if dying(folder, f"any:{nth}") != KILLED:
            break
        killed += 1
    assert killed > 6

    check(folder, whole)


@pytest.mark.parametrize("moment", ["evolved:3", "logged:3"])
def test_a_table_that_gets_columns_from_a_file_is_whole_or_as_it_was(
    new, tmp_path, moment
):
    folder = shutil.copytree(new, tmp_path / "meters")
    declared = folder / "formatted/readings.yml"
    declared.write_text(declared.read_text() + "new_columns: evolve\n")
    call(folder, "run", "--quiet")
    before = hashes(folder)["formatted.readings"]
    first, *_ = sorted((folder / "inbox").glob("*.csv"))
    header, *lines = first.read_text().splitlines()
    wider = "\n".join([f"{header},sky", *(f"{line},grey" for line in lines), ""])
    (folder / "inbox/readings_2030_01.csv").write_text(wider)
    again = shutil.copytree(folder, tmp_path / "again")
    call(again, "run", "--quiet")

    assert dying(folder, moment) == KILLED
    found = ask(folder, "select * from formatted.readings")
    assert hashes(folder)["formatted.readings"] == before or "sky" in found[0]
    call(folder, "run")

    check(folder, hashes(again))
    found = ask(folder, "select count(sky) n from trusted.readings")
    assert found == ask(again, "select count(sky) n from trusted.readings")


def signalled(folder: Path, line: str, sign: signal.Signals) -> tuple[int, str]:
    """Send a signal to a run as soon as it says `line`; return how it ended."""
    with subprocess.Popen(
        [str(BACKBONE), "-C", str(folder), "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        while not process.stderr.readline().startswith(line):
            assert process.poll() is None
        os.killpg(process.pid, sign)
        said = process.communicate(timeout=60)[1]
    return process.returncode, said


@pytest.mark.parametrize(
    "line", ["done     landing.readings", "done     formatted.readings"]
)
def test_a_run_killed_between_two_steps_is_finished_by_the_next(new, copied, whole, line):
    folder = copied(new)
    assert signalled(folder, line, signal.SIGKILL)[0] == KILLED

    call(folder, "run")

    check(folder, whole)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_is_finished_and_resumes(new, copied, whole, sign):
    folder = copied(new)

    code, said = signalled(folder, "done     formatted.devices", sign)

    assert code == 130, said
    assert "What is finished is kept" in said
    assert "backbone resume" in said
    assert listed(folder)["formatted.devices"]["rows"] == 40

    call(folder, "resume")

    check(folder, whole)


def test_a_killed_run_is_finished_without_its_catalog(new, copied, whole):
    folder = copied(new)
    assert dying(folder, "log:9") == KILLED
    for file in (folder / ".backbone").glob("catalog.db*"):
        file.unlink()

    call(folder, "run")

    check(folder, whole)


def test_resume_finishes_at_the_pinned_inputs_and_collects_nothing(finished, copied):
    folder = copied(finished)
    add_month(folder, MONTHS + 1)
    assert dying(folder, "log:2") == KILLED
    add_month(folder, MONTHS + 2)
    assert dying(folder, "any:3", "resume") == KILLED, "and resume may be killed too"

    call(folder, "resume")

    landed = listed(folder)["landing.readings"]
    assert landed["deliveries"] == MONTHS + 1
    seen = "select distinct _object from formatted.readings"
    assert len(ask(folder, seen)) == MONTHS + 1
    resumed = hashes(folder)
    assert {row["status"] for row in listed(folder).values()} == {"fresh"}
    said = call(folder, "resume", code=2).output
    assert "the last run ended well" in said

    (folder / "inbox" / f"readings_2024_{MONTHS + 2:02d}.csv").rename(
        folder / "later.csv"
    )
    undisturbed = shutil.copytree(finished, folder / "undisturbed")
    add_month(undisturbed, MONTHS + 1)
    call(undisturbed, "run")
    assert hashes(undisturbed) == resumed

    (folder / "later.csv").rename(
        folder / "inbox" / f"readings_2024_{MONTHS + 2:02d}.csv"
    )
    call(folder, "run")
    assert len(ask(folder, seen)) == MONTHS + 2


def test_a_run_that_was_killed_while_it_collected_has_nothing_to_resume(
    new, copied, whole
):
    folder = copied(new)
    assert dying(folder, "rename:3") == KILLED

    said = call(folder, "resume", code=2).output

    assert "stopped before it had pinned its inputs" in said
    assert "backbone run" in said
    call(folder, "run")
    check(folder, whole)


def test_what_a_killed_run_was_receiving_goes_though_another_ended_well(finished, copied):
    folder = copied(finished)
    add_month(folder, MONTHS + 1)
    assert dying(folder, "rename:1") == KILLED
    incoming = folder / ".backbone/lake/landing/_incoming"
    assert list(incoming.iterdir())
    with open_environment(folder) as env:
        (last,) = env.catalog.runs(limit=1)
        env.catalog.record_run(last["id"], status="done")

    call(folder, "run")

    assert not list(incoming.iterdir())
    assert listed(folder)["landing.readings"]["deliveries"] == MONTHS + 1


def test_two_runs_at_once_do_not_write_the_same_asset(new, copied, whole):
    folder = copied(new)
    command = [str(BACKBONE), "-C", str(folder), "run"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with (
        subprocess.Popen(command, **quiet) as one,
        subprocess.Popen(command, **quiet) as two,
    ):
        errors = [process.communicate(timeout=120)[1].decode() for process in (one, two)]
    assert [one.returncode, two.returncode] == [0, 0], errors

    check(folder, whole)
