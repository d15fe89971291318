"""What a rule does to a table, action by action, and that nothing disappears."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from backbone.errors import AccountMismatch, UnknownAsset, UnsupportedRule
from backbone.management.trusted import CurrentState
from backbone.management.trusted.finding import comparing, pairs, searching
from backbone.management.trusted.finding.detect import detection
from backbone.management.trusted.outputs import main_schema
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.project.trusted import CleanStep, Rule

CITY = Schema.of(zip=STRING, city=STRING, n=INTEGER)


def city(zip_, name, n=0):
    return {"zip": zip_, "city": name, "n": n}


def test_a_table_without_rules_passes_through(trusting):
    made = trusting([city("1", "A"), city(None, None, None)], CITY)
    assert trusting.rows(made.main, "zip", "city", "n", "_record", "_flags") == [
        ("1", "A", 0, 1, None),
        (None, None, None, 2, None),
    ]
    assert made.main.schema.names == main_schema(CITY).names
    assert all(written.rows == 0 for written in made.sides.values())
    assert (made.account.formatted, made.account.trusted) == (2, 2)


def test_an_empty_table_is_an_empty_table(trusting):
    rule = Rule(name="u", unique="zip", action="deduplicate")
    made = trusting([], CITY, rules=[rule, Rule(name="n", deny="n < 0")])
    assert made.account.trusted == made.account.formatted == 0
    assert [report.violating_rows for report in made.rules] == [0, 0]


def test_flagged_rows_stay_and_name_their_rules_in_order(trusting):
    rules = [
        Rule(name="late", deny="n > 5"),
        Rule(name="early", not_null="zip", severity="error"),
        Rule(name="never", deny="n > 100", severity="error"),
    ]
    made = trusting(
        [city("1", "A", 9), city(None, "A", 9), city("1", "A")], CITY, rules=rules
    )
    assert trusting.rows(made.main, "_flags") == [("late",), ("late,early",), (None,)]
    assert made.failed_rules == ("early",)
    assert made.account.flagged == 2
    assert trusting.rows(made.violations, "_record", "rule", "severity", "role") == [
        (1, "late", "warn", "t1"),
        (2, "early", "error", "t1"),
        (2, "late", "warn", "t1"),
    ]
    assert trusting.rows(made.violations, "columns", "reason")[0] == (
        "n",
        "denied: n > 5: n = 9",
    )


def test_blank_empties_the_blamed_cell_only(trusting):
    rule = Rule(name="r", deny="n > 5 and zip = '1'", blame="n", action="blank")
    made = trusting([city("1", "A", 9), city("2", "A", 9)], CITY, rules=[rule])
    assert trusting.rows(made.main, "zip", "n", "_flags") == [
        ("1", None, None),
        ("2", 9, None),
    ]
    names = ("_record", "column", "old", "new", "rule", "method", "confidence")
    assert trusting.rows(made.repairs, *names) == [
        (1, "n", "9", None, "r", "blank", None)
    ]
    report = made.rules[0]
    assert (report.changed_cells, report.blamed_rows, report.removed_rows) == (1, 1, 0)
    assert made.failed_rules == ()


def test_a_condition_may_blame_a_cell_that_it_does_not_read(trusting):
    rule = Rule(name="r", deny="n > 5", blame=["n", "city"], action="blank")
    made = trusting([city("1", "A", 9), city("2", "B", 1)], CITY, rules=[rule])
    assert trusting.rows(made.main, "n", "city") == [(None, None), (1, "B")]
    assert trusting.rows(made.repairs, "column", "old") == [("city", "A"), ("n", "9")]


def test_blame_may_name_the_row_of_a_two_row_rule(trusting):
    text = "t1.zip = t2.zip and t1.n < t2.n"
    rule = Rule(name="r", deny=text, blame="t2.n", action="blank")
    rows = [city("1", "A", 1), city("1", "A", 5), city("2", "A", 7)]
    made = trusting(rows, CITY, rules=[rule])
    assert trusting.rows(made.main, "n") == [(1,), (None,), (7,)]


def test_what_blanking_does_not_mend_is_flagged_and_fails(trusting):
    text = "coalesce(n, 0) = 0"
    rule = Rule(name="r", deny=text, blame="n", action="blank", severity="error")
    made = trusting([city("1", "A", 0), city("1", "A", 5)], CITY, rules=[rule])
    assert trusting.rows(made.main, "n", "_flags") == [(None, "r"), (5, None)]
    assert made.failed_rules == ("r",)


def test_quarantined_rows_leave_with_every_reason(trusting):
    rules = [
        Rule(
            name="gone", not_null=["zip", "city"], action="quarantine", severity="error"
        ),
        Rule(name="later", deny="n > 5"),
    ]
    rows = [city(None, None, 9), city("1", None, 9), city("1", "A", 9)]
    made = trusting(rows, CITY, rules=rules)
    assert trusting.rows(made.main, "_record", "_flags") == [(3, "later")]
    assert trusting.rows(made.quarantine, "_record", "n", "rule", "reason") == [
        (1, 9, "gone", "zip is missing: zip = missing; city is missing: city = missing"),
        (2, 9, "gone", "city is missing: city = missing"),
    ]
    assert made.account.quarantined == made.rules[0].removed_rows == 2
    assert made.rules[1].violating_rows == 1
    assert made.failed_rules == ()


def test_a_quarantine_may_take_one_of_the_two_rows(trusting):
    text = "t1.zip = t2.zip and t1.n < t2.n"
    rows = [city("1", "A", 1), city("1", "A", 5), city("1", "A", 7)]
    every = Rule(name="r", deny=text, action="quarantine")
    assert trusting(rows, CITY, rules=[every]).account.quarantined == 3
    one = Rule(name="r", deny=text, action="quarantine", blame="t1.n")
    made = trusting(rows, CITY, rules=[one])
    assert trusting.rows(made.main, "n") == [(7,)]


@pytest.mark.parametrize(("keep", "kept"), [("first", 1), ("latest", 3)])
def test_of_equal_rows_one_survives_and_stands_for_the_others(trusting, keep, kept):
    rows = [city("1", "A", n) for n in range(3)] + [city(None, "A"), city(None, "A")]
    rule = Rule(name="u", unique=["zip", "city"], action="deduplicate", keep=keep)
    made = trusting(rows, CITY, rules=[rule])
    assert trusting.rows(made.main, "_record") == [(kept,), (4,), (5,)]
    names = ("_record", "survivor_delivery", "survivor_object", "survivor_record", "rule")
    assert trusting.rows(made.merged, *names) == [
        (record, "d1", "a.csv", kept, "u") for record in (1, 2, 3) if record != kept
    ]
    assert made.rules[0].pairs == 3
    assert made.account.merged == 2


def test_the_majority_repairs_and_ties_are_left_and_flagged(trusting):
    rows = [
        *[
            city("1", "Brussel"),
            city("1", "Brussel"),
            city("1", "Brussels"),
            city("1", None),
        ],
        *[city("2", "A"), city("2", "B"), city(None, "C"), city(None, "D")],
    ]
    rule = Rule(name="fd", functional={"zip": "city"}, action="repair", severity="error")
    made = trusting(rows, CITY, rules=[rule])
    assert trusting.rows(made.main, "city", "_flags") == [
        *[("Brussel", None), ("Brussel", None), ("Brussel", None), (None, None)],
        *[("A", "fd"), ("B", "fd"), ("C", None), ("D", None)],
    ]
    names = ("_record", "old", "new", "method", "confidence")
    [(record, old, new, method, confidence)] = trusting.rows(made.repairs, *names)
    assert (record, old, new, method) == (3, "Brussels", "Brussel", "majority")
    assert confidence == pytest.approx(2 / 3)
    assert made.failed_rules == ("fd",)
    assert made.rules[0].violating_rows == 5
    assert made.rules[0].pairs == 3


def test_each_rule_sees_what_the_rules_before_it_left(trusting):
    schema = Schema.of(a=STRING, b=STRING, c=STRING)
    rows = [
        *[{"a": "1", "b": "x", "c": "p"}, {"a": "1", "b": "x", "c": "p"}],
        *[{"a": "1", "b": "y", "c": "p"}, {"a": "2", "b": "y", "c": "q"}],
        *[{"a": "2", "b": "y", "c": "q"}, {"a": "3", "b": "x", "c": "r"}],
    ]
    rules = [
        Rule(name="a_b", functional={"a": "b"}, action="repair"),
        Rule(name="b_c", functional={"b": "c"}, action="repair"),
        Rule(name="same", unique=["a", "b", "c"], action="deduplicate", keep="first"),
        Rule(name="alone", deny="t1.c <> t2.c"),
    ]
    made = trusting(rows, schema, rules=rules)
    assert trusting.rows(made.main, "a", "b", "c", "_flags") == [
        ("1", "x", "p", "alone"),
        ("2", "y", "q", "alone"),
        ("3", "x", "p", "alone"),
    ]
    assert trusting.rows(made.merged, "_record", "survivor_record") == [
        (2, 1),
        (3, 1),
        (5, 4),
    ]


def test_cleaning_comes_first_and_every_change_is_a_repair(trusting):
    clean = [
        CleanStep(columns=["city", "zip"], do=["trim", "collapse_spaces", "nfc"]),
        CleanStep(column="city", replace={"N/A": None, "Sao": "São"}),
    ]
    rows = [city(" 1", "\u00a0Sa\u0303o \t Paulo\n"), city("1", " N/A"), city("1", "Sao")]
    rule = Rule(name="nn", not_null="city")
    made = trusting(rows, CITY, clean=clean, rules=[rule])
    assert trusting.rows(made.main, "zip", "city", "_flags") == [
        ("1", "São Paulo", None),
        ("1", None, "nn"),
        ("1", "São", None),
    ]
    names = ("_record", "column", "old", "new", "rule", "step_order")
    found = sorted(trusting.rows(made.repairs, *names), key=lambda r: (r[0], r[1], r[5]))
    assert [row[:5] for row in found] == [
        (1, "city", rows[0]["city"], "Sa\u0303o \t Paulo", "clean_1_trim"),
        (1, "city", "Sa\u0303o \t Paulo", "Sa\u0303o Paulo", "clean_1_collapse_spaces"),
        (1, "city", "Sa\u0303o Paulo", "São Paulo", "clean_1_nfc"),
        (1, "zip", " 1", "1", "clean_1_trim"),
        (2, "city", " N/A", "N/A", "clean_1_trim"),
        (2, "city", "N/A", None, "clean_2_replace"),
        (3, "city", "Sao", "São", "clean_2_replace"),
    ]
    assert made.account.repaired == 7


def test_a_rule_may_refer_to_another_table_and_to_its_own(trusting):
    zips = trusting.other("zips", [{"zip": "1"}, {"zip": None}], zip=STRING)
    rules = [
        Rule(name="known", references={"zip": "zips.zip"}, action="quarantine"),
        Rule(name="parent", references={"city": "things.zip"}),
    ]
    rows = [city("1", "1"), city("2", "1"), city(None, "2")]
    made = trusting(rows, CITY, rules=rules, references={"trusted.zips": zips})
    assert trusting.rows(made.main, "_record", "_flags") == [(1, None), (3, "parent")]
    with pytest.raises(UnknownAsset, match=r"trusted\.zips"):
        trusting(rows, CITY, rules=rules)


def test_only_the_newest_snapshot_is_current(trusting):
    rows = [
        *[{**city("1", "A", n), "_delivery": "old", "_record": n + 1} for n in range(3)],
        *[{**city("1", "A", n), "_delivery": "new", "_record": n + 1} for n in range(2)],
    ]
    rule = Rule(name="u", unique=["zip", "n"], action="deduplicate")
    made = trusting(
        rows, CITY, rules=[rule], current=CurrentState("snapshots", ("old", "new"))
    )
    assert trusting.rows(made.main, "_delivery", "n") == [("new", 0), ("new", 1)]
    assert (made.account.formatted, made.account.superseded) == (5, 3)
    assert made.account.merged == 0
    again = trusting(rows, CITY, current=CurrentState("snapshots", ("new", "old")))
    assert again.account.superseded == 2


def test_the_latest_row_is_of_the_newest_delivery_then_object_then_record(trusting):
    places = [("b", "x", 9), ("a", "y", 1), ("a", "x", 2), ("a", "y", 2), ("a", "x", 3)]
    names = ("_delivery", "_object", "_record")
    rows = [
        {**city("1", "A"), **dict(zip(names, place, strict=True))} for place in places
    ]
    rule = Rule(name="u", unique="zip", action="deduplicate", keep="latest")
    for deliveries, kept in ((("b", "a"), ("a", "y", 2)), (("a", "b"), ("b", "x", 9))):
        current = CurrentState("increments", deliveries)
        made = trusting(rows, CITY, rules=[rule], current=current)
        assert trusting.rows(made.main, *names) == [kept]


def test_rows_of_an_unknown_delivery_are_never_dropped_in_silence(trusting):
    rows = [{**city("1", "A"), "_delivery": "stray"}]
    with pytest.raises(AccountMismatch, match="stray"):
        trusting(rows, CITY)


def test_columns_may_have_any_name(trusting):
    odd = ["select", 'a"b', "value", "rule", "reason", "r", "id", "e0", "low", "Ünï çode"]
    schema = Schema.of(**dict.fromkeys(odd, STRING))
    rules = [
        Rule(name="fd", functional={'a"b, e0': ["Ünï çode", "id"]}, action="repair"),
        Rule(name="u", unique=odd, action="deduplicate"),
        Rule(name="nn", not_null=odd, action="quarantine"),
        Rule(name="deny", deny='"select" = "Ünï çode"', blame="select", action="blank"),
    ]
    rows = [dict.fromkeys(odd, "v"), dict.fromkeys(odd, "v"), dict.fromkeys(odd, None)]
    clean = [CleanStep(columns=odd, do=["trim"])]
    made = trusting(rows, schema, rules=rules, clean=clean)
    assert trusting.rows(made.main, "_record", "select", "value") == [(2, None, "v")]
    assert trusting.rows(made.quarantine, "_record", "rule", "_rule") == [(3, None, "nn")]


def test_every_type_is_blanked_and_its_text_casts_back(trusting):
    types = [BOOLEAN, INTEGER, DOUBLE, CanonicalType("decimal", 9, 2), STRING, DATE]
    schema = Schema.of(**{t.kind: t for t in [*types, TIMESTAMP, DATETIME]})
    at = datetime(2013, 1, 31, 23, 59, 59, 1)
    values = [True, -7, 0.1, Decimal("-1.50"), "x'y", date(2013, 1, 31)]
    row = dict(zip(schema.names, [*values, at.replace(tzinfo=UTC), at], strict=True))
    text = " and ".join(f"{name} is not null" for name in schema.names)
    rule = Rule(name="r", deny=text, blame=list(schema.names), action="blank")
    made = trusting([row], schema, rules=[rule])
    assert trusting.rows(made.main, *schema.names) == [(None,) * 8]
    assert [old for (old,) in sorted(trusting.rows(made.repairs, "old"))] == sorted(
        [
            *["true", "-7", "0.1", "-1.50", "x'y", "2013-01-31"],
            *["2013-01-31 23:59:59.000001+00", "2013-01-31 23:59:59.000001"],
        ]
    )


def test_pairs_are_counted_where_that_is_cheap_and_bounded_elsewhere(
    trusting, monkeypatch
):
    schema = Schema.of(k=STRING, a=INTEGER, b=INTEGER)
    rows = [{"k": "x", "a": i, "b": b} for i, b in enumerate([5, 4, 3, 9, 1])]
    rules = [
        Rule(name="falls", deny="t1.a < t2.a and t1.b > t2.b"),
        Rule(name="same", deny="t1.k = t2.k and t1.a <> t2.a"),
        Rule(name="back", sequence={"per": "k", "by": "a"}, deny="b < previous.b"),
        Rule(name="large", range={"b": (0, 5)}),
        Rule(name="fine", deny="t1.a < t2.a and t1.b > t2.b and t1.b > 90"),
    ]

    def bounds():
        made = trusting(rows, schema, rules=rules)
        return [(r.pairs, r.pairs_at_least, r.pairs_at_most) for r in made.rules]

    others = [(10, 10, 10), (3, 3, 3), (None, None, None), (None, None, None)]
    assert bounds() == [(7, 7, 7), *others]
    monkeypatch.setattr(pairs, "_SORTED", 0)
    assert bounds() == [(None, 4, 10), *others]


def test_a_rule_with_too_many_pairs_stops_and_says_what_would_help(trusting, monkeypatch):
    monkeypatch.setattr(comparing, "MAX_COMPARISONS", 10)
    schema = Schema.of(a=INTEGER, b=INTEGER, c=INTEGER, d=INTEGER)
    rows = [{"a": i, "b": i, "c": -i, "d": i} for i in range(9)]
    deny = "t1.a < t2.a and t1.b < t2.b and t1.c > t2.c and t1.d < t2.d"
    with pytest.raises(UnsupportedRule, match="81 pairs of rows") as caught:
        trusting(rows, schema, rules=[Rule(name="falls", deny=deny)])
    assert "allow_quadratic: true" in caught.value.hint
    made = trusting(
        rows, schema, rules=[Rule(name="falls", deny=deny, allow_quadratic=True)]
    )
    assert (made.rules[0].violating_rows, made.rules[0].pairs) == (9, 36)


def test_reports_say_what_was_looked_for_and_how(trusting):
    rules = [
        Rule(name="fd", functional={"zip": "city"}),
        Rule(name="order", deny="t1.zip = t2.zip and t1.n < t2.n and t1.city > t2.city"),
        Rule(name="both", range={"n": (0, 5)}),
    ]
    made = trusting([city("1", "A", 9), city("1", "B", -1)], CITY, rules=rules)
    fd, order, both = made.rules
    assert fd.text == "functional: zip -> city"
    assert (
        fd.plan == "equalities and `<>`: smallest and largest value of each group, O(n)"
    )
    assert (fd.violating_rows, fd.pairs) == (2, 1)
    assert "one sort" in order.plan
    assert (order.violating_rows, order.pairs) == (2, 1)
    assert (both.pairs, both.pairs_at_most) == (None, None)
    assert (both.violating_rows, both.plan) == (2, "one row: filter, O(n)")
    assert all(report.seconds > 0 for report in made.rules)
    assert made.main.schema.public.names == CITY.names
    assert made.main.schema.names[3:6] == ORIGIN.names


def test_columns_called_like_ours_in_another_case_keep_their_names(trusting):
    schema = Schema.of(Rule=STRING, Reason=STRING, Survivor_Record=STRING)
    rows = [
        {"Rule": None, "Reason": "a", "Survivor_Record": "s"},
        {"Rule": "x", "Reason": "b", "Survivor_Record": "s"},
        {"Rule": "y", "Reason": "b", "Survivor_Record": "t"},
    ]
    rules = [
        Rule(name="named", not_null="Rule", action="quarantine"),
        Rule(name="one", unique="Reason", action="deduplicate"),
    ]
    made = trusting(rows, schema, rules=rules)
    assert trusting.rows(made.quarantine, "Rule", "_rule", "Reason") == [
        (None, "named", "a")
    ]
    assert trusting.rows(made.merged, "Rule", "_rule", "Survivor_Record") == [
        ("x", "one", "s")
    ]
    assert trusting.rows(made.merged, "_survivor_record") == [(3,)]


def test_columns_may_be_called_like_our_own(trusting):
    words = ("place", "pair", "side", "role", "found", "hits", "part", "rule")
    schema = Schema.of(**dict.fromkeys(words, STRING), value=INTEGER)
    rows = [
        {**dict.fromkeys(words, word), "place": "p", "value": n}
        for n, word in enumerate(["Niš", "Nis", "Nis"])
    ]
    rules = [
        Rule(name="one", deny="value = 0 and side = 'Niš'"),
        Rule(name="two", deny="t1.place = t2.place and t1.pair <> t2.pair"),
        Rule(name="gone", accepted={"role": ("Nis",)}, action="quarantine"),
        Rule(name="most", functional={"place": ("hits",)}, action="repair"),
    ]
    made = trusting(rows, schema, rules=rules)
    assert [report.violating_rows for report in made.rules] == [1, 3, 1, 0]
    assert [w.values for report in made.rules[:2] for w in report.witnesses] == [
        ({"value": "0", "side": "Niš"},),
        ({"place": "p", "pair": "Niš"}, {"place": "p", "pair": "Nis"}),
        ({"place": "p", "pair": "Nis"}, {"place": "p", "pair": "Niš"}),
    ]
    assert trusting.rows(made.quarantine, "place", "_rule") == [("p", "gone")]


@pytest.mark.parametrize(
    "deny",
    [
        "t1.k = t2.k and t1.a < t2.a and t1.b > t2.b",
        "t1.a <= t2.a and t1.b >= t2.b",
        "t1.k <> t2.k and t1.a < t2.a and t1.b > t2.b",
    ],
)
def test_groups_that_an_engine_cannot_hold_are_cut_and_break_the_same_rules(
    trusting, monkeypatch, deny
):
    cuts = []

    def watched(constraint, *, cut=None, **given):
        cuts.append(cut)
        return detection(constraint, cut=cut, **given)

    monkeypatch.setattr(searching, "detection", watched)
    rows = [{"k": "x" if i % 9 else str(i), "a": i * 7 % 40, "b": i} for i in range(40)]
    schema = Schema.of(k=STRING, a=INTEGER, b=INTEGER)
    rule = Rule(name="falls", deny=deny)

    whole = trusting(rows, schema, rules=[rule])
    trusting.session.capabilities = replace(
        trusting.session.capabilities, rows_per_group=8
    )
    in_ranges = trusting(rows, schema, rules=[rule])

    assert cuts[0] is None
    assert cuts[1].ranges >= 4
    for made in (whole, in_ranges):
        assert made.account.flagged > 0
    shown = ("_record", "_flags")
    assert trusting.rows(whole.main, *shown) == trusting.rows(in_ranges.main, *shown)
