"""Which rows are current: the engine against the definition, row by row."""

from __future__ import annotations

import math
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Scan
from backbone.management.trusted import CurrentState, replay_query, trust
from backbone.management.trusted.rows.current import standing
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.project.trusted import TrustedTable

SCHEMA = Schema.of(k=STRING, n=INTEGER, op=STRING, at=DOUBLE).with_columns(*ORIGIN)
ARROW = pa.schema(
    [
        ("k", pa.string()), ("n", pa.int64()), ("op", pa.string()), ("at", pa.float64()),
        ("_delivery", pa.string()), ("_object", pa.string()), ("_record", pa.int64()),
    ]
)  # fmt: skip
DELIVERIES = ("d2", "d1", "d3")


@pytest.fixture(scope="module")
def engine():
    opened = DuckDBEngine(threads=2)
    yield opened
    opened.close()


def random_rows(rng):
    rows = []
    for delivery in DELIVERIES:
        for obj in ("a", "b")[: rng.randint(0, 2)]:
            rows += [
                {
                    "k": rng.choice(["x", "y", "z", None]),
                    "n": rng.choice([1, 2, None]),
                    "op": rng.choice(["set", "gone", None]),
                    "at": rng.choice([1.0, 2.0, None, math.nan]),
                    "_delivery": delivery, "_object": obj, "_record": record,
                }
                for record in range(1, rng.randint(1, 6))
            ]  # fmt: skip
    return rng.sample(rows, len(rows))


def random_state(rng):
    order = rng.choice([None, "at"])
    match rng.choice(["increments", "snapshots", "fields", "columns", "changes"]):
        case "fields":
            values = [("p",), ("q",)]
            parts = {(d, o): rng.choice(values) for d in DELIVERIES for o in ("a", "b")}
            return CurrentState("snapshots", DELIVERIES, parts=parts, order=order)
        case "columns":
            by = rng.choice([("k",), ("k", "n"), ("at",)])
            return CurrentState("snapshots", DELIVERIES, partition=by, order=order)
        case "changes":
            deletes = rng.choice([None, ("op", ("gone",)), ("n", ("1", "2"))])
            key = rng.choice([("k",), ("k", "n")])
            return CurrentState(
                "changes", DELIVERIES, key=key, order=order, deletes=deletes
            )
        case other:
            return CurrentState(other, DELIVERIES, order=order)


def rank(value):
    """Missing first, then numbers, NaN last: as engines order them."""
    if value is None:
        return (0, 0.0)
    return (2, 0.0) if math.isnan(value) else (1, value)


def same(value):
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def deliveries_in_order(rows, state):
    if state.order is None:
        return list(state.deliveries)
    latest = {
        d: max((rank(r["at"]) for r in rows if r["_delivery"] == d), default=(0, 0.0))
        for d in state.deliveries
    }
    return sorted(state.deliveries, key=lambda d: latest[d])


def expected(rows, state):
    """Say of each row whether it is current, from what the words mean."""
    ordered = deliveries_in_order(rows, state)

    def part(row):
        return tuple(same(row[name]) for name in state.partition)

    def later(row):
        place = (ordered.index(row["_delivery"]), row["_object"], row["_record"])
        return (rank(row["at"]) if state.order else (0, 0.0), place)

    def is_current(row):
        if state.delivers == "increments":
            return True
        if state.delivers == "changes":
            key = [row[name] for name in state.key]
            others = [r for r in rows if [r[name] for name in state.key] == key]
            is_last = None in key or all(later(r) <= later(row) for r in others)
            gone = state.deletes and str(row[state.deletes[0]]) in state.deletes[1]
            return is_last and not gone
        if state.parts is not None:
            own = state.parts[row["_delivery"], row["_object"]]
            of_part = [d for (d, _), one in state.parts.items() if one == own]
        elif state.partition:
            of_part = [r["_delivery"] for r in rows if part(r) == part(row)]
        else:
            of_part = list(ordered)
        return row["_delivery"] == max(of_part, key=ordered.index)

    return [row for row in rows if is_current(row)]


def places(rows):
    return sorted(tuple(row[name] for name in ORIGIN.names) for row in rows)


@pytest.mark.parametrize("seed", range(80))
def test_current_rows_are_those_of_the_definition(engine, tmp_path, seed):
    rng = random.Random(seed)
    rows, state = random_rows(rng), random_state(rng)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, ARROW), path, write_statistics=False)
    formatted = Scan((str(path),), SCHEMA)
    with engine.session() as session:
        made = trust(
            session, formatted, table="t", declaration=TrustedTable(), schema=SCHEMA,
            current=state, references={}, folder=tmp_path / "out",
        )  # fmt: skip
        live = standing(session, formatted, SCHEMA, state, tmp_path)
        story = {n: made.sides[n].scan() for n in ("repairs", "quarantine", "merged")}
        given = {"formatted": live.rows, "objects": live.objects, **story}
        replayed = session.fetch(replay_query(SCHEMA), given).to_pylist()
    wanted = expected(rows, state)
    found = [row for f in made.main.files for row in pq.read_table(f.path).to_pylist()]
    assert places(found) == places(wanted) == places(replayed)
    assert made.account.formatted == len(rows)
    assert made.account.superseded == len(rows) - len(wanted)
