"""Which rows a rule looks at, how many may break it, and who of them is blamed."""

from __future__ import annotations

import pytest

from backbone.management.trusted.checks import check_rule
from backbone.management.trusted.rules.declared import describe_rule, parts_of
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.trusted import Rule

METER = Schema.of(device=STRING, at=INTEGER, total=INTEGER, state=STRING)
FALLS = {"per": "device", "by": "at"}


def meter(device, at, total, state="ok"):
    return {"device": device, "at": at, "total": total, "state": state}


COUNTED = [
    meter("a", 1, 10), meter("a", 2, 12), meter("a", 3, 2), meter("a", 4, 3),
    meter("a", 5, 1), meter("a", 6, 0, "new"), meter("a", 7, 4), meter("a", 8, 5),
]  # fmt: skip


def flags_of(trusting, made):
    found = trusting.rows(made.main, "_record", "_flags")
    return [record for record, flags in found if flags]


def test_a_row_condition_looks_only_where_it_is_told_to(trusting):
    rule = Rule(name="r", deny="total < 3", where="state = 'ok' and at > 1")
    made = trusting(COUNTED, METER, rules=[rule])
    assert flags_of(trusting, made) == [3, 5]
    (report,) = made.rules
    assert (report.looked_rows, report.violating_rows) == (6, 2)


def test_rows_outside_are_nobodys_partner_and_nobodys_neighbour(trusting):
    alike = [
        meter("a", 1, 7),
        meter("b", 1, 8, "new"),
        meter("c", 2, 9),
        meter("d", 2, 9),
    ]
    one_total = Rule(name="fd", functional={"at": "total"}, where="state = 'ok'")
    assert flags_of(trusting, trusting(alike, METER, rules=[one_total])) == []
    falls = Rule(
        name="falls", deny="total < previous.total", sequence=FALLS,
        where="state = 'ok'", blame="fewest",
    )  # fmt: skip
    made = trusting(COUNTED, METER, rules=[falls])
    assert flags_of(trusting, made) == [3, 5]
    assert made.rules[0].witnesses[0].rows == ("d1/a.csv#3", "d1/a.csv#2")


def test_rules_of_one_table_each_look_where_they_are_told_to(trusting):
    rows = [meter("a", 1, 7), meter("b", 1, 8, "new"), meter("b", 1, 7, "old")]
    rules = [
        Rule(name="all", functional={"at": ["total", "device"]}),
        Rule(name="ok", functional={"at": "total"}, where="state = 'ok'"),
        Rule(
            name="not_ok", functional={"at": ["total", "device"]}, where="state <> 'ok'"
        ),
    ]
    made = trusting(rows, METER, rules=rules)
    assert [report.violating_rows for report in made.rules] == [3, 0, 2]


def test_a_repair_counts_the_votes_of_the_rows_it_looks_at(trusting):
    rows = [meter("a", 1, n, state) for n, state in [(7, "x"), (7, "x"), (8, "ok")] * 2]
    rows.append(meter("a", 1, 9, "ok"))
    rule = Rule(
        name="one", functional={"at": "total"}, where="state = 'ok'", action="repair"
    )
    made = trusting(rows, METER, rules=[rule])
    assert trusting.rows(made.repairs, "_record", "old", "new") == [(7, "9", "8")]
    again = Rule(name="one", unique="at", where="state = 'ok'", action="deduplicate")
    made = trusting(rows, METER, rules=[again])
    assert trusting.rows(made.merged, "_record", "survivor_record") == [(3, 7), (6, 7)]


def test_a_reference_to_its_own_table_finds_rows_that_it_does_not_look_at(trusting):
    rows = [meter("a", 1, 2, "ok"), meter("b", 2, 9, "ok"), meter("c", 3, 9, "old")]
    rule = Rule(
        name="r", deny="not exists things.at = total", where="state = 'ok' and at < 3"
    )
    made = trusting([*rows, meter("d", 9, 1, "old")], METER, rules=[rule])
    assert flags_of(trusting, made) == []
    assert made.rules[0].looked_rows == 2


