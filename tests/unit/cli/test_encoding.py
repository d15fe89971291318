import csv
import io
import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.cli.encoding import csv_lines, json_lines, json_text

scalars = st.none() | st.booleans() | st.integers() | st.text() | st.floats(
    allow_nan=False, allow_infinity=False
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)


@settings(max_examples=100, deadline=None)
@given(values, st.sampled_from([None, 0]))
def test_plain_values_come_back(value, indent):
    assert json.loads(json_text(value, indent=indent)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("NaN"), "null"),
        (math.nan, "null"),
        (math.inf, "null"),
        (2**70, str(2**70)),
        (0.1, "0.1"),
        (datetime(2013, 1, 1, 5, 15, tzinfo=UTC), '"2013-01-01T05:15:00Z"'),
        (
            datetime(2013, 1, 1, 5, 15, 0, 5, tzinfo=timezone(timedelta(hours=-5))),
            '"2013-01-01T10:15:00.000005Z"',
        ),
        (datetime(2013, 1, 1, 5, 15), '"2013-01-01T05:15:00"'),
        (date(2013, 1, 1), '"2013-01-01"'),
        (time(5, 15), '"05:15:00"'),
        (timedelta(minutes=90, microseconds=1500), '"PT5400.0015S"'),
        (b"\x00\xff", '"AP8="'),
        ({2, 1}, "[1, 2]"),
        ((), "[]"),
        ({}, "{}"),
        ("a\u2028é", '"a\u2028é"'),
    ],
)
def test_values_json_has_no_word_for(value, text):
    assert json_text(value) == text


def answer(sql):
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).to_arrow_table()


EVERYTHING = """
select 1 as n, 'a "b"' as s, null as nothing, sum(x) as huge, 1.50::decimal(9,2) as d,
  'nan'::double as nan, true as yes, timestamptz '2013-01-01 05:15:00-05' as at,
  timestamp '2013-01-01 05:15:00.25' as wall, date '2013-01-01' as day,
  [1, null] as list, {'a': 1, 'b': [date '2013-01-01']} as struct, 'ab'::blob as bytes,
  interval '1 month 2 days 3 seconds' as span
from range(3) t(x)
"""


def test_the_rows_of_a_query_are_json_objects():
    text = "\n".join(json_lines(answer(EVERYTHING)))
    assert json.loads(text) == [
        {
            "n": 1, "s": 'a "b"', "nothing": None, "huge": 3, "d": 1.5, "nan": None,
            "yes": True, "at": "2013-01-01T10:15:00Z",
            "wall": "2013-01-01T05:15:00.250000", "day": "2013-01-01", "list": [1, None],
            "struct": {"a": 1, "b": ["2013-01-01"]}, "bytes": "YWI=",
            "span": "P1M2DT3S",
        }
    ]  # fmt: skip
    assert '"d": 1.50,' in text


@pytest.mark.parametrize("rows", [0, 1, 2, 25_000])
def test_any_number_of_rows_is_one_array(rows):
    table = pa.table({"n": list(range(rows))})
    lines = list(json_lines(table))
    assert [row["n"] for row in json.loads("\n".join(lines))] == list(range(rows))
    assert len(lines) == (rows + 2 if rows else 1)


def test_csv_tells_null_from_an_empty_text():
    table = pa.table(
        {
            "a,b": ["x", "", None, 'say "hi"', "two\nlines"],
            "n": [1.0, math.nan, None, 2, 3],
        }
    )
    lines = list(csv_lines(table))
    assert lines[:4] == ['"a,b",n', "x,1.0", '"",nan', ","]
    read = list(csv.reader(io.StringIO("\n".join(lines), newline="")))
    assert [row[0] for row in read[1:]] == ["x", "", "", 'say "hi"', "two\nlines"]


def test_csv_of_everything_reads_back():
    header, row = csv.reader(io.StringIO("\n".join(csv_lines(answer(EVERYTHING)))))
    got = dict(zip(header, row, strict=True))
    assert got["d"] == "1.50"
    assert got["at"] == "2013-01-01T10:15:00Z"
    assert got["yes"] == "true"
    assert json.loads(got["struct"]) == {"a": 1, "b": ["2013-01-01"]}
    assert got["nothing"] == ""
