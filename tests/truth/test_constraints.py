"""Detection against the definition: every pair of rows, compared in Python."""

from __future__ import annotations

import random
from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import parse_one
from tests.truth.denials import (
    COMPARE,
    NUMBERS,
    TEXTS,
    Claim,
    Side,
    arrow,
    brute,
    random_claims,
    random_rows,
    random_rule,
    random_sorted_rule,
    rank,
    supported,
)

from backbone.engines.protocol import Scan
from backbone.errors import UnsupportedRule
from backbone.management.trusted.finding import comparing, parting
from backbone.management.trusted.finding.detect import (
    Cut,
    dependencies,
    group_sizes,
    pair_count,
    shared_keys,
    violations,
)
from backbone.management.trusted.finding.pairs import Counted, Pairs
from backbone.management.trusted.finding.parting import Reading, parted
from backbone.management.trusted.plans import ranges
from backbone.management.trusted.rules.shapes import shape_of
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.sql.denial import parse
from backbone.sql.queries import Query

SCHEMA = Schema.of(
    _row=INTEGER, g=INTEGER, a=INTEGER, b=INTEGER, x=DOUBLE, y=DOUBLE, s=STRING, u=STRING
)


def agrees(connection, constraint, expected, pairs):
    (rows,) = connection.execute("select count(*) from rows").fetchone()
    query = violations(constraint, rows=rows)
    found = connection.execute(query.sql()).fetchall()
    assert len(found) == len(dict(found)), constraint.text
    assert dict(found) == expected, constraint.text
    half = 2 if shape_of(constraint).symmetric else 1
    counted = connection.execute(pair_count(constraint, rows=rows).sql()).fetchall()
    assert counted == [(pairs // half,)], constraint.text
    roles = [role for _, role in found]
    told = Counted(
        len(roles), len(roles) - roles.count("t2"), len(roles) - roles.count("t1")
    )
    bounds = Pairs.of(constraint, told)
    assert bounds.at_least <= pairs // half <= bounds.at_most, constraint.text


def load(connection, name, rows):
    """A table of the engine's own: its scan of Arrow misses -0.0 in `x in (0, 2)`."""
    connection.register("loading", arrow(rows))
    connection.execute(f'create or replace table "{name}" as from loading')


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 2}) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(4))
def test_many_small_tables_at_once(connection, seed):
    rng = random.Random(seed)
    rows = random_rows(rng, groups=30, size=8)
    load(connection, "rows", rows)
    checked = 0
    while checked < 22:
        claims = random_claims(rng)
        text = " and ".join(["t1.g = t2.g", *(claim.text() for claim in claims)])
        constraint = supported(text)
        if constraint is not None:
            agrees(connection, constraint, *brute(rows, claims))
            checked += 1


@pytest.mark.parametrize("seed", range(3))
def test_tables_without_a_common_key(connection, seed):
    rng = random.Random(1000 + seed)
    checked = 0
    while checked < 20:
        rows = random_rows(rng, groups=1, size=9)
        claims = random_claims(rng)
        constraint = supported(" and ".join(claim.text() for claim in claims))
        if constraint is not None:
            load(connection, "rows", rows)
            agrees(connection, constraint, *brute(rows, claims))
            checked += 1


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


def scan_of(path, rows):
    pq.write_table(arrow(rows), path, write_statistics=False)
    return Scan((str(path),), SCHEMA)


def test_dependencies_on_the_same_columns_are_found_together(connection):
    rng = random.Random(9)
    names = (*NUMBERS, *TEXTS)
    for _ in range(10):
        rows = random_rows(rng, groups=1, size=25)
        load(connection, "rows", rows)
        keys = rng.sample(names, k=2)
        claims = {
            place: [Claim(Side("t1", key), "=", Side("t2", key)) for key in keys]
            + [Claim(Side("t1", name), "<>", Side("t2", name))]
            for place, name in enumerate(names)
            if name not in keys
        }
        constraints = {
            place: parse("r", " and ".join(c.text() for c in rng.sample(of_one, k=3)))
            for place, of_one in claims.items()
        }
        assert len({shared_keys(one) for one in constraints.values()}) == 1
        found = connection.execute(dependencies(constraints).sql()).fetchall()
        expected = {
            (place, row, "both")
            for place, of_one in claims.items()
            for row in brute(rows, of_one)[0]
        }
        assert set(found) == expected
        assert len(found) == len(expected)


@pytest.mark.parametrize("few", [-1, 30])
def test_rules_that_no_plan_covers_are_looked_for_in_parts(
    duckdb_engine, monkeypatch, tmp_path, few
):
    """With all parts, or until thirty pairs of rows are left to be compared."""
    monkeypatch.setattr(parting, "_FEW", few)
    rng = random.Random(5000 + few)
    for number in range(6):
        key = number % 2 == 0
        rows = random_rows(rng, groups=20 if key else 1, size=14)
        scan = scan_of(tmp_path / f"{number}.parquet", rows)
        constraint, claims = random_rule(rng, {"parts"}, key=key)
        expected, _ = brute(rows, claims)
        source = Reading([], {"rows": scan}, SCHEMA, len(rows))
        with duckdb_engine.session() as session:
            found = session.fetch(*parted(session, constraint, source)).to_pylist()
        assert {row["_row"]: row["role"] for row in found} == expected, constraint.text


def test_too_many_pairs_are_not_compared_unless_the_rule_says_so(
    duckdb_engine, monkeypatch, tmp_path
):
    monkeypatch.setattr(parting, "_FEW", 10)
    monkeypatch.setattr(comparing, "MAX_COMPARISONS", 50)
    rows = [{"_row": i, "a": i, "b": i, "x": i, "y": i} for i in range(20)]
    scan = scan_of(tmp_path / "rows.parquet", rows)
    text = "t1.a < t2.a and t1.b < t2.b and t1.x < t2.x and t1.y < t2.y"
    asked = Reading([], {"rows": scan}, SCHEMA, len(rows))
    constraint = parse("falls", text)
    with duckdb_engine.session() as session:
        with pytest.raises(UnsupportedRule) as caught:
            parted(session, constraint, asked)
        assert "rule `falls`: 361 pairs of rows" in caught.value.what
        assert "`allow_quadratic: true`" in caught.value.hint
        allowed = replace(constraint, allow_quadratic=True)
        found = session.fetch(*parted(session, allowed, asked)).to_pylist()
    roles = {0: "t1", 19: "t2"}
    assert {row["_row"]: row["role"] for row in found} == {
        row["_row"]: roles.get(row["_row"], "both") for row in rows
    }
