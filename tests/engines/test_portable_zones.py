"""Clocks of time zones on DuckDB and on Spark, around every change of 1970 to 2037."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backbone.engines.protocol import Scan
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING, TIMESTAMP
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

TABLE = AssetName("trusted", "t")
SCHEMA = Schema.of(id=INTEGER, zone=STRING, at=TIMESTAMP)
ASKED = """select id, epoch_us(to_local(at, zone)) as shown,
           epoch_us(to_utc(to_local(at, zone), zone)) as back from trusted.t"""
TRICKY = [
    "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Tehran", "Australia/Lord_Howe",
    "Europe/Belgrade", "Europe/Dublin", "Pacific/Apia", "Africa/Casablanca", "America/Vancouver",
]  # fmt: skip
# each engine brings the rules of its own release, and these were changed by law of late
CHANGED = {
    "Africa/Casablanca", "Africa/El_Aaiun", "America/Bogota", "America/Edmonton", "America/Inuvik",
    "America/Vancouver", "America/Yellowknife", "Asia/Tehran", "Canada/Mountain", "Canada/Pacific",
    "Europe/Chisinau", "Europe/Tiraspol", "Iran",
}  # fmt: skip
NOT_IN_JAVA = {"America/Coyhaique", "EST", "Factory", "GMT+0", "GMT-0", "HST", "MST", "ROC", "localtime"}  # fmt: skip
STEP = dt.timedelta(days=14)


def changes(name):
    zone, at = ZoneInfo(name), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    while at.year < 2038:
        before, after = at, at + STEP
        offset = before.astimezone(zone).utcoffset()
        if after.astimezone(zone).utcoffset() != offset:
            while after - before > dt.timedelta(seconds=1):
                middle = (before + (after - before) / 2).replace(microsecond=0)
                same = middle.astimezone(zone).utcoffset() == offset
                before, after = (middle, after) if same else (before, middle)
            yield after
        at += STEP


def probes():
    names = sorted(available_timezones() - NOT_IN_JAVA)
    for name in sorted({*names[::9], *TRICKY}):
        for at in (dt.datetime(2013, 1, 15, 12, tzinfo=dt.UTC), *changes(name)):
            for seconds in (-3601, -1, 0, 1800, 5400):
                yield name, at + dt.timedelta(seconds=seconds)


@pytest.mark.spark
def test_clocks_show_the_same_on_both_engines(duckdb_engine, spark_engine, tmp_path):
    given = list(probes())
    columns = {
        "id": pa.array(range(len(given)), pa.int64()),
        "zone": [name for name, _ in given],
        "at": pa.array([at for _, at in given], pa.timestamp("us", "UTC")),
    }
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path)
    view = compile_view(parse_view(ASKED, name="v", file="v.sql"), {TABLE: SCHEMA})
    shown = []
    for engine in (duckdb_engine, spark_engine):
        with engine.session() as session:
            scan = Scan((str(path),), SCHEMA)
            found = session.fetch(view.query, {"trusted.t": scan}).sort_by("id")
        shown.append(
            list(
                zip(
                    *(found.column(n).to_pylist() for n in ("shown", "back")), strict=True
                )
            )
        )
    other = {
        name
        for (name, _), ours, theirs in zip(given, *shown, strict=True)
        if ours != theirs
    }
    assert len(given) > 10_000
    assert other <= CHANGED
