"""The trusted step gives the same tables and reports on every engine."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines.relations import arrow_schema, query, scan_of

from backbone.engines.protocol import Scan
from backbone.errors import AccountMismatch
from backbone.lake.hashing import combine, content_hash_query
from backbone.management.trusted import CurrentState, check_table, replay_query, trust
from backbone.management.trusted.rows.current import standing
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.project.decisions import Decision, Line, Ruling
from backbone.project.trusted import CleanStep, Rule, TrustedTable

FACTS = Schema.of(
    k=STRING,
    v=STRING,
    z=STRING,
    n=INTEGER,
    m=INTEGER,
    x=DOUBLE,
    y=DOUBLE,
    d=CanonicalType.parse("decimal(9,2)"),
    day=DATE,
    at=TIMESTAMP,
    w=DATETIME,
    ok=BOOLEAN,
).with_columns(*ORIGIN)
THINGS = Schema.of(k=STRING, n=INTEGER)
KNOWN = {"trusted.things": THINGS, "trusted.facts": FACTS}
DELIVERIES = ("d2", "d1", "d3")
CLEAN = [
    CleanStep(columns=["k", "v"], do=["trim", "nfc"]),
    CleanStep(column="v", replace={"p": "q", "n/a": None, "q": "p"}),
    CleanStep(columns=["k", "z"], do=["collapse_spaces"]),
]
CLEAN_MORE = [
    {"columns": ["k", "z"], "do": ["drop_control", "lower", "title", "strip_accents"]},
    {"column": "z", "substitute": {"pattern": "([0-9])([a-z])", "by": r"\2-\1"}},
    {"column": "z", "pad": {"width": 3}},
    {"columns": ["x", "n", "d"], "missing": [2, -5.5, "9.51", "nan"]},
    {"column": "y", "missing": {"values": [2], "where": "m > 1 and day < '2024-01-03'"}},
    {"column": "v", "lookup": {"file": "v.csv"}},
    {"column": "z", "units": {"to": "a", "factors": {"t": "0.125", "é": 3}}},
    {"column": "k", "codes": {"accepted": ["A", "B"], "spellings": {"e": "B", "z": "A"}}},
    {"column": "x", "outliers": {"per": ["k"], "over": 0.7, "at_least": 3}},
    {"column": "y", "outliers": {"method": "iqr", "over": 0.2, "then": "clip"}},
    {"column": "d", "outliers": {
        "over": 0.3, "season": ["hour"], "at": "at", "timezone": "Asia/Kathmandu",
        "at_least": 4, "then": "clip"}},
    {"column": "d", "fill": {"with": "median", "season": "weekday", "at": "day"}},
    {"column": "n", "fill": {"with": "mean", "per": ["v", "ok"]}},
    {"column": "day", "fill": {"with": "mode", "per": "k"}},
    {"column": "y", "fill": {
        "with": "interpolate", "by": "at", "per": "v", "limit": "30 hours"}},
    {"column": "m", "fill": {"with": "interpolate", "by": "day"}},
    {"column": "w", "fill": {"with": "next", "by": "at"}},
    {"columns": ["x", "n"], "fill": {"constant": 0}},
    {"column": "k", "pad": {"width": 3, "with": "\ufb01", "side": "right"}},
    {"column": "k", "do": ["nfkc", "casefold"]},
    {"column": "v", "units": {"to": "Q", "compound": True, "otherwise": "missing"}},
]  # fmt: skip
CLEAN_AMONG = [CLEAN_MORE[at] for at in (0, 2, 3, 6, 7, 10, 11, 12, 14, 16, 18, 19)]
LOOKED_UP = (("p", "r"), ("it's", None), ("q ", "Q"), ("nowhere", "x"))
SHAPES = [
    {"not_null": ["z", "n"]},
    {"range": {"x": (-1, 1), "d": (0, "9.5"), "day": ("2024-01-01", None)}},
    {"matches": {"z": "[0-9]{2}[a-zé]?"}},
    {"unique": ["k", "n"]},
    {"functional": {"k": ["v", "n"], "v, n": ["at"]}},
    {"references": {"k": "things.k"}},
    {"deny": "n > x"},
    {"deny": "at + interval 1 day < w and day + 3 > cast(at as date)"},
    {"deny": "date_diff('day', day, cast(at as date)) > 2"},
    {"deny": "regexp_matches(z, '^[0-9]') and abs(n) in (1, 3)"},
    {"deny": "t1.k = t2.k and t1.v <> t2.v and t1.n <> t2.n"},
    {"deny": "t1.k = t2.k and t1.v <> t2.z"},
    {"deny": "t1.n = t2.m and t1.x < t2.x"},
    {"deny": "t1.k = t2.k and t1.x < t2.x and t1.y > t2.y"},
    {"deny": "t1.x <= t2.x and t1.y >= t2.y"},
    {"deny": "t1.k = t2.k and t1.v <> t2.v and t1.x < t2.y and t1.y > t2.x"},
    {"deny": "t1.day < t2.day and t1.at > t2.at"},
]
MORE_SHAPES = [
    {"accepted": {"v": ["p", "it's"], "n": ["1", "2"]}},
    {"references": {"k, n": "things.k, n"}},
    {"references": {"v": "facts.k"}},
    {"deny": "not exists things.k = v"},
    {"deny": "ok and not (x is null or length(z) > 2)"},
    {"deny": "lower(v) like '%p%' and coalesce(z, '') <> ''"},
    {"deny": "t1.n = t2.m and t1.x < t2.y"},
    {"deny": "t1.v = 'it''s' and t2.v = 'it''s'"},
    {"deny": "t1.k = t2.k and t1.v <> t2.v and t1.n < t2.n", "blame": "fewest"},
    {"deny": "t1.k = t2.k and t1.day < t2.w and t1.w > t2.day", "blame": "fewest"},
]
ACTIONS = [
    {"unique": ["k", "v", "n"], "action": "deduplicate", "keep": "first"},
    {"unique": ["n", "x"], "action": "deduplicate", "keep": "latest"},
    {"functional": {"k": ["z", "d"]}, "action": "repair"},
    {"range": {"n": (0, 2), "x": (-1, 1)}, "action": "blank"},
    {"deny": "t1.k = t2.k and t1.n < t2.n and t1.m = 3", "action": "blank", "blame": "t2.n"},
    {"deny": "d > 9 and ok", "action": "blank", "blame": ["d", "ok", "day", "at", "w", "y"]},
    {"deny": "t1.d < t2.d and t1.day > t2.day and t1.z = t2.z", "action": "quarantine", "blame": "t1.d"},
    {"references": {"k": "things.k"}, "action": "quarantine", "severity": "error"},
    {"deny": "t1.v = t2.v and t1.k <> t2.k", "severity": "error"},
    {"deny": "t1.k = t2.k and t1.z <= t2.z and t1.m < t2.m", "action": "blank", "blame": ["fewest", "m"]},
]  # fmt: skip


MORE_ACTIONS = [
    {"functional": {"v, n": ["at", "w"]}, "action": "repair"},
    {"accepted": {"v": ["p", "q"]}, "action": "blank"},
    {"not_null": ["k"], "action": "quarantine"},
]
ODD = [float("nan"), float("inf"), -0.0, 1e300]


def random_row(dice, delivery, name, record, odd=()):
    moment = dt.datetime(2024, 1, 1) + dt.timedelta(hours=dice.randrange(-80, 200))
    row = {
        "k": dice.choice(["a", " a", "a\u00a0 b", "a  b", "e\u0301", "é", "Z"]),
        "v": dice.choice(["p", "q ", "n/a", "r", "", "it's"]),
        "z": dice.choice(["12", "34a", "5", "56é", "x  y", "\U0001f41d"]),
        "n": dice.choice([0, 1, 2, 3, -(2**53) - 1]),
        "m": dice.choice([0, 1, 2, 3]),
        "x": dice.choice([0.1, 0.0, 1 / 3, 1e300, -5.5, *odd]),
        "y": dice.choice([0.1, 0.0, 2.0, 3e-7, 123456789.125, -1e22, *odd]),
        "d": Decimal(dice.choice(["0.00", "-1.50", "9.51", "12.30"])),
        "day": moment.date() + dt.timedelta(days=dice.randrange(-3, 3)),
        "at": moment.replace(tzinfo=dt.UTC, microsecond=dice.choice([0, 1, 250_000])),
        "w": moment + dt.timedelta(hours=dice.randrange(-30, 60)),
        "ok": dice.choice([True, False]),
    }
    row = {name: None if dice.random() < 0.08 else value for name, value in row.items()}
    return row | {"_delivery": delivery, "_object": name, "_record": record}


def random_rows(dice, per_file, odd=()):
    rows = [
        random_row(dice, delivery, name, record, odd)
        for delivery in DELIVERIES
        for name in ("a.csv", "b.csv", "ü.csv")
        for record in range(1, dice.randint(1, per_file))
    ]
    dice.shuffle(rows)
    return rows


def declared(forms, clean=()):
    rules = [Rule(name=f"r{number}", **form) for number, form in enumerate(forms)]
    table = TrustedTable(clean=clean, rules=rules)
    assert check_table(table, FACTS, KNOWN) == []
    return table


def things(folder):
    rows = [{"k": k, "n": n} for k in ("a", "é", "Z", None) for n in (0, 1)]
    return scan_of(folder / "things.parquet", rows, THINGS)


def carried_out(session, rows, declaration, current, folder, rulings=()):
    """Return what the step makes of rows that lie in several small files."""
    folder.mkdir()
    table = pa.Table.from_pylist(rows, schema=arrow_schema(FACTS))
    half = len(rows) // 2
    paths = [folder / "1.parquet", folder / "2.parquet"]
    for path, part in zip(paths, (table[:half], table[half:]), strict=True):
        pq.write_table(part, path, row_group_size=50, write_statistics=False)
    formatted = Scan(tuple(map(str, paths)), FACTS)
    made = trust(
        session,
        formatted,
        table="facts",
        declaration=declaration,
        schema=FACTS,
        current=current,
        references={"trusted.things": things(folder)},
        folder=folder / "out",
        lookups={step.lookup: LOOKED_UP for step in declaration.clean if step.lookup},
        rulings=rulings,
    )
    return formatted, made


def content(session, relation):
    query = content_hash_query(relation.schema, "t")
    return combine(session.fetch(query, {"t": relation}))


def told(duckdb, made):
    """Everything that the step tells, but how long it took."""
    tables = {"main": made.main, **made.sides}
    return {
        "rows": {name: written.rows for name, written in tables.items()},
        "account": made.account,
        "failed": made.failed_rules,
        "rules": [replace(report, seconds=0) for report in made.rules],
        "schemas": {name: written.schema for name, written in tables.items()},
        "content": {name: content(duckdb, one.scan()) for name, one in tables.items()},
    }


@pytest.fixture
def duckdb(duckdb_engine):
    with duckdb_engine.session() as opened:
        yield opened


def check(session, duckdb, rows, declaration, current, tmp_path, rulings=()):
    """Compare what a session makes with what DuckDB makes of the rows in other files."""
    what = (declaration, current)
    _, expected = carried_out(duckdb, rows, *what, tmp_path / "duckdb", rulings)
    again = random.Random(1).sample(rows, len(rows))
    formatted, made = carried_out(session, again, *what, tmp_path / "own", rulings)

    found, wanted = told(duckdb, made), told(duckdb, expected)
    assert found.pop("rules") == wanted.pop("rules")
    assert found == wanted
    inputs = {n: made.sides[n].scan() for n in ("repairs", "quarantine", "merged")}
    replayed, main = (
        replayed_by(each, formatted, current, inputs, tmp_path / name)
        for each, name in ((session, "replayed"), (duckdb, "main"))
    )
    assert content(duckdb, replayed.scan()) == content(duckdb, main.scan())
    assert replayed.rows == made.account.trusted
    return made


def replayed_by(session, formatted, current, inputs, folder):
    live = standing(session, formatted, FACTS, current, folder)
    given = {"formatted": live.rows, "objects": live.objects, **inputs}
    return session.write(replay_query(FACTS), given, FACTS, folder)


def silent(made):
    """The rules that found nothing, by which nothing is shown."""
    return [report.name for report in made.rules if not report.violating_rows]


def test_every_shape_of_rule_finds_the_same_rows(session, duckdb, tmp_path):
    rows = random_rows(random.Random(7), per_file=40)
    current = CurrentState("increments", DELIVERIES)

    made = check(session, duckdb, rows, declared(SHAPES), current, tmp_path)
    assert silent(made) == []


def test_more_shapes_find_the_same_rows(fast_session, duckdb, tmp_path):
    rows = random_rows(random.Random(9), per_file=40)
    current = CurrentState("increments", DELIVERIES)

    made = check(fast_session, duckdb, rows, declared(MORE_SHAPES), current, tmp_path)
    assert silent(made) == []


def test_every_action_and_cleaning_changes_the_same_cells(session, duckdb, tmp_path):
    rows = random_rows(random.Random(11), per_file=60)
    current = CurrentState("snapshots", DELIVERIES)

    made = check(session, duckdb, rows, declared(ACTIONS, CLEAN), current, tmp_path)
    account = made.account
    assert min(account.repaired, account.quarantined, account.merged, account.flagged) > 0


@pytest.mark.parametrize(
    "state",
    [
        {"delivers": "changes", "key": ("k",), "order": "at", "deletes": ("n", ("1",))},
        {"delivers": "snapshots", "partition": ("k", "n"), "order": "at"},
        {"delivers": "snapshots", "parts": {
            (d, name): (name,) for d in DELIVERIES for name in ("a.csv", "b.csv", "ü.csv")}},
    ],
    ids=["changes", "by columns", "by fields"],
)  # fmt: skip
def test_the_same_rows_are_current(session, duckdb, state, tmp_path):
    rows = random_rows(random.Random(17), per_file=40)
    current = CurrentState(deliveries=DELIVERIES, **state)

    made = check(session, duckdb, rows, declared([]), current, tmp_path)
    assert made.account.superseded > 0
    assert made.account.trusted > 0


def test_every_kind_of_cleaning_changes_the_same_cells(fast_session, duckdb, tmp_path):
    cleaned_alike(fast_session, duckdb, CLEAN_MORE, tmp_path)


@pytest.mark.spark
def test_cleaning_among_rows_changes_the_same_cells(spark_engine, duckdb, tmp_path):
    with spark_engine.session() as opened:
        cleaned_alike(opened, duckdb, CLEAN_AMONG, tmp_path)


def cleaned_alike(session, duckdb, steps, tmp_path):
    rows = random_rows(random.Random(13), per_file=40, odd=ODD)
    current = CurrentState("increments", DELIVERIES)
    rules = [{"deny": "x > n", "action": "blank", "blame": "x"}, {"not_null": ["z"]}]

    clean = [CleanStep.model_validate(step) for step in steps]
    made = check(session, duckdb, rows, declared(rules, clean), current, tmp_path)
    told = duckdb.fetch(RULES_OF, {"repairs": made.repairs.scan()}).to_pylist()
    changed = {int(row["rule"].split("_")[1]) for row in told}
    assert changed == set(range(1, len(steps) + 1)), "a step that changes nothing"


RULES_OF = query("select distinct rule from repairs where rule like 'clean%'")
ORDERS = [
    {"deny": "n > x"},
    {"deny": "t1.n = t2.m and t1.x < t2.x"},
    {"deny": "t1.k = t2.k and t1.x < t2.x and t1.y > t2.y"},
    {"deny": "t1.x <= t2.x and t1.y >= t2.y", "blame": "fewest"},
    {"deny": "t1.k = t2.k and t1.x < t2.y and t1.y > t2.x", "blame": "fewest"},
]


@pytest.mark.gap("sail", "the greatest of a group is left to chance where NaN is in it")
def test_doubles_that_are_no_numbers_are_ordered_alike(session, duckdb, tmp_path):
    rows = random_rows(random.Random(5), per_file=30, odd=ODD)
    current = CurrentState("increments", DELIVERIES)

    check(session, duckdb, rows, declared(ORDERS), current, tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_random_declarations_do_the_same(fast_session, duckdb, tmp_path, seed):
    dice = random.Random(seed)
    forms = dice.sample(SHAPES + MORE_SHAPES, 3) + dice.sample(ACTIONS + MORE_ACTIONS, 4)
    dice.shuffle(forms)
    declaration = declared(forms, dice.sample(CLEAN, dice.randint(0, 3)))
    current = CurrentState(dice.choice(["increments", "snapshots"]), DELIVERIES)

    rows = random_rows(dice, per_file=12)
    check(fast_session, duckdb, rows, declaration, current, tmp_path)


def test_no_rows_give_empty_tables(session, duckdb, tmp_path):
    current = CurrentState("snapshots", DELIVERIES)

    made = check(session, duckdb, [], declared(ACTIONS[:4], CLEAN), current, tmp_path)
    assert made.account.trusted == 0


def test_rows_of_an_unknown_delivery_are_never_dropped_in_silence(session, tmp_path):
    rows = [random_row(random.Random(0), "stray", "a.csv", 1)]
    current = CurrentState("increments", DELIVERIES)
    with pytest.raises(AccountMismatch, match="stray"):
        carried_out(session, rows, declared([]), current, tmp_path / "own")


_SOME = [ACTIONS[0], ACTIONS[2], ACTIONS[4], ACTIONS[7]]


def decided(name, **said):
    return Decision(name=name, reason="So.", by="me", decided="2024-01-01", **said)


def rulings_on(rows):
    """Decisions of every form, by keys and on cells of every type."""
    texts = {
        "k": "Z", "v": "it's", "n": "7", "x": "0.1", "d": "2.50", "day": "2024-01-02",
        "at": "2024-01-02 03:04:05.25+00:00", "w": "2024-01-02 03:04:05", "ok": "true",
    }  # fmt: skip
    first = {name: str(rows[0][name]) for name in ("_delivery", "_object", "_record")}
    said = [
        *(decided(f"by_{n}", where={n: t}, keep=["n", "x"], many=True)
          for n, t in texts.items()),
        decided("all", where=first, set=texts),
        decided("none", where=first | {"k": "Z"}, set=dict.fromkeys(texts), many=True),
        decided("one", where={"m": "1"}, out=True),
        decided("out", where={"m": "1", "n": "2"}, out=True, many=True),
        *(decided(f"fine_{i}", where={"m": str(i % 4)}, fine=[f"r{i}"], many=True)
          for i in range(len(_SOME))),
        *(decided(f"undo_{i}", where={"m": str((i + 1) % 4)}, undo=f"r{i}", many=True)
          for i, form in enumerate(_SOME) if form.get("action", "flag") != "flag"),
    ]  # fmt: skip
    lines = (Line({"n": str(n)}, {"z": f"z{n}"}, {"ok": "true"}) for n in range(5))
    return [
        *map(Ruling.of, said),
        Ruling(decided("file", rows="f.csv", many=True), tuple(lines)),
    ]


def test_decisions_are_the_same_on_every_engine(session, duckdb, tmp_path):
    rows = random_rows(random.Random(13), per_file=40)
    current = CurrentState("increments", DELIVERIES)

    declaration = declared(_SOME, CLEAN)
    made = check(session, duckdb, rows, declaration, current, tmp_path, rulings_on(rows))
    found = {status for report in made.decisions for status in report.rows}
    assert found == {"applied", "no row", "several rows", "other value", "overruled"}
