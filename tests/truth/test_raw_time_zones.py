"""Local times against Python's zoneinfo: both hours, or none, when clocks move."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.raw import Recipe
from backbone.model.raw import RawColumn
from backbone.model.types import TIMESTAMP

ZONES = [
    "Africa/Cairo",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Belgrade",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
]
CHOICES = ("first", "second", "reject")


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


def instants(wall, zone):
    """The instants at which the clocks of a zone show `wall`, in order."""
    found = set()
    for fold in (0, 1):
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            found.add(instant)
    return sorted(found)


def meant(wall, zone, ambiguous):
    found = instants(wall, zone)
    if len(found) < 2:
        return found[0] if found else None
    return {"first": found[0], "second": found[1], "reject": None}[ambiguous]


def near_shifts(name):
    """Wall times around the shifts of a zone's clocks, an hour apart at most."""
    zone, found = ZoneInfo(name), []
    day = dt.datetime(1980, 1, 2, tzinfo=dt.UTC)
    while day.year < 2020:
        after = day + dt.timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            start = day.astimezone(zone).replace(tzinfo=None)
            found += [start + dt.timedelta(minutes=15 * n) for n in range(-8, 110)]
        day = after
    return found


def read(connection, walls, name, ambiguous):
    column = RawColumn("x", TIMESTAMP, ("x",), timezone=name, ambiguous=ambiguous)
    connection.execute(
        """create or replace temp table raw_text as
        select unnest(?::varchar[]) as "raw:0", 'd' as _delivery, 'o' as _object,
            generate_subscripts(?::varchar[], 1) as _record, _record as "raw:row" """,
        [[str(wall) for wall in walls]] * 2,
    )
    found = connection.execute(
        f"select epoch_us(x) from ({Recipe((column,), {}).values().sql()}) order by _record"
    ).fetchall()
    bad = connection.execute(Recipe((column,), {}).bad_cells(["x"]).sql()).fetchall()
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    times = [
        None if us is None else epoch + dt.timedelta(microseconds=us) for (us,) in found
    ]
    return times, bad


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("ambiguous", CHOICES)
def test_around_every_shift_of_forty_years(connection, name, ambiguous):
    walls = near_shifts(name) or [dt.datetime(2013, 1, 1)]
    zone = ZoneInfo(name)
    expected = [meant(wall, zone, ambiguous) for wall in walls]
    found, bad = read(connection, walls, name, ambiguous)
    assert found == expected
    reasons = {row - 1: reason for row, _, reason in bad}
    for place, wall in enumerate(walls):
        if expected[place] is None:
            word = "stands twice on" if instants(wall, zone) else "skipped by"
            assert reasons[place].startswith(word)
        else:
            assert place not in reasons


@given(
    st.sampled_from(ZONES),
    st.sampled_from(CHOICES),
    st.lists(
        st.datetimes(dt.datetime(1980, 1, 2), dt.datetime(2020, 1, 1)),
        min_size=1,
        max_size=20,
    ),
)
@settings(max_examples=30, deadline=None)
def test_any_time(connection, name, ambiguous, walls):
    expected = [meant(wall, ZoneInfo(name), ambiguous) for wall in walls]
    assert read(connection, walls, name, ambiguous)[0] == expected
