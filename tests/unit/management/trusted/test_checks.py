"""Mistakes of a declaration are found before any row is read."""

from __future__ import annotations

import pytest

from backbone.management.trusted import check_rule, check_table
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import BOOLEAN, DATE, INTEGER, STRING, TIMESTAMP, CanonicalType
from backbone.project.trusted import CleanStep, Rule, TrustedTable

SCHEMA = Schema.of(
    zip=STRING,
    city=STRING,
    pop=INTEGER,
    arr=TIMESTAMP,
    dep=TIMESTAMP,
    day=DATE,
    ok=BOOLEAN,
    price=CanonicalType("decimal", 9, 2),
).with_columns(*ORIGIN)
KNOWN = {"trusted.planes": Schema.of(tail=STRING, seats=INTEGER), "trusted.mine": SCHEMA}


def mistakes(**form):
    return check_rule(Rule(name="r", **form), SCHEMA, KNOWN)


@pytest.mark.parametrize(
    "form",
    [
        {"deny": "arr < dep"},
        {"deny": "ok"},
        {"deny": "not ok and pop in (1, 2)"},
        {"deny": "pop in ('1')"},
        {"deny": "day > '2013-01-31'"},
        {"deny": "arr - dep > interval 3 day"},
        {"deny": "arr + interval 1 day < dep and day + 3 > cast(arr as date)"},
        {"deny": "length(city) > 3 and cast(zip as bigint) > pop"},
        {"deny": "coalesce(city, 'x') = 'x' and date_diff('day', dep, arr) > 2"},
        {"deny": "t1.zip = t2.zip and t1.pop + 1 < t2.price"},
        {"range": {"day": ("2013-01-01", None), "price": (0, "9.5")}},
        {"accepted": {"pop": ["1", "2"], "ok": ["true"]}},
        {"unique": "zip", "action": "blank"},
        {"references": {"zip": "planes.tail"}},
        {"references": {"zip": "mine.city"}},
        {"deny": "t1.pop < t2.pop", "action": "quarantine", "blame": "t1.pop"},
        {"functional": {"zip": ["city", "pop"]}, "action": "repair", "blame": "city"},
    ],
)
def test_rules_that_can_be_used(form):
    assert mistakes(**form) == []


def test_later_of_three_orders_would_ask_every_pair():
    orders = "t1.pop < t2.pop and t1.price < t2.price and t1.day > t2.day"
    form = {"deny": orders, "action": "quarantine", "blame": "later"}
    (said,) = mistakes(**form)
    assert "would be asked of every pair" in said
    assert "allow_quadratic: true" in said
    assert mistakes(**form, allow_quadratic=True) == []
    assert mistakes(**form | {"deny": orders.partition(" and t1.day")[0]}) == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"deny": "ctiy = 'x'"}, "no column `ctiy`. Did you mean `city`?"),
        ({"not_null": "zpi"}, "no column `zpi`. Did you mean `zip`?"),
        ({"deny": "_record > 5"}, "no column `_record`"),
        ({"deny": "a ="}, "missing after `=`"),
        ({"deny": "arr < pop"}, "compares a point in time with a number"),
        ({"deny": "t1.zip = t2.pop"}, "compares text with a number"),
        ({"deny": "city > 3"}, "compares text with a number"),
        ({"deny": "day > 'soon'"}, "'soon' is no date, the type of `day`"),
        ({"deny": "pop in (1, 'x')"}, "'x' is no integer"),
        ({"deny": "abs(pop) > 'x'"}, "'x' is text, `ABS(pop)` is a number"),
        ({"deny": "length(pop) > 3"}, "`pop` is a number, not text"),
        ({"deny": "pop + city > 3"}, "`city` is text, not a number"),
        ({"deny": "pop like 'x%'"}, "`pop` is a number, not text"),
        ({"deny": "pop"}, "is a number, not a condition"),
        ({"range": {"pop": (1, "x")}}, "'x' is no integer"),
        ({"range": {"pop": (None, None)}}, "asks for nothing"),
        ({"accepted": {"pop": ["one"]}}, "'one' is no integer"),
        ({"matches": {"zip": "(?=x)"}}, "no regular expression"),
        ({"deny": "regexp_matches(zip, '[0-9')"}, "no regular expression"),
        ({"matches": {"pop": "x"}}, "`pop` is a number, not text"),
        ({"functional": {"zip": ["zip"]}}, "cannot determine itself"),
        ({"references": {"zip": "plane.tail"}}, "Did you mean `trusted.planes`?"),
        ({"references": {"zip": "planes.tial"}}, "Did you mean `tail`?"),
        ({"references": {"pop": "planes.tail"}}, "`pop` is integer, but `tail`"),
        ({"references": {"zip": "tail"}}, "`column: table.column`"),
        ({"deny": "not exists plane.tail = zip"}, "no table `trusted.plane`"),
        ({"deny": "arr < dep", "action": "blank"}, "say `blame:` with one of arr, dep"),
        ({"unique": ["zip", "day"], "action": "blank"}, "does not know which cell"),
        ({"not_null": "zip", "action": "blank"}, "cannot be blanked"),
        ({"deny": "arr < dep", "action": "blank", "blame": "ar"}, "Did you mean `arr`?"),
        ({"deny": "arr < dep", "action": "blank", "blame": "t2.arr"}, "speaks of one"),
        ({"deny": "arr < dep", "blame": "arr"}, "does nothing with `action: flag`"),
        (
            {"deny": "arr < dep", "action": "quarantine", "blame": "arr"},
            "whose rows leave",
        ),
        (
            {"functional": {"zip": "city"}, "action": "repair", "blame": "zip"},
            "a repair can change only city",
        ),
    ],
)
def test_mistakes_name_the_rule_and_what_would_have_worked(form, said):
    found = mistakes(**form)
    assert found
    assert all("`r`" in mistake for mistake in found)
    assert any(said in mistake for mistake in found), found


def test_all_mistakes_of_a_table_are_found_at_once():
    table = TrustedTable(
        clean=[CleanStep(columns=["pop", "cty"], do=["trim"])],
        rules=[Rule(name="a", not_null="x"), Rule(name="b", deny="city > 1")],
    )
    found = check_table(table, SCHEMA, KNOWN)
    assert [mistake.split(":")[0] for mistake in found] == [
        "cleaning step 1",
        "cleaning step 1",
        "rule `a`",
        "rule `b`",
    ]
