"""Conditions on both rows at once, against a join of all pairs."""

from __future__ import annotations

import random

import duckdb
import pytest
from tests.truth.denials import arrow, random_rows

from backbone.management.trusted.finding.detect import pair_count, violations
from backbone.management.trusted.finding.explanations import explain
from backbone.management.trusted.rules.shapes import shape_of
from backbone.sql.denial import parse, render

MIXED = [
    "abs(t1.a - t2.a) = 1",
    "t1.a + t2.b > 3",
    "levenshtein(t1.s, t2.s) = 1",
    "levenshtein(t1.s, t2.u) < 1",
    "(t1.a = t2.a or t1.b < t2.b)",
    "(t1.a = 1 and t2.a = 2 or t1.x > t2.x)",
    "coalesce(t1.a, t2.a) is null",
    "t1.s || t2.s in ('pq', 'pp')",
]
OTHERS = [
    "t1.g = t2.g",
    "t1.a <= t2.b",
    "t1.s <> t2.s",
    "t1.b > t2.b",
    "t1.x = t2.x",
    "t1.b = 1",
]


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


def all_pairs(connection, text):
    pairs = (
        "select t1._row as a, t2._row as b from rows t1 cross join rows t2 "
        f"where t1._row <> t2._row and ({text})"
    )
    found = connection.execute(pairs).fetchall()
    roles = {a: "t1" for a, _ in found}
    for _, b in found:
        roles[b] = "t2" if roles.get(b, "t2") == "t2" else "both"
    return roles, found


def test_a_condition_on_both_rows_at_once(connection):
    rng, broken = random.Random(5), 0
    for _ in range(200):
        connection.register("loading", arrow(random_rows(rng, 2, 8)))
        connection.execute("create or replace table rows as from loading")
        some = [rng.choice(MIXED), *rng.sample(OTHERS, rng.randint(0, 3))]
        rng.shuffle(some)
        constraint = parse("r", " and ".join(some))
        assert parse("r", render(constraint)).predicates == constraint.predicates
        roles, pairs = all_pairs(connection, constraint.text)
        rows = connection.execute(violations(constraint).sql()).fetchall()
        assert dict(rows) == roles, constraint.text
        assert len(rows) == len(roles)
        counted = pair_count(constraint, rows=100).sql()
        (count,) = connection.execute(counted).fetchone()
        symmetric = shape_of(constraint).symmetric
        assert count == (len({frozenset(p) for p in pairs}) if symmetric else len(pairs))
        if symmetric:
            assert {(b, a) for a, b in pairs} == set(pairs)
        broken += bool(pairs)
    assert broken > 50


def test_alike_is_alike_from_both_sides():
    for text in MIXED[:1] + MIXED[2:3]:
        assert shape_of(parse("r", text)).symmetric
    assert not shape_of(parse("r", MIXED[4])).symmetric


def test_how_it_is_found_in_words():
    rule = parse("r", "t1.g = t2.g and levenshtein(t1.s, t2.s) = 1")
    said = (
        "equalities and a condition on both rows at once: the rows that its parts find, "
    )
    assert (
        str(explain(rule)) == said + "then pairs of those, refused if they are too many"
    )
    assert explain(parse("r", "abs(t1.a - t2.a) < 1")).plan == "pairs of all rows"
