"""A sweep takes what nobody needs, and never a file of a version or of an attempt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import CommitConflict
from backbone.lake.lake import Lake
from backbone.lake.leases import Owner
from backbone.lake.processes import Process
from backbone.lake.tables import Commit, TableVersion
from backbone.model.files import WrittenFile
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.operations.sweep import sweep

ASSET = AssetName("trusted", "meters")
REPAIRS = ASSET.with_side("repairs")
DEMAND = AssetName("analysis", "demand")
SCHEMA = Schema.of(a=INTEGER)
LONG_AGO_S = 10_000.0


def _dead() -> Process:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return Process(Process.this().machine, process.pid, 1)


DEAD = _dead()
ELSEWHERE = Process("0" * 8, 17, 4711)


@pytest.fixture
def lake(tmp_path) -> Iterator[Lake]:
    with closing(Lake(tmp_path / "lake")) as made:
        yield made


def label(process: Process, number: int = 0) -> str:
    return f"{process.machine}-{process.pid}-{process.started}-{number:012x}"


def age(path: Path, seconds: float = LONG_AGO_S) -> None:
    """Make a file, or a folder and all that is below it, look old."""
    then = time.time() - seconds
    for one in [*path.rglob("*"), path]:
        os.utime(one, (then, then), follow_symlinks=False)


def show_life(lake: Lake, name: str, seconds: float) -> Path:
    """Write the lease that a folder's name tells, as another machine would have."""
    lake.leases.root.mkdir(parents=True, exist_ok=True)
    path = lake.leases.root / f"{Owner.parse(name).lease}.json"
    path.write_text(json.dumps({"host": "nyx", "pid": 17}))
    age(path, seconds)
    return path


def file(folder: Path, name: str = "part_0.parquet", rows: int = 3) -> WrittenFile:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"a": pa.array(range(rows), pa.int64())}), path)
    return WrittenFile(path, rows, path.stat().st_size, {})


def attempt_of(lake: Lake, process: Process, number: int = 0) -> Path:
    """Write a file into an attempt of another process."""
    folder = lake.tables.folder(ASSET) / f"w-{label(process, number)}"
    file(folder, "main/part_0.parquet")
    age(folder, 10)
    return folder


def commit(
    lake: Lake, identity: str, *, keep: TableVersion | None = None
) -> TableVersion:
    folder = lake.tables.attempt(ASSET)
    kept = keep.files if keep else ()
    return lake.tables.commit(
        ASSET, Commit(identity, SCHEMA, (file(folder / "main"),), keep=kept)
    )


def needed(lake: Lake, asset: AssetName = ASSET) -> set[Path]:
    """Return the files of every version, as the log of the table tells them."""
    folder = lake.tables.folder(asset)
    newest = DeltaTable(folder).version()
    return {
        Path(uri)
        for number in range(newest + 1)
        for uri in DeltaTable(folder, version=number).file_uris()
    }


def there(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("w-*/**/*") if path.is_file()}


def swept(lake: Lake, **more: object) -> dict[str, str]:
    """Sweep; return what was found and why it was kept, by the name of its place."""
    return {one.place.name: one.kept for one in sweep(lake, **more)}


# -- tables -----------------------------------------------------------------------------


def test_what_a_dead_process_left_goes_and_what_a_living_one_writes_stays(lake):
    commit(lake, "one")
    dead = attempt_of(lake, DEAD)
    other = Lake(lake.root)
    living = other.tables.attempt(ASSET)
    file(living)

    found = swept(lake)

    assert found == {dead.name: "", living.name: f"process {os.getpid()} is at work"}
    assert not dead.exists()
    assert living.is_dir()
    other.close()
    assert swept(lake) == {living.name: ""}
    assert there(lake.root) == needed(lake)


