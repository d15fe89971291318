"""Sources of dlt's: records as JSON lines, incremental state as the cursor."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from backbone.errors import FunctionFailed, PluginError
from backbone.management.landing import dlt as collector
from backbone.project.sources import DltSource

SHOP = """
import datetime, decimal
import dlt

ORDERS = [
    {"id": n, "at": datetime.datetime(2024, 1, n, tzinfo=datetime.UTC),
     "price": decimal.Decimal("1.10"), "lines": [{"sku": "ü"}]}
    for n in range(1, 5)
]

@dlt.resource
def orders(until=2, at=dlt.sources.incremental("at")):
    yield [one for one in ORDERS if one["id"] <= until]

@dlt.resource
def broken():
    yield {"id": 1}
    raise ValueError("no more")

@dlt.source
def shop(until=2):
    return [orders(until), broken]
"""


def source(function="feeds:shop", datasets=None, **settings):
    return DltSource.model_validate(
        {
            "collector": "dlt",
            "function": function,
            "settings": settings,
            "datasets": datasets or {"orders": {}},
        }
    )


@pytest.fixture
def shop(collecting, monkeypatch):
    pytest.importorskip("dlt")
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "true")
    folder = collecting.project / "python"
    folder.mkdir()
    (folder / "feeds.py").write_text(SHOP)


def records(collecting, delivery):
    [content] = collecting.content(delivery).values()
    return [json.loads(line) for line in content.splitlines()]


def test_records_land_as_they_are_and_only_new_ones_come(collecting, shop):
    [first] = collecting(source())["orders"].new
    assert first.name == "orders.jsonl"
    found = records(collecting, first)
    assert [one["id"] for one in found] == [1, 2]
    assert found[0] == {
        "id": 1,
        "at": "2024-01-01T00:00:00+00:00",
        "price": "1.10",
        "lines": [{"sku": "ü"}],
    }
    assert "2024-01-02" in first.cursor
    assert collecting(source())["orders"].unchanged == 1
    [second] = collecting(source(until=4))["orders"].new
    assert [one["id"] for one in records(collecting, second)] == [3, 4]
    assert os.environ["RUNTIME__DLTHUB_TELEMETRY"] == "false"


def test_a_resource_that_fails_lands_nothing_and_the_others_do(collecting, shop):
    datasets = {"wrong": {"resource": "broken"}, "mine": {"resource": "orders"}}
    report = collecting(source(datasets=datasets))
    [error] = report.errors
    assert isinstance(error, FunctionFailed)
    assert "no more" in error.what
    assert error.where.startswith("python/feeds.py:")
    assert len(report["mine"].new) == 1
    assert collecting.deliveries("wrong") == ()


def test_a_resource_alone_and_one_that_is_not_there(collecting, shop):
    [delivery] = collecting(source("feeds:orders", until=1))["orders"].new
    assert len(records(collecting, delivery)) == 1
    [error] = collecting(source(datasets={"order": {}})).errors
    assert "has no resource `order`" in str(error)
    assert "`orders`" in str(error)


def test_without_dlt_the_way_to_install_it_is_told(collecting, monkeypatch):
    monkeypatch.setitem(sys.modules, "dlt.common.configuration.container", None)
    monkeypatch.setitem(sys.modules, "dlt", None)
    [error] = collecting(source()).errors
    assert isinstance(error, PluginError)
    assert error.command == "pip install 'backbone[dlt]'"


def test_dlt_is_not_loaded_by_its_collector_alone():
    code = (
        f"import sys, {collector.__name__}; assert 'dlt' not in sys.modules; "
        "import backbone.project"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
