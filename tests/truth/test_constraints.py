"""Detection against the definition: every pair of rows, compared in Python."""

from __future__ import annotations

import math
import operator
import random
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pytest
from sqlglot import parse_one

from backbone.errors import UnsupportedRule
from backbone.management.trusted.detect import Cut, group_sizes, pair_count, violations
from backbone.management.trusted.plans import ranges
from backbone.management.trusted.shapes import shape_of
from backbone.sql.denial import parse
from backbone.sql.queries import Query

NUMBERS = ("a", "b", "x", "y")
TEXTS = ("s", "u")
COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Side:
    """A column of a row, or a constant; `plus` is added to a number."""

    row: str | None
    value: object
    plus: int = 0

    def text(self):
        base = f"{self.row}.{self.value}" if self.row else repr(self.value)
        return f"{base} + {self.plus}" if self.plus else base

    def of(self, rows):
        found = rows[self.row][self.value] if self.row else self.value
        return None if found is None else rank(found + self.plus if self.plus else found)


@dataclass(frozen=True)
class Claim:
    left: Side
    op: str
    right: Side | None = None

    def text(self):
        right = f" {self.right.text()}" if self.right else ""
        return f"{self.left.text()} {self.op}{right}"

    def holds(self, rows):
        left = self.left.of(rows)
        if self.right is None:
            return (left is None) == (self.op == "is null")
        right = self.right.of(rows)
        return left is not None and right is not None and COMPARE[self.op](left, right)


def rank(value):
    """NaN is the greatest number and equals itself; -0.0 is 0.0."""
    if isinstance(value, str):
        return value.encode()
    return (1, 0.0) if math.isnan(value) else (0, value + 0.0)


def brute(table, claims):
    """Roles of rows and the number of ordered pairs, from the definition."""
    first, second, pairs = set(), set(), 0
    for t1 in table:
        for t2 in table:
            if t1["_row"] != t2["_row"] and t1["g"] == t2["g"]:
                rows = {"t1": t1, "t2": t2}
                if all(claim.holds(rows) for claim in claims):
                    first.add(t1["_row"])
                    second.add(t2["_row"])
                    pairs += 1
    roles = dict.fromkeys(first, "t1") | dict.fromkeys(second, "t2")
    return roles | dict.fromkeys(first & second, "both"), pairs


def random_rows(rng, groups, size):
    doubles = [0.0, -0.0, 1.0, 2.0, -1.5, math.nan, math.inf, None]
    rows = []
    for group in range(groups):
        for _ in range(rng.randint(0, size)):
            row = {"_row": 3 * len(rows) + 1, "g": group}
            row |= {name: rng.choice([0, 1, 2, 3, None]) for name in ("a", "b")}
            row |= {name: rng.choice(doubles) for name in ("x", "y")}
            row |= {name: rng.choice(["p", "q", "é", "", None]) for name in TEXTS}
            rows.append(row)
    rng.shuffle(rows)
    return rows


def random_pair(rng, op):
    names = rng.choice([NUMBERS, NUMBERS, TEXTS])
    left = rng.choice(names)
    right = left if rng.random() < 0.6 else rng.choice(names)
    plus = 1 if names is NUMBERS and rng.random() < 0.1 else 0
    first, second = Side("t1", left), Side("t2", right, plus)
    return Claim(first, op, second) if rng.random() < 0.8 else Claim(second, op, first)


def random_filter(rng):
    row = rng.choice(["t1", "t2"])
    if rng.random() < 0.3:
        kind = rng.choice(["is null", "is not null"])
        return Claim(Side(row, rng.choice(NUMBERS + TEXTS)), kind)
    other = Side(row, "b") if rng.random() < 0.5 else Side(None, 1)
    return Claim(Side(row, rng.choice(NUMBERS)), rng.choice(list(COMPARE)), other)