def test_a_dry_run_says_the_same_and_removes_nothing(lake):
    commit(lake, "one")
    attempt_of(lake, DEAD)
    before = sorted(lake.tables.root.rglob("*"))

    planned = sweep(lake, remove=False)

    assert sorted(lake.tables.root.rglob("*")) == before
    assert [(one.what, len(one.files)) for one in planned] == [("attempt", 1)]
    assert planned == sweep(lake)


@pytest.mark.parametrize(
    ("lease_s", "content_s", "stays"),
    [
        (10, LONG_AGO_S, True),
        (LONG_AGO_S, 10, True),  # what it had started is still writing
        (None, 10, True),
        (LONG_AGO_S, LONG_AGO_S, False),
        (None, LONG_AGO_S, False),
    ],
)
def test_of_another_machine_signs_of_life_tell(lake, lease_s, content_s, stays):
    commit(lake, "one")
    folder = attempt_of(lake, ELSEWHERE)
    if lease_s is not None:
        show_life(lake, label(ELSEWHERE), lease_s)
    age(folder, content_s)

    found = swept(lake, older_than_s=3600)

    assert folder.exists() == stays
    assert ("sign of life" in found[folder.name]) == stays
    assert there(lake.root) >= needed(lake)


def test_who_was_taken_for_dead_cannot_commit_any_more(lake):
    commit(lake, "one")
    slept = Lake(lake.root)
    folder = slept.tables.attempt(ASSET)
    new = file(folder)
    named = f"w-{label(ELSEWHERE)}"  # as the machine that does not see it would have it
    there_too = folder.rename(folder.with_name(named))
    lease = show_life(lake, label(ELSEWHERE), LONG_AGO_S)
    age(there_too)
    assert swept(lake) == {named: ""}
    assert not lease.exists()

    again = file(there_too)
    with pytest.raises(CommitConflict, match="taken for dead"):
        slept.tables.commit(ASSET, Commit("two", SCHEMA, (again,), base=0))

    assert not new.path.exists()
    assert lake.tables.head(ASSET).identity == "one"


def test_of_an_attempt_that_is_named_only_the_other_files_go(lake):
    version = commit(lake, "one")
    (kept,) = needed(lake)
    home = kept.parents[1]
    for name in ("main/_temporary/0/part_1.parquet", "main/_SUCCESS", "main/.p.crc"):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

    (found,) = sweep(lake)

    assert (found.what, len(found.files), found.size_bytes) == ("stray files", 3, 3)
    assert sorted(home.rglob("*")) == [kept.parent, kept]
    assert lake.tables.head(ASSET) == version


def test_files_of_every_version_stay_those_of_side_tables_too(lake):
    one = commit(lake, "one")
    commit(lake, "two")
    commit(lake, "three", keep=one)
    for number in range(3):
        home = lake.tables.attempt(ASSET)
        moved = lake.tables.adopt(REPAIRS, [file(home / f"repairs_{number}")])
        lake.tables.commit(REPAIRS, Commit(f"side{number}", SCHEMA, moved))
    wanted = needed(lake) | needed(lake, REPAIRS)
    assert len(wanted) == 6

    found = sweep(lake)

    assert {one.what for one in found} == {"empty folder"}
    assert there(lake.root) == wanted
    assert lake.tables.at(ASSET, 2).rows == 6


def test_an_attempt_whose_name_tells_nobody_goes_when_it_is_old(lake):
    commit(lake, "one")
    folder = lake.tables.folder(ASSET) / "w-0123456789ab"
    file(folder)
    assert "nobody knows" in swept(lake)[folder.name]
    age(folder)
    assert swept(lake) == {folder.name: ""}
    assert not folder.exists()


