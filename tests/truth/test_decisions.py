"""What people decide, against what it means: random tables, rules and decisions.

The reference reads decisions row by row, from their definition: which rows they name,
which hold, and what becomes of cells. Of rules it knows one thing: a decided cell is as
it was decided, whatever rules there are; the rest is compared with the step itself on a
table in which the decisions have been carried out by hand.
"""

from __future__ import annotations

import random
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.truth.test_constraints_replay import (
    ARROW,
    CLEAN,
    RULES,
    SCHEMA,
    bag,
    random_row,
    random_rows,
    read,
    text_of,
)

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Scan
from backbone.management.trusted import CurrentState, replay_query, trust
from backbone.management.trusted.rows.current import standing
from backbone.model.schemas import ORIGIN
from backbone.project.decisions import Decision, Line, Ruling
from backbone.project.trusted import Rule, TrustedTable

DELIVERIES = ("d2", "d1", "d3")
CURRENT = CurrentState("increments", DELIVERIES)
VALUES = {"k": ["a", "zz", None], "v": ["p", "new", None], "n": ["1", "7", None],
          "x": ["0.5", None]}  # fmt: skip


SEQUENCE = {
    "sequence": {"per": "k", "by": "at"}, "deny": "n < previous.n", "action": "blank",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    opened = DuckDBEngine(threads=2)
    yield opened
    opened.close()


def made_of(engine, folder, rows, rules, *, clean=(), rulings=()):
    folder.mkdir()
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=ARROW), path)
    formatted = Scan((str(path),), SCHEMA)
    with engine.session() as session:
        made = trust(
            session, formatted, table="things",
            declaration=TrustedTable(clean=clean, rules=rules), schema=SCHEMA,
            current=CURRENT, references={}, folder=folder / "out", rulings=rulings,
        )  # fmt: skip
        sides = {
            name: made.sides[name].scan() for name in ("repairs", "quarantine", "merged")
        }
        live = standing(session, formatted, SCHEMA, CURRENT, folder)
        sides |= {"formatted": live.rows, "objects": live.objects}
        replayed = session.fetch(replay_query(SCHEMA), sides).to_pylist()
    assert bag(replayed) == bag(read(made.main))
    return made


def place(row):
    return tuple(row[name] for name in ORIGIN.names)


def random_ruling(rng, number, rules, hot, cleaned):
    """A decision on one of a few rows, that is there or not, or on several."""
    row = cleaned(rng.choice(hot))
    names = rng.choice(
        [ORIGIN.names, ("_object", "_record"), ("k", "v"), ("k", "n"), ("n",)]
    )
    where = {name: str(row[name]) for name in names if row[name] is not None}
    where = where if where and rng.random() < 0.9 else {"k": "nobody"}
    said = rng.choice(["keep", "set", "set", "undo", "fine", "out"])
    column = rng.choice(list(VALUES))
    rule = rng.choice(rules)
    if said == "undo" and rule.action == "flag":
        said = "fine"
    given = {
        "keep": {"keep": (column,)}, "set": {"set": {column: rng.choice(VALUES[column])}},
        "undo": {"undo": rule.name}, "fine": {"fine": (rule.name,)}, "out": {"out": True},
    }[said]  # fmt: skip
    if rng.random() < 0.4:
        given["was"] = {column: rng.choice(VALUES[column])}
    decision = Decision(
        name=f"d{number}", where=where, many=rng.random() < 0.6, reason="r", by="me",
        decided="2026-11-20", **given,
    )  # fmt: skip
    if rng.random() < 0.3:
        lines = [
            Line({**where, "n": str(n)}, decision.set, decision.was) for n in range(3)
        ]
        return Ruling(decision, tuple(lines))
    return Ruling.of(decision)


def cleaned_by_hand(row):
    """What cleaning cell by cell does to a row, step by step."""
    k, v = row["k"], row["v"]
    k = " ".join(k.replace("e\u0301", "é").split()) if k is not None else None
    v = v.strip() if v is not None else None
    v = {"p": "q", "n/a": None, "q": "p"}.get(v, v)
    return {**row, "k": k, "v": {"q": "p"}.get(v, v)}


TYPED = {
    "_delivery": str,
    "k": str,
    "v": str,
    "n": int,
    "x": float,
    "_object": str,
    "_record": int,
}


def typed(name, text):
    return None if text is None else TYPED[name](text)


def cleaning(engine, folder, rows, seed):
    """The steps, and what they do to a row: cell by cell, or among all rows."""
    if seed % 2:
        return CLEAN, cleaned_by_step(engine, folder, rows)
    return CLEAN[:4], cleaned_by_hand


def cleaned_by_step(engine, folder, rows):
    """What all cleaning does to rows if nobody decides anything: the step itself says."""
    made = made_of(engine, folder, rows, [], clean=CLEAN)
    known = {place(row): row for row in read(made.main)}
    return lambda row: known.get(place(row), row)


def meant(rows, rulings, rules, cleaned):
    """Return for each ruling and line the rows that it names, and what comes of it."""
    merged = [set(rule.unique) for rule in rules if rule.action == "deduplicate"]
    for ruling in rulings:
        copies = any(keys <= set(ruling.lines[0].where) for keys in merged)
        for line in ruling.lines:
            named = [
                row for row in rows
                if all(cleaned(row)[n] == typed(n, text) for n, text in line.where.items())
            ]  # fmt: skip
            for row in named:
                other = any(
                    typed(n, was) not in {row[n], cleaned(row)[n]}
                    for n, was in line.was.items()
                )
                if len(named) > 1 and not (ruling.decision.many or copies):
                    yield ruling, line, row, "several rows"
                else:
                    yield ruling, line, row, "other value" if other else "applied"
            if not named:
                yield ruling, line, None, "no row"


