"""SIGKILL at a hundred moments of collecting, formatting and committing, then `run`.

One project has all habits of sources (`everything.py`). Runs are killed, one after the
other, later and later in what they do, until one comes to its end; then more comes from
the sources, and so on. ``BACKBONE_KILLS=1000`` kills more of them.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.everything import PINGS, answering, everything, next_day, sent
from tests.servers import serving

from backbone.app.environment import open_environment

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("BACKBONE_KILLS", "100"))
NURSERY = [sys.executable, str(Path(__file__).with_name("nursery.py"))]


@contextmanager
def nursery():
    """Give a function that carries out commands in processes that are forked."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(NURSERY, **pipes) as process:

        def carry_out(folder: Path, *words: str, **fate: object) -> dict:
            task = {"words": ["-C", str(folder), *words], "lake": ".backbone", **fate}
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        try:
            yield carry_out
        finally:
            process.stdin.close()


@pytest.fixture(scope="module")
def day():
    """The day that the server of the weather and the prices has."""
    with serving() as server, pytest.MonkeyPatch.context() as patch:
        today = [1]
        answering(server, today)
        patch.setenv("WEATHER", server.url)
        yield today


@pytest.fixture(scope="module")
def carry_out(day):
    """Carry out a command in a forked process; it knows the address of the server."""
    with nursery() as made:
        yield made


@pytest.fixture(scope="module")
def whole(tmp_path_factory, carry_out, day):
    return without_kills(tmp_path_factory.mktemp("whole") / "whole", carry_out, day)


def without_kills(folder, carry_out, day):
    """What all is when nothing goes wrong."""
    everything(folder)
    for now in (1, 2):
        day[0] = now
        ended = carry_out(folder, "run")
        assert ended["code"] == 0, ended["said"]
        if now == 1:
            next_day(folder)
    ended = carry_out(folder, "gc")
    assert "prices.csv" in ended["said"], ended
    assert carry_out(folder, "run", "--quiet")["code"] == 0
    return tables(folder, carry_out)


def tables(folder, carry_out):
    said = carry_out(folder, "ls", "--all", "--hash", "--json")["said"]
    rows = json.loads(said)
    assert {row["status"] for row in rows} == {"fresh"}
    return {row["asset"]: (row["rows"], row["content_hash"]) for row in rows}


def check_landing(folder, first_day):
    """Bytes landed equal bytes sent, once."""
    landed: dict[str, Counter] = {}
    with open_environment(folder) as env:
        landing = env.lake.landing
        for source, dataset in landing.datasets():
            count = landed.setdefault(dataset, Counter())
            for delivery in landing.deliveries(source, dataset):
                assert len(delivery.receipts) == 1
                if delivery.removed is None:
                    landing.verify(delivery)
                count.update(obj.sha256 for obj in delivery.objects)
            removed = [d.removed for d in landing.deliveries(source, dataset)]
            assert sum(map(bool, removed)) == (dataset == "prices")
        assert len(landing.deliveries("pings", "pings")) == 2 * PINGS
        for asset in env.lake.tables.assets():
            made = Counter(one["identity"] for one in env.lake.tables.versions(asset))
            assert set(made.values()) == {1}, asset
    for dataset, hashes in sent(folder).items():
        assert dict(landed[dataset]) == dict.fromkeys(hashes | first_day[dataset], 1)
    assert [len(landed[one]) for one in ("prices", "weather", "orders")] == [2, 4, 2]
    assert not list((folder / ".backbone/lake/landing/_incoming").iterdir())


def until_it_ends(carry_out, folder, verb, first, step):
    """Kill a command, each time `step` moments later, until it ends; return how often."""
    for times in itertools.count():
        moment = first + times * step
        ended = carry_out(folder, *verb.split(), fate="kill", at=moment)
        if ended["code"] != -signal.SIGKILL:
            assert ended["code"] == 0, ended["said"]
            return times
    raise AssertionError(verb)


def test_killed_at_a_hundred_moments_everything_is_there_once(
    tmp_path, carry_out, whole, day
):
    killed, chain = 0, 0
    while killed < KILLS:
        folder = everything(tmp_path / f"killed_{chain}")
        day[0], first_day = 1, sent(folder)
        begin = 3 + 13 * chain % 40
        killed += until_it_ends(carry_out, folder, "run --quiet", begin, 41)
        day[0] = 2
        next_day(folder)
        killed += until_it_ends(carry_out, folder, "run --quiet", begin + 5, 43)
        killed += until_it_ends(carry_out, folder, "gc", begin, 29)
        assert tables(folder, carry_out) == whole
        check_landing(folder, first_day)
        chain += 1


def test_a_disk_that_is_full_from_some_moment_on_is_told_and_run_goes_on(
    tmp_path, carry_out, whole, day
):
    folder, first_day, times = everything(tmp_path / "full"), None, 0
    for now in (1, 2):
        day[0], moment = now, 7
        while (ended := carry_out(folder, "run", fate="full", at=moment))["code"]:
            said, moment, times = ended["said"], moment + 97, times + 1
            assert ended["code"] in {1, 2}, said
            assert "No space left on device" in said
            assert "Unexpected" not in said
        if now == 1:
            first_day = sent(folder)
            next_day(folder)
    assert carry_out(folder, "run")["code"] == 0
    assert carry_out(folder, "gc")["code"] == 0
    assert tables(folder, carry_out) == whole
    check_landing(folder, first_day)
    assert times > 6


def test_two_runs_at_once_bring_everything_once(tmp_path, carry_out, whole, day):
    folder = everything(tmp_path / "twice")
    with nursery() as another, ThreadPoolExecutor(2) as pool:
        another(folder, "plan")
        for now in (1, 2):
            day[0], first_day = now, sent(folder)
            if now == 2:
                next_day(folder)
            both = [pool.submit(one, folder, "run") for one in (carry_out, another)]
            for ended in (one.result() for one in both):
                assert ended["code"] == 0, ended["said"]
    assert carry_out(folder, "gc")["code"] == 0
    assert tables(folder, carry_out) == whole
    check_landing(folder, first_day)
