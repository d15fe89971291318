"""What people decide, beside cleaning that looks at other cells, and beside `blame`."""

from __future__ import annotations

import pytest

from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.cleaning import Lookup
from backbone.project.decisions import Decision
from backbone.project.trusted import CleanStep, Rule

METER = Schema.of(at=INTEGER, site=STRING, heat=INTEGER)
NAMES = Lookup(file="sites.csv")


def readings(*heat, site="a"):
    return [{"at": at, "site": site, "heat": n} for at, n in enumerate(heat)]


def decision(at, name="d", **said):
    where = {"at": str(at)}
    return Decision(
        name=name, where=where, reason="Seen.", by="mia", decided="2026-11-20", **said
    )


def heat(trusting, made):
    return [row[0] for row in trusting.rows(made.main, "heat")]


def told(trusting, made):
    return trusting.rows(made.repairs, "_record", "column", "new", "method")


@pytest.mark.parametrize("per", [["site"], []])
def test_a_median_is_one_of_the_decided_values(trusting, per):
    step = CleanStep(column="heat", fill={"with": "median", "per": per})
    rows = readings(None, 1, 2, 9, None)
    said = [decision(1, set={"heat": "8"}), decision(4, "e", keep="heat")]
    made = trusting(rows, METER, clean=[step], decisions=said)
    assert heat(trusting, made) == [8, 8, 2, 9, None]
    assert told(trusting, made) == [
        (1, "heat", "8", "median"), (2, "heat", "8", "decision"),
    ]  # fmt: skip


def test_a_row_that_is_out_has_no_part_in_a_median(trusting):
    step = CleanStep(column="heat", fill="median")
    rows = readings(None, 1, 1, 9)
    said = [decision(1, out=True), decision(2, "e", out=True)]
    rule = Rule(name="high", range={"heat": (None, 5)}, holds="50%")
    made = trusting(rows, METER, clean=[step], rules=[rule], decisions=said)
    assert heat(trusting, made) == [9, 9]
    assert made.account.quarantined == 2
    assert (made.rules[0].looked_rows, made.rules[0].violating_rows) == (2, 2)
    assert made.rules[0].questioned


def test_what_lies_between_is_between_decided_values(trusting):
    step = CleanStep(column="heat", fill={"with": "interpolate", "by": "at"})
    said = [decision(0, set={"heat": "100"}), decision(3, "e", set={"heat": None})]
    made = trusting(
        readings(0, None, 300, None, 500), METER, clean=[step], decisions=said
    )
    assert heat(trusting, made) == [100, 200, 300, None, 500]


@pytest.mark.parametrize("then", ["missing", "clip"])
def test_a_decided_value_is_no_outlier_and_the_last_step_leaves_it_too(trusting, then):
    clean = [
        CleanStep(column="heat", outliers={"at_least": 3, "then": then}),
        CleanStep(column="heat", missing=[900]),
    ]
    rows = readings(1, 2, 3, 4, 900, 800)
    made = trusting(rows, METER, clean=clean, decisions=[decision(4, keep="heat")])
    assert heat(trusting, made)[:5] == [1, 2, 3, 4, 900]
    assert heat(trusting, made)[5] not in {800, 900}
    assert [row[0] for row in told(trusting, made)] == [6]


def test_a_row_is_named_by_what_every_step_made_of_it(trusting):
    clean = [
        CleanStep(column="site", do=["trim"]),
        CleanStep(column="site", lookup=NAMES),
        CleanStep(column="site", fill="mode"),
    ]
    rows = [*readings(1, site=" A1 "), *readings(2, site=None), *readings(3, site="A1")]
    said = Decision(
        name="d", where={"site": "Mill"}, set={"heat": "7"}, was={"site": "Mill"},
        many=True, reason="r", by="mia", decided="2026-11-20",
    )  # fmt: skip
    made = trusting(
        rows, METER, clean=clean, decisions=[said], lookups={NAMES: (("A1", "Mill"),)}
    )
    assert heat(trusting, made) == [7, 7, 7]
    assert dict(made.decisions[0].rows) == {"applied": 3}


FUNCTIONAL = {"functional": {"site": ["heat"]}}


