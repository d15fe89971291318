"""Resampling: which rows belong together, and what an interval is of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from backbone.analysis.measure.metrics import Judged
from backbone.analysis.measure.resampling import (
    Units,
    draws_of,
    interval_of,
    resample,
    row_units,
    units_of,
)
from backbone.project.analysis import Split


def hours(n):
    first = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [first + timedelta(hours=h) for h in range(n)]
    return pa.table({"at": pa.array(moments, pa.timestamp("us", "UTC"))})


def test_days_are_drawn_whole_where_rows_are_split_by_time():
    units = units_of(hours(480), Split(by="time", column="at"), timezone="UTC")
    assert (units.name, units.count) == ("day", 20)
    assert (np.bincount(units.codes) == 24).all()


def test_days_are_local():
    split = Split(by="time", column="at")
    units = units_of(hours(480), split, timezone="Asia/Tokyo")
    assert np.bincount(units.codes)[0] == 15


def test_few_days_are_no_units():
    units = units_of(hours(48), Split(by="time", column="at"), timezone="UTC")
    assert (units.name, units.count) == ("row", 48)


def test_groups_are_drawn_whole():
    table = pa.table({"g": [f"g{i % 12}" for i in range(60)]})
    units = units_of(table, Split(by="group", column="g"), timezone="UTC")
    assert (units.name, units.count) == ("group", 12)


def test_a_resample_has_as_many_units_as_there_are():
    chunks = list(draws_of(50, times=7, seed=1))
    draws = np.vstack(chunks)
    assert draws.shape == (7, 50)
    assert (draws.sum(axis=1) == 50).all()
    again = np.vstack(list(draws_of(50, times=7, seed=1)))
    np.testing.assert_array_equal(draws, again)


def test_many_units_come_in_chunks():
    sizes = [len(chunk) for chunk in draws_of(1_500_000, times=3, seed=0)]
    assert sizes == [2, 1]


def test_a_gain_over_itself_is_nothing():
    rng = np.random.default_rng(0)
    truth = (rng.random(200) < 0.3).astype(float)
    one = Judged("classification", truth, rng.random(200))
    both = resample({"a": one, "b": one}, ["brier"], row_units(200), times=50, seed=0)
    gain = both.gain("a", "b", "brier")
    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_a_gain_is_positive_where_less_is_better():
    truth = np.linspace(0, 9, 200)
    good = Judged("regression", truth, truth + 0.1)
    bad = Judged("regression", truth, truth + 1)
    both = resample({"good": good, "bad": bad}, ["mae"], row_units(200), times=50, seed=0)
    assert both.gain("good", "bad", "mae").value == pytest.approx(0.9)
    assert both.gain("bad", "good", "mae").value == pytest.approx(-0.9)


def test_rows_that_are_alike_make_wider_intervals():
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(40), 50)
    truth = rng.normal(0, 2, 40)[day] + rng.normal(0, 1, 2000)
    one = {"m": Judged("regression", truth, np.zeros(2000))}
    by_row = resample(one, ["mae"], row_units(2000), times=300, seed=0)
    by_day = resample(one, ["mae"], Units(day, "day"), times=300, seed=0)
    narrow, wide = (r.interval("m", "mae").error for r in (by_row, by_day))
    assert wide > 3 * narrow


def test_an_interval_of_nothing_has_no_bounds():
    nothing = interval_of(0.5, np.array([np.nan, np.nan]))
    assert np.isnan(nothing.low)
    assert np.isnan(nothing.high)