def test_what_backbone_did_not_put_there_stays(lake):
    commit(lake, "one")
    folder = lake.tables.folder(ASSET)
    others = [folder / "part-0.parquet", folder / "w-mine" / "a", folder / "notes/a.txt"]
    elsewhere = lake.root / "moved"
    elsewhere.mkdir()
    (elsewhere / "a").write_text("x")
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    link = folder / f"w-{label(DEAD)}"
    link.symlink_to(elsewhere)
    inside = attempt_of(lake, DEAD, 1)
    (inside / "link").symlink_to(elsewhere)
    age(folder)

    sweep(lake)

    assert all(path.exists() for path in others)
    assert (link / "a").exists()
    assert [path.name for path in inside.iterdir()] == ["link"]


def test_a_log_that_was_cleaned_up_still_names_all_that_can_be_read(lake):
    version = None
    for number in range(25):
        version = commit(lake, f"v{number}", keep=version if number % 3 else None)
    log = lake.tables.folder(ASSET) / "_delta_log"
    for number in range(10):
        (log / f"{number:020d}.json").unlink()
    folder = lake.tables.folder(ASSET)
    readable = {
        Path(uri)
        for number in range(9, 25)
        for uri in DeltaTable(folder, version=number).file_uris()
    }
    attempt_of(lake, DEAD)

    found = sweep(lake)

    assert readable <= there(lake.root)
    assert not any(one.kept for one in found)
    assert not [one for one in found if readable.intersection(one.files)]


@pytest.mark.parametrize("damage", ["gap", "torn", "empty"])
def test_where_the_log_is_damaged_nothing_is_touched(lake, damage):
    for number in range(4):
        commit(lake, f"v{number}")
    attempt_of(lake, DEAD)
    entry = lake.tables.folder(ASSET) / "_delta_log" / f"{2:020d}.json"
    before = there(lake.root)
    if damage == "gap":
        entry.unlink()
    else:
        entry.write_text(entry.read_text()[:-40] if damage == "torn" else "")

    (found,) = sweep(lake)

    assert found.failed
    assert "log" in found.kept
    assert there(lake.root) == before


def test_what_the_dead_had_started_may_finish_writing_first(lake):
    commit(lake, "one")
    folder = attempt_of(lake, DEAD)

    def linger() -> None:
        for number in range(4):
            time.sleep(0.2)
            file(folder, f"main/_temporary/late_{number}.parquet")

    file(folder, "main/late.parquet")
    thread = threading.Thread(target=linger)
    thread.start()
    found = swept(lake)
    thread.join()

    assert found == {folder.name: ""}
    assert not folder.exists()


def test_an_asset_that_is_being_written_is_left_for_the_next_time(lake):
    commit(lake, "one")
    folder = attempt_of(lake, DEAD)
    with lake.locks.hold(ASSET, run="r1", timeout_s=0):
        found = swept(lake)
    assert "is being written by run r1" in found[ASSET.table]
    assert folder.exists()


def test_only_what_was_selected_is_swept(lake):
    commit(lake, "one")
    folder = attempt_of(lake, DEAD)
    spill = lake.root / "spill" / label(DEAD)
    file(spill)
    age(spill)
    assert swept(lake, only=[DEMAND]) == {}
    assert swept(lake, only=[ASSET]) == {folder.name: ""}
    assert swept(lake) == {spill.name: ""}


# -- the rest of the lake ---------------------------------------------------------------


def test_entries_and_records_that_were_being_written_go_when_they_are_old(lake):
    commit(lake, "one")
    lake.runs.begin("r1", {})
    left = [
        lake.tables.folder(ASSET) / "_delta_log" / f"{1:020d}.json#1",
        lake.runs.root / ".r2.begun.json.0123abcd",
    ]
    for path in left:
        path.write_text("{")
    assert all("it changed" in kept for kept in swept(lake).values())
    for path in left:
        age(path)
    assert swept(lake) == {path.name: "" for path in left}
    assert lake.tables.head(ASSET).identity == "one"
    assert [run for run, _, _ in lake.runs] == ["r1"]


