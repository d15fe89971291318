"""Scores against ones worked out by hand, and what is recorded for them."""

from __future__ import annotations

import math

import pytest

from backbone.management.trusted.rules.assess import dimension_of
from backbone.management.trusted.rules.scores import (
    freshness,
    score_columns,
    score_dimensions,
    score_rules,
    score_table,
)
from backbone.model.reports import RuleReport
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.operations.work import plain
from backbone.project.trusted import DIMENSIONS, InOrder, Rule

CITY = Schema.of(zip=STRING, city=STRING, n=INTEGER)


@pytest.mark.parametrize(
    ("rule", "dimension"),
    [
        (Rule(name="r", not_null="a"), "completeness"),
        (Rule(name="r", unique="a"), "uniqueness"),
        (Rule(name="r", accepted={"a": ("x",)}), "validity"),
        (Rule(name="r", range={"a": (0, 1)}), "validity"),
        (Rule(name="r", matches={"a": "x+"}), "validity"),
        (Rule(name="r", deny="a < b"), "validity"),
        (Rule(name="r", functional={"a": ("b",)}), "consistency"),
        (Rule(name="r", references={"a": "other.a"}), "consistency"),
        (Rule(name="r", deny="not exists other.a = a"), "consistency"),
        (Rule(name="r", deny="t1.a = t2.a and t1.b < t2.b"), "consistency"),
        (
            Rule(name="r", deny="a < previous.a", sequence=InOrder(by=("b",))),
            "consistency",
        ),
        (Rule(name="r", deny="a < b", dimension="timeliness"), "timeliness"),
    ],
)
def test_a_rule_is_counted_in_a_dimension_by_its_form_or_as_it_says(rule, dimension):
    assert dimension_of(rule) == dimension


def record(name, violating, looked, left, columns=("a",), **more):
    report = RuleReport(
        name, "", "warn", "flag", violating, looked_rows=looked, left_rows=left,
        columns=columns, **more,
    )  # fmt: skip
    return plain(report)


def test_scores_are_those_worked_out_by_hand():
    reports = [
        record("one", 20, 100, 0, ("a",), dimension="validity", weight=1.0),
        record("two", 5, 80, 5, ("a", "b"), dimension="validity", weight=3.0),
        record("three", 8, 80, 8, ("c",), dimension="consistency", weight=4.0),
    ]
    scored = score_rules(reports, current=100, rows=80)
    assert [one.before for one in scored] == [0.8, 1 - 5 / 80, 0.9]
    assert [one.score for one in scored] == [1.0, 1 - 5 / 80, 0.9]
    validity, consistency = score_dimensions(scored)
    assert (validity.name, validity.rules, validity.weight) == ("validity", 2, 4.0)
    assert validity.score == pytest.approx((1 * 1 + 3 * 0.9375) / 4, abs=1e-15)
    assert validity.before == pytest.approx((1 * 0.8 + 3 * 0.9375) / 4, abs=1e-15)
    assert (consistency.score, consistency.before) == (0.9, 0.9)
    table = score_table(scored, name="t")
    assert table.score == pytest.approx((1 + 3 * 0.9375 + 4 * 0.9) / 8, abs=1e-15)
    a, b, d = score_columns(["a", "b", "d"], scored, rows=80, nulls={"a": 20, "b": 0})
    assert (a.completeness, a.rules) == (0.75, ("one", "two"))
    assert a.score == pytest.approx((0.75 + 1 + 3 * 0.9375) / 5, abs=1e-15)
    assert b.score == pytest.approx((1 + 3 * 0.9375) / 4, abs=1e-15)
    assert (d.score, d.completeness, d.nulls, d.rules) == (None, None, None, ())


