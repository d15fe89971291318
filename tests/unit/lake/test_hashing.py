"""The content hash: what it does not see, what it sees, and its definition in Python."""

import hashlib
import math
import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.duckdb import DuckDBEngine
from backbone.lake.hashing import combine, content_hash_query
from backbone.model.schemas import Column, Schema
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

DECIMAL = CanonicalType.parse("decimal(18,3)")
SCHEMA = Schema.of(
    s=STRING, b=BOOLEAN, i=INTEGER, m=DECIMAL, x=DOUBLE, d=DATE, t=TIMESTAMP, w=DATETIME
)
ARROW = {
    "string": pa.string(), "boolean": pa.bool_(), "integer": pa.int64(),
    "decimal": pa.decimal128(18, 3), "double": pa.float64(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"), "datetime": pa.timestamp("us"),
}  # fmt: skip
NOON = datetime.fromisoformat("2013-01-01T12:30:00.000005")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00")
ROW = {
    "s": "a|1", "b": True, "i": -7, "m": Decimal("1.500"), "x": 0.1,
    "d": date(2013, 1, 1), "t": NOON.replace(tzinfo=UTC), "w": NOON,
}  # fmt: skip
OTHERS = {
    "s": ["a|2", "", None, "a"], "b": [False, None], "i": [7, 0, None, 1],
    "m": [Decimal("1.501"), Decimal("0.000"), None],
    "x": [0.2, -0.1, 0.0, None, math.nan, math.inf],
    "d": [date(1969, 12, 31), None], "t": [datetime(1960, 1, 1, tzinfo=UTC), None],
    "w": [NOON.replace(microsecond=6), None],
}  # fmt: skip


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=2)
    con = engine.native()
    con.execute("set timezone = 'UTC'")
    yield con
    con.close()
    engine.close()


def hashed(connection, rows, schema=SCHEMA):
    kinds = pa.schema([(c.name, ARROW[c.type.kind]) for c in schema])
    connection.register("given", pa.Table.from_pylist(rows, kinds))
    query = content_hash_query(schema, "given")
    return combine(connection.execute(query.sql()).to_arrow_table())


def cell(value, kind):
    if value is None:
        return "n"
    if kind == "string":
        return str(len(value.encode()))
    if kind == "double":
        return hexadecimal(value)
    if kind == "date":
        return str((value - date(1970, 1, 1)).days)
    if kind in {"timestamp", "datetime"}:
        past = value.replace(tzinfo=None) - EPOCH
        return str(
            past.days * 86_400_000_000 + past.seconds * 1_000_000 + past.microseconds
        )
    return {True: "t", False: "f"}[value] if kind == "boolean" else str(value)


def hexadecimal(value):
    if math.isnan(value) or math.isinf(value):
        return str(value)
    if value == 0:
        return "0"
    mantissa, _, exponent = value.hex().partition("p")
    whole, point, fraction = mantissa.partition(".")
    digits = fraction.rstrip("0")
    return f"{whole}{point if digits else ''}{digits}p{exponent}"


def slow(rows, schema=SCHEMA):
    columns = sorted(schema, key=lambda c: c.name)
    low = high = 0
    for row in rows:
        text = "".join(f"{cell(row[c.name], c.type.kind)}|" for c in columns)
        text += "".join(row[c.name] or "" for c in columns if c.type.kind == "string")
        digest = hashlib.md5(text.encode()).hexdigest()
        low, high = low + int(digest[:15], 16), high + int(digest[15:30], 16)
    spelled = ",".join(f"{c.name}:{c.type}" for c in columns)
    part = {"columns": spelled, "rows": len(rows), "low": low, "high": high}
    return combine(pa.table({name: [str(value)] for name, value in part.items()}))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
