"""Hundreds of references are read as one index, which tells what they tell."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backbone.lake import shelf as shelves
from backbone.lake import shelfindex
from backbone.lake.landing import Landing
from backbone.model.deliveries import Removal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 40


def receive(landing, number, *, at=NOW):
    with landing.receive("s", "d", received=at) as incoming:
        incoming.add(
            f"f{number}.csv", [f"a\n{number}\n".encode()], media_type="text/csv",
            origin=f"inbox/f{number}.csv", fields={"device": f"L{number}"},
        )  # fmt: skip
        return incoming.commit(state=str(number)).delivery


def settle(root):
    """Let all folders be as old as they are after a few seconds."""
    for folder in (root / "s/d").iterdir():
        os.utime(folder, (1, 1))


@pytest.fixture(scope="module", autouse=True)
def _few():
    """Let forty be many, so that the tests need no hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelfindex, "_FEW", MANY // 2)
        yield


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    root = tmp_path_factory.mktemp("indexed") / "landing"
    landing = Landing(root)
    for number in range(MANY):
        receive(landing, number, at=NOW + timedelta(minutes=number))
    settle(root)
    Landing(root).deliveries("s", "d")
    assert (root / "_index/s/d.json").is_file()
    return root


@pytest.fixture
def root(indexed, tmp_path):
    return shutil.copytree(indexed, tmp_path / "landing")


@pytest.fixture
def read(monkeypatch):
    """The folders of the references that are read."""
    found = []
    real = shelves.read_delivery

    def reading(folder):
        found.append(folder.name)
        return real(folder)

    monkeypatch.setattr(shelves, "read_delivery", reading)
    return found


def without_index(root):
    shutil.rmtree(root / "_index")
    return Landing(root).deliveries("s", "d")


def test_the_index_tells_what_the_references_tell(root, read):
    found = Landing(root).deliveries("s", "d")
    assert read == []
    assert found == without_index(root)
    assert len(read) == MANY
    assert Landing(root).datasets() == (("s", "d"),)


def test_what_changed_is_read_from_its_reference(root, read):
    landing = Landing(root)
    first, second, *_ = landing.deliveries("s", "d")
    receive(landing, 0, at=NOW + timedelta(days=1))
    landing.remove(second, Removal(NOW, "because"))
    new = receive(landing, MANY, at=NOW + timedelta(days=2))
    read.clear()
    found = {one.id: one for one in Landing(root).deliveries("s", "d")}
    assert len(read) == 3
    assert len(found[first.id].receipts) == 2
    assert found[second.id].removed == Removal(NOW, "because")
    assert new.id in found
    settle(root)
    Landing(root).deliveries("s", "d")
    assert set(without_index(root)) == set(found.values())


@pytest.mark.parametrize("text", ["", "{", '{"index": 2, "deliveries": []}', "[1]",
                                  '{"index": 1, "deliveries": [["x"]]}'])  # fmt: skip
def test_an_index_that_cannot_be_read_is_none(root, read, text):
    (root / "_index/s/d.json").write_text(text)
    assert len(Landing(root).deliveries("s", "d")) == MANY
    assert len(read) == MANY
    read.clear()
    assert len(Landing(root).deliveries("s", "d")) == MANY
    assert read == [], "it was written anew"


def test_a_copy_of_the_lake_reads_its_references(indexed, tmp_path, read):
    shutil.copytree(indexed, tmp_path / "landing", copy_function=shutil.copyfile)
    for folder in (tmp_path / "landing/s/d").iterdir():
        os.utime(folder)
    assert len(Landing(tmp_path / "landing").deliveries("s", "d")) == MANY
    assert len(read) == MANY


def test_a_delivery_that_is_gone_is_not_told(root):
    shutil.rmtree(min((root / "s/d").iterdir()))
    assert len(Landing(root).deliveries("s", "d")) == MANY - 1


def test_few_deliveries_have_no_index(tmp_path):
    landing = Landing(tmp_path / "landing")
    receive(landing, 1)
    settle(tmp_path / "landing")
    Landing(tmp_path / "landing").deliveries("s", "d")
    assert not (tmp_path / "landing/_index").exists()


def test_an_index_is_plain_json(root):
    content = json.loads((root / "_index/s/d.json").read_text())
    assert len(content["deliveries"]) == MANY


def test_an_index_that_the_disk_does_not_take_leaves_nothing(root, read, monkeypatch):
    def full(path, text, **_):
        path.write_bytes(text.encode()[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    index = root / "_index/s/d.json"
    index.unlink()
    index.with_name(".d.json.4711").write_text("of a process that was killed")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        assert len(Landing(root).deliveries("s", "d")) == MANY
    assert list(index.parent.iterdir()) == []

    assert len(Landing(root).deliveries("s", "d")) == MANY
    assert list(index.parent.iterdir()) == [index]
    assert len(read) == 2 * MANY
