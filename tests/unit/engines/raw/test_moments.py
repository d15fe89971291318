"""Dates, times and instants as they are written."""

from __future__ import annotations

import datetime as dt

import pytest

from backbone.engines.raw.moments import FormatError, parse_format

UTC = dt.UTC


def at(*parts, zone=UTC):
    return dt.datetime(*parts, tzinfo=zone)


@pytest.mark.parametrize("written", ["2013-01-31", " 2013-01-31\t"])
def test_a_date(value, written):
    assert value(written, "date") == dt.date(2013, 1, 31)


@pytest.mark.parametrize(
    "written",
    [
        "2013-1-31",
        "2013-02-30",
        "20130131",
        "2013-01-31T00:00:00",
        "0000-01-01",
        "13-01-31",
    ],
)
def test_what_is_no_date(value, written):
    assert value(written, "date") == f"not a date: '{written}'"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2013-01-31T17:05:09", (2013, 1, 31, 17, 5, 9)),
        ("2013-01-31 17:05", (2013, 1, 31, 17, 5)),
        ("2013-01-31 17:05:09.5", (2013, 1, 31, 17, 5, 9, 500_000)),
        ("2013-01-31 17:05:09.123456000", (2013, 1, 31, 17, 5, 9, 123_456)),
        ("2013-01-31T24:00", (2013, 2, 1)),
        ("2012-12-31 24:00:00.000", (2013, 1, 1)),
    ],
)
def test_a_date_and_time(value, written, meant):
    assert value(written, "datetime") == dt.datetime(*meant)


@pytest.mark.parametrize(
    "written",
    [
        "2013-01-31",
        "2013-01-31T17",
        "2013-01-31T17:05:09Z",
        "2013-01-31T17:60:00",
        "2013-01-31T23:59:60",
        "2013-01-31T24:00:01",
        "2013-01-31T24:01",
        "2013-01-31 17:05:09.1234567",
        "2013-02-29 12:00",
        "9999-12-31 24:00",
    ],
)
def test_what_is_no_date_and_time(value, written):
    assert value(written, "datetime") == f"not a date and time: '{written}'"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2013-01-31T17:05:09Z", (2013, 1, 31, 17, 5, 9)),
        ("2013-01-31T17:05Z", (2013, 1, 31, 17, 5)),
        ("2013-01-31 17:05+02", (2013, 1, 31, 15, 5)),
        ("2013-01-31 17:05:09.25-0330", (2013, 1, 31, 20, 35, 9, 250_000)),
        (" 2013-01-31T24:00:00+02:00 ", (2013, 1, 31, 22)),
        ("2013-01-31T24:00Z", (2013, 2, 1)),
        ("9999-12-31T23:59:59Z", (9999, 12, 31, 23, 59, 59)),
    ],
)
def test_an_instant(value, written, meant):
    assert value(written, "timestamp") == at(*meant)
    assert value(written, "timestamp", timezone="Asia/Tokyo") == at(*meant)


