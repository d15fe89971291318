"""Values of every type survive DuckDB → Delta → an engine → Delta → DuckDB."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import struct
from decimal import Context, Decimal

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from tests.engines.relations import (
    EVERY_TYPE,
    ROWS,
    arrow_schema,
    as_read,
    fetched,
    query,
    rows_of,
    same,
    scan_of,
)

from backbone.engines.protocol import Scan
from backbone.lake.hashing import combine, content_hash_query
from backbone.lake.tables import Commit, Tables
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import DATE, DOUBLE, INTEGER, STRING, TIMESTAMP

WIDE = Context(prec=40)
ALL = query("select * from t")
VALUES = AssetName("trusted", "values")


@pytest.fixture
def tables(tmp_path):
    return Tables(tmp_path / "lake")


@pytest.fixture
def duckdb(duckdb_engine):
    with duckdb_engine.session() as opened:
        yield opened


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """All rows in one file, as pyarrow writes it."""
    return scan_of(tmp_path_factory.mktemp("given") / "t.parquet", ROWS, EVERY_TYPE)


def committed(tables, asset, session, relation, schema=EVERY_TYPE, **more):
    """Let a session write a relation, and commit what it wrote."""
    written = session.write(ALL, {"t": relation}, schema, tables.attempt(asset))
    identity = f"v{random.random()}"
    version = tables.commit(asset, Commit(identity, schema, written.files, **more))
    return version, written


def scan(version):
    return Scan(version.paths(), version.schema)


def content_hash(session, relation):
    return combine(
        session.fetch(content_hash_query(relation.schema, "t"), {"t": relation})
    )


def test_values_of_every_type_go_around(session, duckdb, tables, given):
    first, _ = committed(tables, VALUES, duckdb, given)
    echo = AssetName("trusted", "echo")
    second, written = committed(tables, echo, session, scan(first))

    assert second.schema == EVERY_TYPE
    assert second.rows == len(ROWS)
    same(fetched(session, "select * from t", t=scan(second)), ROWS)
    same(fetched(duckdb, "select * from t", t=scan(second)), ROWS)
    same(rows_of(written), ROWS)
    zeros = [row["x"] for row in rows_of(written) if row["x"] == 0]
    assert [math.copysign(1, x) for x in zeros] == [1], "minus zero is written as zero"
    for file in written.files:
        assert pq.read_schema(file.path).equals(arrow_schema(EVERY_TYPE))
    hashes = {
        content_hash(one, scan(version))
        for one in (duckdb, session)
        for version in (first, second)
    }
    assert len(hashes) == 1


def test_values_are_kept_as_they_are_by_a_staged_relation(session, given):
    staged = session.stage(ALL, {"t": given})
    assert staged.schema == EVERY_TYPE
    same(map(as_read, fetched(session, "select * from t", t=staged)), ROWS)
    streamed = session.stream(ALL, {"t": staged})
    rows = (as_read(row) for batch in streamed for row in batch.to_pylist())
    same(rows, ROWS)


def test_a_version_may_have_files_of_several_engines(session, duckdb, tables, given):
    first, _ = committed(tables, VALUES, duckdb, given)
    second, _ = committed(tables, VALUES, session, scan(first), keep=first.files)
    third, _ = committed(tables, VALUES, duckdb, given, keep=second.files)

    for one in (session, duckdb):
        same(fetched(one, "select * from t", t=scan(third)), ROWS * 3)
    assert content_hash(session, scan(third)) == content_hash(duckdb, scan(third))


def test_statistics_in_the_log_are_true(session, tables, given):
    _, written = committed(tables, VALUES, session, given)

    opened = DeltaTable(tables.folder(VALUES))
    told = opened.get_add_actions(flatten=False).to_struct_array().to_pylist()
    by_path = {tables.folder(VALUES) / one["path"]: one for one in told}
    for file in written.files:
        one, rows = by_path[file.path], rows_of([file])
        assert one["num_records"] == len(rows)
        for name in EVERY_TYPE.names:
            values = [row[name] for row in rows if row[name] is not None]
            assert one["null_count"][name] == len(rows) - len(values), name
            low, high = (one[key].get(name) for key in ("min", "max"))
            check_bounds(name, values, low, high)


def check_bounds(name, values, low, high):
    """Bounds are the least and the greatest value; texts are cut, doubles may lack them."""
    if name == "w" or (name == "x" and not all(map(math.isfinite, values))):
        assert (low, high) == (None, None), name
    elif name == "s" and values:
        assert low == min(values)[:32]
        assert high >= max(values)
        assert len(high) <= 33
    elif values and not (name == "x" and low is None):
        assert (low, high) == (min(values), max(values)), name


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_no_bounds_are_given_where_a_float_is_not_finite(session, tmp_path, value):
    text = f"select cast('{value}' as double) as x union all select cast(1.0 as double)"
    written = session.write(query(text), {}, Schema.of(x=DOUBLE), tmp_path)

    stats = [file.statistics["x"] for file in written.files]
    assert all(s.low is None or float(s.low) == 1 for s in stats)
    assert any(s.low is None for s in stats)


def test_times_have_the_statistics_that_delta_reads(session, tmp_path):
    schema = Schema.of(t=TIMESTAMP)
    when = dt.datetime(2013, 1, 1, 5, 0, 0, 250_000, tzinfo=dt.UTC)
    given = scan_of(tmp_path / "t.parquet", [{"t": when}], schema)
    written = session.write(ALL, {"t": given}, schema, tmp_path / "out")

    assert (
        json.loads(written.files[0].statistics["t"].low) == "2013-01-01T05:00:00.250000Z"
    )


FILTERS = {
    "x < -1000": 1,
    "day < date '1000-01-01'": 1,
    "t > timestamptz '9000-01-01 00:00:00+00'": 1,
    "t = timestamptz '1582-10-14 23:59:59.999999+00'": 1,
    "w < timestamp '1000-01-01 00:00:00'": 1,
    "d > 100000": 1,
    "n < -100": 1,
    "i = 9007199254740993": 1,
    f"s = '{'x' * 70}'": 1,
    "b": 3,
    "not b": 2,
    "w is null": 2,
}
"""Conditions, and how many of the rows fulfil them."""


@pytest.mark.gap("sail", "it writes bounds of doubles that leave NaN out")
def test_filters_find_what_is_no_number(session, duckdb, tmp_path):
    schema = Schema.of(x=DOUBLE)
    rows = [{"x": x} for x in (math.nan, 1.0, 2.0)]
    given = scan_of(tmp_path / "t.parquet", rows, schema)
    own = session.write(ALL, {"t": given}, schema, tmp_path / "own")
    theirs = duckdb.write(ALL, {"t": given}, schema, tmp_path / "theirs")

    text = "select count(*) as n from t where x > 1000"
    for reader, written in ((session, own), (session, theirs), (duckdb, own)):
        assert fetched(reader, text, t=written) == [{"n": 1}]


def test_filters_find_rows_in_files_of_every_engine(session, duckdb, tmp_path, given):
    """Row groups are skipped by their statistics; none that has a row may be."""
    own = session.write(ALL, {"t": given}, EVERY_TYPE, tmp_path / "own")
    theirs = duckdb.write(ALL, {"t": given}, EVERY_TYPE, tmp_path / "theirs")

    counted = " union all ".join(
        f"select {n} as n, count(*) as m from t where {f}" for n, f in enumerate(FILTERS)
    )
    for reader, written in ((session, own), (session, theirs), (duckdb, own)):
        rows = fetched(reader, counted, t=written)
        found = dict(sorted((row["n"], row["m"]) for row in rows))
        assert dict(zip(FILTERS, found.values(), strict=True)) == FILTERS


def test_a_column_that_came_later_is_missing_in_older_files(session, duckdb, tmp_path):
    old, wide = Schema.of(a=INTEGER), Schema.of(a=INTEGER, s=STRING, day=DATE, x=DOUBLE)
    before = scan_of(tmp_path / "old.parquet", [{"a": 1}, {"a": 2}], old)
    row = {"a": 3, "s": "x", "day": dt.date(2024, 1, 1), "x": 0.5}
    after = scan_of(tmp_path / "new.parquet", [row], wide)
    nothing = {"s": None, "day": None, "x": None}

    for one in (before, after), (after, before):
        both = Scan(tuple(f for scan in one for f in scan.files), wide)
        expected = [{"a": 1, **nothing}, {"a": 2, **nothing}, row]
        same(fetched(session, "select * from t", t=both), expected)
        written = session.write(ALL, {"t": both}, wide, tmp_path / one[0].files[0][-9:-8])
        same(fetched(duckdb, "select * from t", t=written), expected)


def random_row(dice):
    """A row whose values lie where the engines' texts of them differ most."""
    seconds = dice.choice([dice.randrange(-62_135_596_800, 253_402_300_800), 0, -1])
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(
        seconds=seconds, microseconds=dice.choice([0, 1, 999_999])
    )
    bits = dice.getrandbits(64).to_bytes(8)
    row = {
        "b": dice.choice([True, False]),
        "i": dice.choice([dice.randrange(-(2**63), 2**63), 0, 2**53 + 1]),
        "x": dice.choice(
            [struct.unpack(">d", bits)[0], dice.random(), 1 / 3, -0.0, 1e16]
        ),
        "d": Decimal(dice.randrange(-(10**38) + 1, 10**38)).scaleb(-10, WIDE),
        "n": Decimal(dice.randrange(-(10**9) + 1, 10**9)).scaleb(-2, WIDE),
        "s": "".join(
            dice.choices("aé€\U0001f41d|n\0\\'\n\ud7ff\ue000", k=dice.randrange(9))
        ),
        "day": moment.date(),
        "t": moment.replace(tzinfo=dt.UTC),
        "w": moment,
    }
    return {k: v if dice.random() > 0.1 else None for k, v in row.items()}


@pytest.mark.gap("sail", "its `%a` leaves out zeros behind the point of a double")
def test_content_hashes_of_random_tables_are_equal(session, duckdb, tmp_path):
    dice = random.Random(2024)
    rows = [random_row(dice) for _ in range(3000)]
    given = scan_of(tmp_path / "t.parquet", rows, EVERY_TYPE)
    own = session.write(ALL, {"t": given}, EVERY_TYPE, tmp_path / "own")

    hashes = {
        content_hash(duckdb, given),
        content_hash(duckdb, own.scan()),
        content_hash(session, own.scan()),
    }
    assert len(hashes) == 1
    other = scan_of(tmp_path / "u.parquet", rows[:-1], EVERY_TYPE)
    assert content_hash(session, other) not in hashes


def test_the_hash_of_nothing_is_that_of_nothing_everywhere(session, duckdb):
    nothing = Scan((), EVERY_TYPE)
    assert content_hash(session, nothing) == content_hash(duckdb, nothing)