@pytest.mark.parametrize("seed", range(10))
def test_decisions_do_what_they_say_and_the_story_gives_the_table(engine, tmp_path, seed):
    rng = random.Random(seed)
    rows = random_rows(rng, DELIVERIES)
    chosen = rng.sample([*RULES, SEQUENCE], rng.randint(1, 6))
    rules = [Rule(name=f"r{i}", **form) for i, form in enumerate(chosen)]
    hot = rng.sample(rows, min(len(rows), 5)) or [random_row(rng, "d0", "a.csv", 1)]
    clean, cleaned = cleaning(engine, tmp_path / "clean", rows, seed)
    rulings = [
        random_ruling(rng, n, rules, hot, cleaned) for n in range(rng.randint(1, 12))
    ]
    made = made_of(engine, tmp_path / "a", rows, rules, clean=clean, rulings=rulings)
    expected = list(meant(rows, rulings, rules, cleaned))

    main = {place(row): row for row in read(made.main)}
    out = {place(row) for r, _, row, s in expected if s == "applied" and r.decision.out}
    cells, undone, fine = {}, set(), set()
    for ruling, line, row, status in expected:
        said = ruling.decision
        if status != "applied":
            continue
        for name in said.keep:
            cells[place(row), name] = (said.name, row[name])
        for name, value in line.set.items():
            cells[place(row), name] = (said.name, typed(name, value))
        undone |= {(place(row), said.undo)} if said.undo else set()
        fine |= {(place(row), rule) for rule in said.fine}

    assert out.isdisjoint(main)
    for (where, name), (_, value) in cells.items():
        if where in main:
            assert text_of(main[where][name]) == text_of(value)
    for repair in read(made.repairs):
        key = place(repair), repair["column"]
        assert (repair["method"] == "decision") == (key in cells)
        if key in cells:
            assert repair["rule"] == cells[key][0]
        assert (place(repair), repair["rule"]) not in undone | fine
    for gone in read(made.quarantine) + read(made.merged):
        assert (place(gone), gone["rule"]) not in undone | fine
    assert not {(place(v), v["rule"]) for v in read(made.violations)} & fine
    assert not {
        (where, flag) for where, row in main.items()
        for flag in (row["_flags"] or "").split(",")
    } & fine  # fmt: skip
    _told(made, expected, cells)


def _told(made, expected, cells):
    """The side table tells of every line; who lost all cells is overruled."""
    winners = {(where, name) for (where, _), (name, _) in cells.items()}
    wanted = Counter()
    for ruling, _, row, status in expected:
        lost = (
            status == "applied" and ruling.decision.form in {"keep", "set"}
            and (place(row), ruling.decision.name) not in winners
        )  # fmt: skip
        origin = place(row) if row else (None, None, None)
        wanted[ruling.decision.name, origin, "overruled" if lost else status] += 1
    found = Counter((r["decision"], place(r), r["status"]) for r in read(made.told))
    assert found == wanted


@pytest.mark.parametrize("seed", range(6))
def test_rules_see_what_was_set_and_not_what_is_fine(engine, tmp_path, seed):
    """The same tables as of rows that were edited by hand before anything began."""
    rng = random.Random(100 + seed)
    rows = random_rows(rng, DELIVERIES)
    pairs = [form for form in RULES if "t1." in form.get("deny", "") or "unique" in form
             or "functional" in form]  # fmt: skip
    rule = Rule(name="r", **rng.choice(pairs))
    some = rng.sample(rows, min(len(rows), 4))
    set_, fine = some[:2], some[2:]
    rulings = [
        Ruling.of(
            Decision(
                name=f"d{n}", where=_origin(row), reason="r", by="me",
                decided="2026-11-20", **said,
            )
        )
        for n, (row, said) in enumerate(
            [*((row, {"set": {"n": "1", "v": "q"}}) for row in set_),
             *((row, {"fine": ("r",)}) for row in fine)]
        )
    ]  # fmt: skip
    decided = made_of(engine, tmp_path / "a", rows, [rule], rulings=rulings)

    edited = [{**row, "n": 1, "v": "q"} if row in set_ else row for row in rows]
    left = [row for row in edited if row not in fine]
    by_hand = made_of(engine, tmp_path / "b", left, [rule])

    locked = {place(row) for row in set_}
    told = {
        name: Counter(map(_plain, read(table)))
        for name, table in (("a", decided.violations), ("b", by_hand.violations))
    }
    assert told["a"] == told["b"]
    changes = Counter(
        (place(r), r["column"], r["new"]) for r in read(by_hand.repairs)
        if not (place(r) in locked and r["column"] in {"n", "v"})
    )  # fmt: skip
    found = Counter(
        (place(r), r["column"], r["new"]) for r in read(decided.repairs)
        if r["method"] != "decision"
    )  # fmt: skip
    assert found == changes
    assert {place(row) for row in read(decided.main)} == {
        *(place(row) for row in read(by_hand.main)), *map(place, fine),
    }  # fmt: skip


def _origin(row):
    return {name: str(row[name]) for name in ORIGIN.names}


def _plain(violation):
    return place(violation), violation["rule"], violation["role"], violation["reason"]