def random_claims(rng):
    claims = [random_pair(rng, "=") for _ in range(rng.choice([0, 0, 1, 1, 2]))]
    claims += [random_pair(rng, "<>") for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3]))]
    orders = ["<", "<=", ">", ">="]
    claims += [
        random_pair(rng, rng.choice(orders)) for _ in range(rng.choice([0, 1, 2, 2]))
    ]
    claims += [random_filter(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    rng.shuffle(claims)
    return claims


def arrow(rows):
    types = {"_row": pa.int64(), "g": pa.int64(), "a": pa.int64(), "b": pa.int64()}
    types |= {"x": pa.float64(), "y": pa.float64(), "s": pa.string(), "u": pa.string()}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def supported(text):
    if "t1." not in text or "t2." not in text:
        return None
    try:
        constraint = parse("r", text)
        shape_of(constraint)
    except UnsupportedRule:
        return None
    return constraint


def agrees(connection, constraint, expected, pairs):
    found = connection.execute(violations(constraint).sql()).fetchall()
    assert len(found) == len(dict(found)), constraint.text
    assert dict(found) == expected, constraint.text
    query = pair_count(constraint)
    if query is not None:
        half = 2 if shape_of(constraint).symmetric else 1
        assert connection.execute(query.sql()).fetchall() == [(pairs // half,)]


def load(connection, name, rows):
    """A table of the engine's own: its scan of Arrow misses -0.0 in `x in (0, 2)`."""
    connection.register("loading", arrow(rows))
    connection.execute(f'create or replace table "{name}" as from loading')


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(5))
def test_many_small_tables_at_once(connection, seed):
    rng = random.Random(seed)
    rows = random_rows(rng, groups=30, size=8)
    load(connection, "rows", rows)
    checked = 0
    while checked < 40:
        claims = random_claims(rng)
        text = " and ".join(["t1.g = t2.g", *(claim.text() for claim in claims)])
        constraint = supported(text)
        if constraint is not None:
            agrees(connection, constraint, *brute(rows, claims))
            checked += 1


@pytest.mark.parametrize("seed", range(4))
def test_tables_without_a_common_key(connection, seed):
    rng = random.Random(1000 + seed)
    checked = 0
    while checked < 45:
        rows = random_rows(rng, groups=1, size=9)
        claims = random_claims(rng)
        constraint = supported(" and ".join(claim.text() for claim in claims))
        if constraint is not None:
            load(connection, "rows", rows)
            agrees(connection, constraint, *brute(rows, claims))
            checked += 1


def random_sorted_rule(rng, *, key):
    """A rule that sorts: two order comparisons, with or without a `<>`."""
    while True:
        claims = random_claims(rng)
        texts = [*(["t1.g = t2.g"] if key else []), *(claim.text() for claim in claims)]
        constraint = supported(" and ".join(texts))
        if constraint is not None and shape_of(constraint).kind == "two orders":
            return constraint, claims


@pytest.mark.parametrize(("seed", "fan_out"), [(0, 2), (1, 3), (2, 16)])
def test_groups_cut_into_ranges_give_the_same_rows(
    connection, monkeypatch, seed, fan_out
):
    monkeypatch.setattr(ranges, "_FAN_OUT", fan_out)
    rng = random.Random(2000 + seed)
    for groups, size in ((1, 14), (1, 25), (4, 12)):
        rows = random_rows(rng, groups=groups, size=size)
        load(connection, "rows", rows)
        for _ in range(3):
            constraint, claims = random_sorted_rule(rng, key=groups > 1)
            expected, _ = brute(rows, claims)
            sizes = connection.execute(group_sizes(constraint).sql()).fetchone()
            for number in (rng.randint(2, 9), 40):
                told = (sizes[0] or 0) * rng.choice([1, 2, 2, 18]) // 2
                query = violations(constraint, cut=Cut(number, told))
                found = connection.execute(query.sql()).fetchall()
                assert len(found) == len(dict(found)), constraint.text
                assert dict(found) == expected, constraint.text


def test_ranges_are_about_even_whatever_the_groups_and_ties(connection):
    connection.execute(
        "create table rows as select 7 * i as _row, case when i % 10 = 0 then i else 0 "
        "end as g, case when i % 3 = 0 then i % 1000 else 5 end as a, i % 77 as b "
        "from range(60_000) r(i)"
    )
    constraint = parse("r", "t1.g = t2.g and t1.a <= t2.a and t1.b > t2.b")
    rows, largest = connection.execute(group_sizes(constraint).sql()).fetchone()
    assert (rows, largest) == (120_000, 108_002)
    query = violations(constraint, cut=Cut(50, rows))
    steps = dict(query.steps)
    names = list(steps)
    until = names[: names.index("ranged_t1") + 1]
    sizes = Query(
        (*((name, steps[name]) for name in until),
         ("sizes", parse_one("select part, count(*) as n from ranged_t1 group by part")))
    )  # fmt: skip
    counts = dict(connection.execute(sizes.sql()).fetchall())
    assert 48 <= len(counts) <= 52
    assert max(counts.values()) < 2 * rows / 50


LEAVES = ("compare", "null", "in", "like", "between")


def random_leaf(rng):
    kind = rng.choice(LEAVES)
    name = rng.choice(TEXTS if kind == "like" else NUMBERS)
    if kind == "compare":
        right = rng.choice([*NUMBERS, "1"])
        return f"{name} {(op := rng.choice(list(COMPARE)))} {right}", (
            kind,
            name,
            op,
            right,
        )
    if kind == "null":
        return f"{name} is null", (kind, name)
    if kind == "in":
        return f"{name} in (0, 2)", (kind, name)
    if kind == "like":
        return f"{name} like 'p%'", (kind, name)
    return f"{name} between 1 and 2", (kind, name)


def random_tree(rng, depth):
    roll = rng.random()
    if depth == 0 or roll < 0.3:
        return random_leaf(rng)
    if roll < 0.5:
        text, tree = random_tree(rng, depth - 1)
        return f"not ({text})", ("not", tree)
    op = rng.choice(["and", "or"])
    left, right = random_tree(rng, depth - 1), random_tree(rng, depth - 1)
    return f"({left[0]}) {op} ({right[0]})", (op, left[1], right[1])


def true_of(tree, row, *, negated=False):
    """A predicate on a null is false, and so is its opposite."""
    kind = tree[0]
    if kind == "not":
        return true_of(tree[1], row, negated=not negated)
    if kind in {"and", "or"}:
        both = [true_of(part, row, negated=negated) for part in tree[1:]]
        return all(both) if (kind == "and") is not negated else any(both)
    said = leaf_of(tree, row)
    return said is not None and said is not negated


def leaf_of(tree, row):
    """Whether a predicate says yes, or None if it says nothing of a null."""
    kind, value = tree[0], row[tree[1]]
    if kind == "null" or value is None:
        return value is None if kind == "null" else None
    if kind == "compare":
        other = 1 if tree[3] == "1" else row[tree[3]]
        return None if other is None else COMPARE[tree[2]](rank(value), rank(other))
    tests = {
        "like": lambda: value.startswith("p"),
        "in": lambda: rank(value) in {rank(0), rank(2)},
        "between": lambda: rank(1) <= rank(value) <= rank(2),
    }
    return tests[kind]()


def test_one_row_conditions(connection):
    rng = random.Random(7)
    rows = random_rows(rng, groups=1, size=300)
    load(connection, "rows", rows)
    for _ in range(300):
        text, tree = random_tree(rng, 3)
        found = connection.execute(violations(parse("r", text)).sql()).fetchall()
        assert dict(found) == {r["_row"]: "t1" for r in rows if true_of(tree, r)}, text


def test_references_are_anti_joins_that_leave_nulls_alone(connection):
    rng = random.Random(8)
    for _ in range(60):
        rows, others = (random_rows(rng, groups=3, size=9) for _ in range(2))
        load(connection, "rows", rows)
        load(connection, "trusted.other", others)
        own, to = rng.choices(NUMBERS, k=2), rng.choices(NUMBERS, k=2)
        pairs = [f"other.{b} = {a}" for a, b in zip(own, to, strict=True)]
        constraint = parse("r", "not exists " + " and ".join(pairs))
        keys = [[o[name] for name in to] for o in others]
        known = {tuple(map(rank, key)) for key in keys if None not in key}
        orphans = {
            row["_row"]
            for row in rows
            if None not in (key := [row[name] for name in own])
            and tuple(map(rank, key)) not in known
        }
        found = connection.execute(violations(constraint).sql()).fetchall()
        assert {row for row, _ in found} == orphans
        assert len(found) == len(orphans)


def test_arithmetic_that_fails_on_a_value_is_null_there(connection):
    largest = 2**63 - 1
    rows = [{"_row": 1, "a": largest}, {"_row": 2, "a": 1}, {"_row": 3, "a": None}]
    connection.register("rows", pa.Table.from_pylist(rows))
    for text in ("a + 1 > 0", "a * 2 = 2", "sqrt(a - 2) is null and a = 1"):
        found = connection.execute(violations(parse("r", text)).sql()).fetchall()
        assert found == [(2, "t1")], text


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("t1.a < t2.a and t1.b < t2.b and t1.x < t2.x", "3 order comparisons"),
        ("t1.a < t2.a and t1.b <> t2.b and t1.x <> t2.x", "2 `<>` beside an order"),
        ("t1.a <= t2.a and t1.b <> t2.x", "a `<>` between different columns"),
        (" and ".join(f"t1.c{i} <> t2.c{i}" for i in range(5)), "5 `<>`"),
    ],
)
def test_shapes_without_a_plan_are_refused_and_never_compared_pair_by_pair(text, what):
    with pytest.raises(UnsupportedRule, match="not supported") as caught:
        violations(parse("r", text))
    assert what in caught.value.what
