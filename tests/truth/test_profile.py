"""Profiles agree with pandas and numpy, on tables that have everything odd in them."""

from __future__ import annotations

import json
import math
import random
import re
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backbone.engines.protocol import Scan
from backbone.governance.profile import profile_of
from backbone.governance.profile.queries import QUANTILES
from backbone.model.schemas import Schema
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

SCHEMA = Schema.of(
    n=INTEGER, few=INTEGER, x=DOUBLE, amount=CanonicalType("decimal", 9, 2),
    word=STRING, day=DATE, at=TIMESTAMP, wall=DATETIME, flag=BOOLEAN, nothing=STRING,
    constant=INTEGER, _record=INTEGER,
)  # fmt: skip
ARROW = pa.schema(
    [
        ("n", pa.int64()), ("few", pa.int64()), ("x", pa.float64()),
        ("amount", pa.decimal128(9, 2)), ("word", pa.string()), ("day", pa.date32()),
        ("at", pa.timestamp("us", "UTC")), ("wall", pa.timestamp("us")),
        ("flag", pa.bool_()), ("nothing", pa.string()), ("constant", pa.int64()),
        ("_record", pa.int64()),
    ]
)  # fmt: skip
WORDS = ("Niš-18", "L12_a", "Ωmega 7", "", "ǅ٣x", "<script>", "a" * 250, "日本 1")
TEMPORAL = ("day", "at", "wall")
NUMBERS = ("n", "few", "x", "amount", "constant")


def row(rng, number):
    start = datetime(1999, 12, 31, 23, 59, tzinfo=UTC)
    moment = start + timedelta(
        seconds=rng.randrange(10**8), microseconds=rng.randrange(9)
    )
    one = {
        "n": rng.randrange(-(10**6), 10**9)
        if rng.random() < 0.02
        else rng.randrange(500),
        "few": rng.choice([3, 4, 8, 9]),
        "x": rng.choice([math.nan, math.inf, -math.inf, 0.1, -0.0, rng.gauss(0, 3)]),
        "amount": Decimal(rng.randrange(-999, 9999)) / 100,
        "word": rng.choice(WORDS) if rng.random() < 0.7 else f"K{rng.randrange(99)}",
        "day": date(2020, 1, 1) + timedelta(days=rng.randrange(900)),
        "at": moment,
        "wall": moment.replace(tzinfo=None),
        "flag": rng.random() < 0.3,
        "nothing": None,
        "constant": 7,
    }
    return {k: v if rng.random() > 0.1 or k == "constant" else None
            for k, v in one.items()} | {"_record": number}  # fmt: skip


@pytest.fixture(scope="module")
def made(duckdb_engine, tmp_path_factory):
    rng = random.Random(11)
    rows = [row(rng, number) for number in range(1, 3001)]
    path = tmp_path_factory.mktemp("profile") / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=ARROW), path)
    scan = Scan((str(path),), SCHEMA)
    with duckdb_engine.session() as session:
        found = profile_of(session, scan, rows=len(rows))
    return rows, {one["name"]: one for one in found["columns"]}


def values(rows, name):
    return [r[name] for r in rows if r[name] is not None]


