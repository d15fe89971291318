"""The outcome by itself and over time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from backbone.analysis.explore.outcome import distribution, missing, trend, week


def instants(moments):
    return pa.chunked_array([pa.array(moments, pa.timestamp("us", "UTC"))])


def test_bars_hold_all_but_the_tails():
    rng = np.random.default_rng(0)
    values = rng.normal(10, 3, 5000)
    found = distribution(values)
    assert sum(found.counts) + found.below + found.above == found.n == 5000
    assert found.below + found.above == pytest.approx(50, abs=5)
    assert found.quantiles[0.5] == pytest.approx(np.median(values))


def test_bars_of_whole_numbers_are_equally_wide():
    found = distribution(np.arange(1000.0) % 173)
    widths = np.diff(found.edges)
    assert (widths == widths[0]).all()
    assert widths[0] == int(widths[0])
    assert max(found.counts) < 1.5 * np.median(found.counts)


def test_two_values_have_bars():
    assert sum(distribution(np.array([0.0, 1.0, 1.0])).counts) == 3


def test_a_trend_is_by_local_days():
    moments = [
        datetime(2024, 1, 1, 22, 30, tzinfo=UTC),
        datetime(2024, 1, 1, 23, 30, tzinfo=UTC),
    ]
    found = trend(instants(moments), np.array([1.0, 5.0]), timezone="Europe/Belgrade")
    assert found.days == (date(2024, 1, 1), date(2024, 1, 2))
    assert found.mean == (1.0, 5.0)
    assert found.smooth == (3.0, 3.0)


def test_the_smooth_line_weighs_rows():
    first = datetime(2024, 1, 1, tzinfo=UTC)
    days = [0, 0, 0, 1, 9]
    moments = instants([first + timedelta(days=d) for d in days])
    found = trend(moments, np.array([1.0, 1.0, 1.0, 5.0, 9.0]), timezone="UTC")
    assert found.n == (3, 1, 1)
    assert found.smooth == (2.0, 2.0, 9.0)


def test_missing_times_are_left_out():
    moments = instants([datetime(2024, 1, 1, tzinfo=UTC), None])
    found = trend(moments, np.array([1.0, 100.0]), timezone="UTC")
    assert found.mean == (1.0,)


def test_a_week_has_the_hours_that_occur():
    first = datetime(2024, 1, 1, 8, tzinfo=UTC)
    moments = instants([first, first, first + timedelta(days=6, hours=2), None])
    found = week(moments, np.array([1.0, 3.0, 7.0, 9.0]), timezone="UTC")
    assert found.hours == (8, 10)
    assert found.mean[0, 0] == 2.0
    assert found.mean[6, 1] == 7.0
    assert np.isnan(found.mean[0, 1])
    assert found.n.sum() == 3


def test_dates_have_no_hours():
    days = pa.chunked_array([[date(2024, 1, 1)]])
    assert week(days, np.array([1.0]), timezone="UTC") is None


def test_where_values_are_missing_the_outcome_may_differ():
    values = pa.chunked_array([pa.array([1.0, None, float("nan"), 2.0])])
    found = missing("x", values, np.array([1.0, 10.0, 20.0, 3.0]))
    assert (found.n, found.share) == (2, 0.5)
    assert (found.mean_missing, found.mean_present) == (15.0, 2.0)
