"""The grammar of every type against Python, written from its description."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.raw import Recipe
from backbone.model.raw import RawColumn
from backbone.model.types import CanonicalType


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'Asia/Kolkata'")
        yield opened


def read(connection, texts, column):
    """The values of texts, and the places of those that have none."""
    connection.execute(
        """create or replace temp table raw_text as
        select unnest(?::varchar[]) as "raw:0", 'd' as _delivery, 'o' as _object,
            generate_subscripts(?::varchar[], 1) as _record, _record as "raw:row" """,
        [texts] * 2,
    )
    shown = "epoch_us(x)" if column.type.kind == "timestamp" else "x"
    query = (
        f"select {shown} from ({Recipe((column,), {}).values().sql()}) order by _record"
    )
    found = [row[0] for row in connection.execute(query).fetchall()]
    if column.type.kind == "string" and column.pattern is None:
        return found, set()
    bad = connection.execute(Recipe((column,), {}).bad_cells(["x"]).sql()).fetchall()
    return found, {row[0] - 1 for row in bad}


def same(found, expected):
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    return found == expected and type(found) is type(expected)


def check(connection, texts, kind, reference, **more):
    column = RawColumn("x", CanonicalType.parse(kind), ("x",), **more)
    found, bad = read(connection, texts, column)
    for place, text in enumerate(texts):
        expected = reference(text.strip(" \t"))
        assert same(found[place], expected), text
        assert (place in bad) == (expected is None), text


def integer(text):
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
        return None
    return int(text)


def double(text):
    if re.fullmatch(r"[+-]?(nan|inf|infinity)", text, re.IGNORECASE | re.ASCII):
        return float(text)
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def decimal(text):
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text):
        return None
    value = Decimal(text)
    if abs(value) >= 10**5 or value != round(value, 3):
        return None
    return value.quantize(Decimal("0.001"))


def boolean(text):
    known = {"true": True, "t": True, "yes": True, "1": True}
    known |= {"false": False, "f": False, "no": False, "0": False}
    return known.get(text.lower()) if text.isascii() else None


def date(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def wall(text):
    form = r"([0-9-]{10})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    found = re.fullmatch(form, text)
    day = found and date(found[1])
    if not day:
        return None
    hour, minute, second = int(found[2]), int(found[3]), int(found[4] or 0)
    fraction = (found[5] or "").rstrip("0")
    if minute > 59 or second > 59 or len(fraction) > 6 or hour > 24:
        return None
    rest = (minute, second, int(fraction.ljust(6, "0")))
    if hour == 24 and any(rest):
        return None
    try:
        start = dt.datetime(day.year, day.month, day.day)
        return start + dt.timedelta(
            hours=hour, minutes=minute, seconds=second, microseconds=rest[2]
        )
    except OverflowError:
        return None


def instant_us(text):
    found = re.fullmatch(r"(.*?)(?:Z|([+-])([0-9]{2})(?::?([0-9]{2}))?)", text)
    local = found and wall(found[1])
    if not local:
        return None
    hours, minutes = int(found[3] or 0), int(found[4] or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = dt.timedelta(hours=hours, minutes=minutes)
    try:
        utc = local - offset if found[2] == "+" else local + offset
    except OverflowError:
        return None
    return (utc - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)


numbers = st.text(st.sampled_from("0123456789+-.eE _,x\tnaif"), max_size=9)
texts = st.one_of(
    numbers,
    st.integers().map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.decimals(-200_000, 200_000, places=4).map(str),
    st.sampled_from(
        ["true", "YES", "No", " f", "YE\u017f", "nan", "-INF", "+Infinity\t", "1e400"]
    ),
    st.text(max_size=5),
)
columns = st.lists(texts.filter(lambda text: "\0" not in text), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("integer", integer),
        ("double", double),
        ("decimal(8,3)", decimal),
        ("boolean", boolean),
    ],
)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_numbers_and_booleans(connection, kind, reference, data):
    check(connection, data.draw(columns), kind, reference)


def two(low, high):
    return st.integers(low, high).map("{:02}".format)


dates = st.builds("{:04}-{}-{}".format, st.integers(0, 9999), two(0, 13), two(0, 32))
clocks = st.builds("{}:{}".format, two(0, 25), two(0, 61)) | st.builds(
    "{}:{}:{}{}".format,
    two(0, 25),
    two(0, 61),
    two(0, 61),
    st.sampled_from(["", ".0", ".5", ".123456", ".1234560", ".1234567", "."]),
)
midnights = st.sampled_from(["24:00", "24:00:00", "24:00:00.0", "24:00:01"])
offsets = st.sampled_from(
    ["", "Z", "z", "+02", "-0330", "+14:00", "+24:00", "-02:60", " Z"]
)
moments = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", " "]),
    dates,
    st.sampled_from(["T", " ", "t", "  ", ""]),
    clocks | midnights | st.just(""),
    offsets,
) | dates.map(lambda text: f"{text}\t")


@pytest.mark.parametrize(
    ("kind", "reference"), [("date", date), ("datetime", wall), ("timestamp", instant_us)]
)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_iso_moments(connection, kind, reference, data):
    written = data.draw(st.lists(moments, min_size=1, max_size=40))
    check(connection, written, kind, reference)


DATES = ["%Y-%m-%d", "%d.%m.%y", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%Y/%j", "%m/%d/%Y"]
TIMES = ["", " %H:%M", "T%H%M%S", " %I:%M %p", " %H.%M.%S.%f", " %H"]


@given(
    st.sampled_from(DATES),
    st.sampled_from(TIMES),
    st.lists(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 1, 1)), max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_what_strftime_writes_is_read_back(connection, day, clock, moments):
    form = day + clock
    texts = [moment.strftime(form) for moment in moments]
    column = RawColumn("x", CanonicalType("datetime"), ("x",), format=form)
    found, bad = read(connection, texts, column)
    assert found == [dt.datetime.strptime(text, form) for text in texts]
    assert not bad


@given(
    st.sampled_from(DATES),
    st.sampled_from(TIMES),
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2068, 1, 1)),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_nothing_is_read_that_strptime_reads_otherwise(
    connection, day, clock, moment, data
):
    form = day + clock
    text = moment.strftime(form)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        added = data.draw(st.text(st.sampled_from("0123456789 :.APMjan+-"), max_size=2))
        text = text[:place] + added + text[place + data.draw(st.integers(0, 2)) :]
    column = RawColumn("x", CanonicalType("datetime"), ("x",), format=form)
    (found,), bad = read(connection, [text], column)
    assert bool(bad) == (found is None)
    if found is not None and not re.search("24", text):
        assert found == dt.datetime.strptime(text.strip(" \t"), form)
