"""Columns of plain integers: what is proven is what the grammar would say."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.engines.raw.integers import integer_sources, proven_integers

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
    found = proven_integers(column)
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
    assert integer_sources(columns) == {"a"}


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