def test_artifacts_stay_as_long_as_a_version_names_them(lake):
    for identity in ("one", "two"):
        lake.artifacts.put(DEMAND, identity, {"report.html": b"<p>"})
        home = lake.tables.attempt(DEMAND)
        lake.tables.commit(DEMAND, Commit(identity, SCHEMA, (file(home),)))
    lake.artifacts.put(DEMAND, "lost", {"report.html": b"<p>", "card.json": b"{}"})
    root = lake.artifacts.folder(DEMAND, "lost").parent
    partial = root / f".three.{label(DEAD)}"
    (partial / "a").mkdir(parents=True)
    age(partial, 10)

    assert "it changed" in swept(lake)["lost"]
    assert not partial.exists()
    age(root)
    lake.artifacts.put(DEMAND, "lost", {"report.html": b"<p>"})
    assert "it changed" in swept(lake)["lost"], "it has just been asked for again"
    age(root)
    assert swept(lake) == {"lost": ""}
    assert sorted(path.name for path in root.iterdir()) == ["one", "two"]


def test_folders_of_engines_go_with_their_process(lake):
    mine = [lake.spill(), lake.scratch()]
    dead = [lake.root / kind / label(DEAD) for kind in ("spill", "scratch")]
    idle = lake.root / "scratch" / label(ELSEWHERE)
    old = lake.root / "spill" / "duckdb_temp_storage-0.tmp"
    for folder in (*mine, *dead, idle):
        file(folder)
        age(folder)
    old.write_text("x")
    age(old)
    show_life(lake, label(ELSEWHERE), 10)

    found = swept(lake)

    assert [path.exists() for path in (*mine, idle)] == [True] * 3
    assert [path.exists() for path in (*dead, old)] == [False] * 3
    assert {name for name, kept in found.items() if not kept} == {dead[0].name, old.name}


# -- whatever the order -----------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(
        ["append", "overwrite", "bring back", "dead", "living", "elsewhere", "stray",
         "fail", "sweep"]
    ),
    max_size=14,
)  # fmt: skip


class History:
    """A lake to which anything may happen; it remembers what must be there."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.other = Lake(lake.root)
        self.count = 0
        self.protected: set[Path] = set()

    def append(self) -> None:
        commit(self.lake, f"v{self.count}", keep=self.lake.tables.head(ASSET))

    def overwrite(self) -> None:
        commit(self.lake, f"v{self.count}")

    def bring_back(self) -> None:
        head = self.lake.tables.head(ASSET)
        old = self.lake.tables.at(ASSET, head.number // 2) if head else None
        commit(self.lake, f"v{self.count}", keep=old)

    def dead(self) -> None:
        attempt_of(self.lake, DEAD, self.count)

    def living(self) -> None:
        self.protected.add(file(self.other.tables.attempt(ASSET)).path)

    def elsewhere(self) -> None:
        folder = attempt_of(self.lake, ELSEWHERE, self.count)
        show_life(self.lake, label(ELSEWHERE, self.count), 10)
        self.protected |= set(folder.glob("*/*"))

    def stray(self) -> None:
        if self.lake.tables.exists(ASSET):
            home = min(needed(self.lake)).parent
            file(home, f"stray_{self.count}.parquet")

    def fail(self) -> None:
        file(self.lake.tables.attempt(ASSET))

    def sweep(self) -> None:
        wanted = needed(self.lake) if self.lake.tables.exists(ASSET) else set()
        sweep(self.lake)
        assert there(self.lake.root) == wanted | self.protected

    def happen(self, step: str) -> None:
        self.count += 1
        act: Callable[[], None] = getattr(self, step.replace(" ", "_"))
        act()


@given(steps=STEPS)
@settings(deadline=None, max_examples=25)
def test_whatever_happened_every_file_of_every_version_is_there(steps):
    with tempfile.TemporaryDirectory() as folder, closing(Lake(Path(folder))) as lake:
        history = History(lake)
        for step in (*steps, "sweep"):
            history.happen(step)
        history.other.close()
