"""The same view gives the same values on Spark: random expressions over edge values."""

from __future__ import annotations

import math
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.engines.expressions import SCHEMA, edges, expressions

from backbone.engines.protocol import Scan
from backbone.errors import BackboneError
from backbone.model.names import AssetName
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

TABLE = AssetName("trusted", "t")
ROWS, COUNT, AT_ONCE = 80, 520, 65


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("edges") / "t.parquet"
    pq.write_table(edges(ROWS, 5), path)
    return Scan((str(path),), SCHEMA)


def view(sql):
    return compile_view(parse_view(sql, name="v", file="v.sql"), {TABLE: SCHEMA})


def fetched(session, scan, sql):
    made = view(sql)
    found = session.fetch(made.query, {"trusted.t": scan})
    return found.select(list(made.columns)) if found.num_columns else found


def plain(column):
    """Values that can be compared: bits of doubles, microseconds of times."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    return [bits(value) for value in column.to_pylist()]


def bits(value):
    if not isinstance(value, float):
        return value
    return "nan" if math.isnan(value) else struct.pack("<d", value + 0.0)


def answers(session, scan, asked):
    """Return the values of expressions by row; of one that fails, the error."""
    items = ", ".join(f"{text} as x{i}" for i, text in enumerate(asked))
    try:
        found = fetched(session, scan, f"select id, {items} from trusted.t")
    except BackboneError as error:
        if len(asked) == 1:
            return [error]
        half = len(asked) // 2
        return answers(session, scan, asked[:half]) + answers(session, scan, asked[half:])
    found = found.sort_by("id")
    return [plain(found.column(i + 1)) for i in range(len(asked))]


@pytest.mark.spark
def test_random_expressions_are_the_same_on_spark(duckdb_engine, spark_engine, scan):
    with duckdb_engine.session() as ours, spark_engine.session() as theirs:
        told = {
            text: values
            for text in expressions(COUNT, 7)
            for values in answers(ours, scan, [text])
            if not isinstance(values, BackboneError)
        }
        assert len(told) > 0.8 * COUNT
        asked = list(told)
        found = {}
        for start in range(0, len(asked), AT_ONCE):
            part = asked[start : start + AT_ONCE]
            found |= dict(zip(part, answers(theirs, scan, part), strict=True))
    wrong = {text: first_difference(told[text], found[text]) for text in asked}
    assert {text: why for text, why in wrong.items() if why} == {}


def first_difference(told, found):
    if isinstance(found, BackboneError):
        return str(found)
    pairs = zip(told, found, strict=True)
    return next(
        (f"row {i}: {a!r} is {b!r}" for i, (a, b) in enumerate(pairs) if a != b), ""
    )
