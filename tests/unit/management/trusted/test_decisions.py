"""What people decide about cells and rows holds, whatever rules and cleaning say."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from backbone.management.trusted import CurrentState
from backbone.model.schemas import Schema
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
from backbone.project.decisions import Decision, Line, Ruling
from backbone.project.trusted import CleanStep, Rule

PLANE = Schema.of(tail=STRING, model=STRING, maker=STRING, built=INTEGER)
ONE_MAKER = Rule(name="one_maker", functional={"model": ["maker"]}, action="repair")
ROWS = [
    ("N1", "CL", "BOMBARDIER", 1990),
    ("N2", "CL", "BOMBARDIER", 1991),
    ("N3", "CL", "CANADAIR", 1959),
    ("N4", "A320", " AIRBUS", 2001),
]


def planes(rows=ROWS):
    return [dict(zip(PLANE.names, row, strict=True)) for row in rows]


def decision(name="d", **said):
    where = {} if {"where", "rows"} & said.keys() else {"where": {"tail": "N3"}}
    return Decision(
        name=name, reason="Asked.", by="mia", decided="2026-11-20", **where, **said
    )


def statuses(trusting, made):
    tables = [pq.read_table(file.path).to_pylist() for file in made.told.files]
    rows = [row for table in tables for row in table]
    return sorted((r["decision"], r["key"], r["status"], r["_record"]) for r in rows)


def test_a_kept_cell_is_what_was_delivered_and_nobody_changes_it(trusting):
    clean = [CleanStep(column="maker", replace={"CANADAIR": "CANADAIR LTD"})]
    late = Rule(name="late", accepted={"maker": ["BOMBARDIER", "AIRBUS"]}, action="blank")
    made = trusting(
        planes(), PLANE, clean=clean, rules=[ONE_MAKER, late],
        decisions=[decision(keep="maker")],
    )  # fmt: skip
    assert trusting.rows(made.main, "tail", "maker", "_flags")[2] == (
        "N3", "CANADAIR", "one_maker,late",
    )  # fmt: skip
    assert trusting.rows(made.repairs, "_record") == [(4,)]
    assert statuses(trusting, made) == [("d", "tail = N3", "applied", 3)]


def test_a_set_cell_is_told_in_the_repairs_first_and_rules_read_it(trusting):
    made = trusting(
        planes(), PLANE, clean=[CleanStep(column="maker", do=["trim"])],
        rules=[ONE_MAKER, Rule(name="old", range={"built": (1960, None)})],
        decisions=[decision(set={"maker": " LEAR ", "built": "1995"})],
    )  # fmt: skip
    assert trusting.rows(made.main, "maker", "built", "_flags") == [
        ("BOMBARDIER", 1990, "one_maker"),
        ("BOMBARDIER", 1991, "one_maker"),
        (" LEAR ", 1995, "one_maker"),
        ("AIRBUS", 2001, None),
    ]
    told = ("_record", "column", "old", "new", "rule", "method", "step_order")
    assert trusting.rows(made.repairs, *told) == [
        (3, "built", "1959", "1995", "d", "decision", 0),
        (3, "maker", "CANADAIR", " LEAR ", "d", "decision", 0),
        (4, "maker", " AIRBUS", "AIRBUS", "clean_1_trim", "clean", 1),
    ]


def test_what_is_set_to_nothing_is_missing(trusting):
    made = trusting(planes(), PLANE, decisions=[decision(set={"maker": None})])
    assert trusting.rows(made.main, "maker")[2] == (None,)


def test_an_undone_repair_leaves_the_cell_to_other_rules(trusting):
    rules = [
        ONE_MAKER,
        Rule(name="no_canadair", accepted={"maker": ["BOMBARDIER"]}, action="blank"),
    ]
    one = trusting(
        planes(), PLANE, rules=rules[:1], decisions=[decision(undo="one_maker")]
    )
    assert trusting.rows(one.main, "maker", "_flags")[2] == ("CANADAIR", "one_maker")
    assert one.repairs.rows == 0
    two = trusting(planes(), PLANE, rules=rules, decisions=[decision(undo="one_maker")])
    assert trusting.rows(two.main, "maker")[2] == (None,)
    assert trusting.rows(two.repairs, "_record", "rule", "old") == [
        (3, "no_canadair", "CANADAIR"), (4, "no_canadair", " AIRBUS"),
    ]  # fmt: skip


def test_an_undo_may_speak_of_one_column(trusting):
    rule = Rule(name="r", deny="built < 1960", blame=["maker", "built"], action="blank")
    said = decision(undo="r", columns=["maker"])
    made = trusting(planes(), PLANE, rules=[rule], decisions=[said])
    assert trusting.rows(made.main, "maker", "built", "_flags")[2] == (
        "CANADAIR", None, None,
    )  # fmt: skip


def test_rows_that_are_fine_break_nothing_and_do_not_block(trusting):
    rules = [
        Rule(name="old", range={"built": (1960, None)}, severity="error", action="blank"),
        Rule(
            name="known",
            accepted={"maker": ["BOMBARDIER", " AIRBUS"]},
            action="quarantine",
        ),
    ]
    made = trusting(
        planes(), PLANE, rules=rules, decisions=[decision(fine=["old", "known"])]
    )
    assert made.failed_rules == ()
    assert trusting.rows(made.main, "tail", "built", "_flags")[2] == ("N3", 1959, None)
    assert made.violations.rows == made.repairs.rows == made.quarantine.rows == 0
    assert [report.violating_rows for report in made.rules] == [0, 0]


def test_a_fine_row_accuses_no_other(trusting):
    """Pairs with it do not count: it is no vote, no double, nobody's contradiction."""
    rules = [
        Rule(name="one_maker", functional={"model": ["maker"]}),
        Rule(name="one", unique=["model"], action="deduplicate"),
    ]
    said = decision(fine=["one_maker", "one"])
    made = trusting(planes(), PLANE, rules=rules, decisions=[said])
    assert [report.violating_rows for report in made.rules] == [0, 2]
    assert trusting.rows(made.main, "tail") == [("N2",), ("N3",), ("N4",)]
    assert trusting.rows(made.merged, "tail") == [("N1",)]


