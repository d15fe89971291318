"""Levels: a few groups of rows with names that people understand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.analysis.measure.levels import category_levels, levels_of, number_levels
from backbone.model.schemas import Column
from backbone.model.types import BOOLEAN, DATE, DOUBLE


def counts(levels):
    return dict(zip(levels.names, np.bincount(levels.codes).tolist(), strict=True))


def test_a_value_that_fills_a_level_is_one():
    rain = np.concatenate([np.zeros(900), np.linspace(0.1, 5, 100)])
    levels = number_levels(rain, bins=4)
    assert counts(levels)["0"] == 900
    assert len(levels.names) == 4


def test_years_are_years():
    years = np.repeat(np.arange(1990.0, 2014.0), 10)
    assert number_levels(years, bins=3).names == (
        "1990 to 1997", "1998 to 2005", "2006 to 2013",
    )  # fmt: skip


def test_few_values_are_levels_themselves():
    assert number_levels(np.array([1.0, 2.0, 2.5, 1.0]), bins=6).names == (
        "1",
        "2",
        "2.5",
    )


def test_bounds_of_neighbours_read_differently():
    values = np.linspace(1000, 1001, 300)
    names = number_levels(values, bins=3).names
    ends = [name.split(" to ") for name in names]
    assert ends[0][1] != ends[1][0]
    assert ends[1][1] != ends[2][0]


def test_missing_values_are_the_last_level():
    levels = number_levels(np.array([1.0, np.nan, 2.0]), bins=4)
    assert levels.missing
    assert levels.names == ("1", "2", "(missing)")
    assert levels.codes.tolist() == [0, 2, 1]


def test_nothing_but_missing_values():
    levels = number_levels(np.array([np.nan, np.nan]), bins=4)
    assert (levels.names, levels.count) == (("(missing)",), 1)


def test_rare_categories_share_a_level():
    texts = np.array(["a"] * 5 + ["b"] * 3 + ["c", "d"] + ["(missing)"], dtype=object)
    levels = category_levels(texts, at_most=2)
    assert counts(levels) == {"a": 5, "b": 3, "2 others": 2, "(missing)": 1}


def test_one_rare_category_keeps_its_name():
    texts = np.array(["a", "a", "b", "b", "c"], dtype=object)
    assert category_levels(texts, at_most=2).names == ("a", "b", "c")


def test_weekdays_and_truths_have_words():
    days = pa.chunked_array([[date(2024, 1, 1), date(2024, 1, 7), None]])
    assert levels_of(days, Column("d", DATE)).names == ("Monday", "Sunday", "(missing)")
    truths = pa.chunked_array([[True, False]])
    assert levels_of(truths, Column("b", BOOLEAN)).names == ("no", "yes")


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.floats(-1e6, 1e6), st.integers(-3, 3).map(float), st.none()),
        min_size=1,
        max_size=80,
    ),
    bins=st.integers(2, 8),
)
def test_levels_are_intervals_in_order(values, bins):
    column = pa.chunked_array([pa.array(values, pa.float64())])
    levels = levels_of(column, Column("x", DOUBLE), bins=bins)
    assert len(set(levels.names)) == levels.count
    known = [
        (v, code) for v, code in zip(values, levels.codes, strict=True) if v is not None
    ]
    for (a, i), (b, j) in zip(sorted(known), sorted(known)[1:], strict=False):
        assert i <= j
        assert i == j or a < b
    missing = [c for v, c in zip(values, levels.codes, strict=True) if v is None]
    assert set(missing) <= {levels.count - 1}
    assert levels.missing == bool(missing)
