"""Cleaning against its definitions: outliers, fills and spellings on random tables."""

from __future__ import annotations

import datetime as dt
import math
import random
import statistics
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.engines.relations import scan_of

from backbone.management.trusted import CurrentState, check_table, trust
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import (
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.project.trusted import TrustedTable

CENTS = CanonicalType.parse("decimal(12,2)")
SCHEMA = Schema.of(
    g=STRING, h=INTEGER, at=TIMESTAMP, wall=DATETIME, day=DATE, x=DOUBLE, n=INTEGER,
    d=CENTS, s=STRING,
).with_columns(*ORIGIN)  # fmt: skip
START = dt.datetime(2024, 3, 30, 20)


def random_rows(dice, count, odd=(math.nan, math.inf, -math.inf)):
    rows = []
    for record in range(1, count + 1):
        moment = START + dt.timedelta(minutes=20 * dice.randrange(200))
        far = dice.choice([1, 1, 1, 1, 1, 30])
        row = {
            "g": dice.choice(["a", "a", "b", "c"]),
            "h": dice.choice([1, 2]),
            "at": moment.replace(tzinfo=dt.UTC),
            "wall": moment,
            "day": moment.date(),
            "x": dice.choice(
                [dice.gauss(0, 3) * far, float(dice.randrange(5)), -0.0, *odd]
            ),
            "n": dice.choice([*(dice.randrange(-9, 9) * far for _ in "1234567"), 2**62]),
            "d": Decimal(dice.randrange(-999, 999) * far) / 100,
            "s": dice.choice(["p", "q", "é"]),
        }
        row = {k: None if dice.random() < 0.2 else v for k, v in row.items()}
        origin = {"_delivery": "d1", "_object": "a.csv", "_record": record}
        rows.append(row | origin)
    dice.shuffle(rows)
    return rows


@pytest.fixture
def clean(duckdb_engine, tmp_path):
    """Return a function that cleans rows; cells by record and column, and repairs."""
    runs = iter(range(1000))

    def run(rows, *steps, lookups=None):
        declaration = TrustedTable.model_validate({"clean": list(steps)})
        assert check_table(declaration, SCHEMA, {}) == []
        folder = tmp_path / str(next(runs))
        with duckdb_engine.session() as session:
            made = trust(
                session,
                scan_of(folder / "rows.parquet", rows, SCHEMA),
                table="things",
                declaration=declaration,
                schema=SCHEMA,
                current=CurrentState("increments", ("d1",)),
                references={},
                folder=folder / "out",
                lookups=lookups,
            )
        after = {row["_record"]: row for row in read(made.main)}
        return after, read(made.repairs)

    return run


def read(written):
    return [row for f in written.files for row in pq.read_table(f.path).to_pylist()]


def told(value):
    """A value that compares by what it is: NaN is NaN, zero has no sign."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return repr(value + 0.0 if isinstance(value, float) else value)


def compare(rows, after, repairs, column, expected, method):
    """Cells are as expected, and the repairs tell exactly those that changed."""
    changed = Counter()
    for row in rows:
        record = row["_record"]
        wanted = expected.get(record, row[column])
        assert told(after[record][column]) == told(wanted), (record, row)
        if told(wanted) != told(row[column]):
            changed[record] += 1
    found = [repair for repair in repairs if repair["column"] == column]
    assert Counter(repair["_record"] for repair in found) == changed
    assert {repair["method"] for repair in found} <= {method}
    return len(found)


# -- outliers -------------------------------------------------------------------------------


def quantile(values, quarter):
    ordered = sorted(values)
    place, part = divmod((len(ordered) - 1) * quarter, 4)
    if not part:
        return ordered[place]
    share = part / 4
    return ordered[place] * (1 - share) + ordered[place + 1] * share


def fences(values, method, over, at_least):
    if len(values) < at_least:
        return None
    if method == "iqr":
        low, high = quantile(values, 1), quantile(values, 3)
        spread = high - low
        reach = over * spread
    else:
        low = high = quantile(values, 2)
        spread = quantile([abs(value - low) for value in values], 2)
        reach = over * spread / 0.6745
    return (low - reach, high + reach) if spread > 0 else None


def inside(fence, upper, column):
    if column == "x":
        return fence
    cut = math.floor if upper else math.ceil
    if column == "n":
        return cut(fence)
    return Decimal(cut(fence * 100.0)) / 100


def outliers(rows, column, key, *, method, over, at_least, then):
    groups = {}
    for row in rows:
        if row[column] is not None and None not in (at := key(row)):
            groups.setdefault(at, []).append(row)
    expected = {}
    for members in groups.values():
        numbers = [float(row[column]) for row in members]
        found = fences([v for v in numbers if math.isfinite(v)], method, over, at_least)
        for row, number in zip(members, numbers, strict=True):
            if found is None or not (number < found[0] or number > found[1]):
                continue
            nearest = inside(found[number > found[1]], number > found[1], column)
            expected[row["_record"]] = nearest if then == "clip" else None
    return expected


OUTLIERS = [
    {"method": "mad"},
    {"method": "iqr", "then": "clip"},
    {"method": "mad", "over": 1.7, "per": ["g"], "then": "clip"},
    {"method": "iqr", "over": 0.3, "per": ["g", "h"], "at_least": 3},
    {"method": "mad", "over": 0.5, "per": ["h"], "season": ["hour"], "at": "at", "at_least": 3},
    {"method": "iqr", "over": 0.5, "season": ["weekday", "month"], "at": "day"},
    {"over": 1, "season": "hour", "at": "at", "timezone": "Europe/Belgrade", "at_least": 3},
]  # fmt: skip


def season_of(step):
    def key(row):
        parts = [row[name] for name in step.get("per", ())]
        moment = row[step["at"]] if "at" in step else None
        if moment is None:
            return (*parts, *([None] if "at" in step else []))
        if "timezone" in step:
            moment = moment.astimezone(ZoneInfo(step["timezone"]))
        seasons = step["season"] if isinstance(step["season"], list) else [step["season"]]
        reading = {
            "hour": lambda t: t.hour,
            "weekday": lambda t: t.isoweekday(),
            "month": lambda t: t.month,
        }
        return (*parts, *(reading[name](moment) for name in seasons))

    return key


@pytest.mark.parametrize("column", ["x", "n", "d"])
@pytest.mark.parametrize("step", OUTLIERS)
def test_outliers_are_those_of_the_definition(clean, step, column):
    dice = random.Random(f"{step}{column}")
    found = 0
    for size in (7, 180):
        rows = random_rows(dice, size)
        after, repairs = clean(rows, {"column": column, "outliers": step})
        method = step.get("method", "mad")
        expected = outliers(
            rows, column, season_of(step), method=method, at_least=step.get("at_least", 8),
            over=step.get("over", 3.5 if method == "mad" else 1.5), then=step.get("then"),
        )  # fmt: skip
        said = "clipped" if step.get("then") == "clip" else "outlier"
        found += compare(rows, after, repairs, column, expected, said)
    assert found


def test_quantiles_are_those_of_numpy():
    dice = random.Random(1)
    for size in range(1, 40):
        values = [dice.gauss(0, 1e3) for _ in range(size)]
        for quarter in (1, 2, 3):
            assert quantile(values, quarter) == pytest.approx(
                np.quantile(values, quarter / 4), rel=1e-12
            )


@pytest.mark.parametrize("values", [
    [5.0] * 20 + [99.0],  # no spread
    [1.0, 2.0, 3.0, 1e9],  # too few
    [None] * 20,
    [math.nan] * 20,
    [math.inf, -math.inf] * 10,
])  # fmt: skip
@pytest.mark.parametrize("method", ["mad", "iqr"])
def test_a_group_without_a_spread_has_no_outliers(clean, values, method):
    rows = random_rows(random.Random(2), len(values))
    rows = [row | {"x": x} for row, x in zip(rows, values, strict=True)]
    _, repairs = clean(rows, {"column": "x", "outliers": {"method": method}})
    assert repairs == []


# -- fills ----------------------------------------------------------------------------------


def as_type(value, column):
    if column == "x":
        return value
    if column == "n":
        return round(value)
    return Decimal(value * 100.0).quantize(Decimal(1), ROUND_HALF_UP) / 100


def is_known(value):
    return value is not None and not (
        isinstance(value, float) and not math.isfinite(value)
    )


def statistic(values, method, column):
    if method == "mode":
        votes = Counter(values)
        most = max(votes.values())
        return min(value for value, count in votes.items() if count == most)
    if method == "mean":
        return as_type(math.fsum(map(float, values)) / len(values), column)
    middle = statistics.median_low(values), statistics.median_high(values)
    if middle[0] == middle[1]:
        return middle[0]
    return as_type(float(middle[0]) * 0.5 + float(middle[1]) * 0.5, column)


@pytest.mark.parametrize(("method", "column"), [
    ("median", "x"), ("median", "n"), ("median", "d"), ("mean", "x"), ("mode", "x"),
    ("mode", "s"), ("mode", "day"), ("mode", "n"),
])  # fmt: skip
@pytest.mark.parametrize("per", [[], ["g"], ["g", "h"]])
def test_statistics_fill_what_is_missing(clean, method, column, per):
    rows = random_rows(random.Random(f"{method}{column}{per}"), 120)
    after, repairs = clean(rows, {"column": column, "fill": {"with": method, "per": per}})
    groups = {}
    for row in rows:
        key = tuple(row[name] for name in per)
        if is_known(row[column]) and None not in key:
            groups.setdefault(key, []).append(row[column])
    expected = {
        row["_record"]: statistic(groups[key], method, column)
        for row in rows
        if row[column] is None and (key := tuple(row[name] for name in per)) in groups
    }
    assert compare(rows, after, repairs, column, expected, method)


def place(value):
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)
        return (value - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return value.toordinal() * 86_400_000_000
    return float(value)


def between(before, after, spot, column):
    """What lies between two known cells: exactly theirs where it is at one of them."""
    (t0, v0), (t1, v1) = before, after
    if spot == t0 or v0 == v1:
        return v0
    if spot == t1:
        return v1
    share = float(spot - t0) / float(t1 - t0)
    return as_type(float(v0) + (float(v1) - float(v0)) * share, column)


def neighbours(rows, column, by, per, method, limit):
    groups = {}
    for row in rows:
        key = tuple(row[name] for name in per)
        if row[by] is not None and None not in key:
            groups.setdefault(key, []).append(row)
    expected = {}
    for members in groups.values():
        members.sort(key=lambda row: (place(row[by]), row["_record"]))
        known = [
            (i, (place(row[by]), row[column]))
            for i, row in enumerate(members)
            if is_known(row[column])
        ]
        for i, row in enumerate(members):
            if row[column] is not None:
                continue
            spot = place(row[by])
            before = next((at for j, at in reversed(known) if j < i), None)
            after = next((at for j, at in known if j > i), None)
            ends = {
                "interpolate": (before, after),
                "last": (before, (spot, None)),
                "next": ((spot, None), after),
            }[method]
            if None in ends or (limit is not None and ends[1][0] - ends[0][0] > limit):
                continue
            expected[row["_record"]] = {
                "interpolate": lambda b=before, a=after, s=spot: between(b, a, s, column),
                "last": lambda b=before: b[1],
                "next": lambda a=after: a[1],
            }[method]()
    return expected


HOUR = 3_600_000_000
METHODS = {"interpolate": "interpolated", "last": "last_known", "next": "next_known"}


@pytest.mark.parametrize(("column", "by", "per", "limit", "wide"), [
    ("x", "at", ["g"], None, None),
    ("x", "wall", [], "40 minutes", 2 * HOUR / 3),
    ("n", "at", ["g", "h"], "5 hours", 5 * HOUR),
    ("d", "day", [], "1 day", 24 * HOUR),
    ("d", "x", ["h"], 0.5, 0.5),
    ("x", "n", [], None, None),
])  # fmt: skip
@pytest.mark.parametrize("method", METHODS)
def test_neighbours_fill_gaps(clean, method, column, by, per, limit, wide):
    rows = random_rows(random.Random(f"{method}{column}{by}"), 150, odd=())
    fill = {"with": method, "by": by, "per": per}
    fill |= {"limit": limit} if limit is not None else {}
    after, repairs = clean(rows, {"column": column, "fill": fill})
    expected = neighbours(rows, column, by, per, method, wide)
    assert compare(rows, after, repairs, column, expected, METHODS[method])


def test_what_pandas_interpolates_and_carries(clean):
    rows = random_rows(random.Random(3), 100, odd=())
    for number, row in enumerate(rows):
        row["at"] = START.replace(tzinfo=dt.UTC) + dt.timedelta(minutes=7 * number**2)
    table = pd.DataFrame(rows).set_index("at")["x"].astype(float)
    made = {
        "interpolate": table.interpolate("time", limit_area="inside"),
        "last": table.ffill(),
        "next": table.bfill(),
    }
    for method, wanted in made.items():
        fill = {"with": method, "by": "at"}
        after, _ = clean(rows, {"column": "x", "fill": fill})
        found = [after[row["_record"]]["x"] for row in rows]
        assert pd.Series(found, dtype=float).to_numpy() == pytest.approx(
            wanted.to_numpy(), nan_ok=True
        )


def test_text_can_be_carried_too(clean):
    rows = random_rows(random.Random(4), 60)
    after, repairs = clean(rows, {"column": "s", "fill": {"with": "last", "by": "at"}})
    expected = neighbours(rows, "s", "at", [], "last", None)
    assert compare(rows, after, repairs, "s", expected, "last_known")
