"""Cleaning steps in a table: spellings, units, values for none; their order, the story."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from unicodedata import normalize

import pytest

from backbone.management.trusted import CurrentState, replay_query
from backbone.management.trusted.rows.current import standing
from backbone.model.schemas import Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.project.cleaning import CleanStep

TEXT = Schema.of(a=STRING)


def steps(*declared):
    return [CleanStep.model_validate(one) for one in declared]


@pytest.fixture
def cleaned(trusting):
    """Return a function: what texts become, and why."""

    def run(texts, *declared, **more):
        made = trusting([{"a": t} for t in texts], TEXT, clean=steps(*declared), **more)
        told = trusting.rows(made.repairs, "_record", "old", "new", "rule", "method")
        return [a for (a,) in trusting.rows(made.main, "a")], told

    return run


# -- codes and units ------------------------------------------------------------------------


def test_spellings_of_a_code_become_the_code(cleaned):
    codes = {
        "accepted": ["AL", "AK", "NY"],
        "spellings": {"Alabama": "AL", "N. York": "NY"},
    }
    texts = ["AL", "al", " a.l.", "ALABAMA", "n york", "Texas", "", None]
    made, told = cleaned(texts, {"column": "a", "codes": codes})
    assert made == ["AL", "AL", "AL", "AL", "NY", "Texas", "", None]
    assert told[0] == (2, "al", "AL", "clean_1_codes", "clean")
    assert len(told) == 4


def test_what_makes_a_difference_is_declared(cleaned):
    texts = ["Munchen", "münchen", "MÜNCHEN ", "Mün-chen"]
    codes = {"accepted": ["München"], "ignore": ["case", "accents"]}
    made, _ = cleaned(texts, {"column": "a", "codes": codes})
    assert made == ["München", "München", "MÜNCHEN ", "Mün-chen"]


def test_an_ambiguous_spelling_is_left_alone(cleaned):
    codes = {"accepted": ["mW", "MW", "kW"], "spellings": {"kilo-watt": "kW"}}
    made, _ = cleaned(
        ["mW", "MW", "mw", "KW", "Kilowatt"], {"column": "a", "codes": codes}
    )
    assert made == ["mW", "MW", "mw", "kW", "kW"]


UNITS = {
    "to": "oz",
    "spellings": {"oz": ["oz.", "ounce", "ounces", "oz. Alumi-Tek"], "lb": "pounds"},
    "factors": {"lb": 16, "g": "0.035274"},
}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("12 oz", "12"), ("12.0 oz.", "12"), (" 12.50OZ. ", "12.5"), ("8", "8"),
        ("16 oz. Alumi-Tek", "16"), ("2.5 lb", "40"), ("-0.50 pounds", "-8"),
        ("100 g", "3.5274"), ("+007 ounces", "7"), ("0 oz", "0"), ("1200 oz", "1200"),
        ("999999999999.99999999", "999999999999.99999999"),
        ("a dozen", "a dozen"), ("12 kg", "12 kg"), ("1,5 oz", "1,5 oz"), ("", ""),
        ("1.123456789 oz", "1.123456789 oz"), ("12 oz 3", "12 oz 3"), ("12\noz", "12\noz"),
    ],
)  # fmt: skip
def test_numbers_with_units(cleaned, text, made):
    assert cleaned([text], {"column": "a", "units": UNITS})[0] == [made]


def test_numbers_with_units_as_they_are_written(cleaned):
    units = {
        "to": "kg",
        "factors": {"g": "0.001", "%": 1},
        "decimal": ",",
        "write": "unit",
    }
    texts = ["1,5 kg", "250 g", "0,07%", "3", "1.5 kg"]
    made, told = cleaned(texts, {"column": "a", "units": units})
    assert made == ["1.5 kg", "0.25 kg", "0.07 kg", "3 kg", "1.5 kg"]
    assert {(rule, method) for *_, rule, method in told} == {("clean_1_units", "clean")}


def test_units_that_differ_in_case_are_told_apart(cleaned):
    units = {"to": "W", "factors": {"mW": "0.001", "MW": 1000000}}
    made, _ = cleaned(["5 mW", "5 MW", "5 mw", "5 w"], {"column": "a", "units": units})
    assert made == ["0.005", "5000000", "5 mw", "5"]


PARTS = {
    "to": "min",
    "spellings": {"min": ["m", "minutes"], "h": "hours"},
    "factors": {"h": 60, "d": 1440, "s": "0.5"},
    "compound": True,
}


ADDED = {
    "1 h 30 min": "90", "1h30m": "90", " -1 H 30.5 Minutes ": "-90.5", "1m 20s": "11",
    "2 d 3 hours 4 min 5 s": "3066.5", "+0h 0m": "0", "1h": "60", "7": "7",
    "999999999999 d 1 h": "1439999999998620",
}  # fmt: skip
NOT_ADDED = [
    "30 min 1 h", "5 h 3 h", "1 h 30", "1 h 2 kg", "1 h -30 min", "h min", "1 h, 30 min",
    "1 d 1 h 1 m 1 s 1 s", "1 h 2 . min", "",
]  # fmt: skip


def test_numbers_in_several_parts_are_added(cleaned):
    texts = [*ADDED, *NOT_ADDED]
    made, _ = cleaned(texts, {"column": "a", "units": PARTS})
    assert dict(zip(texts, made, strict=True)) == ADDED | dict(
        zip(NOT_ADDED, NOT_ADDED, strict=True)
    )


def test_parts_with_a_decimal_comma(cleaned):
    units = {"to": "in", "factors": {"ft": 12}, "decimal": ",", "compound": True}
    made, _ = cleaned(["5 ft 3,25 in", "5 ft. 3 in"], {"column": "a", "units": units})
    assert made == ["63.25", "5 ft. 3 in"]


# -- forms of Unicode -----------------------------------------------------------------------

ODD_TEXTS = [
    "\uff21\uff22\uff11", "\ufb01n", "Stra\u00dfe", "\u01c5ungla", "\u0391\u03a3", "ABC", "abc",
    "\u0130stanbul", "\u00e9", "e\u0301", "\u1e9b\u0323", "\ufdfa", "\U0001d538\u2460", "\u212b", "",
    "a" * 200 + "\u00bd", None,
]  # fmt: skip


@pytest.mark.parametrize("do", ["nfkc", "nfkd", "nfd", "casefold"])
def test_forms_are_those_of_python(cleaned, do):
    def respelt(text):
        if text is None:
            return None
        return text.casefold() if do == "casefold" else normalize(do.upper(), text)

    texts = [*ODD_TEXTS, *reversed(ODD_TEXTS)]
    made, told = cleaned(texts, {"column": "a", "do": [do]})
    assert made == [respelt(text) for text in texts]
    assert told == [
        (record, text, respelt(text), f"clean_1_{do}", "clean")
        for record, text in enumerate(texts, start=1)
        if text is not None and text != respelt(text)
    ]


def test_forms_and_other_changes_follow_one_another(cleaned):
    step = {"column": "a", "do": ["trim", "nfkc", "casefold", "collapse_spaces", "upper"]}
    made, told = cleaned([" \ufb01n\u3000\u00a0Stra\u00dfe ", "x  Y", "ok"], step)
    assert made == ["FIN STRASSE", "X Y", "OK"]
    assert {rule for record, *_, rule, _ in told if record == 1} == {
        f"clean_1_{do}" for do in step["do"]
    }


# -- a list in a file -----------------------------------------------------------------------


def test_texts_are_looked_up_in_a_list(trusting):
    step = CleanStep.model_validate({"column": "a", "lookup": {"file": "x.csv"}})
    pairs = (("p", "q"), ("n/a", None), ("q", "p"), ("same", "same"))
    rows = [{"a": text} for text in ("p", "q", "n/a", "same", "z", None)]
    table = {"clean": [step]}
    made = trusting(rows, TEXT, **table, lookups={step.lookup: pairs})
    assert trusting.rows(made.main, "a") == [
        ("q",), ("p",), (None,), ("same",), ("z",), (None,),
    ]  # fmt: skip
    assert trusting.rows(made.repairs, "_record", "rule") == [
        (record, "clean_1_lookup") for record in (1, 2, 3)
    ]


# -- what cannot be read --------------------------------------------------------------------

UNREAD = {
    "units": ({"units": {"to": "kg"}}, {"1 kg": "1", "2": "2"}),
    "codes": ({"codes": {"accepted": ["A", "B"]}}, {"a.": "A", "B": "B"}),
    "lookup": ({"lookup": {"file": "x.csv"}}, {"p": "q", "q": "q", "none": None}),
}


@pytest.mark.parametrize("form", UNREAD)
@pytest.mark.parametrize("otherwise", ["keep", "missing"])
def test_what_a_step_cannot_read_is_counted(trusting, form, otherwise):
    step, known = UNREAD[form]
    inner = {**step[form], "otherwise": otherwise}
    (clean,) = steps({"column": "a", form: inner})
    texts = [*known, "soon", "soon", "x" * 300, "w", "v", "u", "t", None]
    pairs = {clean.lookup: (("p", "q"), ("none", None))} if form == "lookup" else {}
    rows = [{"a": text} for text in texts]
    made = trusting(rows, TEXT, clean=[clean], lookups=pairs)

    left = (lambda text: None) if otherwise == "missing" else (lambda text: text)
    found = [a for (a,) in trusting.rows(made.main, "a")]
    assert found == [known[t] if t in known else left(t) for t in texts]
    (report,) = made.cleaning
    assert (report.rule, report.column) == (f"clean_1_{form}", "a")
    unread = report.unread
    blanked = otherwise == "missing"
    assert (unread.cells, unread.texts, unread.blanked) == (7, 6, blanked)
    assert unread.examples[:4] == (("soon", 2), ("t", 1), ("u", 1), ("v", 1))
    told = trusting.rows(made.repairs, "old", "new")
    expected = [(t, known[t]) for t in known if known[t] != t]
    assert told == expected + [(t, None) for t in texts[len(known) : -1] if blanked]


def test_every_step_is_remembered_though_it_changed_nothing(trusting):
    declared = steps(
        {"columns": ["a"], "do": ["trim", "casefold"]}, {"column": "a", "missing": ["-"]}
    )
    made = trusting([{"a": "x"}], TEXT, clean=declared)
    assert [(one.rule, one.method, one.unread) for one in made.cleaning] == [
        ("clean_1_trim", "clean", None),
        ("clean_1_casefold", "clean", None),
        ("clean_2_missing", "missing", None),
    ]
    assert made.repairs.rows == 0


# -- values for none ------------------------------------------------------------------------

TYPED = Schema.of(
    x=DOUBLE, n=INTEGER, d=CanonicalType.parse("decimal(9,2)"), s=STRING, day=DATE,
    at=TIMESTAMP, ok=BOOLEAN,
)  # fmt: skip


def test_values_for_none_are_compared_by_type(trusting):
    row = {
        "x": -39.9, "n": 9999, "d": Decimal("9999.00"), "s": "9999", "ok": False,
        "day": dt.date(1900, 1, 1), "at": dt.datetime(1900, 1, 1, tzinfo=dt.UTC),
    }  # fmt: skip
    other = {
        "x": float("nan"), "n": -40, "d": Decimal("-39.90"), "s": "--", "ok": True,
        "day": dt.date(1900, 1, 2), "at": dt.datetime(1900, 1, 1, 1, tzinfo=dt.UTC),
    }  # fmt: skip
    missing = {
        "columns": list(TYPED.names),
        "missing": ["1900-01-01", 9999, -39.9, False],
    }
    made = trusting([row, other], TYPED, clean=steps(missing))
    first, second = trusting.rows(made.main)
    assert {name for name in TYPED.names if first[name] is not None} == set()
    assert [n for n in TYPED.names if second[n] is None] == ["d"]
    told = trusting.rows(made.repairs, "column", "old", "new", "method")
    assert ("x", "-39.9", None, "missing") in told
    assert ("at", "1900-01-01 00:00:00+00", None, "missing") in told
    made = trusting([other], TYPED, clean=steps({"column": "x", "missing": ["nan"]}))
    assert trusting.rows(made.main, "x") == [(None,)]


def test_values_for_none_only_where_a_condition_holds(trusting):
    rows = [{"x": 0.0, "s": "a"}, {"x": 0.0, "s": "b"}, {"x": 1.0, "s": "a"}, {"x": 5.0}]
    schema = Schema.of(x=DOUBLE, s=STRING)
    only = {"column": "x", "missing": {"values": [0], "where": "s = 'a'"}}
    made = trusting(rows, schema, clean=steps(only))
    assert trusting.rows(made.main, "x") == [(None,), (0.0,), (1.0,), (5.0,)]
    every = {"columns": ["x"], "missing": {"where": "x < 2 and s <> 'b'"}}
    made = trusting(rows, schema, clean=steps(every))
    assert trusting.rows(made.main, "x") == [(None,), (0.0,), (None,), (5.0,)]


def test_a_constant_fills_what_is_missing(trusting):
    rows = [dict.fromkeys(TYPED.names)]
    filled = [
        {"columns": ["x", "n", "d"], "fill": {"constant": 7}},
        {"column": "s", "fill": {"constant": "?"}},
        {"column": "ok", "fill": {"constant": False}},
        {"column": "day", "fill": {"constant": "2024-02-29"}},
    ]
    made = trusting(rows, TYPED, clean=steps(*filled))
    assert trusting.rows(made.main, *TYPED.names) == [
        (7.0, 7, Decimal("7.00"), "?", dt.date(2024, 2, 29), None, False)
    ]
    assert {m for (m,) in trusting.rows(made.repairs, "method")} == {"constant"}


# -- order ----------------------------------------------------------------------------------

READINGS = Schema.of(device=STRING, at=INTEGER, x=DOUBLE)


def test_each_step_sees_what_those_before_it_left(trusting):
    rows = [
        {"device": device, "at": at, "x": float(at)}
        for device in (" a", "a ", "b")
        for at in range(20)
    ]
    rows[5]["x"], rows[7]["x"] = 1000.0, -39.9
    clean = steps(
        {"column": "x", "missing": [-39.9]},
        {"column": "x", "outliers": {"per": "device"}},
        {"column": "device", "do": ["trim"]},
        {"column": "x", "fill": {"with": "last", "by": "at", "per": "device"}},
        {"column": "x", "missing": [4]},
    )
    deny = {"name": "r", "deny": "x is null"}
    made = trusting(rows, READINGS, clean=clean, rules=[deny])
    told = trusting.rows(
        made.repairs, "_record", "column", "old", "new", "rule", "step_order"
    )
    of_x = sorted(
        (row for row in told if row[1] == "x"), key=lambda row: (row[0], row[-1])
    )
    assert of_x == [
        (5, "x", "4.0", None, "clean_5_missing", 5),
        (6, "x", "1000.0", None, "clean_2_outliers", 2),
        (6, "x", None, "4.0", "clean_4_fill", 4),
        (6, "x", "4.0", None, "clean_5_missing", 5),
        (8, "x", "-39.9", None, "clean_1_missing", 1),
        (8, "x", None, "6.0", "clean_4_fill", 4),
        (25, "x", "4.0", None, "clean_5_missing", 5),
        (45, "x", "4.0", None, "clean_5_missing", 5),
    ]
    assert {row[-1] for row in told if row[1] == "device"} == {3}
    assert made.rules[0].violating_rows == 4
    after = trusting.rows(made.main, "device", "x")
    assert {device for device, _ in after} == {"a", "b"}
    assert [x for _, x in after][3:9] == [3.0, None, None, 6.0, 6.0, 8.0]


def test_columns_may_be_called_like_what_the_queries_call_theirs(trusting):
    names = ("x", "value", "old", "k0", "t", "Rows '\"")
    schema = Schema.of(**dict.fromkeys(names, DOUBLE), at=TIMESTAMP, number=STRING)
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    rows = [
        {
            **dict.fromkeys(names, float(n % 5)),
            "at": moment + n * dt.timedelta(hours=1),
            "number": f"{n} kg",
        }
        for n in range(40)
    ]
    rows[20] |= dict.fromkeys(names, 900.0)
    rows[30] |= dict.fromkeys(names)
    clean = [{"column": "number", "units": {"to": "kg"}}]
    for name in names:
        clean += [
            {"column": name, "missing": {"values": [3], "where": "number <> ''"}},
            {"column": name, "outliers": {"at_least": 3}},
            {"column": name, "fill": {"with": "interpolate", "by": "at"}},
            {"column": name, "fill": "median"},
            {"column": name, "missing": [4]},
        ]
    made = trusting(rows, schema, clean=steps(*clean))
    after = trusting.rows(made.main)
    assert {row["number"] for row in after} == {str(n) for n in range(40)}
    assert {len({row[name] for name in names}) for row in after} == {1}
    assert {row["value"] for row in after} == {None, 0.0, 1.0, 2.0, 3.0, 2.5}


def test_what_a_search_changed_a_rule_may_change_again(trusting, fast_session, tmp_path):
    rows = [{"device": "a", "at": at, "x": float(at % 7)} for at in range(30)]
    rows[9]["x"], rows[11]["x"] = 500.0, None
    clean = steps(
        {"column": "x", "outliers": {"then": "clip"}},
        {"column": "x", "fill": "median"},
        {"column": "device", "do": ["upper"]},
    )
    rule = {"name": "r", "range": {"x": [0, 6]}, "action": "blank"}
    made = trusting(rows, READINGS, clean=clean, rules=[rule])
    told = trusting.rows(made.repairs, "_record", "column", "method", "step_order")
    assert sorted(row for row in told if row[0] in {10, 12}) == [
        (10, "device", "clean", 3), (10, "x", "blank", 5), (10, "x", "clipped", 1),
        (12, "device", "clean", 3), (12, "x", "median", 2),
    ]  # fmt: skip
    current = CurrentState("increments", ("d1",))
    inputs = {n: made.sides[n].scan() for n in ("repairs", "quarantine", "merged")}
    schema = made.main.schema.without(["_flags"])
    live = standing(fast_session, trusting.formatted, schema, current, tmp_path)
    inputs |= {"formatted": live.rows, "objects": live.objects}
    replayed = fast_session.fetch(replay_query(schema), inputs)
    found = sorted(replayed.to_pylist(), key=lambda row: row["_record"])
    assert [(r["device"], r["x"]) for r in found] == trusting.rows(
        made.main, "device", "x"
    )