@pytest.mark.parametrize(
    "written",
    [
        "2013-01-31",
        "2013-01-31T17:05:09+25:00",
        "2013-01-31T17:05:09+02:75",
        "2013-01-31T17:05:09 +02:00",
        "2013-01-31T17:05:09 CET",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_is_no_instant(value, written):
    assert value(written, "timestamp") == f"not an instant: '{written}'"


def test_a_local_time_needs_a_zone(value):
    reason = "local to a `timezone` that is not declared: '2013-01-31 17:05'"
    assert value("2013-01-31 17:05", "timestamp") == reason


@pytest.mark.parametrize(
    ("written", "form", "meant"),
    [
        ("1/31/2013", "%m/%d/%Y", (2013, 1, 31)),
        ("31.01.13", "%d.%m.%y", (2013, 1, 31)),
        ("68-1-1", "%y-%m-%d", (2068, 1, 1)),
        ("69-1-1", "%y-%m-%d", (1969, 1, 1)),
        ("31 jan 2013", "%d %b %Y", (2013, 1, 31)),
        ("January 31, 2013", "%B %d, %Y", (2013, 1, 31)),
        ("2013-031", "%Y-%j", (2013, 1, 31)),
        ("2012366", "%Y%j", (2012, 12, 31)),
        ("20130131", "%Y%m%d", (2013, 1, 31)),
        ("31.1.2013 5:07", "%d.%m.%Y %H:%M", (2013, 1, 31, 5, 7)),
        ("2013 1 31 0517", "%Y %m %d %H%M", (2013, 1, 31, 5, 17)),
        ("2013 1 31 2400", "%Y %m %d %H%M", (2013, 2, 1)),
        ("20131231T24:00:00.00", "%Y%m%dT%H:%M:%S.%f", (2014, 1, 1)),
        ("12:30 am 2013-01-31", "%I:%M %p %Y-%m-%d", (2013, 1, 31, 0, 30)),
        ("1:30 PM 2013-01-31", "%I:%M %p %Y-%m-%d", (2013, 1, 31, 13, 30)),
        (
            "2013-01-31 17.05.09,5",
            "%Y-%m-%d %H.%M.%S,%f",
            (2013, 1, 31, 17, 5, 9, 500_000),
        ),
        ("100% on 2013-01-31 (a+b)", "100%% on %Y-%m-%d (a+b)", (2013, 1, 31)),
    ],
)
def test_formats(value, written, form, meant):
    assert value(written, "datetime", format=form) == dt.datetime(*meant)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("2013-01-31 ", "%Y-%m-%d x"),
        ("13-01-31", "%Y-%m-%d"),
        ("2013-01-31x", "%Y-%m-%d"),
        ("2013-13-01", "%Y-%m-%d"),
        ("2013-02-30", "%Y-%m-%d"),
        ("2013366", "%Y%j"),
        ("201311", "%Y%m%d"),
        ("2013 1 31 517", "%Y %m %d %H%M"),
        ("2013 1 31 2401", "%Y %m %d %H%M"),
        ("2013 1 31 2500", "%Y %m %d %H%M"),
        ("31 january 2013", "%d %b %Y"),
        ("13:30 PM 2013-01-31", "%I:%M %p %Y-%m-%d"),
        ("2013-01-31  5:00", "%Y-%m-%d %H:%M"),
        ("2013-01-31 5:0", "%Y-%m-%d %H:%M"),
        ("0000-01-01", "%Y-%m-%d"),
    ],
)
def test_formats_match_exactly(value, written, form):
    reason = f"not a date and time of the format {form}: '{written}'"
    assert value(written, "datetime", format=form) == reason


def test_a_date_by_a_format_with_a_time(value):
    form = "%Y-%m-%d %H:%M"
    assert value("2013-01-31 00:00", "date", format=form) == dt.date(2013, 1, 31)
    assert value("2013-01-31 24:00", "date", format=form) == dt.date(2013, 2, 1)
    reason = "a date with a time of day: '2013-01-31 17:05'"
    assert value("2013-01-31 17:05", "date", format=form) == reason
    assert value("x", "date", format=form) == f"not a date of the format {form}: 'x'"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2013-01-31 17:05 +0200", (2013, 1, 31, 15, 5)),
        ("2013-01-31 17:05 -03:30", (2013, 1, 31, 20, 35)),
        ("2013-01-31 17:05 -03", (2013, 1, 31, 20, 5)),
        ("2013-01-31 17:05 Z", (2013, 1, 31, 17, 5)),
        ("2013-01-31 24:00 Z", (2013, 2, 1)),
        ("2013-03-10 24:00 +01", (2013, 3, 10, 23)),
    ],
)
def test_formats_with_an_offset(value, written, meant):
    assert value(written, "timestamp", format="%Y-%m-%d %H:%M %z") == at(*meant)