def test_in_a_sequence_others_are_still_held_against_a_fine_row(trusting):
    schema = Schema.of(t=INTEGER, total=INTEGER)
    rows = [{"t": t, "total": n} for t, n in enumerate([90, 100, 5, 7, 3])]
    rule = Rule(name="falls", sequence={"by": "t"}, deny="total < previous.total")
    said = decision(where={"t": "2"}, fine="falls")
    made = trusting(rows, schema, rules=[rule], decisions=[said])
    assert trusting.rows(made.main, "t", "_flags") == [
        (0, None), (1, None), (2, None), (3, "falls"), (4, "falls"),
    ]  # fmt: skip
    assert trusting.rows(made.violations, "_record", "role") == [(4, "t2"), (5, "t1")]


@pytest.mark.parametrize("action", ["quarantine", "deduplicate"])
def test_a_row_that_a_rule_took_out_can_come_back(trusting, action):
    rule = Rule(name="one", unique=["model"], action=action)
    said = decision(where={"tail": "N1"}, undo="one")
    made = trusting(planes(), PLANE, rules=[rule], decisions=[said])
    kept = {
        "quarantine": [("N1", None), ("N4", None)],
        "deduplicate": [("N1", "one"), ("N3", "one"), ("N4", None)],
    }
    assert trusting.rows(made.main, "tail", "_flags") == kept[action]
    assert made.account.formatted == 4


def test_a_row_can_be_taken_out(trusting):
    made = trusting(planes(), PLANE, rules=[ONE_MAKER], decisions=[decision(out=True)])
    assert trusting.rows(made.main, "tail") == [("N1",), ("N2",), ("N4",)]
    assert trusting.rows(made.quarantine, "tail", "maker", "rule", "reason") == [
        ("N3", "CANADAIR", "d", "Asked.")
    ]
    assert made.violations.rows == made.repairs.rows == 0


def test_what_does_not_hold_changes_nothing_and_is_told(trusting):
    said = [
        decision("gone", where={"tail": "N9"}, set={"maker": "X"}),
        decision("several", where={"model": "CL"}, set={"maker": "X"}),
        decision("stale", set={"maker": "X"}, was={"maker": "LEAR"}),
        decision("lapsed", where={"tail": "N4"}, out=True, was={"built": None}),
    ]
    made = trusting(planes(), PLANE, decisions=said)
    assert trusting.rows(made.main, *PLANE.names) == ROWS
    assert statuses(trusting, made) == [
        ("gone", "tail = N9", "no row", None),
        ("lapsed", "tail = N4", "other value", 4),
        ("several", "model = CL", "several rows", 1),
        ("several", "model = CL", "several rows", 2),
        ("several", "model = CL", "several rows", 3),
        ("stale", "tail = N3", "other value", 3),
    ]
    assert [dict(report.rows) for report in made.decisions] == [
        {"no row": 1}, {"several rows": 3}, {"other value": 1}, {"other value": 1},
    ]  # fmt: skip


