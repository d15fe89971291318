"""The canonical text of a repaired cell, on every engine, against how Python writes it."""

from __future__ import annotations

import datetime as dt
import math
import random
import struct
from decimal import Decimal

import pytest
from sqlglot import exp
from tests.engines.relations import scan_of

from backbone.management.trusted.rows.texts import canonical_text, from_text
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
from backbone.sql.queries import Query, column, table

DECIMAL = CanonicalType.parse("decimal(38,10)")
EDGES = [0.0, 0.1, 1e7, 1e15, 1e16, 1e20, 1e23, 2e23, 1e-4, 1e-5, 5e-324, 2.5, 1 / 3]
EDGES += [math.inf, -math.inf, math.nan, 1.7976931348623157e308, 9999999999999998.0]


def doubles():
    rng = random.Random(5)
    drawn = struct.pack("<4000Q", *(rng.getrandbits(64) for _ in range(4000)))
    powers = [math.ldexp(1, e) for e in range(-1074, 1024)]
    cents = [rng.randrange(-(10**9), 10**9) / 100 for _ in range(2000)]
    return [*EDGES, *struct.unpack("<4000d", drawn), *powers, *cents]


def moments():
    rng = random.Random(6)
    edges = [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]
    drawn = [
        dt.datetime(1, 1, 1) + dt.timedelta(microseconds=rng.randrange(3 * 10**17))
        for _ in range(50)
    ]
    return [
        *edges,
        dt.datetime(987, 1, 31),
        dt.datetime(2013, 1, 1, 5, 0, 0, 250_000),
        *drawn,
    ]


def wall(value):
    text = value.isoformat(sep=" ")
    return text.rstrip("0") if value.microsecond else text


CASES = {
    "double": (DOUBLE, doubles(), lambda x: "nan" if math.isnan(x) else repr(x)),
    "decimal": (
        DECIMAL,
        [Decimal(0), Decimal("0.0000000001"), Decimal("-12345678901234567890.5")],
        lambda d: f"{d:.10f}",
    ),
    "integer": (INTEGER, [0, -1, 2**63 - 1, -(2**63)], str),
    "boolean": (BOOLEAN, [True, False], lambda b: str(b).lower()),
    "string": (STRING, ["", "it's", "\\n\n\u00e9"], str),
    "date": (DATE, [value.date() for value in moments()], str),
    "datetime": (DATETIME, moments(), wall),
    "timestamp": (
        TIMESTAMP,
        [value.replace(tzinfo=dt.UTC) for value in moments()],
        lambda t: wall(t.replace(tzinfo=None)) + "+00",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_value_has_one_text_on_every_engine_and_the_text_is_cast_back(
    session, tmp_path, case
):
    kind, values, text_of = CASES[case]
    schema = Schema.of(n=INTEGER, v=kind)
    rows = [{"n": n, "v": value} for n, value in enumerate([*values, None])]
    inputs = {"cells": scan_of(tmp_path / "cells.parquet", rows, schema)}
    texts = exp.select(
        column("n"), column("v"), exp.alias_(canonical_text(column("v"), kind), "t")
    ).from_(table("cells"))
    again = exp.NullSafeEQ(this=from_text(column("t"), kind), expression=column("v"))
    last = exp.select(column("n"), column("t"), exp.alias_(again, "same"))
    query = Query.of(texts, "texts").then("last", last.from_(table("texts")))

    found = session.fetch(query, inputs).to_pylist()

    made = {row["n"]: row["t"] for row in found}
    wanted = {n: text_of(value) for n, value in enumerate(values)}
    assert {n: (made[n], text) for n, text in wanted.items() if made[n] != text} == {}
    assert made[len(values)] is None
    assert [row for row in found if not row["same"]] == []


def test_a_nan_of_either_sign_is_nan(session):
    negative = "cast('nan' as double) * -1"
    made = canonical_text(exp.maybe_parse(negative, dialect="duckdb"), DOUBLE)
    found = session.fetch(Query.of(exp.select(exp.alias_(made, "t"))), {})
    assert found.to_pylist() == [{"t": "nan"}]
