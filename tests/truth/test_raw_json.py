"""JSON against Python's json: every value with its digits, or the record's rejection."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.protocol import RawRead
from backbone.engines.raw import raw_record, read
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import STRING

NAMES = ["a", "b", "c.d"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("raw") / "a.json"


def load(path, data, piece_bytes=1 << 20, **layout):
    path.write_bytes(data)
    columns = tuple(RawColumn(name, STRING, (name,)) for name in NAMES)
    request = RawRead((RawObject(str(path), "a", "d"),), RawFormat(**layout), columns)
    rows, rejected, end = {}, {}, None
    for piece in read(request, threads=2, piece_bytes=piece_bytes):
        table = piece.table.to_pydict()
        for place, number in enumerate(table["_record"]):
            rows[number] = [table[name][place] for name in NAMES]
        rejected |= {reject.record: reject for reject in piece.rejected}
        end = piece.end or end
    return rows, rejected, end


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(letters, max_size=6),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(letters, max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {"a": values},
    optional={
        "b": values,
        "c": st.fixed_dictionaries({}, optional={"d": values, "e": scalars}),
        "x": values,
    },
)
everything = {"a": 1, "b": 1, "c": {"d": 1}}


def spelt(value):
    """The text of a value, as the reader's description gives it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def row_of(record):
    inner = record.get("c")
    below = inner.get("d") if isinstance(inner, dict) else None
    return [spelt(record.get("a")), spelt(record.get("b")), spelt(below)]


ascii_or_not = st.booleans()
indents = st.sampled_from([None, 1])


@given(st.lists(records, max_size=12), ascii_or_not, st.integers(1, 200))
@settings(max_examples=150, deadline=None)
def test_lines(path, found, is_ascii, size):
    found = [everything, *found]
    data = "\n".join(json.dumps(each, ensure_ascii=is_ascii) for each in found)
    rows, rejected, end = load(path, data.encode(), size, format="jsonl")
    assert rejected == {}
    assert end.records == len(found)
    assert list(rows.values()) == [row_of(each) for each in found]


@given(st.lists(records, max_size=12), ascii_or_not, indents)
@settings(max_examples=150, deadline=None)
def test_documents(path, found, is_ascii, indent):
    found = [everything, *found]
    whole = {"n": {"items": 1}, "data": {"items": found, "next": None}, "z": [1, {}]}
    data = json.dumps(whole, ensure_ascii=is_ascii, indent=indent).encode()
    layout = {"format": "json", "records": "data.items"}
    rows, rejected, end = load(path, data, **layout)
    assert rejected == {}
    assert end.records == len(found)
    assert list(rows.values()) == [row_of(each) for each in found]
    raw = raw_record(str(path), RawFormat(**layout), len(found))
    assert json.loads(raw) == found[-1]


def is_record(line):
    """Whether a line is a JSON object without a key that stands twice."""

    def single(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    def constant(name):
        raise ValueError(name)

    try:
        value = json.loads(line, object_pairs_hook=single, parse_constant=constant)
    except ValueError:
        return False
    return isinstance(value, dict)


fragments = st.sampled_from(
    [
        "{",
        "}",
        '"a"',
        '"b"',
        ":",
        ",",
        "1",
        "1.50",
        '"x"',
        "[",
        "]",
        "null",
        "NaN",
        " ",
        "-",
    ]
)
lines = st.one_of(
    st.lists(fragments, max_size=12).map("".join),
    st.sampled_from(
        ['{"a":1,"a":2}', '{"a":{"b":1,"b":1}}', '{"a": 01}', '{"a":1}x', ""]
    ),
    records.map(json.dumps),
)


@given(st.lists(lines, max_size=15), st.integers(1, 100))
@settings(max_examples=200, deadline=None)
def test_a_line_is_a_row_or_rejected(path, written, size):
    written = [json.dumps(everything), *written]
    rows, rejected, end = load(path, "\n".join(written).encode(), size, format="jsonl")
    while written and not written[-1]:
        written.pop()
    assert end.records == len(written)
    for number, line in enumerate(written, 1):
        assert (number in rows) == is_record(line)
        assert (number in rejected) != is_record(line)
        if number in rejected:
            assert rejected[number].raw == line


digits = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


@given(st.lists(digits, min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_numbers_keep_their_digits(path, numbers):
    data = "\n".join(f'{{"a": {n}, "b": [{n}], "c": {{"d": {n}}}}}' for n in numbers)
    rows, rejected, _ = load(path, data.encode(), format="jsonl")
    assert rejected == {}
    assert list(rows.values()) == [[n, f"[{n}]", n] for n in numbers]
