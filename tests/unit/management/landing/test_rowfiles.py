"""Row groups and hashes depend on rows alone, not on how a driver cuts them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.management.landing.databases import rowfiles

SCHEMA = pa.schema(
    [
        ("i", pa.int64()), ("f", pa.float32()), ("b", pa.bool_()), ("s", pa.string()),
        ("x", pa.binary()), ("d", pa.date32()), ("t", pa.timestamp("us", "UTC")),
        ("n", pa.decimal128(9, 2)),
    ]
)  # fmt: skip
ROW = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(width=32),
    st.none() | st.booleans(),
    st.none() | st.text(max_size=12),
    st.none() | st.binary(max_size=12),
    st.none() | st.dates(),
    st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)),
    st.none() | st.decimals(-9999999, 9999999, places=2, allow_nan=False),
)


def cut(rows, ends):
    """Return rows as batches that end at `ends`, as slices of larger ones or not."""
    whole = pa.RecordBatch.from_arrays(
        [
            pa.array(v, f.type)
            for v, f in zip(zip(*rows, strict=True), SCHEMA, strict=True)
        ],
        schema=SCHEMA,
    )
    places = [0, *sorted(ends), len(rows)]
    for n, (start, stop) in enumerate(pairwise(places)):
        part = whole.slice(start, stop - start)
        yield pa.RecordBatch.from_pylist(part.to_pylist(), SCHEMA) if n % 2 else part


@settings(max_examples=40, deadline=None)
@given(st.data(), st.lists(ROW, min_size=1, max_size=25))
def test_groups_and_hashes_do_not_depend_on_batches(data, rows):
    bounds = st.lists(st.integers(0, len(rows)), max_size=4)
    before = rowfiles._GROUP_ROWS, rowfiles._GROUP_BYTES
    rowfiles._GROUP_ROWS = data.draw(st.integers(1, 9))
    rowfiles._GROUP_BYTES = data.draw(st.integers(1, 60))
    try:
        found = [
            list(rowfiles.row_groups(cut(rows, data.draw(bounds)))) for _ in range(2)
        ]
        hashes = {rowfiles.hashed(cut(rows, data.draw(bounds))).text for _ in range(2)}
    finally:
        rowfiles._GROUP_ROWS, rowfiles._GROUP_BYTES = before
    assert [len(group) for group in found[0]] == [len(group) for group in found[1]]
    texts = [
        [str(row) for group in groups for row in group.to_pylist()] for groups in found
    ]
    whole = next(cut(rows, []))
    assert texts[0] == texts[1] == [str(row) for row in whole.to_pylist()]
    assert len(hashes) == 1


def test_every_value_has_a_part_in_the_hash():
    row = (
        1,
        1.5,
        True,
        "a",
        b"a",
        date(2024, 1, 1),
        datetime(2024, 1, 1),
        Decimal("1.10"),
    )
    other = (
        2,
        2.5,
        False,
        "b",
        b"b",
        date(2024, 1, 2),
        datetime(2024, 1, 2),
        Decimal("1.11"),
    )
    empty = (
        0,
        0.0,
        False,
        "",
        b"",
        date(1970, 1, 1),
        datetime(1970, 1, 1),
        Decimal("0.00"),
    )
    changed = [
        (*row[:n], value, *row[n + 1 :])
        for n in range(len(row))
        for value in (other[n], empty[n], None)
    ]
    rows = [row, *changed]
    hashes = [rowfiles.hashed(cut([one, row], [])).text for one in rows]
    assert len(set(hashes)) == len({str(one) for one in rows})
    assert rowfiles.hashed(cut([row, row], [])).text != hashes[1]
    renamed = [b.rename_columns([f"{n}_" for n in SCHEMA.names]) for b in cut([row], [])]
    assert rowfiles.hashed(renamed).text != rowfiles.hashed(cut([row], [])).text
