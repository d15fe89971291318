"""Columns that are plainly values: what is proven is what the grammar would say."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.raw import Recipe
from backbone.engines.raw.plain import plain_sources, proven
from backbone.model.raw import RawColumn
from backbone.model.types import CanonicalType

texts = st.one_of(
    st.none(),
    st.integers(-(2**63) - 1, 2**63).map(str),
    st.text(st.sampled_from("0123456789-"), max_size=4),
    st.text(st.sampled_from("019-+ xX.eE_é"), max_size=4),
)
chunks = st.lists(st.lists(texts, max_size=5), min_size=1, max_size=3)


def is_plain(text):
    plain = text is None or re.fullmatch("-?[0-9]+", text)
    return bool(plain) and (text is None or -(2**63) <= int(text) < 2**63)


@given(chunks, st.integers(0, 2))
def test_exactly_plain_columns_are_proven(written, skipped):
    arrays = [
        pa.array(["x"] * skipped + each, pa.string()).slice(skipped) for each in written
    ]
    column = pa.chunked_array(arrays, pa.string())
    found = proven(column, CanonicalType("integer"))
    values = column.to_pylist()
    if all(map(is_plain, values)):
        assert found.to_pylist() == [None if t is None else int(t) for t in values]
    else:
        assert found is None


def test_only_sources_that_nothing_else_reads(declare):
    columns = (
        declare("a", "integer"),
        declare("b", "integer", pattern="(.*)"),
        declare("c", "integer", nulls=("-1",)),
        declare("d", "integer"),
        declare("e", "string", "d"),
        declare("f", "double"),
        declare("g", "integer", "x", "y"),
        declare("h", "integer", "$file"),
        declare("i", "integer", sql="a + 1"),
    )
    assert list(plain_sources(columns)) == ["a", "f"]


@pytest.mark.parametrize("piece_bytes", [1, 8, 1 << 20])
def test_plain_and_other_pieces_make_one_column(read, declare, piece_bytes):
    columns = (
        declare("a", "integer"),
        declare("b", "integer"),
        declare("c", "string", "b"),
    )
    data = b"a,b\n1,2\n-3,4\n,5\n+6,7\nx,8\n 9 ,\n"
    found = read(data, columns, piece_bytes=piece_bytes)
    assert found.values == [
        (1, 2, "2"),
        (-3, 4, "4"),
        (None, 5, "5"),
        (6, 7, "7"),
        (None, 8, "8"),
        (9, None, None),
    ]
    assert [(c["_record"], c["reason"]) for c in found.cells] == [
        (5, "not an integer: 'x'")
    ]


numbers = st.one_of(
    st.none(),
    st.decimals(-(10**4), 10**4, places=2).map(str),
    st.integers(-(10**6), 10**6).map(str),
    st.text(st.sampled_from("019.-"), min_size=1, max_size=5),
)
days = st.one_of(
    st.none(),
    st.dates().map(str),
    st.builds(
        "{:04}-{:02}-{:02}".format,
        st.integers(0, 2),
        st.integers(0, 13),
        st.integers(0, 32),
    ),
    st.sampled_from(["2024-1-01", "2024/01/01", "", "2024-01-01 00:00:00"]),
)
times = st.one_of(
    st.none(),
    st.datetimes().map(lambda at: str(at.replace(microsecond=0))),
    st.builds(
        "2024-02-{:02}{}{:02}:{:02}:{:02}".format,
        st.integers(28, 30),
        st.sampled_from("  T_"),
        st.integers(22, 25),
        st.integers(58, 60),
        st.integers(58, 61),
    ),
)
truths = st.sampled_from([None, "true", "false", "true", "True", "1", ""])


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("double", numbers),
        ("decimal(6,2)", numbers),
        ("date", days),
        ("datetime", times),
        ("boolean", truths),
    ],
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_proven_is_what_the_grammar_says(connection, kind, written, data):
    values = data.draw(
        st.lists(written, min_size=1, max_size=data.draw(st.integers(1, 4)))
    )
    column = RawColumn("x", CanonicalType.parse(kind), ("x",))
    arrays = [
        pa.array(["y", *values], pa.string()).slice(1),
        pa.array(values, pa.string()),
    ]
    found = proven(pa.chunked_array(arrays), column.type)
    if found is None:
        return
    assert pa.types.is_string(found.type) is False
    texts = [*values, *values]
    connection.execute(
        """create or replace temp table raw_text as
        select unnest(?::varchar[]) as "raw:0", 'd' as _delivery, 'o' as _object,
            generate_subscripts(?::varchar[], 1) as _record, _record as "raw:row" """,
        [texts, texts],
    )
    sql = Recipe((column,), {}).values().sql()
    rows = connection.execute(f"select x from ({sql}) order by _record").fetchall()
    assert found.to_pylist() == [row[0] for row in rows]
    assert [each is None for each in texts] == [row[0] is None for row in rows]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("double", ["1.5", "-0.25", "17", None]),
        ("decimal(6,2)", ["1.5", "-0.25", "9999.99", None]),
        ("date", ["2024-02-29", None]),
        ("datetime", ["2024-02-29 23:59:59", None]),
        ("boolean", ["true", "false", None]),
    ],
)
def test_columns_of_real_files_are_proven(kind, texts):
    found = proven(pa.chunked_array([texts]), CanonicalType.parse(kind))
    assert found is not None
    assert found.null_count == 1
