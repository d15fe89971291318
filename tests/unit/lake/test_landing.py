"""Deliveries: whole or absent, named by content, stored once however often they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backbone.errors import CorruptLake, DeliveryRefused, LakeError
from backbone.lake.landing import Landing

T0 = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "landing")


def deliver(landing, contents, *, at=0, dataset="flights", commit=None):
    received = T0 + timedelta(seconds=at)
    with landing.receive("src", dataset, received=received) as incoming:
        for name, content in contents.items():
            incoming.add(name, [content], media_type="text/csv", origin=f"inbox/{name}")
        return incoming.commit(**(commit or {}))


def files_below(folder):
    return sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    )


def test_bytes_land_under_their_own_name_with_a_reference(landing):
    received = deliver(landing, {"a.csv": b"x,y\n1,2\n"}, commit={"cursor": "7"})
    delivery = received.delivery
    assert received.status == "new"
    assert (delivery.cursor, delivery.name, delivery.size) == ("7", "a.csv", 8)
    folder = f"src/flights/20240101T000000000000Z_{delivery.id[:8]}"
    assert files_below(landing.root) == [f"{folder}/_reference.json", f"{folder}/a.csv"]
    with landing.open(delivery.objects[0]) as stream:
        assert stream.read() == b"x,y\n1,2\n"
    reference = json.loads((landing.root / folder / "_reference.json").read_text())
    assert reference["id"] == delivery.id
    assert reference["objects"][0]["path"] == f"{folder}/a.csv"


def test_another_process_reads_what_this_one_wrote(landing):
    first = deliver(
        landing,
        {"a.csv": b"1", "sub/b.csv": b"2"},
        commit={"cursor": "c", "origin": "o", "state": "s", "problems": ("p",)},
    ).delivery
    deliver(landing, {"z.csv": b"3"}, at=1)
    again = deliver(landing, {"a.csv": b"1", "sub/b.csv": b"2"}, at=2).delivery
    assert Landing(landing.root).deliveries("src", "flights")[-1] == again
    assert again.objects == first.objects
    assert [r.received for r in again.receipts] == [T0, T0 + timedelta(seconds=2)]
    assert again.receipts[0].state == "s"
    assert again.problems == ("p",)


def test_the_id_comes_from_names_and_content_not_from_clock_or_order(landing, tmp_path):
    one = deliver(landing, {"a": b"1", "b": b"2"}).delivery
    two = deliver(Landing(tmp_path / "other"), {"b": b"2", "a": b"1"}, at=99).delivery
    assert one.id == two.id
    assert len(one.id) == 16
    others = [{"a": b"2", "b": b"1"}, {"a": b"1"}, {"a": b"1", "c": b"2"}]
    ids = {
        deliver(landing, other, at=n + 1).delivery.id for n, other in enumerate(others)
    }
    ids.add(deliver(landing, {"a": b"1", "b": b"2"}, dataset="other").delivery.id)
    assert len(ids | {one.id}) == 5


def test_the_same_content_is_stored_once_and_received_again(landing):
    deliver(landing, {"a.csv": b"1"})
    deliver(landing, {"b.csv": b"2"}, at=1)
    before = files_below(landing.root)
    again = deliver(landing, {"a.csv": b"1"}, at=2)
    assert again.status == "again"
    [receipt] = set(files_below(landing.root)) - set(before)
    assert receipt.endswith("/_receipt_20240101T000002000000Z.json")
    assert [d.name for d in landing.deliveries("src", "flights")] == ["b.csv", "a.csv"]


def test_the_newest_delivery_once_more_changes_nothing(landing):
    deliver(landing, {"a.csv": b"1"}, commit={"state": "s"})
    before = files_below(landing.root)
    assert deliver(landing, {"a.csv": b"1"}, at=5).status == "unchanged"
    same = deliver(landing, {"a.csv": b"1"}, at=6, commit={"state": "s"})
    assert same.status == "unchanged"
    assert files_below(landing.root) == before
    touched = deliver(landing, {"a.csv": b"1"}, at=7, commit={"state": "other"})
    assert touched.status == "again"


def test_two_receipts_of_one_instant_are_both_kept(landing):
    deliver(landing, {"a.csv": b"1"}, commit={"state": "1"})
    for state in "234":
        deliver(landing, {"a.csv": b"1"}, at=1, commit={"state": state})
    [delivery] = Landing(landing.root).deliveries("src", "flights")
    assert {r.state for r in delivery.receipts} == set("1234")


def test_deliveries_come_by_last_receipt_then_name(landing):
    for name in ("c", "a", "b"):
        deliver(landing, {name: name.encode()})
    deliver(landing, {"early": b"x"}, at=-1)
    names = [d.name for d in landing.deliveries("src", "flights")]
    assert names == ["early", "a", "b", "c"]


def test_times_of_other_zones_are_the_same_instant(landing):
    zone = timezone(timedelta(hours=2))
    with landing.receive("s", "d", received=datetime(2024, 1, 1, 2, tzinfo=zone)) as inc:
        inc.add("a", [b"1"], media_type="x", origin="o")
        delivery = inc.commit().delivery
    assert "20240101T000000" in delivery.objects[0].path
    assert Landing(landing.root).deliveries("s", "d")[0].received == T0
    with pytest.raises(LakeError, match="time zone"):
        landing.receive("s", "d", received=datetime(2024, 1, 1))


def test_leaving_without_commit_leaves_nothing(landing):
    with landing.receive("src", "flights", received=T0) as incoming:
        incoming.add("a.csv", [b"1"], media_type="text/csv", origin="o")
    with suppress(RuntimeError), landing.receive("src", "x", received=T0) as incoming:
        incoming.add("a.csv", [b"1"], media_type="text/csv", origin="o")
        raise RuntimeError("stop")
    assert files_below(landing.root) == []
    assert landing.deliveries("src", "flights") == ()
    with pytest.raises(LakeError, match="closed"):
        incoming.commit()


def test_a_delivery_without_objects_cannot_be_committed(landing):
    with (
        landing.receive("src", "flights", received=T0) as incoming,
        pytest.raises(LakeError, match="no object"),
    ):
        incoming.commit()


def test_an_object_whose_source_breaks_off_is_dropped_and_the_others_stay(landing):
    def broken():
        yield b"half"
        raise OSError("gone")

    with landing.receive("src", "flights", received=T0) as incoming:
        incoming.add("good", [b"1"], media_type="x", origin="o")
        with pytest.raises(OSError, match="gone"):
            incoming.add("bad", broken(), media_type="x", origin="o")
        delivery = incoming.commit().delivery
    assert [o.name for o in delivery.objects] == ["good"]
    assert not [name for name in files_below(landing.root) if name.endswith("bad")]


def test_content_may_be_chunks_a_stream_or_a_path(landing, tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"abc" * 1_000_000)
    with landing.receive("s", "d", received=T0) as incoming, file.open("rb") as stream:
        a = incoming.add("a", file, media_type="x", origin="o")
        b = incoming.add("b", stream, media_type="x", origin="o")
        c = incoming.add(
            "c", (b"abc" * 1000 for _ in range(1000)), media_type="x", origin=""
        )
        assert landing.open(a).close() is None
        with landing.open(c) as landed:
            assert landed.read(4) == b"abca"
        incoming.commit()
    assert a.sha256 == b.sha256 == c.sha256
    assert a.size == 3_000_000


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "a/../../x",
        "/etc/passwd",
        "..\\x",
        "C:\\x",
        "C:/x",
        "a\0b",
        "",
        " ",
        "..",
    ],
)
def test_names_that_leave_the_delivery_are_refused(landing, name):
    with landing.receive("s", "d", received=T0) as incoming:
        incoming.add("good", [b"1"], media_type="x", origin="o")
        with pytest.raises(DeliveryRefused, match="cannot be called"):
            incoming.add(name, [b"2"], media_type="x", origin="o")
        incoming.commit()
    written = files_below(landing.root.parent)
    assert len([name for name in written if not name.startswith("leases/")]) == 2


ODD = [
    "_reference.json", "_receipt_1.json", "CON", "aux.csv", "a\\b.csv", "new\nline.csv",
    "what?.csv", "x" * 300 + ".csv", "a//b", "./a", "dot.", "Grüße/ñ.csv",
    "caf\udce9.csv", "_other.csv", "é" * 150, "a/" * 300 + "b",
]  # fmt: skip


def test_odd_names_are_kept_in_the_reference_and_stored_safely(landing):
    contents = {name: str(n).encode() for n, name in enumerate(ODD)}
    delivery = deliver(landing, contents).delivery
    names = [n.replace("\udce9", "\\udce9") for n in ODD]
    assert [o.name for o in delivery.objects] == names
    assert Landing(landing.root).deliveries("src", "flights") == (delivery,)
    landing.verify(delivery)
    for obj in delivery.objects:
        assert all(len(part.encode()) <= 255 for part in obj.path.split("/"))
        assert obj.path.isprintable()
        assert obj.path.split("/")[3] not in {"_reference.json", "_receipt_1.json", "CON"}
    assert any(obj.path.endswith("/Grüße/ñ.csv") for obj in delivery.objects)


def test_a_name_that_is_also_a_folder_finds_a_place(landing):
    delivery = deliver(landing, {"a": b"1", "a/b": b"2", "c/d": b"3", "c": b"4"}).delivery
    assert [o.name for o in delivery.objects] == ["a", "a/b", "c/d", "c"]
    landing.verify(delivery)


def test_a_name_that_came_before_is_refused(landing):
    with landing.receive("s", "d", received=T0) as incoming:
        incoming.add("a", [b"1"], media_type="x", origin="o")
        with pytest.raises(DeliveryRefused, match="two objects"):
            incoming.add("a", [b"2"], media_type="x", origin="o")
        assert incoming.commit().delivery.size == 1


@pytest.mark.parametrize("name", ["..", "_incoming", "a/b", "", ".hidden"])
def test_sources_and_datasets_must_be_names_of_folders(landing, name):
    with pytest.raises(LakeError, match="cannot name a folder"):
        landing.receive(name, "d", received=T0)
    with pytest.raises(LakeError, match="cannot name a folder"):
        landing.deliveries("s", name)


def test_verify_finds_changed_and_missing_bytes(landing):
    delivery = deliver(landing, {"a.csv": b"12345"}).delivery
    landing.verify(delivery)
    path = landing.path(delivery.objects[0])
    path.write_bytes(b"12346")
    with pytest.raises(CorruptLake, match=r"`a\.csv` is not what was received"):
        landing.verify(delivery)
    path.unlink()
    with pytest.raises(CorruptLake, match="cannot be read"):
        landing.verify(delivery)


def test_verify_finds_a_changed_reference(landing):
    delivery = deliver(landing, {"a.csv": b"1"}).delivery
    reference = landing.path(delivery.objects[0]).with_name("_reference.json")
    text = reference.read_text().replace(delivery.objects[0].sha256, "0" * 64)
    reference.write_text(text)
    [changed] = Landing(landing.root).deliveries("src", "flights")
    with pytest.raises(CorruptLake):
        landing.verify(changed)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "x"}'])
def test_a_damaged_reference_is_named(landing, content):
    delivery = deliver(landing, {"a.csv": b"1"}).delivery
    landing.path(delivery.objects[0]).with_name("_reference.json").write_bytes(content)
    with pytest.raises(CorruptLake, match=r"_reference\.json.*cannot be read"):
        Landing(landing.root).deliveries("src", "flights")


def test_a_reference_cannot_lead_out_of_the_landing_folder(landing):
    delivery = deliver(landing, {"a.csv": b"1"}).delivery
    for path in ("../../x", "/etc/passwd"):
        obj = type(delivery.objects[0])("a", path, 1, "", "x", "o")
        with pytest.raises(CorruptLake, match="outside"):
            landing.open(obj)


def test_what_another_process_adds_is_seen(landing):
    other = Landing(landing.root)
    deliver(landing, {"a.csv": b"1"})
    assert len(other.deliveries("src", "flights")) == 1
    deliver(other, {"b.csv": b"2"}, at=1)
    deliver(other, {"a.csv": b"1"}, at=2)
    seen = landing.deliveries("src", "flights")
    assert [(d.name, len(d.receipts)) for d in seen] == [("b.csv", 1), ("a.csv", 2)]


def test_a_delivery_that_two_processes_shelved_at_once_is_one(landing, tmp_path):
    other = Landing(tmp_path / "other")
    deliver(landing, {"a.csv": b"1"})
    twin = deliver(other, {"a.csv": b"1"}, at=1).delivery
    folder = landing.path(twin.objects[0]).parent
    other.path(twin.objects[0]).parent.rename(folder)
    [delivery] = landing.deliveries("src", "flights")
    assert len(delivery.receipts) == 2
    assert deliver(landing, {"a.csv": b"1"}, at=2).status != "new"


def test_threads_receive_at_once(landing):
    def work(number):
        for n in range(20):
            deliver(landing, {f"{number}-{n}.csv": f"{number} {n}".encode()}, at=n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(landing.deliveries("src", "flights")) == 80
    assert Landing(landing.root).deliveries("src", "flights") == landing.deliveries(
        "src", "flights"
    )


def test_datasets_lists_what_was_received(landing):
    assert landing.datasets() == ()
    deliver(landing, {"a": b"1"}, dataset="b")
    deliver(landing, {"a": b"1"}, dataset="a")
    assert landing.datasets() == (("src", "a"), ("src", "b"))


def test_sweep_takes_what_the_dead_left_and_leaves_the_living(landing):
    script = (
        "import os, sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from backbone.lake.landing import Landing\n"
        "inc = Landing(Path(sys.argv[1])).receive('s', 'd', received=datetime.now(UTC))\n"
        "inc.add('a', [b'1'], media_type='x', origin='o'); os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(landing.root)], check=True)
    with landing.receive("s", "d", received=T0) as incoming:
        incoming.add("a", [b"1"], media_type="x", origin="o")
        assert len(list((landing.root / "_incoming").iterdir())) == 2
        assert landing.sweep() == 1
        assert incoming.commit().status == "new"
    assert landing.sweep() == 0


def test_sweep_leaves_what_it_cannot_judge_until_it_is_old(landing):
    with landing.receive("s", "d", received=T0) as incoming:
        incoming.add("a", [b"1"], media_type="x", origin="o")
        [mine] = [path.name for path in (landing.root / "_incoming").iterdir()]
    host, pid, started, last = mine.split("-")
    names = {
        "reused pid": f"{host}-{pid}-{int(started) - 1000}-{last}",
        "elsewhere": f"{'0' * 8}-{pid}-{started}-{last}",
        "no attempt": "something",
    }
    for name in names.values():
        (landing.root / "_incoming" / name / "delivery").mkdir(parents=True)
    assert landing.sweep(older_than_s=60) == 1
    assert not (landing.root / "_incoming" / names["reused pid"]).exists()
    old = time.time() - 100
    for name in ("elsewhere", "no attempt"):
        os.utime(landing.root / "_incoming" / names[name], (old, old))
    assert landing.sweep(older_than_s=60) == 0, "something in them is young"
    for name in ("elsewhere", "no attempt"):
        os.utime(landing.root / "_incoming" / names[name] / "delivery", (old, old))
    assert landing.sweep(older_than_s=60) == 2


FULL_DISK = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from backbone.errors import LakeError
from backbone.lake.landing import Landing

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
now = datetime.now(UTC)
try:
    with Landing(Path(sys.argv[1])).receive("s", "d", received=now) as incoming:
        incoming.add("a", [b"x" * 300_000], media_type="x", origin="o")
        incoming.commit()
except LakeError as error:
    print(error)
"""


def test_a_disk_that_is_full_is_said_and_nothing_stays(landing):
    landing.root.mkdir()
    run = [sys.executable, "-c", FULL_DISK, str(landing.root)]
    done = subprocess.run(run, check=True, capture_output=True, text=True)
    assert "the lake could not be written: File too large" in done.stdout
    assert files_below(landing.root) == []
