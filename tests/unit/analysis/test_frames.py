"""From columns of canonical types to features."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from backbone.analysis.prepare.frames import (
    calendar,
    categories,
    clock_days,
    features_of,
    frame_of,
    numbers,
    ordered,
    ordinals,
)
from backbone.model.schemas import Column, Schema
from backbone.model.types import BOOLEAN, DATE, DOUBLE, STRING, TIMESTAMP, CanonicalType


def column(values, kind=None):
    return pa.chunked_array([pa.array(values, kind)])


def instants(*texts):
    return column(
        [None if t is None else datetime.fromisoformat(t) for t in texts],
        pa.timestamp("us", "UTC"),
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 3], pa.int64()),
        ([Decimal("1.00"), None, Decimal("3.00")], pa.decimal128(18, 2)),
        ([1.0, float("inf"), 3.0], pa.float64()),
    ],
)
def test_numbers_are_doubles_and_what_is_none_is_missing(values, kind):
    np.testing.assert_array_equal(numbers(column(values, kind)), [1, np.nan, 3])


def test_truths_are_one_and_zero():
    np.testing.assert_array_equal(numbers(column([True, False, None])), [1, 0, np.nan])


def test_a_missing_text_is_a_category_of_its_own():
    texts, codes = categories(column(["b", None, "a", "b"]))
    assert list(texts) == ["b", "(missing)", "a", "b"]
    assert codes[0] == codes[3] != codes[1]


def test_hours_are_those_of_the_clock_on_the_wall():
    values = instants("2024-01-01T23:30:00+00:00", "2024-07-01T23:30:00+00:00", None)
    local = calendar(values, "hour", timezone="Europe/Belgrade")
    np.testing.assert_array_equal(local, [0, 1, np.nan])
    np.testing.assert_array_equal(
        calendar(values, "weekday", timezone="Europe/Belgrade"), [1, 1, np.nan]
    )


def test_days_are_local_days():
    values = instants("2024-01-01T23:30:00+00:00", "2024-01-01T22:30:00+00:00")
    late, early = clock_days(values, timezone="Europe/Belgrade")
    assert late - early == 1


def test_a_season_is_not_learnt_from_less_than_a_year():
    schema = Schema((Column("at", TIMESTAMP), Column("on", DATE)))
    first = datetime(2023, 1, 1, tzinfo=UTC)
    spans = {}
    for days in (200, 400):
        moments = [first + timedelta(days=d, hours=d % 24) for d in range(days)]
        table = pa.table(
            {
                "at": column(moments, pa.timestamp("us", "UTC")),
                "on": column([m.date() for m in moments]),
            }
        )
        spans[days] = features_of(["at", "on"], schema, table, timezone=None)
    assert spans[200][0].parts == ("hour", "weekday")
    assert "less than a year" in spans[200][0].note
    assert spans[400][0].parts == ("hour", "weekday", "month", "day_of_year")
    assert spans[400][1].parts == ("weekday", "month", "day_of_year")
    assert not spans[400][0].note


def test_an_hour_that_never_changes_is_left_out():
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=d) for d in range(20)]
    table = pa.table({"at": column(moments, pa.timestamp("us", "UTC"))})
    (feature,) = features_of(["at"], Schema.of(at=TIMESTAMP), table, timezone=None)
    assert feature.parts == ("weekday",)


def test_the_zone_of_the_column_is_used_where_none_is_declared():
    schema = Schema((Column("at", TIMESTAMP, timezone="Asia/Tokyo"),))
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=h) for h in range(30)]
    table = pa.table({"at": column(moments, pa.timestamp("us", "UTC"))})
    (own,) = features_of(["at"], schema, table, timezone=None)
    (declared,) = features_of(["at"], schema, table, timezone="UTC")
    assert frame_of(table, [own])["at.hour"][0] == 9
    assert frame_of(table, [declared])["at.hour"][0] == 0


def test_every_type_becomes_a_column():
    schema = Schema.of(
        n=CanonicalType.parse("decimal(9,2)"), t=STRING, b=BOOLEAN, d=DATE, x=DOUBLE
    )
    table = pa.table(
        {
            "n": column([Decimal("1.50")], pa.decimal128(9, 2)),
            "t": column(["a"]),
            "b": column([True]),
            "d": column([date(2024, 2, 29)]),
            "x": column([None], pa.float64()),
        }
    )
    features = features_of(schema.names, schema, table, timezone=None)
    assert [f.kind for f in features] == ["number", "category", "truth", "time", "number"]
    frame = frame_of(table, features)
    assert frame.loc[0, "n"] == 1.5
    assert frame.loc[0, "d.weekday"] == 3
    assert np.isnan(frame.loc[0, "x"])


def test_a_sandbox_is_put_in_its_own_order():
    table = pa.table({"_row": [3, 1, 2], "x": ["c", "a", "b"]})
    assert ordered(table)["x"].to_pylist() == ["a", "b", "c"]


def test_ordinals_keep_order_and_ties():
    ranks = ordinals(instants("2024-01-02", "2024-01-01", "2024-01-02"))
    assert ranks[0] == ranks[2] > ranks[1]
