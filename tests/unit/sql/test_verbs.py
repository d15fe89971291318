"""`to_utc` and `to_local` against Python's own time zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import parse_one

from backbone.engines.duckdb import DuckDBEngine
from backbone.sql.queries import Query
from backbone.sql.verbs import with_verbs

ZONES = [
    "America/New_York", "Europe/Belgrade", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
    "Pacific/Apia", "America/Sao_Paulo",
]  # fmt: skip


def written(text):
    return Query.of(with_verbs(parse_one(text, dialect="duckdb"), None)).sql()


TO_UTC, TO_LOCAL = (
    written(text)
    for text in (
        "select to_utc(at, zone) as z from given",
        "select to_local(at, zone) as z from given",
    )
)


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=1)
    con = engine.native()
    con.execute("set timezone = 'UTC'")
    yield con
    con.close()
    engine.close()


def ask(connection, sql, at, zone, kind):
    connection.execute(
        f"create or replace temp view given as select '{at}'::{kind} as at, '{zone}' as zone"
    )
    text = connection.execute(f"select cast(z as varchar) from ({sql})").fetchone()[0]
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


moments = st.datetimes(
    datetime.fromisoformat("1975-01-02"), datetime.fromisoformat("2024-01-01")
).map(lambda m: m.replace(microsecond=0))
changes = st.builds(
    lambda at, minutes: datetime.fromisoformat(at) + timedelta(minutes=minutes),
    st.sampled_from(["2013-11-03T01:00", "2013-03-10T02:00", "2013-10-27T02:00",
                     "2013-03-31T02:00", "2013-04-07T01:30", "2013-10-06T02:00",
                     "2011-12-30T10:00", "2016-02-20T23:00", "2015-10-18T00:00"]),
    st.integers(-180, 180),
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(moments | changes, st.sampled_from(ZONES))
@example(datetime.fromisoformat("2013-11-03T01:30"), "America/New_York")
@example(datetime.fromisoformat("2013-03-10T02:30"), "America/New_York")
@example(datetime.fromisoformat("2013-04-07T01:45"), "Australia/Lord_Howe")
@example(datetime.fromisoformat("2013-10-06T02:10"), "Australia/Lord_Howe")
@example(datetime.fromisoformat("2011-12-30T10:00"), "Pacific/Apia")
def test_a_wall_clock_time_is_its_first_instant(connection, wall, zone):
    # fold=0: the first of two, and a skipped time by the offset before the change
    expected = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    found = ask(connection, TO_UTC, wall.isoformat(" "), zone, "timestamp")
    assert found == expected.replace(tzinfo=None)


@settings(max_examples=100, deadline=None)
@given(moments | changes, st.sampled_from(ZONES))
def test_an_instant_is_what_clocks_show(connection, instant, zone):
    expected = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    found = ask(connection, TO_LOCAL, f"{instant.isoformat(' ')}+00", zone, "timestamptz")
    assert found == expected.replace(tzinfo=None)


@pytest.mark.parametrize("sql", [TO_UTC, TO_LOCAL])
@pytest.mark.parametrize(
    "row",
    [
        "null::timestamp as at, 'UTC' as zone",
        "timestamp '2013-01-01' as at, null as zone",
    ],
)
def test_null_gives_null(connection, sql, row):
    connection.execute(f"create or replace temp view given as select {row}")
    assert connection.execute(sql).fetchone() == (None,)


def test_verbs_may_stand_inside_each_other(connection):
    text = (
        "select to_local(to_utc(timestamp '2013-11-03 01:30:00', 'America/New_York'), "
        "'Europe/Belgrade') as z"
    )
    found = connection.execute(written(text)).fetchone()[0]
    assert found == datetime.fromisoformat("2013-11-03T06:30")


def test_a_column_without_a_name_has_that_of_its_verb(connection):
    text = (
        "select to_utc(timestamp '2013-07-01 02:00', 'Europe/Belgrade'), "
        "to_local(timestamptz '2013-07-01 00:00:00+00', 'Europe/Belgrade') as there"
    )
    found = connection.execute(written(text))
    assert [column[0] for column in found.description] == ["to_utc", "there"]
