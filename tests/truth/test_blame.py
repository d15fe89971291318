"""Who is blamed, against the definition: every set of rows tried, every pair looked at."""

from __future__ import annotations

import random
from itertools import combinations

import duckdb
import pytest
from tests.truth.denials import arrow, brute, random_claims, random_rows, supported
from tests.truth.test_sequences import brute as brute_sequence
from tests.truth.test_sequences import neighbours, random_order
from tests.truth.test_sequences import random_claims as random_neighbour_claims

from backbone.errors import UnsupportedRule
from backbone.management.trusted.finding.detect import violations
from backbone.management.trusted.plans.culprits import (
    agreeing,
    by_origin,
    in_sequence,
    kind_of_blame,
)
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.sql.denial import parse
from backbone.sql.queries import Query

SCHEMA = Schema.of(
    _row=INTEGER, g=INTEGER, a=INTEGER, b=INTEGER, x=DOUBLE, y=DOUBLE, s=STRING, u=STRING
)
TRIES = 150


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


def fetched(connection, steps, rows):
    connection.register("rows", arrow(rows))
    sql = Query(tuple(steps)).sql("duckdb")
    return sorted(row[0] for row in connection.execute(sql).fetchall())


def contradictions(rows, claims):
    """The pairs of rows that break the rule together, as sets."""
    found = set()
    for one, other in combinations(rows, 2):
        roles, _ = brute([one, other], claims)
        if roles:
            found.add((one["_row"], other["_row"]))
    return {tuple(sorted(pair)) for pair in found}


def fewest_that_touch(pairs):
    """How many rows it takes to have one of every pair, by trying all sets of rows."""
    rows = sorted({row for pair in pairs for row in pair})
    for size in range(len(rows) + 1):
        for chosen in combinations(rows, size):
            if all(set(pair) & set(chosen) for pair in pairs):
                return size
    raise AssertionError


def agreeing_rules(rng):
    """Rules by which rows that agree on `g`, and more, agree on something else."""
    while True:
        claims = [c for c in random_claims(rng) if c.op in {"=", "<>"}]
        text = " and ".join(["t1.g = t2.g", *(claim.text() for claim in claims)])
        constraint = supported(text)
        if constraint is None:
            continue
        try:
            if kind_of_blame(constraint, "fewest") == "agreeing":
                return constraint, claims
        except UnsupportedRule:
            continue


def test_the_fewest_rows_that_do_not_agree(connection):
    rng, broken = random.Random(1), 0
    for _ in range(TRIES):
        constraint, claims = agreeing_rules(rng)
        rows = random_rows(rng, 2, 5)
        pairs = contradictions(rows, claims)
        blamed = fetched(connection, agreeing(constraint, "fewest", "rows", SCHEMA), rows)
        assert all(set(pair) & set(blamed) for pair in pairs), constraint.text
        assert len(blamed) == fewest_that_touch(pairs), constraint.text
        broken += bool(pairs)
    assert broken > TRIES // 5


def test_later_rows_differ_from_the_first_and_earlier_ones_from_the_last(connection):
    rng, broken = random.Random(2), 0
    for number in range(TRIES):
        constraint, claims = agreeing_rules(rng)
        rows = random_rows(rng, 2, 5)
        which = ("later", "earlier")[number % 2]
        pairs = contradictions(rows, claims)
        right = []
        for row in sorted(r["_row"] for r in rows)[:: 1 if which == "later" else -1]:
            if not any(tuple(sorted((row, other))) in pairs for other in right):
                right.append(row)
        wrong = sorted({row for pair in pairs for row in pair} - set(right))
        found = fetched(connection, agreeing(constraint, which, "rows", SCHEMA), rows)
        assert found == wrong, constraint.text
        broken += bool(pairs)
    assert broken > TRIES // 5


def test_of_two_rows_in_the_wrong_order_the_later_or_the_earlier(connection):
    rng, broken = random.Random(3), 0
    tried = 0
    while tried < TRIES:
        claims = random_claims(rng)
        text = " and ".join(["t1.g = t2.g", *(claim.text() for claim in claims)])
        constraint, which = supported(text), rng.choice(["later", "earlier"])
        try:
            if constraint is None or kind_of_blame(constraint, which) != "origin":
                continue
        except UnsupportedRule:
            continue
        tried += 1
        rows = random_rows(rng, 2, 6)
        last = -1 if which == "later" else 0
        pairs = contradictions(rows, claims)
        wrong = sorted({pair[last] for pair in pairs})
        found = set()
        for turned, role in by_origin(constraint, which):
            connection.register("rows", arrow(rows))
            sql = violations(turned, schema=SCHEMA).sql("duckdb")
            hits = connection.execute(sql).fetchall()
            found |= {row for row, of in hits if of in {role, "both"}}
        assert sorted(found) == wrong, constraint.text
        broken += bool(pairs)
    assert broken > TRIES // 8


def sequence_rules(rng):
    while True:
        order, claims = random_order(rng), random_neighbour_claims(rng)
        text = " and ".join(claim.text() for claim in claims)
        sides = {c.row for claim in claims for c in (claim.left, claim.right) if c}
        if len(sides & {"previous", "next"}) == 1:
            return parse("r", text, sequence=order), order, claims


@pytest.mark.parametrize("which", ["fewest", "later", "earlier"])
def test_who_is_wrong_along_a_sequence(connection, which):
    rng, broken = random.Random(4), 0
    for _ in range(TRIES):
        constraint, order, claims = sequence_rules(rng)
        rows = random_rows(rng, 2, 6)
        (side,) = constraint.neighbours
        pairs = [
            (beside["t1"]["_row"], beside[side]["_row"])
            for beside in neighbours(rows, order)
            if side in beside and all(claim.holds(beside) for claim in claims)
        ]
        found = fetched(connection, in_sequence(constraint, which, "rows", SCHEMA), rows)
        if which == "fewest":
            assert all(set(pair) & set(found) for pair in pairs), constraint.text
            assert len(found) == fewest_that_touch(pairs), constraint.text
            assert set(found) <= {own for own, _ in pairs}
        else:
            own = (side == "previous") is (which == "later")
            assert found == sorted({pair[0 if own else 1] for pair in pairs})
        assert set(found) <= set(brute_sequence(rows, order, claims))
        broken += bool(pairs)
    assert broken > TRIES // 3