@pytest.mark.parametrize(
    ("written", "ambiguous", "meant"),
    [
        ("2013-07-01 12:00", "reject", (2013, 7, 1, 10)),
        ("2013-10-27 02:30", "first", (2013, 10, 27, 0, 30)),
        ("2013-10-27 02:30", "second", (2013, 10, 27, 1, 30)),
        ("2013-10-27 01:59", "reject", (2013, 10, 26, 23, 59)),
        ("2013-10-27 03:00", "reject", (2013, 10, 27, 2)),
    ],
)
def test_local_times(value, written, ambiguous, meant):
    found = value(written, "timestamp", timezone="Europe/Belgrade", ambiguous=ambiguous)
    assert found == at(*meant)


def test_local_times_that_do_not_say_when(value):
    zone = {"timezone": "Europe/Belgrade"}
    assert value("2013-10-27 02:30", "timestamp", **zone) == (
        "stands twice on the clocks of Europe/Belgrade: '2013-10-27 02:30'"
    )
    for ambiguous in ("first", "second", "reject"):
        assert value("2013-03-31 02:30", "timestamp", ambiguous=ambiguous, **zone) == (
            "skipped by the clocks of Europe/Belgrade: '2013-03-31 02:30'"
        )
    assert value("x", "timestamp", **zone) == "not an instant: 'x'"


def test_half_an_hour_twice(value):
    zone = {"timezone": "Australia/Lord_Howe"}
    written = "2013-04-07 01:45"
    assert value(written, "timestamp", ambiguous="first", **zone) == at(
        2013, 4, 6, 14, 45
    )
    assert value(written, "timestamp", ambiguous="second", **zone) == at(
        2013, 4, 6, 15, 15
    )
    assert "skipped" in value("2013-10-06 02:15", "timestamp", **zone)


def test_a_day_that_an_island_skipped(value):
    zone = {"timezone": "Pacific/Apia"}
    assert "skipped" in value("2011-12-30 12:00", "timestamp", **zone)
    assert value("2011-12-31 00:30", "timestamp", **zone) == at(2011, 12, 30, 10, 30)
    assert value("2011-12-29 23:30", "timestamp", **zone) == at(2011, 12, 30, 9, 30)


def test_local_times_of_a_format(value):
    found = value(
        "2013 1 31 2400",
        "timestamp",
        format="%Y %m %d %H%M",
        timezone="America/New_York",
    )
    assert found == at(2013, 2, 1, 5)


def test_midnight_of_hours_and_minutes(read, declare):
    columns = (
        declare(
            "departs",
            "timestamp",
            "year",
            "month",
            "day",
            "time",
            pad=(("time", 4),),
            format="%Y %m %d %H%M",
            timezone="America/New_York",
        ),
    )
    found = read(
        b"year,month,day,time\n2013,1,1,517\n2013,1,1,2400\n2013,1,1,5\n", columns
    )
    assert [row[0] for row in found.values] == [
        at(2013, 1, 1, 10, 17),
        at(2013, 1, 2, 5),
        at(2013, 1, 1, 5, 5),
    ]


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("%Y-%m-%q", "`%q` is not known"),
        ("%Y-%m-%d %", "`%` is not known"),
        ("%Y-%m-%d %Y", "`%Y` stands twice"),
        ("%m-%d", "it needs the year"),
        ("%Y %y %m %d", "it needs the year, once"),
        ("%Y-%d", "it needs the month"),
        ("%Y-%m", "it needs the day"),
        ("%Y %j %d", "%j is a day of the year"),
        ("%Y-%m-%d %I:%M", "%I and %p go together"),
        ("%Y-%m-%d %H:%M %p", "%I and %p go together"),
        ("%Y-%m-%d %M", "it has minutes, but no hour"),
        ("%Y-%m-%d %H:%S", "it has seconds, but no minutes"),
        ("%Y-%m-%d %H:%M.%f", "it has a fraction, but no seconds"),
        ("%Y-%m-%d %z", "it has an offset, but no hour"),
        ("%Y-%j %H:%M %z", "%j and %z do not go together"),
        ("%H:%M:%S.%f%Y-%m-%d", "digits behind %f"),
        ("%H:%M%z%Y-%m-%d", "digits behind %z"),
    ],
)
def test_formats_that_cannot_be_used(form, message):
    with pytest.raises(FormatError, match=message):
        parse_format(form)
