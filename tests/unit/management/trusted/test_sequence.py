"""Rules on a row and its neighbours: what is blamed, changed and told."""

from __future__ import annotations

import pytest
from tests.commands import ask, call
from tests.projects import shop_project

from backbone.management.trusted.checks import check_rule
from backbone.management.trusted.rules.declared import describe_rule
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.trusted import Rule

METER = Schema.of(device=STRING, at=INTEGER, total=INTEGER)
FALLS = {"per": "device", "by": "at"}


def meter(device, at, total):
    return {"device": device, "at": at, "total": total}


ROWS = [
    meter("a", 1, 10),
    meter("b", 1, 70),
    meter("a", 3, 2),
    meter("a", 2, 12),
    meter("b", 2, 71),
    meter("a", 4, 3),
    meter(None, 5, 0),
    meter("b", None, 0),
]


def falling(**more):
    return Rule(name="falls", deny="total < previous.total", sequence=FALLS, **more)


def test_those_that_take_part_are_told_with_their_roles(trusting):
    made = trusting(ROWS, METER, rules=[falling()])
    assert trusting.rows(made.main, "at", "_flags") == [
        (1, None), (1, None), (3, "falls"), (2, "falls"), (2, None), (4, None), (5, None),
        (None, None),
    ]  # fmt: skip
    assert trusting.rows(made.violations, "_record", "role", "columns", "reason") == [
        (3, "t1", "device, at, total",
         "denied: total < previous.total: device = 'a', at = 3, total = 2"),
        (4, "t2", "device, at, total",
         "denied: total < previous.total: device = 'a', at = 2, total = 12"),
    ]  # fmt: skip
    (report,) = made.rules
    assert (report.violating_rows, report.blamed_rows) == (2, 0)
    (witness,) = report.witnesses
    assert witness.sentence == (
        "denied: total < previous.total: row a.csv#3 has device = 'a' and at = 3 and "
        "total = 2, previous a.csv#4 has device = 'a' and at = 2 and total = 12"
    )


def test_the_row_itself_is_blamed_unless_the_rule_says_otherwise(trusting):
    made = trusting(ROWS, METER, rules=[falling(action="blank")])
    assert trusting.rows(made.main, "total") == [
        (10,), (70,), (None,), (12,), (71,), (3,), (0,), (0,)
    ]  # fmt: skip
    rule = falling(action="blank", blame=["previous.total"])
    made = trusting(ROWS, METER, rules=[rule])
    assert trusting.rows(made.main, "total") == [
        (10,), (70,), (2,), (None,), (71,), (3,), (0,), (0,)
    ]  # fmt: skip


def test_a_row_leaves_and_its_neighbour_stays(trusting):
    made = trusting(ROWS, METER, rules=[falling(action="quarantine")])
    assert trusting.rows(made.quarantine, "_record") == [(3,)]
    rule = falling(action="quarantine", blame=["previous.total"])
    made = trusting(ROWS, METER, rules=[rule])
    assert trusting.rows(made.quarantine, "_record") == [(4,)]


def test_rows_that_left_are_nobodys_neighbours(trusting):
    rules = [
        Rule(name="known", range={"total": [0, 60]}, action="quarantine"),
        Rule(name="jumps", deny="total - previous.total > 5", sequence={"by": ["at"]}),
    ]
    rows = [meter("a", 1, 1), meter("a", 2, 99), meter("a", 3, 2)]
    made = trusting(rows, METER, rules=rules)
    assert made.rules[1].violating_rows == 0
    assert trusting(rows, METER, rules=rules[1:]).rules[0].violating_rows == 2


def test_both_neighbours_are_shown(trusting):
    spike = "abs(total - previous.total) > 5 and abs(total - next.total) > 5"
    rule = Rule(name="spike", deny=spike, sequence={"by": "at"})
    rows = [meter("a", 1, 1), meter("a", 2, 99), meter("a", 3, 2)]
    made = trusting(rows, METER, rules=[rule])
    ((witness,),) = [report.witnesses for report in made.rules]
    assert witness.rows == ("d1/a.csv#2", "d1/a.csv#1", "d1/a.csv#3")
    assert "previous a.csv#1 has" in witness.sentence
    assert "next a.csv#3 has" in witness.sentence


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"blame": ["total"]}, "`blame` does nothing with `action: flag`"),
        ({"blame": ["t2.total"], "action": "blank"}, "rows are `previous` and `next`"),
        ({"blame": ["next.total"], "action": "blank"}, "does not speak of the next row"),
        ({"blame": ["totl"], "action": "blank"}, "Did you mean `total`?"),
        ({"sequence": {"by": "when"}}, "there is no column `when`"),
        ({"deny": "total < previous.device"}, "compares a number with text"),
        ({"deny": "total < previous.total and next.total > 1", "action": "blank",
          "blame": ["next.total"]}, "it can be the row's own"),
    ],
)  # fmt: skip
def test_mistakes(more, says):
    given = {"name": "r", "deny": "total < previous.total", "sequence": FALLS, **more}
    (mistake,) = check_rule(Rule(**given), METER, {})
    assert says in mistake


def test_a_sequence_goes_with_deny():
    with pytest.raises(ValueError, match="`sequence` goes with `deny`"):
        Rule(name="r", not_null=["total"], sequence=FALLS)


def test_in_a_project(tmp_path):
    folder = shop_project(tmp_path / "shop")
    rule = """
  - name: falls
    sequence: {per: shop, by: [day, id]}
    deny: "amount < previous.amount"
    action: blank
"""
    path = folder / "trusted/sales.yml"
    path.write_text(
        path.read_text().replace("  - {name: positive,", f"{rule}  - {{name: positive,")
    )
    call(folder, "run")
    told = ask(
        folder, "select _record, role from trusted.sales__violations where rule = 'falls'"
    )
    assert sorted((row["_record"], row["role"]) for row in told) == [(1, "t2"), (3, "t1")]
    assert (
        "in the order of `day` and `id`"
        in call(folder, "explain", "trusted.sales").stdout
    )


def test_in_words():
    assert describe_rule(falling(action="blank")) == (
        "No row of each `device`, in the order of `at`, has `total < previous.total`. "
        "The cells that break it are blanked."
    )
