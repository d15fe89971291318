"""Cleaning steps do what Python's own text functions do, on any text."""

from __future__ import annotations

import re
import unicodedata

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.management.trusted.clean import cleaning_steps, tidies_of
from backbone.project.trusted import CleanStep
from backbone.sql.queries import Query

SPACES = "\t\n\x0b\f\r\x1c\x1f \x85\xa0\u1680\u2003\u2028\u202f\u3000"
texts = st.lists(
    st.none() | st.text(max_size=8) | st.text(alphabet=f"a-é{SPACES}", max_size=8),
    min_size=1,
    max_size=30,
)


def cleaned(values, *steps):
    query = Query(tuple(cleaning_steps(tidies_of(steps), "given", ["i", "a"])))
    with duckdb.connect() as connection:
        table = pa.table({"i": range(len(values)), "a": pa.array(values, pa.string())})
        connection.register("given", table)
        found = connection.execute(f"select a from ({query.sql()}) order by i")
        return [row[0] for row in found.fetchall()]


def each(function, values):
    return [None if value is None else function(value) for value in values]


@settings(max_examples=40, deadline=None)
@given(texts)
def test_trim_and_collapse_know_every_white_space(values):
    step = CleanStep(column="a", do=["trim"])
    assert cleaned(values, step) == each(str.strip, values)
    step = CleanStep(column="a", do=["collapse_spaces"])
    assert cleaned(values, step) == each(lambda v: re.sub(r"\s+", " ", v), values)


def test_nfc_composes():
    values = ["e\u0301", "Å", "\u1112\u1161\u11ab", "abc", "", None]
    step = CleanStep(column="a", do=["nfc"])
    assert cleaned(values, step) == each(
        lambda v: unicodedata.normalize("NFC", v), values
    )


@pytest.mark.parametrize(
    ("given_", "made"), [("a", "b"), ("it's", None), ("A", "A"), ("", "-"), (None, None)]
)
def test_replace_takes_whole_values(given_, made):
    step = CleanStep(column="a", replace={"a": "b", "it's": None, "": "-"})
    assert cleaned([given_], step) == [made]


def test_steps_run_in_their_order_and_carry_it_in_their_names():
    steps = [
        CleanStep(column="a", do=["trim", "collapse_spaces"]),
        CleanStep(column="a", replace={"a b": "c"}),
        CleanStep(column="a", replace={"c": "d"}),
    ]
    assert cleaned([" a  b "], *steps) == ["d"]
    assert [tidy.name for tidy in tidies_of(steps)] == [
        "clean_1_trim",
        "clean_1_collapse_spaces",
        "clean_2_replace",
        "clean_3_replace",
    ]
