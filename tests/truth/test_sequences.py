"""Neighbours against the definition: rows put in their order, one by one, in Python."""

from __future__ import annotations

import random

import duckdb
import pytest
from tests.truth.denials import (
    COMPARE,
    NUMBERS,
    TEXTS,
    Claim,
    Side,
    arrow,
    random_rows,
    rank,
)

from backbone.errors import RuleSyntaxError
from backbone.management.trusted.finding.detect import (
    Cut,
    explain,
    group_sizes,
    violations,
)
from backbone.model.constraints import Sequence
from backbone.sql.denial import parse, render


def neighbours(table, order):
    """Each row with the one before and the one after it, where there are such."""
    groups = {}
    for row in table:
        if all(row[name] is not None for name in order.columns):
            key = tuple(rank(row[name]) for name in order.per)
            groups.setdefault(key, []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: ([rank(row[name]) for name in order.by], row["_row"]))
        for place, row in enumerate(rows):
            beside = {"t1": row}
            if place > 0:
                beside["previous"] = rows[place - 1]
            if place + 1 < len(rows):
                beside["next"] = rows[place + 1]
            yield beside


def brute(table, order, claims):
    """Roles of rows, from the definition."""
    first, second = set(), set()
    sides = {side.row for claim in claims for side in (claim.left, claim.right) if side}
    wanted = sides & {"previous", "next"}
    for rows in neighbours(table, order):
        if wanted <= set(rows) and all(claim.holds(rows) for claim in claims):
            first.add(rows["t1"]["_row"])
            second |= {rows[side]["_row"] for side in wanted}
    roles = dict.fromkeys(first, "t1") | dict.fromkeys(second, "t2")
    return roles | dict.fromkeys(first & second, "both")


def random_order(rng):
    names = rng.sample(NUMBERS + TEXTS, 3)
    by, per = names[: rng.choice([1, 1, 2])], names[2:]
    return Sequence(tuple(by), tuple(rng.choice([[], ["g"], ["g"], per])))


def random_claims(rng):
    claims = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        names = rng.choice([NUMBERS, NUMBERS, TEXTS])
        beside = Side(rng.choice(["previous", "next"]), rng.choice(names))
        plus = 1 if names is NUMBERS and rng.random() < 0.2 else 0
        own = Side(rng.choice(["t1", "t1", "previous"]), rng.choice(names), plus)
        claims.append(Claim(beside, rng.choice(list(COMPARE)), own))
    if rng.random() < 0.3:
        kind = rng.choice(["is null", "is not null"])
        claims.append(Claim(Side(rng.choice(["t1", "next"]), rng.choice(NUMBERS)), kind))
    return claims


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(8))
def test_neighbours_at_random(connection, seed):
    rng = random.Random(seed)
    for _ in range(25):
        rows = random_rows(rng, groups=rng.choice([1, 3, 10]), size=12)
        connection.register("loading", arrow(rows))
        connection.execute("create or replace table rows as from loading")
        order, claims = random_order(rng), random_claims(rng)
        text = " and ".join(claim.text() for claim in claims)
        constraint = parse("r", text, sequence=order)
        expected = brute(rows, order, claims)
        for cut in (None, Cut(1, len(rows)), Cut(5, max(len(rows), 1)), Cut(40, 60)):
            found = connection.execute(violations(constraint, cut=cut).sql()).fetchall()
            assert dict(found) == expected, (text, order, cut)
            assert len(found) == len(expected)
        again = parse("r", render(constraint), sequence=order)
        assert again.predicates == constraint.predicates
        sizes = connection.execute(group_sizes(constraint).sql()).fetchall()
        groups = [list(n) for n in sized(rows, order)]
        assert sizes == [
            (sum(map(len, groups)) or None, max(map(len, groups), default=None))
        ]


def sized(rows, order):
    groups = {}
    for beside in neighbours(rows, order):
        key = tuple(rank(beside["t1"][name]) for name in order.per)
        groups.setdefault(key, []).append(beside)
    return groups.values()


def test_an_expression_may_join_the_row_and_its_neighbours(connection):
    rows = [(1, 0, 10), (2, 1, 11), (3, 2, 99), (4, 3, 12), (5, 4, None), (6, 5, 50)]
    connection.execute("create table rows (_row bigint, t bigint, v bigint)")
    connection.executemany("insert into rows values (?, ?, ?)", rows)
    spike = "abs(v - previous.v) > 20 and abs(next.v - v) > 20"
    constraint = parse("spike", spike, sequence=Sequence(("t",)))
    found = connection.execute(violations(constraint).sql()).fetchall()
    assert sorted(found) == [(2, "t2"), (3, "t1"), (4, "t2")]
    said = "sequence: one sort, the rows beside each row of the table, O(n log n)"
    assert str(explain(constraint)) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("v < previous.v or v < next.v", {1: "t2", 2: "t1", 3: "t2", 4: "t1"}),
        ("v < previous.v or next.v is null", {1: "t2", 2: "t1", 3: "t2"}),
        (
            "v < coalesce(previous.v, 100) or v > next.v",
            {1: "t2", 2: "both", 3: "both", 4: "t2"},
        ),
    ],
)
def test_one_side_of_an_or_may_do_without_its_neighbour(connection, text, found):
    rows = [(1, 0, 7), (2, 1, 3), (3, 2, 9), (4, 3, 4)]
    connection.execute("create table rows (_row bigint, t bigint, v bigint)")
    connection.executemany("insert into rows values (?, ?, ?)", rows)
    constraint = parse("r", text, sequence=Sequence(("t",)))
    assert dict(connection.execute(violations(constraint).sql()).fetchall()) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("v > 3", "it speaks of no neighbour in the sequence"),
        ("v > t2.v", "`t2.v` is no column of the rows"),
        ("not exists s.id = id", "a row of another table is nobody's neighbour"),
    ],
)
def test_what_is_no_rule_on_a_sequence(text, says):
    with pytest.raises(RuleSyntaxError, match=says):
        parse("r", text, sequence=Sequence(("t",)))


def test_neighbours_want_an_order():
    with pytest.raises(RuleSyntaxError) as caught:
        parse("r", "v < previous.v")
    assert "sequence: {per: device, by: measured_at}" in caught.value.hint