micros = st.datetimes(EPOCH.replace(year=1, day=2), EPOCH.replace(year=9999))
cells = {
    "s": texts, "b": st.booleans(), "i": st.integers(-(2**63), 2**63 - 1),
    "m": st.decimals(-(10**14), 10**14, places=3), "x": st.floats(), "d": st.dates(),
    "t": micros.map(lambda m: m.replace(tzinfo=UTC)), "w": micros,
}  # fmt: skip
tables = st.lists(
    st.fixed_dictionaries({k: st.none() | v for k, v in cells.items()}), max_size=5
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_it_is_the_hash_of_its_definition(connection, rows):
    assert hashed(connection, rows) == slow(rows)


@settings(max_examples=30, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_matter(connection, rows, shuffler):
    mixed = list(rows)
    shuffler.shuffle(mixed)
    backwards = Schema(tuple(reversed(SCHEMA.columns)))
    assert hashed(connection, rows) == hashed(connection, mixed, backwards)


def test_the_hash_of_parts_is_the_hash_of_the_whole(connection):
    rows = [{**ROW, "i": i} for i in range(10)]
    query = content_hash_query(SCHEMA, "given").sql()
    parts = []
    for part in (rows[:3], rows[3:], []):
        kinds = pa.schema([(c.name, ARROW[c.type.kind]) for c in SCHEMA])
        connection.register("given", pa.Table.from_pylist(part, kinds))
        parts.append(connection.execute(query).to_arrow_table())
    assert combine(pa.concat_tables(parts)) == hashed(connection, rows)


def test_every_cell_counts(connection):
    hashes = {hashed(connection, [ROW])}
    changed = [{**ROW, name: value} for name in ROW for value in OTHERS[name]]
    hashes |= {hashed(connection, [row]) for row in changed}
    assert len(hashes) == 1 + len(changed)


def test_rows_and_their_number_count(connection):
    assert len({hashed(connection, [ROW] * n) for n in range(4)}) == 4


def test_text_cannot_pass_from_one_cell_to_the_next(connection):
    two = Schema.of(p=STRING, q=STRING)
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("abc", None), ("", "abc"), (None, "abc"),
             ("a|", "b"), ("a", "|b"), ("n", "n"), (None, None)]  # fmt: skip
    found = {hashed(connection, [{"p": p, "q": q}], two) for p, q in pairs}
    assert len(found) == len(pairs)


def test_zeros_and_nans_are_equal(connection):
    one = Schema.of(x=DOUBLE)
    other_nan = math.copysign(math.nan, -1)
    assert hashed(connection, [{"x": 0.0}], one) == hashed(connection, [{"x": -0.0}], one)
    assert hashed(connection, [{"x": math.nan}], one) == hashed(
        connection, [{"x": other_nan}], one
    )
    assert hashed(connection, [{"x": 5e-324}], one) != hashed(
        connection, [{"x": 0.0}], one
    )


def test_names_and_types_count(connection):
    rows = [{"x": 1}]
    assert hashed(connection, rows, Schema.of(x=INTEGER)) != hashed(
        connection, [{"y": 1}], Schema.of(y=INTEGER)
    )
    assert hashed(connection, rows, Schema.of(x=INTEGER)) != hashed(
        connection, rows, Schema.of(x=DOUBLE)
    )


def test_what_a_column_means_does_not_count(connection):
    plain = Schema((Column("x", INTEGER),))
    told = Schema((Column("x", INTEGER, "a number", "m"),))
    assert hashed(connection, [{"x": 1}], plain) == hashed(connection, [{"x": 1}], told)


def test_a_large_table_on_any_number_of_threads():
    chance = random.Random(5)
    rows = [{"x": chance.random(), "i": i} for i in range(200_000)]
    found = set()
    for threads in (1, 4):
        engine = DuckDBEngine(threads=threads)
        con = engine.native()
        found.add(hashed(con, rows, Schema.of(x=DOUBLE, i=INTEGER)))
        con.close()
        engine.close()
        chance.shuffle(rows)
    assert len(found) == 1
    assert len(found.pop()) == 32