def test_as_few_cells_as_explain_it_are_blanked_in_a_sequence(trusting):
    rule = Rule(
        name="falls", deny="total < previous.total", sequence=FALLS,
        action="blank", blame="fewest",
    )  # fmt: skip
    made = trusting(COUNTED, METER, rules=[rule])
    assert trusting.rows(made.repairs, "_record", "old") == [(3, "2"), (5, "1")]
    assert flags_of(trusting, made) == []
    (report,) = made.rules
    assert (report.violating_rows, report.blamed_rows) == (5, 2)


@pytest.mark.parametrize(
    ("blame", "gone"), [("fewest", [4]), ("later", [3, 4, 5]), ("earlier", [1, 2, 4])]
)
def test_who_leaves_of_rows_that_do_not_agree(trusting, blame, gone):
    totals = [8, 8, 7, 6, 7] if blame != "fewest" else [7, 7, 7, 6, 7]
    rows = [meter("a", 1, total) for total in totals]
    rule = Rule(name="fd", functional={"at": "total"}, action="quarantine", blame=blame)
    made = trusting(rows, METER, rules=[rule])
    assert [r for (r,) in trusting.rows(made.quarantine, "_record")] == gone
    assert made.rules[0].blamed_rows == len(gone)


@pytest.mark.parametrize(("blame", "wrong"), [("later", [4]), ("earlier", [1, 3])])
def test_of_two_rows_that_contradict_each_other_one_is_flagged(trusting, blame, wrong):
    rows = [meter("a", 2, 5), meter("a", 1, 9), meter("a", 3, 9), meter("a", 4, 1)]
    text = "t1.device = t2.device and t1.at > t2.total"
    rule = Rule(name="r", deny=text, blame=blame, severity="error")
    made = trusting(rows, METER, rules=[rule])
    assert flags_of(trusting, made) == wrong
    assert made.failed_rules == ("r",)
    roles = trusting.rows(made.violations, "_record", "role")
    assert roles == [(1, "t1"), (3, "t1"), (4, "t2")]


def test_of_two_rows_in_the_wrong_order_the_later_one_is_flagged(trusting):
    rows = [meter("a", 2, 5), meter("a", 1, 9), meter("a", 3, 9), meter("a", 4, 1)]
    text = "t1.device = t2.device and t1.at < t2.at and t1.total > t2.total"
    rule = Rule(name="r", deny=text, blame=["later", "total"], action="blank")
    made = trusting(rows, METER, rules=[rule])
    assert trusting.rows(made.repairs, "_record") == [(2,), (4,)]
    assert flags_of(trusting, made) == []


NEVER_LESS = "t1.device = t2.device and t1.at < t2.at and t1.total > t2.total"


@pytest.mark.parametrize("action", ["blank", "quarantine", "flag"])
def test_one_row_is_wrong_that_contradicts_many(trusting, action):
    totals = [10, 12, 2, 13, 13, 15]
    rows = [meter("a", at, total) for at, total in enumerate(totals)]
    rows += [meter("b", 1, 5), meter("b", 2, 4, "old"), meter("b", 3, 4)]
    blame = ["fewest", "total"] if action == "blank" else ["fewest"]
    rule = Rule(
        name="r", deny=NEVER_LESS, blame=blame, action=action, where="state = 'ok'",
        holds="75%", severity="error",
    )  # fmt: skip
    made = trusting(rows, METER, rules=[rule])
    (report,) = made.rules
    assert (report.looked_rows, report.violating_rows, report.guilty_rows) == (8, 5, 2)
    assert not report.questioned
    wrong = {
        "blank": trusting.rows(made.repairs, "_record"),
        "quarantine": trusting.rows(made.quarantine, "_record"),
        "flag": [(record,) for record in flags_of(trusting, made)],
    }
    assert wrong == {one: [(3,), (9,)] if one == action else [] for one in wrong}
    assert made.failed_rules == ()
    assert report.witnesses


def test_of_bookings_that_overlap_as_few_leave_as_can(trusting):
    rows = [meter("a", *span) for span in [(1, 9), (2, 4), (4, 6), (8, 9), (9, 9)]]
    rows += [meter("b", 1, 9), meter("b", 2, None)]
    text = "t1.device = t2.device and t1.at < t2.total and t1.total > t2.at"
    rule = Rule(name="r", deny=text, blame="fewest", action="quarantine")
    made = trusting(rows, METER, rules=[rule])
    assert trusting.rows(made.quarantine, "_record") == [(1,)]
    assert made.rules[0].violating_rows == 4
    touching = text.replace("<", "<=").replace(">", ">=")
    made = trusting(rows, METER, rules=[rule.model_copy(update={"deny": touching})])
    assert trusting.rows(made.quarantine, "_record") == [(1,), (3,), (5,)]