@pytest.mark.parametrize("action", ["blank", "quarantine"])
def test_the_fewest_to_blame_are_found_without_rows_that_are_fine(trusting, action):
    rule = Rule(name="same", blame="fewest", action=action, **FUNCTIONAL)
    rows = readings(5, 5, 6, 6, 6)
    said = [decision(at, f"d{at}", fine=["same"]) for at in (3, 4)]
    made = trusting(rows, METER, rules=[rule], decisions=said)
    left = {"blank": [5, 5, None, 6, 6], "quarantine": [5, 5, 6, 6]}
    assert heat(trusting, made) == left[action]


def test_nobody_is_blamed_for_being_out_of_order_with_a_row_that_is_fine(trusting):
    rule = Rule(
        name="rises", deny="t1.at < t2.at and t1.heat > t2.heat",
        blame=["fewest", "heat"], action="blank",
    )  # fmt: skip
    said = decision(1, fine=["rises"])
    made = trusting(readings(1, 9, 2, 8, 3, 4), METER, rules=[rule], decisions=[said])
    assert heat(trusting, made) == [1, 9, 2, None, 3, 4]


@pytest.mark.parametrize("which", ["fewest", "later", "earlier"])
def test_nobody_is_blamed_in_a_sequence_for_a_row_that_is_fine(trusting, which):
    rule = Rule(
        name="falls", sequence={"by": "at"}, deny="heat < previous.heat", blame=which,
        action="blank",
    )  # fmt: skip
    said = decision(2, fine=["falls"])
    made = trusting(readings(90, 100, 5, 7, 3), METER, rules=[rule], decisions=[said])
    blamed = {"fewest": 4, "later": 4, "earlier": 3}[which]
    assert [row[0] for row in trusting.rows(made.repairs, "_record")] == [blamed + 1]


def test_a_rule_sees_neither_what_it_does_not_speak_of_nor_what_is_fine(trusting):
    rule = Rule(name="same", where="heat > 0", action="repair", **FUNCTIONAL)
    rows = readings(5, 5, 6, 6, 6, -1)
    said = [decision(at, f"d{at}", fine=["same"]) for at in (3, 4)]
    made = trusting(rows, METER, rules=[rule], decisions=said)
    assert heat(trusting, made) == [5, 5, 5, 6, 6, -1]
    every = Rule(name="one", where="heat > 5", unique=["site"], action="deduplicate")
    made = trusting(
        rows, METER, rules=[every], decisions=[decision(2, fine=["one"])]
    )  # fmt: skip
    assert heat(trusting, made) == [5, 5, 6, 6, -1]


def test_a_reference_into_the_table_itself_finds_rows_that_are_fine(trusting):
    schema = Schema.of(at=INTEGER, before=INTEGER)
    rule = Rule(name="known", where="at > 0", references={"before": "trusted.things.at"})
    rows = [{"at": at, "before": at - 1} for at in range(3)]
    made = trusting(rows, schema, rules=[rule], decisions=[decision(1, fine=["known"])])
    assert trusting.rows(made.main, "_flags") == [(None,)] * 3


def test_a_row_that_is_fine_has_no_part_in_dependencies_looked_for_together(trusting):
    rows = [{"at": 0, "site": "a", "heat": n} for n in (1, 2)]
    rules = [
        Rule(name="one", functional={"at": "heat"}),
        Rule(name="two", functional={"at": ["heat", "site"]}),
        Rule(name="three", functional={"at": ["heat"]}),
    ]
    said = Decision(
        name="d", where={"heat": "2"}, reason="Seen.", by="mia", decided="2026-11-20",
        fine=["one"],
    )  # fmt: skip
    made = trusting(rows, METER, rules=rules, decisions=[said])
    assert [report.violating_rows for report in made.rules] == [0, 2, 2]


@pytest.mark.parametrize(("action", "flagged"), [("blank", [2]), ("flag", [2, 3])])
def test_of_what_is_left_those_alone_are_flagged_who_are_to_blame(
    trusting, action, flagged
):
    rows = [
        {"at": 0, "site": s, "heat": n} for s, n in zip("abcd", (1, 2, 2, 1), strict=True)
    ]
    rule = Rule(
        name="one", functional={"at": "heat"}, blame=["later"], action=action,
        severity="error",
    )  # fmt: skip
    said = Decision(
        name="d", where={"site": "b"}, reason="Seen.", by="mia", decided="2026-11-20",
        keep="heat",
    )  # fmt: skip
    made = trusting(rows, METER, rules=[rule], decisions=[said])
    found = trusting.rows(made.main, "_record", "_flags")
    assert [record for record, flags in found if flags] == flagged
    assert (made.failed_rules, made.failed_rows) == (("one",), len(flagged))