def axis(value):
    if isinstance(value, datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (zoned - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days * 86_400.0
    return float(value)


def finite(rows, name):
    return [v for v in values(rows, name) if math.isfinite(axis(v))]


def said(value):
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def test_the_public_columns_are_profiled(made):
    assert list(made[1]) == [name for name in SCHEMA.names if not name.startswith("_")]


@pytest.mark.parametrize("name", SCHEMA.public.names)
def test_what_is_missing_and_distinct(made, name):
    rows, found = made
    series = pd.Series([None if r[name] is None else str(r[name]) for r in rows])
    if name == "x":  # -0.0 and 0.0 are one value
        series = series.replace("-0.0", "0.0")
    assert found[name]["nulls"] == series.isna().sum()
    assert found[name]["distincts"] == series.nunique()
    assert found[name]["distincts_exact"]


@pytest.mark.parametrize("name", ["n", "few", "word", "day", "flag", "amount"])
def test_the_most_frequent_values(made, name):
    rows, found = made
    counts = Counter(values(rows, name))
    wanted = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    top = found[name]["top"]
    assert [one["count"] for one in top] == [count for _, count in wanted]
    cut = [said(v) if len(str(v)) <= 200 else f"{v[:200]}…" for v, _ in wanted]
    assert [one["value"] for one in top] == cut
    total = sum(counts.values())
    assert [one["share"] for one in top] == [count / total for _, count in wanted]


@pytest.mark.parametrize("name", [*NUMBERS, *TEMPORAL])
def test_bounds_and_quantiles_are_values_that_occur(made, name):
    rows, found = made
    known = sorted(finite(rows, name), key=axis)
    one = found[name]
    assert (one["min"], one["max"]) == (said(known[0]), said(known[-1]))
    places = np.arange(len(known))
    wanted = np.quantile(places, QUANTILES, method="inverted_cdf").astype(int)
    assert list(one["quantiles"].values()) == [said(known[place]) for place in wanted]


@pytest.mark.parametrize("name", NUMBERS)
def test_means(made, name):
    rows, found = made
    exact = math.fsum(map(float, finite(rows, name))) / len(finite(rows, name))
    assert found[name]["mean"] == pytest.approx(exact, rel=1e-15)


def test_what_is_no_number_is_counted_apart(made):
    rows, found = made
    known = values(rows, "x")
    assert found["x"]["nan"] == sum(map(math.isnan, known))
    assert found["x"]["infinite"] == sum(map(math.isinf, known))


@pytest.mark.parametrize("name", [*NUMBERS, *TEMPORAL])
def test_histograms_and_outliers(made, name):
    rows, found = made
    x = np.array([axis(v) for v in finite(rows, name)])
    one, told = found[name]["histogram"], found[name]["outliers"]
    assert sum(one["counts"]) + one["below"] + one["above"] == len(x)
    middle = np.median(x)
    mad = np.median(np.abs(x - middle))
    if mad:
        assert told["count"] == (0.6745 * np.abs(x - middle) > 3.5 * mad).sum()
    else:
        assert told["count"] is None
    if name in NUMBERS:
        edges = np.array(one["edges"], dtype=float)
        assert one["below"] == (x < edges[0]).sum()
        assert one["above"] == (x > edges[-1]).sum()
        if edges[0] < edges[-1]:
            inside = x[(x >= edges[0]) & (x <= edges[-1])]
            wanted, _ = np.histogram(inside, bins=edges)
            off = np.abs(np.array(one["counts"]) - wanted).sum()
            assert off <= 2  # a value on an edge, by the last bit of a division


def test_every_small_whole_number_has_its_bucket(made):
    rows, found = made
    counts = Counter(values(rows, "few"))
    assert found["few"]["histogram"]["edges"] == list(range(3, 11))
    assert found["few"]["histogram"]["counts"] == [counts[n] for n in range(3, 10)]


def shape(text):
    def letter(char):
        kind = unicodedata.category(char)
        if kind == "Nd":
            return "9"
        if kind in {"Lu", "Lt"}:
            return "A"
        return "a" if kind.startswith("L") else char

    return "".join(map(letter, text[:60]))


def test_texts_have_lengths_and_shapes(made):
    rows, found = made
    known = values(rows, "word")
    one = found["word"]
    lengths = [len(text) for text in known]
    assert one["lengths"]["min"] == min(lengths)
    assert one["lengths"]["max"] == max(lengths)
    assert one["lengths"]["mean"] == pytest.approx(np.mean(lengths))
    assert one["empty"] == known.count("")
    counts = Counter(map(shape, known))
    wanted = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].encode()))[:8]
    assert [(p["pattern"], p["count"]) for p in one["patterns"]] == wanted
    assert (one["patterns_of"], one["pattern_kinds"]) == (len(known), len(counts))


def test_a_column_of_nulls_has_no_figures(made):
    one = made[1]["nothing"]
    assert (one["nulls"], one["distincts"], one["top"]) == (3000, 0, [])
    assert (one["min"], one["lengths"], one["patterns"]) == (None, None, [])


def test_an_empty_table_has_a_profile(duckdb_engine):
    with duckdb_engine.session() as session:
        found = profile_of(session, Scan((), SCHEMA), rows=0)
    assert [one["nulls"] for one in found["columns"]] == [0] * 11
    assert all(one["top"] == [] for one in found["columns"])
    json.dumps(found, allow_nan=False)


def test_a_large_table_is_sampled_the_same_every_time(duckdb_engine, tmp_path):
    number = np.arange(40_000)
    table = pa.table({"n": number, "word": [f"AB-{i % 5000}" for i in number]})
    pq.write_table(table, tmp_path / "many.parquet")
    scan = Scan((str(tmp_path / "many.parquet"),), Schema.of(n=INTEGER, word=STRING))
    found = []
    for _ in range(2):
        with duckdb_engine.session() as session:
            found.append(
                profile_of(
                    session, scan, rows=40_000, whole_rows=9_999, sample_rows=9_999
                )
            )
    assert found[0] == found[1]
    n, word = found[0]["columns"]
    assert found[0]["sample"] == {"every": 5}
    assert (n["min"], n["max"], n["mean"]) == (0, 39_999, 19_999.5)
    assert n["looked"] == pytest.approx(8_000, rel=0.1)
    assert n["distincts"] == pytest.approx(40_000, rel=0.1)
    assert word["distincts"] == pytest.approx(5_000, rel=0.2)
    assert not n["distincts_exact"]
    assert n["quantiles"]["0.5"] == pytest.approx(20_000, rel=0.1)
    assert re.fullmatch("AA-9+", word["patterns"][0]["pattern"])
