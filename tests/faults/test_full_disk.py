"""A disk that is full: said so, nothing half there, and a later run goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import BACKBONE, call, hashes, listed
from tests.projects import small_project

pytestmark = pytest.mark.slow

DYING = [sys.executable, str(Path(__file__).with_name("dying.py"))]
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=$2k tmpfs $1/.backbone || exit 77
$3 -C $1 run
echo "ended with $?"
mount -o remount,size=100m $1/.backbone
$3 -C $1 run --quiet && $3 -C $1 ls --all --hash --json > $1/listed.json
"""


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Path:
    return small_project(tmp_path_factory.mktemp("new") / "meters")


@pytest.fixture(scope="module")
def whole(new, tmp_path_factory) -> dict[str, str]:
    folder = shutil.copytree(new, tmp_path_factory.mktemp("whole") / "meters")
    call(folder, "run", "--quiet")
    return hashes(folder)


@pytest.mark.parametrize(
    ("moment", "code", "subject"),
    [
        ("rename:1", 1, "landing."),  # a delivery cannot land
        ("fsync:20", 1, "landing."),
        ("replace:1", 2, "lake/runs"),  # the run cannot say what it is going to do
        ("rename:9", 1, ".readings"),  # a side table's file cannot come home
        ("log:2", 1, "__rejected_cells"),  # a side table cannot be committed
    ],
)
def test_a_disk_that_is_full_at_one_moment_is_told_and_the_next_run_goes_on(
    new, whole, tmp_path, moment, code, subject
):
    folder = shutil.copytree(new, tmp_path / "meters")

    done = subprocess.run(
        [*DYING, "full", moment, "-C", str(folder), "run"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "No space left on device" in said
    assert subject in said
    assert "Unexpected" not in said
    assert not list((folder / ".backbone/lake/landing/_incoming").iterdir())
    if code == 1:
        assert "everything else is done" in said
        assert "failed" in {row["status"] for row in listed(folder).values()} | (
            {"failed"} if "collection failed" in said else set()
        )

    call(folder, "run")

    assert hashes(folder) == whole


@pytest.mark.parametrize("kilobytes", [30, 600, 1300])
def test_a_small_disk_is_told_and_a_run_on_a_larger_one_goes_on(
    new, whole, tmp_path, kilobytes
):
    folder = shutil.copytree(new, tmp_path / "meters")
    (folder / ".backbone").mkdir()
    words = [str(folder), str(kilobytes), str(BACKBONE)]
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no `unshare` to mount a small disk with")

    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "--mount",
         "sh", "-c", ON_A_SMALL_DISK, "sh", *words],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    said = done.stdout + done.stderr
    if "ended with" not in said:
        pytest.skip(f"no small disk can be mounted here: {said.strip()}")

    assert "ended with 0" not in said
    told = ("disk is full", "No space left on device", "Is there space on the disk")
    assert any(words in said for words in told), said
    assert "Unexpected" not in said
    rows = json.loads((folder / "listed.json").read_text())
    assert {row["asset"]: row["content_hash"] for row in rows} == whole