def test_a_row_is_named_and_was_seen_as_it_is_after_cleaning(trusting):
    clean = [CleanStep(columns=["maker"], do=["trim"])]
    for was in ("AIRBUS", " AIRBUS"):
        said = decision(where={"maker": "AIRBUS"}, set={"built": "2"}, was={"maker": was})
        made = trusting(planes(), PLANE, clean=clean, decisions=[said])
        assert trusting.rows(made.main, "built")[3] == (2,)


def test_the_later_decision_on_a_cell_counts(trusting):
    said = [
        decision("first", set={"maker": "X", "built": "1"}),
        decision("second", where={"model": "CL"}, set={"maker": "Y"}, many=True),
        decision("third", keep="maker"),
        decision("never", set={"built": "3"}),
    ]
    made = trusting(planes(), PLANE, decisions=said)
    assert trusting.rows(made.main, "maker", "built") == [
        ("Y", 1990), ("Y", 1991), ("CANADAIR", 3), (" AIRBUS", 2001),
    ]  # fmt: skip
    assert [dict(report.rows) for report in made.decisions] == [
        {"overruled": 1}, {"applied": 2, "overruled": 1}, {"applied": 1}, {"applied": 1},
    ]  # fmt: skip


def test_a_row_delivered_again_is_still_the_row(trusting):
    """Copies that a rule merges are one row; without the rule they are several."""
    rule = Rule(name="one", unique=["tail"], action="deduplicate")
    rows = [*planes(), {**planes()[2], "built": 1960}]
    said = decision(set={"maker": "X"})
    made = trusting(rows, PLANE, rules=[rule], decisions=[said])
    assert trusting.rows(made.main, "maker", "built")[-1] == ("X", 1960)
    assert dict(made.decisions[0].rows) == {"applied": 2}
    alone = trusting(rows, PLANE, decisions=[said])
    assert dict(alone.decisions[0].rows) == {"several rows": 2}


def test_only_current_rows_are_decided(trusting):
    rows = [{**row, "_delivery": d} for d in ("d1", "d2") for row in planes()]
    made = trusting(
        rows, PLANE, current=CurrentState("snapshots", ("d1", "d2")),
        decisions=[decision(set={"maker": "X"})],
    )  # fmt: skip
    assert dict(made.decisions[0].rows) == {"applied": 1}


def test_a_decision_may_name_many_rows_in_a_file(trusting):
    lines = [Line({"tail": f"N{n}"}, {"maker": f"M{n}"}) for n in range(1, 6)]
    said = Ruling(decision(rows="makers.csv"), tuple(lines))
    made = trusting(planes(), PLANE, decisions=[said])
    assert trusting.rows(made.main, "maker") == [("M1",), ("M2",), ("M3",), ("M4",)]
    assert dict(made.decisions[0].rows) == {"applied": 4, "no row": 1}


def test_values_of_every_type_name_rows_and_are_set(trusting):
    schema = Schema.of(
        s=STRING, i=INTEGER, x=DOUBLE, d=CanonicalType.parse("decimal(9,2)"), b=BOOLEAN,
        day=DATE, at=TIMESTAMP, w=DATETIME,
    )  # fmt: skip
    row = {
        "s": "it's", "i": 7, "x": 0.1, "d": Decimal("2.50"), "b": True,
        "day": datetime(2013, 1, 31, tzinfo=UTC).date(),
        "at": datetime(2013, 1, 31, 5, tzinfo=UTC), "w": datetime(2013, 1, 31, 5),
    }  # fmt: skip
    texts = {
        "s": "it's", "i": "7", "x": "0.1", "d": "2.5", "b": "true", "day": "2013-01-31",
        "at": "2013-01-31 06:00:00+01:00", "w": "2013-01-31 05:00:00",
    }  # fmt: skip
    rows = [row, dict.fromkeys(row)]
    named = [
        decision(f"d_{name}", where={name: text}, keep=name, was={name: text})
        for name, text in texts.items()
    ]
    filled = decision("filled", where={"_record": "2"}, set=texts)
    made = trusting(rows, schema, decisions=[*named, filled])
    first, second = trusting.rows(made.main, *schema.names)
    assert first == second == tuple(row.values())
    assert {dict(r.rows).get("applied") for r in made.decisions} <= {1}
    assert all(dict(r.rows) == {"applied": 1} for r in made.decisions)
    new = {r[0]: r[1] for r in trusting.rows(made.repairs, "column", "new")}
    assert (new["d"], new["at"]) == ("2.50", "2013-01-31 05:00:00+00")
