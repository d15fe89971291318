from __future__ import annotations

import pytest

from backbone.errors import LakeError
from backbone.lake.artifacts import Artifacts
from backbone.lake.disk import write_whole
from backbone.lake.runs import RunRecords
from backbone.model.names import AssetName

ASSET = AssetName("analysis", "demand")


def test_artifacts_appear_together_and_do_not_change(tmp_path):
    store = Artifacts(tmp_path)
    store.put(ASSET, "id1", {"report.html": b"<p>1", "card.json": b"{}"})
    store.put(ASSET, "id1", {"report.html": b"<p>2"})

    assert store.path(ASSET, "id1", "report.html").read_bytes() == b"<p>1"
    assert store.path(ASSET, "id1", "card.json").read_bytes() == b"{}"
    assert [p.name for p in (tmp_path / "analysis" / "demand").iterdir()] == ["id1"]


def test_a_missing_artifact_is_named(tmp_path):
    with pytest.raises(LakeError, match=r"analysis\.demand has no `model\.skops`"):
        Artifacts(tmp_path).path(ASSET, "id1", "model.skops")


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "a" / "b.json"
    write_whole(path, b"1")
    write_whole(path, b"22")
    assert path.read_bytes() == b"22"
    assert list(path.parent.iterdir()) == [path]


def test_runs_are_listed_newest_first_with_what_became_of_them(tmp_path):
    records = RunRecords(tmp_path)
    records.begin("2020_a", {"pins": {}})
    records.end("2020_a", {"status": "done"})
    records.begin("2021_b", {"pins": {"x": ["1"]}})

    assert list(records) == [
        ("2021_b", {"pins": {"x": ["1"]}}, None),
        ("2020_a", {"pins": {}}, {"status": "done"}),
    ]
