from __future__ import annotations

import hashlib

import duckdb
import pytest

from backbone.lake.hashing import combine, content_hash_query
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

ALL = Schema.of(
    a=INTEGER, b=STRING, x=DOUBLE, d=CanonicalType.parse("decimal(10,3)"), t=BOOLEAN,
    day=DATE, moment=TIMESTAMP, wall=DATETIME,
)  # fmt: skip
ROW = (
    "select 1::bigint a, 'x' b, 0.1::double x, 1.5::decimal(10,3) d, true t, "
    "date '2020-01-01' as day, timestamptz '2020-01-01 00:00:00+00' as moment, "
    "timestamp '2020-01-01 00:00:00' as wall"
)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as made:
        made.execute("set TimeZone = 'UTC'")
        yield made


def digest(connection, text: str, schema: Schema = ALL) -> str:
    connection.execute(f"create or replace temp view hashed as {text}")
    query = content_hash_query(schema, "hashed").sql()
    return combine(connection.execute(query).to_arrow_table(), schema)


def changed(name: str, value: str) -> str:
    return f"select * replace ({value} as {name}) from ({ROW})"


def test_equal_rows_have_equal_hashes_whatever_their_order(connection):
    many = "select i a, 'x' || i b from range(1000) r(i)"
    schema = Schema.of(a=INTEGER, b=STRING)
    one = digest(connection, many, schema)
    assert digest(connection, f"{many} order by hash(i)", schema) == one
    flipped = Schema.of(b=STRING, a=INTEGER)
    assert digest(connection, f"select b, a from ({many})", flipped) == one


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", "2::bigint"), ("b", "'y'"), ("x", "0.1::double + 1.4e-17"),
        ("d", "1.501::decimal(10,3)"), ("t", "false"), ("day", "date '2020-01-02'"),
        ("moment", "timestamptz '2020-01-01 00:00:00.000001+00'"),
        ("wall", "timestamp '2020-01-01 00:00:00.000001'"),
        ("a", "null::bigint"), ("b", "null::varchar"), ("b", "''"), ("x", "null::double"),
    ],
)  # fmt: skip
def test_every_cell_counts(connection, name, value):
    assert digest(connection, changed(name, value)) != digest(connection, ROW)


def test_a_null_is_not_the_empty_text(connection):
    null, empty = changed("b", "null::varchar"), changed("b", "''")
    assert digest(connection, null) != digest(connection, empty)


def test_cells_are_told_apart(connection):
    schema = Schema.of(a=STRING, b=STRING)
    texts = [("a", "bc"), ("ab", "c"), ("1:a", ""), ("", "1:a"), ("n", ""), ("", "n")]
    found = {digest(connection, f"select '{a}' a, '{b}' b", schema) for a, b in texts}
    assert len(found) == len(texts)


def test_a_row_that_occurs_twice_counts_twice(connection):
    assert digest(connection, f"{ROW} union all {ROW}") != digest(connection, ROW)


def test_names_and_types_count(connection):
    one = digest(connection, "select 1::bigint a", Schema.of(a=INTEGER))
    assert digest(connection, "select 1::bigint b", Schema.of(b=INTEGER)) != one
    assert digest(connection, "select '1' a", Schema.of(a=STRING)) != one


@pytest.mark.parametrize(
    ("left", "right"), [("0.0", "-0.0"), ("'nan'", "-'nan'::double"), ("'inf'", "1e308*10")]
)
def test_doubles_that_the_engines_take_for_equal_are_equal(connection, left, right):
    schema = Schema.of(x=DOUBLE)
    one = digest(connection, f"select {left}::double x", schema)
    assert digest(connection, f"select {right}::double x", schema) == one


def test_an_empty_table_has_a_hash(connection):
    assert digest(connection, f"{ROW} limit 0") != digest(connection, ROW)


def test_it_is_the_sum_of_the_digests_of_the_rows(connection):
    schema = Schema.of(a=INTEGER, x=DOUBLE)
    rows = [(1, 0.1), (2, None)]
    text = " union all ".join(
        f"select {a}::bigint a, {'null' if x is None else x}::double x" for a, x in rows
    )
    texts = [f"{len(str(a))}:{a}" + cell(x) for a, x in rows]
    numbers = [int.from_bytes(hashlib.md5(t.encode()).digest(), "little") for t in texts]
    first = sum(number >> 68 for number in numbers)
    last = sum(number % 2**60 for number in numbers)
    expected = "\x00".join(["a:integer", "x:double", "2", str(first), str(last)])

    assert digest(connection, text, schema) == hashlib.sha256(expected.encode()).hexdigest()[:32]


def cell(value: float | None) -> str:
    if value is None:
        return "n"
    text = value.hex().replace("p+", "p").replace(".0p", "p")
    return f"{len(text)}:{text}"