def test_the_fewest_of_a_table_without_keys_and_of_rows_equal_in_one_column(trusting):
    def blamed(text, *rows):
        rule = Rule(name="r", deny=text, blame="fewest")
        return flags_of(trusting, trusting(rows, METER, rules=[rule]))

    alike = [meter("a", 1, 3), meter("b", 2, 3), meter("c", 2, 3), meter("d", 1, 4)]
    assert blamed("t1.total < t2.total", *alike) == [4]
    assert blamed("t1.total <= t2.total", *alike) == [2, 3, 4]
    assert blamed("t1.at <= t2.at and t1.total < t2.total", *alike) == [4]
    assert blamed("t1.at < t2.at and t1.total <= t2.total", *alike) == [1]
    assert blamed("t1.total <> t2.total and t1.at <> t2.at", *alike) == [4]


def test_a_rule_within_its_tolerance_is_obeyed_and_blocks_nothing(trusting):
    rule = {"name": "r", "range": {"total": (2, None)}, "severity": "error"}
    made = trusting(COUNTED, METER, rules=[Rule(**rule, holds="75%")])
    assert flags_of(trusting, made) == [5, 6]
    assert made.failed_rules == ()
    assert not made.rules[0].questioned
    made = trusting(COUNTED, METER, rules=[Rule(**rule, holds=0.75, action="blank")])
    assert len(trusting.rows(made.repairs)) == 2


@pytest.mark.parametrize("action", ["blank", "quarantine"])
def test_a_rule_that_the_data_contradict_is_questioned_and_not_obeyed(trusting, action):
    rule = Rule(
        name="r", range={"total": (2, None)}, severity="error", holds="75.1%",
        action=action,
    )  # fmt: skip
    made = trusting(COUNTED, METER, rules=[rule])
    (report,) = made.rules
    assert report.questioned
    assert (report.changed_cells, report.removed_rows) == (0, 0)
    assert flags_of(trusting, made) == [5, 6]
    assert made.failed_rules == ("r",)


def test_a_rule_of_several_parts_is_obeyed_in_all_of_them_or_in_none(trusting):
    rows = [meter("a", 1, 1)] * 18 + [meter("b", 1, 1), meter("a", 1, 99)]
    rule = {"name": "r", "accepted": {"device": ["a"], "state": ["ok"]},
            "action": "blank", "severity": "error"}  # fmt: skip
    rows[3] = meter("a", 1, 1, "odd")
    made = trusting(rows, METER, rules=[Rule(**rule, holds="94%")])
    assert (made.rules[0].questioned, made.rules[0].changed_cells) == (True, 0)
    assert flags_of(trusting, made) == [4, 19]
    assert made.failed_rules == ("r",)
    made = trusting(rows, METER, rules=[Rule(**rule, holds="90%")])
    assert (made.rules[0].questioned, made.rules[0].changed_cells) == (False, 2)
    assert flags_of(trusting, made) == []


def test_columns_that_cross_over_do_not_agree(trusting):
    def pair(device, state):
        return {"device": device, "at": 1, "total": 1, "state": state}

    rows = [pair("x", "y"), pair("y", "x"), pair("p", "q"), pair("p", "q")]
    text = "t1.device = t2.state and t1.state = t2.device"
    made = trusting(rows, METER, rules=[Rule(name="r", deny=text, blame="later")])
    assert flags_of(trusting, made) == [2]
    mistakes = check_rule(Rule(name="r", deny=text, blame="fewest"), METER, {})
    assert any("cannot be computed" in mistake for mistake in mistakes)


def test_rows_leave_with_the_reasons_that_are_their_own(trusting):
    rows = [{"device": d, "at": 1, "total": 1, "state": s} for d, s in ["ax", "ay", "bx"]]
    rule = Rule(
        name="r", functional={"at": ["device", "state"]}, blame="later",
        action="quarantine",
    )  # fmt: skip
    made = trusting(rows, METER, rules=[rule])
    told = dict(trusting.rows(made.quarantine, "_record", "reason"))
    assert set(told) == {2, 3}
    assert "state" in told[2]
    assert "differ in device" not in told[2]
    assert "differ in state" not in told[3]


