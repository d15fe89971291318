"""The story of a trusted table gives the table: random tables, random declarations."""

from __future__ import annotations

import random
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Scan
from backbone.management.trusted import CurrentState, check_table, replay_query, trust
from backbone.management.trusted.rows.current import standing
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import DOUBLE, INTEGER, STRING, TIMESTAMP
from backbone.project.trusted import CleanStep, Rule, TrustedTable

SCHEMA = Schema.of(k=STRING, v=STRING, n=INTEGER, x=DOUBLE, at=TIMESTAMP).with_columns(
    *ORIGIN
)
ARROW = pa.schema(
    [
        ("k", pa.string()),
        ("v", pa.string()),
        ("n", pa.int64()),
        ("x", pa.float64()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("_delivery", pa.string()),
        ("_object", pa.string()),
        ("_record", pa.int64()),
    ]
)
PUBLIC = SCHEMA.public.names
CLEAN = [
    CleanStep(columns=["k", "v"], do=["trim", "nfc"]),
    CleanStep(column="v", replace={"p": "q", "n/a": None, "q": "p"}),
    CleanStep(column="v", replace={"q": "p"}),
    CleanStep(column="k", do=["collapse_spaces"]),
    CleanStep(columns=["x", "n"], missing=[3, "nan", "0.1"]),
    CleanStep(column="n", missing={"where": "k = 'a' and x > 0"}),
    CleanStep(column="x", outliers={"per": "k", "at_least": 3, "over": 1}),
    CleanStep(column="n", outliers={"method": "iqr", "then": "clip", "over": 0.1}),
    CleanStep(column="v", fill="mode"),
    CleanStep(column="n", fill={"with": "median", "per": ["k"]}),
    CleanStep(column="x", fill={"with": "interpolate", "by": "at", "per": "v"}),
    CleanStep(columns=["n", "k"], fill={"with": "last", "by": "at", "limit": "1 second"}),
    CleanStep(column="at", fill={"constant": "2024-01-01"}),
    CleanStep(column="v", codes={"accepted": ["P", "Q"], "spellings": {"r": "Q"}}),
]
RULES = [
    {"not_null": ["k", "n"], "action": "quarantine"},
    {"unique": ["k", "v"], "action": "deduplicate", "keep": "first"},
    {"unique": ["n", "x"], "action": "deduplicate"},
    {"functional": {"k": ["v", "n"]}, "action": "repair"},
    {"functional": {"v": ["x"]}, "action": "repair"},
    {"functional": {"v, n": ["at"]}, "action": "repair"},
    {"range": {"n": (0, 2), "x": (-1, 1)}, "action": "blank"},
    {"deny": "n > x", "action": "blank", "blame": ["n", "x"]},
    {"deny": "t1.k = t2.k and t1.n < t2.n", "action": "blank", "blame": "t2.n"},
    {"deny": "t1.k <> t2.k and t1.n < t2.n and t1.x >= t2.x", "action": "quarantine"},
    {"deny": "t1.n < t2.n and t1.at > t2.at", "action": "quarantine", "blame": "t1.at"},
    {"accepted": {"v": ["p", "q"]}, "action": "blank"},
    {"references": {"k": "things.v"}},
    {"references": {"k": "things.v"}, "action": "blank"},
    {"deny": "t1.v = t2.v and t1.k <> t2.k", "severity": "error"},
]


def random_rows(rng, deliveries):
    rows = []
    for delivery in deliveries:
        for name in rng.sample(["a.csv", "b.csv", "ü.csv"], rng.randint(0, 3)):
            records = sorted(rng.sample(range(1, 40), rng.randint(0, 9)))
            rows += [random_row(rng, delivery, name, record) for record in records]
    rng.shuffle(rows)
    return rows


def random_row(rng, delivery, name, record):
    return {
        "k": rng.choice(["a", " a", "a\u00a0 b", "a  b", "e\u0301", "é", None]),
        "v": rng.choice(["p", "q ", "n/a", "r", "", None]),
        "n": rng.choice([0, 1, 2, 3, -(2**53) - 1, None]),
        "x": rng.choice([0.1, -0.0, 0.0, 1 / 3, 1e300, float("nan"), float("inf"), None]),
        "at": rng.choice([0, 1_000_001, -5, None]),
        "_delivery": delivery,
        "_object": name,
        "_record": record,
    }


def random_declaration(rng):
    chosen = rng.sample(RULES, rng.randint(1, 6))
    rules = [Rule(name=f"r{i}", **form) for i, form in enumerate(chosen)]
    return TrustedTable(clean=rng.sample(CLEAN, rng.randint(0, 6)), rules=rules)


def bag(rows):
    """Rows as a multiset; -0.0 is 0.0, which files do not tell apart."""
    names = (*PUBLIC, *ORIGIN.names)
    return Counter(tuple(text_of(row[name]) for name in names) for row in rows)


def canonical(row):
    return tuple((name, text_of(value)) for name, value in row.items())


def text_of(value):
    return repr(value + 0.0 if isinstance(value, float) else value)


def read(written):
    if not written.files:
        return []
    return pa.concat_tables([pq.read_table(f.path) for f in written.files]).to_pylist()


@pytest.fixture(scope="module")
def engine():
    opened = DuckDBEngine(threads=2)
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(12))
def test_formatted_and_its_story_give_trusted(engine, tmp_path, seed):
    rng = random.Random(seed)
    for number in range(2):
        deliveries = rng.sample(["d1", "d2", "d3"], 3)
        current = CurrentState(rng.choice(["increments", "snapshots"]), tuple(deliveries))
        rows, declaration = random_rows(rng, deliveries), random_declaration(rng)
        assert check_table(declaration, SCHEMA, {"trusted.things": SCHEMA}) == []
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=ARROW), path)
        formatted = Scan((str(path),), SCHEMA)
        with engine.session() as session:
            made = trust(
                session,
                formatted,
                table="things",
                declaration=declaration,
                schema=SCHEMA,
                current=current,
                references={},
                folder=tmp_path / f"out{number}",
            )
            names = ("repairs", "quarantine", "merged")
            inputs = {name: made.sides[name].scan() for name in names}
            live = standing(session, formatted, SCHEMA, current, tmp_path)
            inputs |= {"formatted": live.rows, "objects": live.objects}
            replayed = session.fetch(replay_query(SCHEMA), inputs)
        assert bag(replayed.to_pylist()) == bag(read(made.main))
        _account_adds_up(made, rows, current)
        _cells_are_mended(made, rows)


