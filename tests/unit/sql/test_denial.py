"""The text of rules: what it means, what is refused, and that nothing else passes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import RuleSyntaxError
from backbone.model.constraints import ColumnRef, DenialConstraint, Reference
from backbone.sql.denial import parse, render


def said(text):
    return render(parse("r", text))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("arr < dep", "t1.arr < t1.dep"),
        ("5 < a", "t1.a > 5"),
        ("t2.a < t1.b", "t1.b > t2.a"),
        ("a == 1 and b != 'x'", "t1.a = 1 and t1.b <> 'x'"),
        ("a is null and not b is null", "t1.a is null and t1.b is not null"),
        ("active is true", "t1.active = TRUE"),
        ("a between 1 and 3", "t1.a >= 1 and t1.a <= 3"),
        ("not a between 1 and 3", "(t1.a < 1 OR t1.a > 3)"),
        ("not (a is null or b > 5)", "t1.a is not null and t1.b <= 5"),
        ("not (a = 1 and b < 2)", "(t1.a <> 1 OR t1.b >= 2)"),
        ("not a in (1, 2)", "(NOT t1.a IN (1, 2))"),
        ("not not a like 'x%'", "(t1.a LIKE 'x%')"),
        ("d > date '2013-01-31'", "t1.d > CAST('2013-01-31' AS DATE)"),
        ("cast(a as int) > 5", "TRY_CAST(t1.a AS INT) > 5"),
        ("T1.a = T2.a", "t1.a = t2.a"),
        ('"Air Temp" > 3', 't1."Air Temp" > 3'),
        ("t1.a = t2.a and t2.a = t1.a", "t1.a = t2.a"),
        ("a < 5 -- too small", "t1.a < 5"),
    ],
)
def test_a_rule_has_one_normal_form(text, meaning):
    assert said(text) == meaning


def test_a_two_row_rule_knows_its_columns_and_rows():
    found = parse("fd", "t1.zip = t2.zip and t1.city <> t2.city")
    assert found.is_pair
    assert found.columns == ("zip", "city")
    assert found.predicates[1].columns == (
        ColumnRef("t1", "city"),
        ColumnRef("t2", "city"),
    )
    assert found.text == "t1.zip = t2.zip and t1.city <> t2.city"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        (
            "not exists stations.id = sid",
            Reference(("sid",), "trusted.stations", ("id",)),
        ),
        ("not exists t1.sid = s.id", Reference(("sid",), "trusted.s", ("id",))),
        (
            "NOT EXISTS formatted.w.origin = o and formatted.w.hour = h",
            Reference(("o", "h"), "formatted.w", ("origin", "hour")),
        ),
    ],
)
def test_a_rule_may_refer_to_another_table(text, reference):
    found = parse("r", text)
    assert found.reference == reference
    assert parse("r", render(found)).reference == reference


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("", "is empty", "t1.zip = t2.zip"),
        ("a <", "missing after `<`", "reads like"),
        ("((a = 1)", "parenthesis is not closed", "reads like"),
        ("a = 'x", "quote is not closed", "single quotes"),
        ("a b", "character 3: `b` was not expected", "reads like"),
        ("a < 5; drop table x", "character 6: `;`", "two rules"),
        ("drop table x", "`drop` was not expected", "reads like"),
        ("select 1", "`select` was not expected", "reads like"),
        ("a < (select 1)", "no subquery", "t1 and t2"),
        ("exists (select 1)", "no subquery", "not exists stations.id"),
        ("max(a) > 1", "no aggregate", "t1 and t2"),
        ("sum(a) over () > 1", "no aggregate", "t1 and t2"),
        ("lenght(a) > 1", "no function `lenght`", "`length`"),
        ("read_csv('x') = a", "no function `read_csv`", "There are: abs"),
        ("a = random()", "no function", "round"),
        ("current_date > a", "no function `current_date`", "There are: abs"),
        ("t3.a = t1.a", "character 1: `t3.a` is no column", "t1 and t2"),
        ("devices.id = a", "`devices.id` is no column", "not exists"),
        ("t1.a = t2.a and b = 1", "character 17: `b` does not say", "`t1.b` or `t2.b`"),
        ("t2.a = 1", "speaks of t2 only", "t1"),
        ("a = null", "null", "is null"),
        ("1 = 1", "names no column", ""),
        ("true", "names no column", ""),
        ("a in b", "`in` takes a list", "in ('a', 'b')"),
        ("a = (b = c)", "where a value should", "and"),
        ("case when a then b end = 1", "cannot be used", "reads like"),
        ("cast(a as json) = 1", "cannot be used", "varchar"),
        ("d > date '2013-13-01'", "no date or time", "2013-01-31"),
        ("date_diff('eon', a, b) > 1", "has no unit", "second"),
        ("a is distinct from b", "where a value should", "and"),
        ("t1.* = 1", "`*`", "Name the columns"),
        ("a = $1", "cannot be used", "reads like"),
        ("not exists a = b", "no reference", "not exists stations.id"),
        ("not exists x.a = b and y.a = c", "several other tables", "each"),
        ("not exists a.b.c = d", "does not name an asset", "not exists"),
        ("(" * 900 + "a = 1" + ")" * 900, "too many parentheses", ""),
        ("a = 1" + " and a = 1" * 900, "longer than", ""),
    ],
)
def test_what_is_wrong_is_said_with_what_would_have_worked(text, what, hint):
    with pytest.raises(RuleSyntaxError) as caught:
        parse("my_rule", text)
    assert "my_rule" in caught.value.what
    assert what in caught.value.what
    assert hint in (caught.value.hint or "")


names = st.sampled_from(["a", "b", "Air Temp", "order", "Zip", "x1"])
quoted = names.map(lambda name: f'"{name}"')
constants = st.sampled_from(["1", "-2.5", "'it''s'", "TRUE", "date '2013-01-31'"])


def columns(row):
    return quoted.map(lambda name: f"{row}.{name}")


def terms(row):
    calls = ["lower({})", "{} + 1", "-({})", "coalesce({}, 'x')", "cast({} as bigint)"]
    calls += ["date_diff('day', {}, date '2013-01-31')", "({} || 'x')", "round({}, 2)"]
    called = st.tuples(st.sampled_from(calls), columns(row))
    return columns(row) | called.map(lambda pair: pair[0].format(pair[1]))


operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "!=", "=="])


def conditions(row):
    compared = st.tuples(terms(row), operators, terms(row) | constants).map(" ".join)
    other = [
        "{} is null",
        "{} is not null",
        "{} in (1, 2)",
        "{} like 'x%'",
        "not {} in (3)",
    ]
    other += ["{} between 1 and 5"]
    asked = st.tuples(st.sampled_from(other), terms(row))
    leaf = compared | asked.map(lambda pair: pair[0].format(pair[1]))
    leaf |= columns(row) | columns(row).map("starts_with({}, 'x')".format)
    return st.recursive(
        leaf,
        lambda inner: (
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda t: f"({t[0]} {t[1]} {t[2]})"
            )
            | inner.map("not ({})".format)
        ),
        max_leaves=4,
    )


crosses = st.tuples(terms("t1"), operators, terms("t2")).map(" ".join)
two_rows = st.lists(crosses | conditions("t1"), min_size=1, max_size=3).map(" and ".join)


@settings(max_examples=150, deadline=None)
@given(st.one_of(conditions("t1"), two_rows))
def test_what_is_rendered_parses_to_the_same(text):
    first = parse("r", text)
    again = parse("r", render(first))
    assert again.predicates == first.predicates
    assert render(again) == render(first)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab t12.=<>()'\";,-+*/%:$?nulotxisandr0_", max_size=40))
def test_any_text_is_a_rule_or_a_rule_syntax_error(text):
    with suppress(RuleSyntaxError):
        assert isinstance(parse("r", text), DenialConstraint)