def test_the_tolerance_is_of_the_rows_to_blame(trusting):
    rule = {"name": "r", "functional": {"at": "total"}, "action": "blank"}
    rows = [meter("a", 1, 7)] * 9 + [meter("a", 1, 6)]
    made = trusting(rows, METER, rules=[Rule(**rule, holds="90%", blame="fewest")])
    assert trusting.rows(made.repairs, "_record") == [(10,)]
    made = trusting(rows, METER, rules=[Rule(**rule, holds="90%")])
    assert made.rules[0].questioned


@pytest.mark.parametrize("share", ["0", "101%", "half", "1.5", 99.5, True])
def test_what_is_no_share(share):
    with pytest.raises(ValueError, match="holds"):
        Rule(name="r", unique="at", holds=share)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"deny": "total < 0", "blame": "later"}, "chooses between rows; this speaks of"),
        (
            {"deny": "t1.at < t2.at and t1.total < t2.total and t1.state < t2.state",
             "blame": "fewest"},
            "cannot be computed here: it has more than two order comparisons",
        ),
        (
            {"deny": "t1.at < t2.at and t1.total < t2.total and t1.state <> t2.state",
             "blame": "fewest"},
            "cannot be computed here: it has order comparisons and `<>` besides",
        ),
        (
            {"deny": "t1.at < t2.at and t1.total > t2.total and t1.state = 'ok'",
             "blame": "fewest"},
            "t1 and t2 bring different columns or pass different conditions",
        ),
        (
            {"deny": "t1.at < t2.total and t1.total > t2.at and t1.state <> t2.state",
             "blame": "fewest"},
            "cannot be computed here: it has order comparisons and `<>` besides",
        ),
        (
            {"deny": "t1.at = t2.total and t1.total = t2.at", "blame": "fewest"},
            "cannot be computed here: columns cross over",
        ),
        (
            {"unique": "at", "blame": "later", "action": "deduplicate"},
            "`blame: later` does nothing with `action: deduplicate`",
        ),
        (
            {"unique": "at", "blame": ["later", "at"], "action": "quarantine"},
            "`blame: at` does nothing beside `later`",
        ),
        (
            {"unique": "at", "blame": ["later", "t1.at"], "action": "blank"},
            "`later` says already of which row",
        ),
        (
            {"deny": "abs(total - previous.total) + next.at > 9", "sequence": FALLS,
             "blame": "fewest"},
            "for rules on one neighbour; this speaks of both",
        ),
        (
            {"deny": "total < previous.at", "sequence": FALLS, "blame": ["fewest", "total"],
             "action": "blank"},
            "the rule does not compare `total` with that of the previous row",
        ),
        ({"unique": "at", "where": "stat = 'ok'"}, "there is no column `stat`"),
        ({"unique": "at", "where": "total = 'ok'"}, "'ok' is no integer"),
        ({"unique": "at", "where": "t2.at > 1"}, "`where` speaks of one row"),
        ({"unique": "at", "where": "at >"}, "rule `r`"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(rule, says):
    mistakes = check_rule(Rule(name="r", **rule), METER, {"trusted.things": METER})
    assert any(says in mistake for mistake in mistakes), mistakes


def test_rules_in_words():
    rule = Rule(
        name="r", functional={"at": "total"}, where="state = 'ok'", blame="fewest",
        holds="99%", reason="a device counts twice", owner="the grid team",
    )  # fmt: skip
    assert describe_rule(rule) == (
        "Where `state = 'ok'`: `at` determines `total`. Rows that break it are flagged. "
        "Blamed are the fewest rows that explain it. "
        "Where it holds for fewer than 99% of the rows, they are only flagged."
    )
    assert [part.reason for part in parts_of(rule)] == ["a device counts twice"]


def test_texts_that_are_alike_are_found_pair_by_pair(trusting):
    names = ["Dalton", "Dalten", "Boston", "Dalton", "Bostn", None]
    rows = [meter(name, n, 0) for n, name in enumerate(names, start=1)]
    text = "t1.device <> t2.device and levenshtein(t1.device, t2.device) < 2"
    rule = Rule(name="alike", deny=text, blame="later", reason="nearly the same")
    made = trusting(rows, METER, rules=[rule])
    assert flags_of(trusting, made) == [2, 4, 5]
    (report,) = made.rules
    assert (report.violating_rows, report.pairs, report.blamed_rows) == (5, 3, 3)
    assert report.witnesses[0].rows == ("d1/a.csv#1", "d1/a.csv#2")


def test_a_query_selects_the_rows_that_break_a_rule(trusting):
    limits = trusting.other(
        "limits", [{"state": "ok", "most": 3}, {"state": "new", "most": 0}],
        state=STRING, most=INTEGER,
    )  # fmt: skip
    over = Rule(
        name="over", action="blank", blame="total", reason="over its limit",
        where="at > 1",
        sql="""
            with over as (
                select m._row, m.total > l.most as over
                from trusted.things m join formatted.limits l on m.state = l.state
            )
            select _row as row from over where over union all select 3
        """,
    )  # fmt: skip
    left = Rule(name="left", not_null="total")
    made = trusting(
        COUNTED, METER, rules=[over, left], references={"formatted.limits": limits}
    )
    blanked = [2, 7, 8]
    assert [r for (r,) in trusting.rows(made.repairs, "_record")] == blanked
    assert flags_of(trusting, made) == blanked
    (report, _) = made.rules
    assert (report.looked_rows, report.violating_rows, report.changed_cells) == (7, 3, 3)
    assert report.witnesses[0].sentence == (
        "row a.csv#2: over its limit (total = 12 and state = 'ok')"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "select f._ROW as row from trusted.things f where f.TOTAL > 9",
        """with a as (select f.*, f._row as r from trusted.things f)
           select r as row from a where total > 9""",
        """select f._row as row from trusted.things f join trusted.things g
           using (device, at) where g.total > 9""",
        """select max(_row) as row from trusted.things having count(*) > 3
           union all select min(_row) from trusted.things""",
    ],
)
def test_a_query_may_name_columns_in_any_way(trusting, sql):
    last = meter("a", 9, 99)
    first = Rule(name="low", deny="total < 2", action="blank")
    made = trusting([*COUNTED[:1], *COUNTED[2:], last], METER,
                    rules=[first, Rule(name="r", sql=sql)])  # fmt: skip
    assert trusting.rows(made.main, "_record", "_flags")[-1] == (8, "r")
    assert made.rules[1].violating_rows == 2


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select total from trusted.things", "it selects no `row`"),
        ("select _row as row from trusted.others", "does not read trusted.things"),
        ("select _row as row from trusted.things where totl > 1", "`totl`"),
        ("select _row as row from trusted.things where random() > 0.5", "random"),
        ("delete from trusted.things", "one select"),
        ("select 'x' as row from trusted.things", "is not the `_row` of a row"),
        ("select _row as row from trusted.thing", "there is no table `trusted.thing`"),
    ],
)
def test_what_is_no_query_of_a_rule(sql, says):
    known = {"trusted.things": METER, "trusted.others": Schema.of(_row=INTEGER)}
    mistakes = check_rule(Rule(name="r", sql=sql), METER, known, own="trusted.things")
    assert any(says in mistake for mistake in mistakes), mistakes


def test_a_rule_is_of_the_table_that_has_it_not_of_one_that_looks_like_it():
    known = {"trusted.another": METER, "trusted.things": METER}
    sql = "select t._row as row from trusted.things t join trusted.another a on true"
    rule = Rule(name="r", sql=sql)
    assert check_rule(rule, METER, known, own="trusted.things") == []
    sql = "select _row as row from trusted.another"
    (said,) = check_rule(Rule(name="r", sql=sql), METER, known, own="trusted.things")
    assert "does not read trusted.things" in said


def test_columns_called_as_a_word_of_blame_are_named_with_their_row():
    schema = Schema.of(later=INTEGER)
    rule = Rule(name="r", deny="later > 5", blame=("later",), action="blank")
    (said,) = check_rule(rule, schema, {})
    assert said.endswith("For the column of that name write `t1.later`.")
    rule = Rule(name="r", deny="later > 5", blame=("t1.later",), action="blank")
    assert check_rule(rule, schema, {}) == []