def _account_adds_up(made, rows, current):
    newest = current.deliveries[-1:]
    every = current.deliveries if current.delivers == "increments" else newest
    live = [row for row in rows if row["_delivery"] in every]
    gone = read(made.quarantine) + read(made.merged)
    places = [tuple(row[name] for name in ORIGIN.names) for row in read(made.main) + gone]
    assert Counter(places) == Counter(tuple(r[n] for n in ORIGIN.names) for r in live)
    assert made.account.formatted == len(rows)
    assert made.account.superseded == len(rows) - len(live)
    assert made.account.repaired == len(read(made.repairs))
    flagged = [row for row in read(made.main) if row["_flags"]]
    assert made.account.flagged == len(flagged)


def _cells_are_mended(made, rows):
    """The first change of a cell starts from what was formatted; others go on from it."""
    start = {tuple(row[name] for name in ORIGIN.names): row for row in rows}
    now = {}
    for repair in sorted(read(made.repairs), key=lambda r: r["step_order"]):
        place = tuple(repair[name] for name in ORIGIN.names)
        column = repair["column"]
        if (place, column) not in now and column in {"k", "v"}:
            assert repair["old"] == start[place][column]
        elif (place, column) not in now and column == "n":
            was = start[place][column]
            assert repair["old"] == (None if was is None else str(was))
        elif (place, column) in now:
            assert repair["old"] == now[place, column]
        now[place, column] = repair["new"]
        assert repair["old"] != repair["new"]


def test_the_same_input_gives_the_same_tables(engine, tmp_path):
    rng = random.Random(99)
    rows = random_rows(rng, ["d1", "d2", "d3"])
    declaration = TrustedTable(
        clean=CLEAN, rules=[Rule(name=f"r{i}", **form) for i, form in enumerate(RULES)]
    )
    outputs = []
    for number in range(3):
        rng.shuffle(rows)
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=ARROW), path, row_group_size=7)
        with engine.session() as session:
            made = trust(
                session,
                Scan((str(path),), SCHEMA),
                table="things",
                declaration=declaration,
                schema=SCHEMA,
                current=CurrentState("increments", ("d2", "d1", "d3")),
                references={},
                folder=tmp_path / f"out{number}",
            )
        tables = {"main": made.main, **made.sides}
        found = {name: Counter(map(canonical, read(w))) for name, w in tables.items()}
        outputs.append((found, [report.witnesses for report in made.rules]))
    assert outputs[0] == outputs[1] == outputs[2]
