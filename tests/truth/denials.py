"""Rules and tables at random, and who breaks a rule by its definition: pair by pair."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass

import pyarrow as pa

from backbone.management.trusted.rules.shapes import shape_of
from backbone.sql.denial import parse

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


def random_pair(rng, op, *, alike=False):
    names = rng.choice([NUMBERS, NUMBERS, TEXTS])
    left = rng.choice(names)
    right = left if alike or rng.random() < 0.6 else rng.choice(names)
    plus = 1 if names is NUMBERS and not alike and rng.random() < 0.1 else 0
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
    """Predicates on two rows; often both bring the same columns, or nothing is strict."""
    alike, orders = rng.random() < 0.4, ["<", "<=", ">", ">="]
    if rng.random() < 0.3:
        orders = ["<=", ">="]
    ops = ["="] * rng.choice([0, 0, 1, 1, 2])
    ops += ["<>"] * rng.choice([0, 0, 0, 1, 1, 2, 3, 5])
    ops += rng.choices(orders, k=rng.choice([0, 1, 2, 2, 3, 3, 4, 5]))
    claims = [random_pair(rng, op, alike=alike) for op in ops]
    filters = rng.choice([0, 0, 0, 1, 2])
    if alike and rng.random() < 0.5:
        filters = 0
    claims += [random_filter(rng) for _ in range(filters)]
    rng.shuffle(claims)
    return claims


def arrow(rows):
    types = {"_row": pa.int64(), "g": pa.int64(), "a": pa.int64(), "b": pa.int64()}
    types |= {"x": pa.float64(), "y": pa.float64(), "s": pa.string(), "u": pa.string()}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def supported(text):
    if "t1." not in text or "t2." not in text:
        return None
    constraint = parse("r", text)
    return constraint if constraint.is_pair else None


def random_sorted_rule(rng, *, key):
    """A rule that sorts: two order comparisons, with or without a `<>`."""
    return random_rule(rng, {"two orders"}, key=key)


def random_rule(rng, kinds, *, key):
    """A rule whose plan is one of `kinds`, and its claims."""
    while True:
        claims = random_claims(rng)
        texts = [*(["t1.g = t2.g"] if key else []), *(claim.text() for claim in claims)]
        constraint = supported(" and ".join(texts))
        if constraint is not None and shape_of(constraint).kind in kinds:
            return constraint, claims
