"""Cleaning steps do what Python's own text functions do, on any text."""

from __future__ import annotations

import re
import unicodedata

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.management.trusted.cleaning.building import changes_of
from backbone.management.trusted.cleaning.phases import tidied
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.trusted import CleanStep
from backbone.sql.queries import Query

SPACES = "\t\n\x0b\f\r\x1c\x1f \x85\xa0\u1680\u2003\u2028\u202f\u3000"
texts = st.lists(
    st.none() | st.text(max_size=8) | st.text(alphabet=f"a-é{SPACES}", max_size=8),
    min_size=1,
    max_size=30,
)


SCHEMA = Schema.of(i=INTEGER, a=STRING)


def cleaned(values, *steps):
    changes = changes_of(steps, SCHEMA)
    query = Query(tuple(tidied(changes, "given", ["i", "a"], SCHEMA)))
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


@settings(max_examples=30, deadline=None)
@given(texts)
def test_letters_and_signs(values):
    assert cleaned(values, CleanStep(column="a", do=["digits"])) == each(
        lambda v: re.sub("[^0-9]", "", v), values
    )
    hidden = re.compile(
        "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e"
        "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
    )
    assert cleaned(values, CleanStep(column="a", do=["drop_control"])) == each(
        lambda v: hidden.sub("", v), values
    )


@pytest.mark.parametrize(
    ("do", "made"),
    [
        ("lower", ["new YORK", "ÉA-b/c d'e", "", None]),
        ("upper", ["new YORK", "éa", "", None]),
        ("title", ["new YORK", "éa-b/c  D'E", "", " x", None]),
        ("strip_accents", ["Šabac", "é", "o\u0308", None]),
    ],
)
def test_letters(do, made):
    expected = {
        "lower": ["new york", "éa-b/c d'e", "", None],
        "upper": ["NEW YORK", "ÉA", "", None],
        "title": ["New York", "Éa-B/C  D'e", "", " X", None],
        "strip_accents": ["Sabac", "e", "o", None],
    }
    assert cleaned(made, CleanStep(column="a", do=[do])) == expected[do]


def test_substitute_takes_every_match():
    step = CleanStep(column="a", substitute={"pattern": "([0-9]+)-", "by": r"\1/"})
    assert cleaned(["1-2-3", "a-b", None], step) == ["1/2/3", "a-b", None]


def test_pad_lengthens_only_what_is_too_short_and_there():
    step = CleanStep(column="a", pad={"width": 5})
    assert cleaned(["123", "123456", "", None], step) == ["00123", "123456", "", None]
    step = CleanStep(column="a", pad={"width": 3, "with": "é", "side": "right"})
    assert cleaned(["a"], step) == ["aéé"]


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
    assert [change.name for change in changes_of(steps, SCHEMA)] == [
        "clean_1_trim",
        "clean_1_collapse_spaces",
        "clean_2_replace",
        "clean_3_replace",
    ]
