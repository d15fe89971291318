"""What every engine does with relations, whichever engine it is."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from sqlglot import parse_one

from backbone.engines.protocol import Scan
from backbone.errors import EngineError, ViewError
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
from backbone.sql.queries import Query

EVERY_TYPE = Schema.of(
    b=BOOLEAN,
    i=INTEGER,
    x=DOUBLE,
    d=CanonicalType.parse("decimal(38,10)"),
    s=STRING,
    day=DATE,
    t=TIMESTAMP,
    w=DATETIME,
)
ROWS = [
    {
        "b": True,
        "i": 2**63 - 1,
        "x": -0.0,
        "d": Decimal("1234567890123456789012345678.0123456789"),
        "s": "",
        "day": dt.date(1, 1, 1),
        "t": dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        "w": dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
    },
    {"b": False, "i": -(2**63), "x": math.inf, "d": Decimal(0), "s": "a'b\"c\n\U0001f600",
     "day": dt.date(9999, 12, 31), "t": dt.datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=dt.UTC),
     "w": dt.datetime(1582, 10, 4)},
    {"b": None, "i": None, "x": None, "d": None, "s": None, "day": None, "t": None, "w": None},
]  # fmt: skip


def query(text: str) -> Query:
    return Query.of(parse_one(text, dialect="duckdb"))


def literal(value: object, kind: CanonicalType) -> str:
    if value is None:
        text = "null"
    elif isinstance(value, float):
        text = f"'{value!r}'"
    elif isinstance(value, dt.datetime):
        text = f"'{value.isoformat(sep=' ')}'"
    else:
        escaped = str(value).replace("'", "''")
        text = f"'{escaped}'"
    return f"cast({text} as {kind.sql})"


def values(rows, schema: Schema) -> Query:
    selects = [
        "select "
        + ", ".join(f"{literal(row[c.name], c.type)} as {c.name}" for c in schema)
        for row in rows
    ]
    return query(" union all ".join(selects))


def test_every_canonical_type_comes_back_as_it_was_written(session, tmp_path):
    written = session.write(values(ROWS, EVERY_TYPE), {}, EVERY_TYPE, tmp_path)

    found = session.fetch(
        query("select * from t order by i nulls last"), {"t": written.scan()}
    )

    expected = sorted(ROWS, key=lambda row: (row["i"] is None, row["i"] or 0))
    rows = found.to_pylist()
    assert rows == expected
    assert math.copysign(1, rows[1]["x"]) == 1, "minus zero is written as zero"
    assert written.rows == len(ROWS)


def test_an_empty_result_is_no_file_and_reads_as_no_rows(session, tmp_path):
    nothing = query("select 1 as i where false")
    written = session.write(nothing, {}, Schema.of(i=INTEGER), tmp_path)

    assert written.files == ()
    assert not list(tmp_path.rglob("*.parquet"))
    found = session.fetch(query("select count(*) as n from t"), {"t": written.scan()})
    assert found.to_pylist() == [{"n": 0}]


def test_statistics_are_those_of_the_file(session, tmp_path):
    long_text = "x" * 40
    rows = [
        {**ROWS[0], "s": long_text, "x": 1.5, "d": Decimal("-2.5")},
        {**ROWS[1], "s": "a", "x": 2.5, "d": Decimal("10.0000000001")},
        ROWS[2],
    ]
    written = session.write(values(rows, EVERY_TYPE), {}, EVERY_TYPE, tmp_path)

    stats = written.files[0].statistics
    assert {name: s.nulls for name, s in stats.items()} == dict.fromkeys(
        EVERY_TYPE.names, 1
    )
    assert (stats["i"].low, stats["i"].high) == (str(-(2**63)), str(2**63 - 1))
    assert (stats["d"].low, stats["d"].high) == ("-2.5000000000", "10.0000000001")
    assert json.loads(stats["s"].high) == "x" * 32 + "\U0010ffff"
    assert (stats["b"].low, stats["b"].high) == ("false", "true")
    assert stats["w"].low is None


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_no_bounds_are_given_where_a_float_is_not_finite(session, tmp_path, value):
    text = f"select cast('{value}' as double) as x union all select 1.0"
    written = session.write(query(text), {}, Schema.of(x=DOUBLE), tmp_path)

    assert written.files[0].statistics["x"].low is None


def test_times_of_any_age_get_statistics_that_delta_can_read(session, tmp_path):
    text = "select timestamptz '2013-01-01 05:00:00.25+00' as t"
    written = session.write(query(text), {}, Schema.of(t=TIMESTAMP), tmp_path)

    assert (
        json.loads(written.files[0].statistics["t"].low) == "2013-01-01T05:00:00.250000Z"
    )


def test_staged_relations_last_as_long_as_the_session(session):
    one = session.stage(query("select 1 as a"), {})
    two = session.stage(query(f"select a + 1 as a from {one.name}"), {one.name: one})

    found = session.fetch(
        query(f"select a from {one.name} union all select a from {two.name}"),
        {one.name: one, two.name: two},
    )
    assert sorted(row["a"] for row in found.to_pylist()) == [1, 2]


def test_a_name_can_be_bound_again(session, tmp_path):
    first = session.write(
        query("select 1 as a"), {}, Schema.of(a=INTEGER), tmp_path / "1"
    )
    second = session.write(
        query("select 2 as a"), {}, Schema.of(a=INTEGER), tmp_path / "2"
    )

    for relation, expected in ((first, 1), (second, 2), (first, 1)):
        found = session.fetch(query("select a from t"), {"t": relation.scan()})
        assert found.to_pylist() == [{"a": expected}]


def test_an_older_file_without_a_new_column_reads_as_null(session, tmp_path):
    old = session.write(query("select 1 as a"), {}, Schema.of(a=INTEGER), tmp_path / "1")
    wider = Schema.of(a=INTEGER, b=STRING)
    new = session.write(query("select 2 as a, 'x' as b"), {}, wider, tmp_path / "2")
    both = Scan((*old.scan().files, *new.scan().files), wider)

    found = session.fetch(query("select * from t order by a"), {"t": both})
    assert found.to_pylist() == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


def test_a_whole_number_beyond_64_bits_fails_and_does_not_wrap(session, tmp_path):
    text = "select sum(i) as i from (select 9223372036854775807 as i union all select 1)"
    with pytest.raises(EngineError):
        session.write(query(text), {}, Schema.of(i=INTEGER), tmp_path)


def test_describe_gives_canonical_types_without_data(session):
    schema = Schema.of(a=INTEGER, x=DOUBLE, t=TIMESTAMP)
    text = "select sum(a) as s, avg(x) as m, max(t) as t, cast(a as decimal(9,2)) as d from t group by a"

    found = session.describe(query(text), {"t": schema})
    assert found == Schema(
        (
            Column("s", INTEGER),
            Column("m", DOUBLE),
            Column("t", TIMESTAMP),
            Column("d", CanonicalType.parse("decimal(9,2)")),
        )
    )


def test_describe_refuses_a_type_that_no_table_holds(session):
    with pytest.raises(ViewError, match="column `l` has the type"):
        session.describe(query("select [1, 2] as l"), {})


def test_names_of_any_spelling_are_quoted(session, tmp_path):
    odd = 'we"ird. name'
    schema = Schema((Column(odd, INTEGER),))
    written = session.write(
        Query.of(parse_one('select 7 as "we""ird. name"', dialect="duckdb")),
        {},
        schema,
        tmp_path,
    )

    found = session.fetch(query('select * from "a.b""c"'), {'a.b"c': written.scan()})
    assert found.to_pylist() == [{odd: 7}]
    assert written.files[0].statistics[odd].low == "7"


def test_a_folder_with_a_quote_in_its_name_is_no_trouble(session, tmp_path):
    folder = tmp_path / "it's"
    written = session.write(query("select 1 as a"), {}, Schema.of(a=INTEGER), folder)

    found = session.fetch(query("select a from t"), {"t": written.scan()})
    assert found.to_pylist() == [{"a": 1}]
    assert pq.read_metadata(written.files[0].path).num_rows == 1


def test_results_stream_in_batches(session):
    reader = session.stream(
        query("select i as a from range(200000) r(i)"), {}, batch_rows=10_000
    )
    sizes = [batch.num_rows for batch in reader]
    assert sum(sizes) == 200_000
    assert len(sizes) > 1


def test_sessions_do_not_see_each_other(engine):
    with engine.session() as one, engine.session() as two:
        staged = one.stage(query("select 1 as a"), {})
        with pytest.raises(EngineError):
            two.fetch(query(f"select * from {staged.name}"), {})
