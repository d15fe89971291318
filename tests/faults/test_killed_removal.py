"""SIGKILL while raw bytes are removed, or come back: whole, or removed with a tombstone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from tests.commands import hashes
from tests.projects import shop_project

from backbone.app.environment import Environment
from backbone.app.runs import run
from backbone.operations.retain import retain
from backbone.project import load

pytestmark = pytest.mark.slow

REMOVE = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from backbone.app.environment import Environment
from backbone.app.runs import run
from backbone.operations.retain import retain
from backbone.project import load

verb, left = sys.argv[2], [int(sys.argv[3])]


def dying(owner, name):
    real = getattr(owner, name)

    def fated(*args, **kwargs):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    setattr(owner, name, fated)


with Environment(load(sys.argv[1])) as env:
    for name in ("replace", "unlink", "fsync", "rename", "rmdir"):
        dying(os, name)
    if verb == "remove":
        retain(env.place, now=datetime.now(UTC) + timedelta(days=1000))
    else:
        run(env)
"""


def deliveries(folder):
    with Environment(load(folder)) as env:
        return env, env.lake.landing.deliveries("till", "sales")


def check(folder, *, whole):
    """Every delivery is whole and right, or is told to be removed."""
    env, landed = deliveries(folder)
    assert len(landed) == whole
    for one in landed:
        if one.removed is None:
            env.lake.landing.verify(one)
        else:
            assert one.removed.reason.startswith("retention age: 30d")


def killed(folder, verb, moment):
    words = [sys.executable, "-c", REMOVE, str(folder), verb, str(moment)]
    done = subprocess.run(words, check=False, timeout=120, capture_output=True)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()
    return done.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = shop_project(tmp_path_factory.mktemp("killed") / "shop")
    with (folder / "sources/till.yml").open("a") as file:
        file.write("retention: {age: 30d}\n")
    with Environment(load(folder)) as env:
        assert run(env).ok
    return folder


def test_killed_again_and_again_while_bytes_go_and_come_back(shop):
    before, count = hashes(shop), len(deliveries(shop)[1])
    deaths = 0
    for moment in (2, 4, 5, 7):
        deaths += killed(shop, "remove", moment)
        check(shop, whole=count)
        with Environment(load(shop)) as env:
            retain(env.place, now=datetime.now(UTC) + timedelta(days=1000))
            landed = env.lake.landing.deliveries("till", "sales")
            assert all(one.removed for one in landed)
            assert all(env.lake.landing.remains(one) == 0 for one in landed)
        for file in (shop / "inbox").iterdir():
            os.utime(file)
        deaths += killed(shop, "run", 2 * moment)
        check(shop, whole=count)
        with Environment(load(shop)) as env:
            assert run(env).ok
        _, landed = deliveries(shop)
        assert not any(one.removed for one in landed), "the bytes are back"
        check(shop, whole=count)
    assert hashes(shop) == before
    assert deaths == 2 * 4
