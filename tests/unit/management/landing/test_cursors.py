from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import BadResponse
from backbone.management.landing.web.cursors import Greatest
from backbone.management.landing.web.pages import at_path


def greatest(values, before=None):
    found = Greatest("at", before)
    found.see({"at": value} for value in values)
    return found.text


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ([9, 10, 2], "10"),
        ([1.5, 2, -3], "2"),
        (["9", "10"], "10"),
        (["2013-01-31", "2013-02-01", None], "2013-02-01"),
        (["2013-01-01T05:00:00Z", "2013-01-01T05:00:00.5Z"], "2013-01-01T05:00:00.5Z"),
        (["2013-01-01T05:00:00+02:00", "2013-01-01T04:00:00Z"], "2013-01-01T04:00:00Z"),
        (["ab1", "ab2", "aa9"], "ab2"),
        ([None], None),
        ([], None),
    ],
)
def test_the_greatest_value_is_kept_as_it_was_written(values, best):
    assert greatest(values) == best


@pytest.mark.parametrize(
    "values",
    [
        [1, "2"],
        ["a", "bb"],
        ["2013-01-01", "2013-01-01T00:00:00Z"],
        [{"a": 1}, 3],
        [{"a": 1}],
        [True],
    ],
)
def test_values_that_cannot_be_compared_are_an_error(values):
    with pytest.raises(BadResponse, match="cannot be compared"):
        greatest(values)


@pytest.mark.parametrize(
    ("before", "values", "best"),
    [
        ("10", [9], "10"),
        ("9", [10], "10"),
        ("1.5", [1.25], "1.5"),
        ("2013-02-01", ["2013-01-01"], "2013-02-01"),
        ("2013-02-01", [5], "5"),
        ("abc", ["zz"], "zz"),
        ("7", [], "7"),
    ],
)
def test_what_was_collected_before_counts_if_it_is_of_the_kind(before, values, best):
    assert greatest(values, before) == best


@given(st.lists(st.datetimes(), min_size=1))
@settings(max_examples=50, deadline=None)
def test_iso_times_are_ordered_as_times(times):
    best = greatest([time.isoformat() for time in times])
    assert best == max(times).isoformat()


def test_paths_reach_into_lists_and_say_what_is_there():
    document = {"a": [{"b": {"c.d": 1}}, 2]}
    assert at_path(document, "a.1") == 2
    for path, hint in [
        ("a.2", "There is no `2`"),
        ("a.0.x", "`b`"),
        ("aa", "`a`"),
        ("a.1.z", "`z`"),
    ]:
        with pytest.raises(KeyError) as caught:
            at_path(document, path)
        assert hint in caught.value.args[0]
