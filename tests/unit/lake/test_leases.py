"""Whose a folder is: of this machine it is seen, of another its signs of life tell."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from backbone.errors import CommitConflict, LakeError
from backbone.lake.leases import Leases, Owner
from backbone.lake.processes import Process

HOLD = (
    "import sys; from pathlib import Path; from backbone.lake.leases import Leases\n"
    "leases = Leases(Path(sys.argv[1])); print(leases.claim(), flush=True)\n"
    "sys.stdin.read()"
)


@pytest.fixture
def leases(tmp_path):
    return Leases(tmp_path / "leases")


def age(path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def elsewhere(leases: Leases, *, seconds: float) -> str:
    """Write the lease of a process of another machine; return a label of it."""
    label = f"{'0' * 8}-17-4711-{'a' * 6}{'b' * 6}"
    leases.root.mkdir(exist_ok=True)
    path = leases.root / f"{label[:-6]}.json"
    path.write_text(json.dumps({"host": "nyx", "pid": 17}))
    age(path, seconds)
    return label


def test_a_process_knows_itself_and_lives():
    this = Process.this()
    assert this.is_here
    assert this.lives
    assert not replace(this, started=this.started + 1).lives, "its number is used again"


def test_a_process_that_ended_and_was_not_yet_waited_for_is_dead():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        started = time.monotonic()
        while Process(Process.this().machine, process.pid, 0).lives:
            assert time.monotonic() - started < 30
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
        found = replace(Process.this(), pid=process.pid)
        assert not found.lives


def test_a_name_tells_its_owner(leases):
    one, two = leases.claim(), leases.label()
    assert one != two
    assert Owner.parse(one) == Owner.parse(two) == Owner(leases.mine, Process.this())
    assert Owner.parse("0123456789ab") is None


def test_naming_alone_writes_nothing(leases):
    leases.label()
    leases.close()
    assert not leases.root.exists()


def test_a_lease_lasts_until_it_is_given_back(leases):
    owner = Owner.parse(leases.claim())
    other = Leases(leases.root)
    assert not other.is_over(owner)
    leases.close()
    assert other.is_over(owner)
    assert Owner.parse(leases.claim()).lease != owner.lease


def test_a_lease_that_nobody_holds_any_more_is_given_back(leases):
    root = leases.root
    forgotten = Leases(root)
    owner = Owner.parse(forgotten.claim())
    del forgotten
    gc.collect()
    assert leases.is_over(owner)


def test_a_lease_of_a_killed_process_is_over_at_once(leases):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(leases.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        owner = Owner.parse(process.stdout.readline().strip())
        assert owner.process.pid == process.pid
        assert not leases.is_over(owner)
        process.kill()
        process.wait()
        assert leases.is_over(owner)
        assert leases.last_sign(owner.lease) > 0, "it is not removed, but out of date"


def test_a_commit_under_a_lease_that_was_taken_away_is_refused(leases):
    label = leases.claim()
    leases.assure(label)
    (leases.root / f"{label[:-6]}.json").unlink()

    with pytest.raises(CommitConflict, match="taken for dead") as told:
        leases.assure(label)

    assert told.value.retryable
    again = leases.claim()
    assert again[:-6] != label[:-6]
    leases.assure(again)


def test_a_touch_is_a_sign_of_life(leases):
    label = leases.claim()
    age(leases.root / f"{label[:-6]}.json", 5000)
    leases.assure(label)
    assert leases.now() - leases.last_sign(label[:-6]) < 60


def test_leases_of_other_machines_are_retired_when_they_show_no_sign_of_life(leases):
    fresh = elsewhere(leases, seconds=100)
    leases.retire(older_than_s=120)
    assert leases.last_sign(fresh[:-6]) > 0
    assert leases.holder(fresh[:-6]) == "process 17 on nyx"
    old = elsewhere(leases, seconds=130)
    leases.retire(older_than_s=120)
    assert leases.last_sign(old[:-6]) == 0
    assert list(leases.root.iterdir()) == []


def test_an_old_lease_of_a_process_that_lives_here_stays(leases):
    mine, other = leases.claim(), Leases(leases.root)
    for path in leases.root.iterdir():
        age(path, 10_000)
    other.retire(older_than_s=120)
    leases.assure(mine)


def test_a_lease_that_is_touched_while_it_is_taken_is_put_back(leases, monkeypatch):
    label = elsewhere(leases, seconds=1000)
    path = leases.root / f"{label[:-6]}.json"
    real = type(path).rename

    def touched(self, target):
        if self == path:
            os.utime(self)
        return real(self, target)

    monkeypatch.setattr(type(path), "rename", touched)
    leases.retire(older_than_s=120)
    assert path.exists()


def test_a_lake_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "leases").write_text("a file in place of a folder")
    with pytest.raises(LakeError, match="could not be written"):
        Leases(tmp_path / "leases").claim()
