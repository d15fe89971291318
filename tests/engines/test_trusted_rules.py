"""Rules that look at some rows, blame some, or take two rows at once: alike on engines.

What DuckDB finds is checked against the definitions in `tests.truth`; each declaration
here has many rules, since a query costs a second on Spark, and an hour for all of them.
"""

from __future__ import annotations

import random

import pytest
from tests.engines.test_trusted import (
    DELIVERIES,
    ODD,
    check,
    declared,
    random_rows,
    silent,
)

from backbone.management.trusted import CurrentState

EVERY = CurrentState("increments", DELIVERIES)
ALONG = {"per": "k", "by": ["at", "n"]}
MORE = """
    with usual as (select k, avg(n) as n from trusted.facts group by k)
    select f._row as row from trusted.facts f join usual u on f.k = u.k where f.n > u.n
"""
SCOPED = [
    {"where": "m > 0", "not_null": ["z", "n"]},
    {"where": "n <> 1 and day > '2023-12-31'", "unique": ["k", "n"]},
    {"where": "x > 0 or y > 0", "functional": {"k": ["v", "n"]}, "holds": "40%"},
    {"where": "m = 2", "deny": "t1.n = t2.n and t1.x < t2.x and t1.y > t2.y"},
    {"where": "v <> 'p'", "references": {"k": "things.k"}, "holds": "99%"},
    {"where": "not ok", "sequence": ALONG, "deny": "m < previous.m", "holds": "75%"},
    {"sql": MORE, "where": "m < 3", "holds": "50%"},
]
SEQUENCES = [
    {"sequence": ALONG, "deny": "n < previous.n or n < next.n"},
    {"sequence": {"by": ["day", "m"]}, "deny": "previous.v = v or previous.k = next.k"},
]
MIXED = [
    {"deny": "t1.n = t2.n and levenshtein(t1.v, t2.v) = 1"},
    {"deny": "t1.k = t2.k and (t1.x < t2.x or t1.day = t2.day) and t1.m < t2.m"},
    {"deny": "(t1.k = t2.k and t1.n = 1 or t1.v = t2.z) and t1.at < t2.at"},
    {"deny": "t1.m <= t2.m and t1.n > t2.n and t1.x < t2.x and t1.y < t2.y and t1.k <> t2.k"},
]  # fmt: skip
FALLS = {"sequence": ALONG, "deny": "m < previous.m"}
BLAMED = [
    {"functional": {"k": ["v"]}, "blame": "fewest"},
    {"functional": {"k, m": ["n"]}, "blame": "later"},
    {"unique": ["k", "n"], "blame": "earlier"},
    *(FALLS | {"blame": which} for which in ("fewest", "earlier")),
    {"sequence": {"by": "at"}, "deny": "d > next.d", "blame": "fewest"},
    {"deny": "t1.v = t2.v and t1.x < t2.x and t1.day > t2.day", "blame": "later"},
    {"deny": "t1.v = t2.v and levenshtein(t1.k, t2.k) = 1", "blame": "earlier"},
]
OBEYED = [
    {"functional": {"v": ["z"]}, "blame": ["fewest", "z"], "action": "blank"},
    FALLS | {"blame": ["later", "m"], "action": "blank"},
    {"deny": "t1.k = t2.k and t1.d < t2.d and t1.w > t2.w", "blame": "later",
     "action": "quarantine"},
    {"deny": "t1.n = t2.n and t1.k <> t2.k", "blame": "t1.n", "action": "blank",
     "where": "ok", "holds": "30%"},
    {"sql": MORE, "blame": ["n"], "action": "blank"},
]  # fmt: skip


def test_rules_on_some_rows_and_on_two_at_once(session, duckdb, tmp_path):
    rows = random_rows(random.Random(17), per_file=40)
    rules = [*SCOPED, *SEQUENCES, *MIXED]

    made = check(session, duckdb, rows, declared(rules), EVERY, tmp_path)
    assert silent(made) == []
    questioned = [report.questioned for report in made.rules]
    assert {True, False} <= set(questioned)


def test_who_is_blamed(session, duckdb, tmp_path):
    rows = random_rows(random.Random(19), per_file=40)

    made = check(session, duckdb, rows, declared([*BLAMED, *OBEYED]), EVERY, tmp_path)
    assert silent(made) == []
    assert min(made.account.repaired, made.account.quarantined) > 0


@pytest.mark.gap("sail", "the greatest of a group is left to chance where NaN is in it")
def test_the_wrong_ones_of_numbers_that_are_none(session, duckdb, tmp_path):
    rows = random_rows(random.Random(23), per_file=20, odd=ODD)
    rules = [
        {"sequence": ALONG, "deny": "x < previous.x or y <= next.y"},
        {"sequence": ALONG, "deny": "x < previous.x", "blame": "fewest"},
        {"deny": "t1.k = t2.k and (t1.x < t2.y or t1.y < t2.x)"},
        {"functional": {"m": ["x"]}, "blame": "fewest"},
        {"deny": "t1.m = t2.m and t1.x <= t2.x and t1.y >= t2.y", "blame": "later"},
    ]
    check(session, duckdb, rows, declared(rules), EVERY, tmp_path)


@pytest.fixture
def duckdb(duckdb_engine):
    with duckdb_engine.session() as opened:
        yield opened
