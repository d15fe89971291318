"""The fewest rows to blame, against the definition: every set of rows tried."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import pytest
from tests.truth.denials import Claim, Side, arrow, random_filter, random_rows
from tests.truth.test_blame import SCHEMA, contradictions, fewest_that_touch

from backbone.engines.duckdb import DuckDBEngine
from backbone.management.trusted.finding.accusing import accused
from backbone.management.trusted.finding.searching import Asked, References, search
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.declared import parts_of
from backbone.model.constraints import SWAPPED
from backbone.project.trusted import Rule
from backbone.sql.queries import Query

ORDERS = ["<", "<=", ">", ">="]
COLUMNS = [("a", "b"), ("x", "s")]
GROUPS, SIZE = 25, 7


@pytest.fixture(scope="module")
def session():
    engine = DuckDBEngine()
    with engine.session() as opened:
        yield opened
    engine.close()


def compared(name, op):
    return Claim(Side("t1", name), op, Side("t2", name))


def rule_of(claims, *, key=True):
    texts = [*(["t1.g = t2.g"] if key else []), *(claim.text() for claim in claims)]
    return Rule(name="r", deny=" and ".join(texts), blame="fewest")


def blamed(session, rule, rows):
    """The rows that break `rule`, and those of them that are to blame."""
    held = session.hold(arrow(rows), SCHEMA)
    state = State(held, SCHEMA, held, held)
    asked = [Asked(state, part) for part in parts_of(rule)]
    (finding,) = search(session, asked, References("", {}))
    finding = accused(session, state, rule, finding)
    found = []
    for one in (finding, finding.guilty):
        steps, inputs = one.hits()
        query = Query((*steps, ("last", select("select _row from hits"))))
        found.append(session.fetch(query, inputs).column("_row").to_pylist())
    return found


def check(session, claims, rng, *, key=True):
    """Return how many groups of random rows break a rule; the fewest are blamed of each."""
    rows = random_rows(rng, GROUPS if key else 2, SIZE if key else SIZE - 2)
    if not key:
        rows = [row | {"g": 0} for row in rows]
    rule = rule_of(claims, key=key)
    broken, wrong = blamed(session, rule, rows)
    assert len(set(wrong)) == len(wrong)
    assert set(wrong) <= set(broken)
    mixed = 0
    for group in {row["g"] for row in rows}:
        own = [row for row in rows if row["g"] == group]
        pairs = contradictions(own, claims)
        mine = {row["_row"] for row in own} & set(wrong)
        assert all(set(pair) & mine for pair in pairs), rule.deny
        assert len(mine) == fewest_that_touch(pairs), rule.deny
        mixed += bool(pairs)
    if key and rng.random() < 0.2:
        again = rng.sample(rows, len(rows))
        assert sorted(blamed(session, rule, again)[1]) == sorted(wrong), rule.deny
    return mixed


def of_both_rows(rng):
    """A condition on one row, asked of t1 and of t2."""
    one = random_filter(rng)
    return [
        replace(one, left=of_row(one.left, row), right=of_row(one.right, row))
        for row in ("t1", "t2")
    ]


def of_row(side, row):
    return replace(side, row=row) if side and side.row else side


@pytest.mark.parametrize("columns", COLUMNS)
def test_two_order_comparisons(session, columns):
    rng = random.Random(1)
    broken = 0
    for ops in product(ORDERS, ORDERS):
        claims = [compared(*one) for one in zip(columns, ops, strict=True)]
        broken += check(session, claims, rng)
    assert broken > 5 * GROUPS


def test_two_order_comparisons_of_a_table_or_of_some_of_its_rows(session):
    rng = random.Random(2)
    broken = 0
    for number, ops in enumerate(product(ORDERS, ORDERS)):
        columns = ("b", "b") if number % 5 == 4 else ("a", "b")
        claims = [compared(*one) for one in zip(columns, ops, strict=True)]
        broken += check(session, claims, rng, key=False)
        if number % 2:
            check(session, [*claims, *of_both_rows(rng)], rng)
    assert broken > 5


@pytest.mark.parametrize("key", [True, False])
def test_one_order_comparison_or_none_with_or_without_a_difference(session, key):
    rng = random.Random(3)
    broken = 0
    more = compared("b", "<>")
    for name, op in [("a", "<"), ("x", ">"), ("s", "<="), ("y", ">="), ("s", "<>")]:
        broken += check(session, [compared(name, op)], rng, key=key)
        broken += check(session, [compared(name, op), more], rng, key=key)
    assert broken > 5


@pytest.mark.parametrize("key", [True, False])
def test_spans_that_overlap_also_where_they_end_before_they_begin(session, key):
    rng = random.Random(4)
    broken = 0
    for op, names in product(ORDERS, ["ab", "xy", "ax"]):
        first, second = (Side("t1", names[0]), Side("t2", names[1]))
        turned = replace(second, row="t1"), replace(first, row="t2")
        claims = [Claim(first, op, second), Claim(turned[0], SWAPPED[op], turned[1])]
        broken += check(session, rng.sample(claims, 2), rng, key=key)
    assert broken > 3
