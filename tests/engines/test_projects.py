"""Whole projects: the same tables whichever engine makes them, and whichever goes on."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.commands import call, hashes, listed, versions
from tests.engines.running import SPARK
from tests.projects import add_month, shop_project, small_project


@pytest.fixture(
    params=[
        pytest.param("sail", marks=pytest.mark.sail),
        pytest.param("spark", marks=pytest.mark.spark),
    ]
)
def settings(request):
    """How a project declares another engine than DuckDB."""
    if request.param == "sail":
        return {"kind": "spark", "master": request.getfixturevalue("sail_address")}
    request.getfixturevalue("spark_engine")  # is shared, as long as it is there
    return SPARK


def declare(folder, settings):
    """Let a project be computed by another engine from now on."""
    path = folder / "backbone.yml"
    lines = [one for one in path.read_text().splitlines() if "engine:" not in one]
    path.write_text("\n".join([*lines, f"engine: {json.dumps(settings)}", ""]))
    return folder


def statuses(folder):
    return {asset: row["status"] for asset, row in listed(folder, "--all").items()}


def test_another_engine_makes_the_same_tables(settings, tmp_path):
    one = shop_project(tmp_path / "one")
    call(one, "run")
    other = declare(shop_project(tmp_path / "other"), settings)
    call(other, "run")

    assert hashes(other) == hashes(one)
    assert statuses(other) == statuses(one)
    before = versions(other)
    call(other, "run")
    assert versions(other) == before, "nothing has changed, so nothing is made"


@pytest.mark.sail
def test_engines_take_turns_on_one_project(sail_address, tmp_path):
    expected = small_project(tmp_path / "expected")
    folder = shutil.copytree(expected, tmp_path / "turns")
    duckdb, sail = {"kind": "duckdb"}, {"kind": "spark", "master": sail_address}

    call(folder, "run", "zone:formatted")
    call(declare(folder, sail), "run", "trusted.readings", "trusted.devices")
    call(declare(folder, duckdb), "run")
    for month, settings in ((7, sail), (8, duckdb), (9, sail)):
        add_month(folder, month)
        add_month(expected, month)
        call(declare(folder, settings), "run")

    call(expected, "run")
    assert hashes(folder) == hashes(expected)
