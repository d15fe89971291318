"""The flights project on Spark: the same tables as on DuckDB, from nothing and half-way."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from tests.commands import BACKBONE, backbone, hashes, versions
from tests.e2e.same import same_data

pytestmark = [
    pytest.mark.example,
    pytest.mark.slow,
    pytest.mark.spark,
    pytest.mark.xdist_group("spark"),
]


def test_the_demo_on_spark_has_the_tables_that_it_has_on_duckdb(finished, tmp_path):
    folder = tmp_path / "demo"
    done = subprocess.run(
        [str(BACKBONE), "demo", str(folder), "--engine", "spark"],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert same_data(finished, folder)
    before = versions(folder)
    backbone(folder, "run", "zone:exploitation", "--engine", "spark")
    assert versions(folder) == before


def test_a_project_goes_on_with_another_engine_and_back(finished, tmp_path):
    folder = tmp_path / "half"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns(".backbone"))
    backbone(folder, "run", "zone:formatted")
    before = {a: version for a, version in versions(folder).items() if version}
    backbone(folder, "run", "zone:trusted", "--engine", "spark")
    backbone(folder, "run", "zone:exploitation")
    after = versions(folder)
    assert {asset: after[asset] for asset in before} == before
    mine, theirs = hashes(folder), hashes(finished)
    data = {a for a in theirs if a.partition(".")[0] != "analysis"}
    assert {a: mine[a] for a in data} == {a: theirs[a] for a in data}
    backbone(folder, "run", "zone:exploitation", "--engine", "spark")
    assert versions(folder) == after
