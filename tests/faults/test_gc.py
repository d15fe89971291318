"""`gc` after runs that were killed, beside runs that are not finished: no version suffers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.commands import BACKBONE, call, hashes
from tests.projects import edit, shop_project

from backbone.app.environment import open_environment
from backbone.engines.protocol import Scan
from backbone.lake.hashing import combine, content_hash_query

pytestmark = pytest.mark.slow

DYING = [sys.executable, str(Path(__file__).with_name("dying.py"))]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
LAKE = ".backbone/lake"
WRITING = """
import sys
from pathlib import Path
from backbone.lake.lake import Lake
from backbone.model.names import AssetName

lake = Lake(Path(sys.argv[1]))
folder = lake.tables.attempt(AssetName("trusted", "sales"))
(folder / "part_0.parquet").write_bytes(b"half a file")
print(folder.name, flush=True)
sys.stdin.read()
"""
ELSEWHERE = f"{'0' * 8}-17-4711-{'a' * 12}"


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> Path:
    """A project whose tables have an old version and a new one."""
    folder = shop_project(tmp_path_factory.mktemp("twice") / "shop")
    call(folder, "run", "--quiet")
    edit(folder / "trusted/sales.yml", "[0, ~]", "[1, ~]")
    call(folder, "run", "--quiet")
    return folder


@pytest.fixture
def shop(twice, tmp_path) -> Path:
    return shutil.copytree(twice, tmp_path / "shop")


def contents(folder: Path) -> dict[tuple[str, int], str]:
    """Read the files of every version of every table; return what they hold."""
    found = {}
    with open_environment(folder) as env, env.engine.session() as session:
        for asset in env.lake.tables.assets():
            for number in range(env.lake.tables.head(asset).number + 1):
                version = env.lake.tables.at(asset, number)
                query = content_hash_query(version.schema, "rows")
                rows = {"rows": Scan(version.paths(), version.schema)}
                found[str(asset), number] = combine(session.fetch(query, rows))
    return found


def files(folder: Path) -> set[str]:
    tables = folder / LAKE / "tables"
    found = (path.relative_to(tables) for path in tables.rglob("w-*/**/*.parquet"))
    return {path.as_posix() for path in found}


def gc(folder: Path, *words: str, code: int = 0) -> dict:
    return json.loads(call(folder, "gc", "--json", *words, code=code).stdout)


def dying(folder: Path, moment: str) -> None:
    words = ["kill", moment, "-C", str(folder), "run", "--quiet"]
    done = subprocess.run([*DYING, *words], check=False, timeout=120, **QUIET)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["log:1", "logged:2"])
def test_what_a_killed_run_left_is_listed_and_removed_and_no_version_suffers(
    shop, moment
):
    before, held = contents(shop), files(shop)
    assert {number for _, number in before} == {0, 1}
    edit(shop / "trusted/sales.yml", "[1, ~]", "[2, ~]")
    edit(shop / "formatted/sales.yml", "{format: csv}", '{format: csv, nulls: ["-"]}')
    dying(shop, moment)
    left = files(shop) - held
    assert left

    planned = gc(shop, "--dry-run")

    assert planned["dry_run"]
    assert planned["files"] == sum(row["files"] for row in planned["removed"]) > 0
    assert planned["size_bytes"] > 0
    assert files(shop) == held | left
    done = gc(shop)
    assert done["removed"] == planned["removed"]
    after = contents(shop)
    assert {key: after[key] for key in before} == before
    assert gc(shop)["removed"] == []

    call(shop, "run", "--quiet")
    again = contents(shop)
    assert {key: again[key] for key in after} == after
    assert gc(shop, "--dry-run")["files"] == 0


def test_what_is_removed_is_said_by_asset(shop):
    edit(shop / "trusted/sales.yml", "[1, ~]", "[2, ~]")
    dying(shop, "log:1")

    planned = call(shop, "gc", "trusted.sales", "--dry-run")
    assert "trusted.sales" in planned.stdout
    assert "Would remove" in planned.stderr
    assert "Nothing to remove." in call(shop, "gc", "zone:exploitation").stderr
    assert "Removed" in call(shop, "gc").stderr
    assert "Nothing to remove." in call(shop, "gc").stderr


def test_an_attempt_of_another_process_stays_until_that_is_dead(shop):
    before = contents(shop)
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, str(shop / LAKE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        name = process.stdout.readline().strip()
        attempt = shop / LAKE / "tables/trusted/sales" / name
        found = gc(shop)
        assert found["removed"] == []
        (kept,) = found["kept"]
        assert kept["path"].endswith(name)
        assert kept["kept"] == f"process {process.pid} is at work"
        call(shop, "run", "--quiet")
        assert attempt.is_dir(), "a run sweeps as carefully"
        process.kill()
        process.wait()

    (removed,) = gc(shop)["removed"]

    assert removed["path"].endswith(name)
    assert not attempt.exists()
    assert contents(shop) == before


def test_an_attempt_of_another_machine_stays_while_that_shows_signs_of_life(shop):
    before = contents(shop)
    folder = shop / LAKE / "tables/trusted/sales" / f"w-{ELSEWHERE}"
    folder.mkdir()
    (folder / "part_0.parquet").write_bytes(b"half a file")
    lease = shop / LAKE / "leases" / f"{ELSEWHERE[:-6]}.json"
    lease.write_text(json.dumps({"host": "nyx", "pid": 17}))
    then = time.time() - 1000
    for path in (folder / "part_0.parquet", folder):
        os.utime(path, (then, then))

    (kept,) = gc(shop, "--older-than", "2m")["kept"]
    assert "process 17 on nyx showed a sign of life" in kept["kept"]
    os.utime(lease, (then, then))
    assert gc(shop)["removed"] == [], "an hour has not passed"
    assert gc(shop, "--older-than", "20m")["removed"] == []
    assert folder.exists()

    (removed,) = gc(shop, "--older-than", "10m")["removed"]

    assert removed["asset"] == "trusted.sales"
    assert not folder.exists()
    assert not lease.exists()
    assert contents(shop) == before


def test_gc_in_the_middle_of_a_run_takes_nothing_from_it(tmp_path):
    folder = shop_project(tmp_path / "shop")
    with subprocess.Popen(
        [str(BACKBONE), "-C", str(folder), "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not process.stderr.readline().startswith("done     formatted."):
            assert process.poll() is None
        for _ in range(3):
            process.send_signal(signal.SIGSTOP)
            held = files(folder)
            assert all(not row["files"] for row in gc(folder)["removed"])
            assert files(folder) == held
            process.send_signal(signal.SIGCONT)
            time.sleep(0.2)
        process.communicate(timeout=120)
    assert process.returncode == 0

    whole = shop_project(tmp_path / "whole")
    call(whole, "run", "--quiet")
    assert hashes(folder) == hashes(whole)
    assert gc(folder)["files"] == 0


def test_where_the_log_lacks_what_the_catalog_knows_nothing_is_touched(shop):
    log = shop / LAKE / "tables/trusted/sales/_delta_log"
    (log / f"{1:020d}.json").unlink()
    held = files(shop)

    (kept,) = gc(shop)["kept"]

    assert kept["asset"] == "trusted.sales"
    assert "the catalog knows" in kept["kept"]
    assert files(shop) == held


def test_a_log_that_cannot_be_read_ends_with_a_code_of_its_own(shop):
    entry = shop / LAKE / f"tables/trusted/sales/_delta_log/{0:020d}.json"
    entry.write_text(entry.read_text()[:-40])
    held = files(shop)

    (kept,) = gc(shop, code=1)["kept"]

    assert "cannot be read" in kept["kept"]
    assert files(shop) == held


@pytest.mark.parametrize(
    ("duration", "words"), [("2 weeks", "no duration"), ("30s", "too short")]
)
def test_a_duration_that_will_not_do_is_refused(shop, duration, words):
    said = call(shop, "gc", "--older-than", duration, code=2).output
    assert words in said


def test_gc_before_the_first_run_finds_nothing(tmp_path):
    folder = shop_project(tmp_path / "shop")
    assert "Nothing to remove." in call(folder, "gc").stderr