def test_what_nobody_looked_at_has_no_score_and_spoils_no_mean():
    empty = record("empty", 0, 0, 0, dimension="validity")
    scored = score_rules([empty], current=0, rows=0)
    assert (scored[0].score, scored[0].before) == (None, None)
    table = score_table(scored, name="t")
    assert (table.score, table.before) == (None, None)
    (column,) = score_columns(["a"], scored, rows=0, nulls={"a": 0})
    assert (column.score, column.completeness) == (None, None)
    gone = record("gone", 4, 4, 0, dimension="validity")
    half = record("half", 1, 2, 1, dimension="validity")
    both = score_rules([gone, half, empty], current=4, rows=2)
    assert [one.before for one in both] == [0.0, 0.5, None]
    assert score_table(both, name="t").before == 0.25
    assert score_table([], name="t").score is None


def test_todays_declaration_measures_every_version():
    old = record("r", 1, 4, 1, dimension="validity", weight=1.0)
    rule = Rule(name="r", deny="a < 0", dimension="timeliness", weight=7)
    (one,) = score_rules([old], current=4, rows=4, declared=[rule])
    assert (one.dimension, one.weight, one.score) == ("timeliness", 7.0, 0.75)


def test_a_version_made_before_rows_were_counted_has_a_score_as_formatted():
    report = {"name": "r", "violating_rows": 1}
    (one,) = score_rules([report], current=4, rows=4)
    assert (one.score, one.before, one.dimension) == (None, 0.75, "validity")


def test_freshness_is_whole_until_the_limit_and_falls_after_it():
    ages = [0, 3600, 7200, 36_000]
    assert [freshness(age, 3600, source="s").score for age in ages] == [1, 1, 0.5, 0.1]


def test_scores_that_are_one_stay_one_whatever_the_weights():
    reports = [
        record(f"r{n}", 0, 10, 0, dimension=DIMENSIONS[n % 4], weight=w)
        for n, w in enumerate((0.1, 0.2, 0.3, 1e-6, 1e6))
    ]
    scored = score_rules(reports, current=10, rows=10)
    assert score_table(scored, name="t").score == 1.0
    assert all(one.score == 1.0 for one in score_dimensions(scored))
    assert not any(math.isnan(one.weight) for one in scored)


def test_the_step_records_what_was_looked_at_and_what_is_left(trusting):
    rows = [
        {"zip": "1", "city": "A", "n": -1},
        {"zip": "1", "city": "A", "n": 1},
        {"zip": "1", "city": "B", "n": 2},
        {"zip": None, "city": "C", "n": 3},
        {"zip": "2", "city": "D", "n": 99},
    ]
    rules = [
        Rule(name="small", range={"n": (None, 50)}),
        Rule(name="positive", range={"n": (0, None)}, action="quarantine"),
        Rule(name="one_city", functional={"zip": ("city",)}, severity="error"),
        Rule(name="has_zip", not_null="zip", weight=2),
        Rule(name="never", deny="n = 99", action="quarantine"),
    ]
    made = trusting(rows, CITY, rules=rules)
    counted = {r.name: (r.looked_rows, r.violating_rows, r.left_rows) for r in made.rules}
    assert counted == {
        "small": (5, 1, 0),  # the row it flagged was quarantined by the last rule
        "positive": (5, 1, 0),
        "one_city": (4, 2, 2),
        "has_zip": (4, 1, 1),
        "never": (4, 1, 0),
    }
    assert (made.failed_rules, made.failed_rows) == (("one_city",), 2)
    by_name = {r.name: r for r in made.rules}
    assert by_name["one_city"].columns == ("zip", "city")
    assert (by_name["has_zip"].dimension, by_name["has_zip"].weight) == (
        "completeness", 2.0,
    )  # fmt: skip


def test_an_error_whose_rows_all_left_does_not_fail_the_table(trusting):
    rows = [{"zip": "1", "city": "A", "n": -1}, {"zip": "2", "city": "B", "n": 1}]
    rules = [
        Rule(name="positive", deny="n < 0", severity="error"),
        Rule(name="gone", deny="zip = '1'", action="quarantine"),
    ]
    made = trusting(rows, CITY, rules=rules)
    assert (made.failed_rules, made.failed_rows) == ((), 0)
