from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from backbone.errors import LakeError, LockHeld
from backbone.lake.locks import Locks
from backbone.model.names import AssetName

ASSET = AssetName("trusted", "meters")


def test_a_held_lock_is_refused_with_the_name_of_its_holder(tmp_path):
    locks = Locks(tmp_path)
    with (
        locks.hold(ASSET, run="first", timeout_s=0),
        pytest.raises(LockHeld, match="run first"),
        Locks(tmp_path).hold(ASSET, run="second", timeout_s=0),
    ):
        pass


def test_a_lock_is_free_again_after_its_holder(tmp_path):
    locks = Locks(tmp_path)
    for run in ("first", "second"):
        with locks.hold(ASSET, run=run, timeout_s=0):
            pass


def test_another_asset_is_not_concerned(tmp_path):
    locks = Locks(tmp_path)
    other = AssetName("trusted", "weather")
    with locks.hold(ASSET, run="a", timeout_s=0), locks.hold(other, run="b", timeout_s=0):
        pass


def test_a_waiting_run_says_so_and_goes_on(tmp_path):
    told, held, free = [], threading.Event(), threading.Event()

    def hold():
        with Locks(tmp_path).hold(ASSET, run="first", timeout_s=0):
            held.set()
            free.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)

    def tell(words):
        told.append(words)
        free.set()

    with Locks(tmp_path).hold(ASSET, run="second", timeout_s=10, waiting=tell):
        pass
    thread.join()
    assert len(told) == 1
    assert "run first" in told[0]


def test_a_killed_holder_frees_the_lock(tmp_path):
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from backbone.lake.locks import Locks\n"
        "from backbone.model.names import AssetName\n"
        f"with Locks(Path({str(tmp_path)!r})).hold("
        "AssetName('trusted', 'meters'), run='dead', timeout_s=0):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockHeld), Locks(tmp_path).hold(ASSET, run="me", timeout_s=0):
            pass
        process.kill()
        process.wait()
    with Locks(tmp_path).hold(ASSET, run="me", timeout_s=5):
        pass


def test_a_lock_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "locks").write_text("a file in place of the folder")
    with (
        pytest.raises(LakeError, match="could not be written"),
        Locks(tmp_path / "locks").hold(ASSET, run="me", timeout_s=0),
    ):
        pass
