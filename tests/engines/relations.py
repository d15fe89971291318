"""Relations for tests: queries from text, files from rows, rows from files."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import parse_one

from backbone.engines.protocol import Scan, Written
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
from backbone.sql.queries import Query

__all__ = [
    "EVERY_TYPE",
    "ROWS",
    "arrow_schema",
    "as_read",
    "fetched",
    "query",
    "rows_of",
    "same",
    "scan_of",
]

Row = dict[str, Any]

_ARROW = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "datetime": pa.timestamp("us"),
}

EVERY_TYPE = Schema.of(
    b=BOOLEAN,
    i=INTEGER,
    x=DOUBLE,
    d=CanonicalType.parse("decimal(38,10)"),
    n=CanonicalType.parse("decimal(9,2)"),
    s=STRING,
    day=DATE,
    t=TIMESTAMP,
    w=DATETIME,
)
_UTC = dt.UTC
ROWS: list[Row] = [
    {
        "b": True,
        "i": 2**63 - 1,
        "x": -0.0,
        "d": Decimal("1234567890123456789012345678.0123456789"),
        "n": Decimal("9999999.99"),
        "s": "",
        "day": dt.date(1, 1, 1),
        "t": dt.datetime(1, 1, 1, tzinfo=_UTC),
        "w": dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
    },
    {
        "b": False,
        "i": -(2**63),
        "x": math.inf,
        "d": Decimal("-9999999999999999999999999999.9999999999"),
        "n": Decimal("-9999999.99"),
        "s": "a'b\"c\n\U0001f600\\`\t",
        "day": dt.date(9999, 12, 31),
        "t": dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=_UTC),
        "w": dt.datetime(1, 1, 1),
    },
    {
        "b": False,
        "i": 0,
        "x": -math.inf,
        "d": Decimal("0.0000000001"),
        "n": Decimal("0.01"),
        "s": "NULL",
        "day": dt.date(1582, 10, 4),
        "t": dt.datetime(1582, 10, 14, 23, 59, 59, 999999, tzinfo=_UTC),
        "w": dt.datetime(1582, 10, 4, 12),
    },
    {
        "b": True,
        "i": -1,
        "x": math.nan,
        "d": Decimal("-0.0000000001"),
        "n": Decimal("-0.01"),
        "s": " nul\0in the middle ",
        "day": dt.date(1969, 12, 31),
        "t": dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=_UTC),
        "w": dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
    },
    {
        "b": True,
        "i": 2**53 + 1,
        "x": 5e-324,
        "d": Decimal(0),
        "n": Decimal(0),
        "s": "e\u0301 \u00e9 \ufeff \uffff \U0010ffff",
        "day": dt.date(2024, 2, 29),
        "t": dt.datetime(2024, 3, 31, 1, 30, 0, 1, tzinfo=_UTC),
        "w": dt.datetime(2024, 3, 31, 2, 30),
    },
    {
        "b": None,
        "i": 1,
        "x": 1.7976931348623157e308,
        "d": Decimal("0.1"),
        "n": None,
        "s": "x" * 70,
        "day": None,
        "t": dt.datetime(1900, 1, 1, tzinfo=_UTC),
        "w": None,
    },
    dict.fromkeys(EVERY_TYPE.names),
]
"""Rows of every type, with the values that get lost most often."""


def query(text: str) -> Query:
    """Return the query of a text in DuckDB's dialect."""
    return Query.of(parse_one(text, dialect="duckdb"))


def arrow_schema(schema: Schema) -> pa.Schema:
    """Return the Arrow schema of a canonical one."""
    return pa.schema(
        [
            (
                c.name,
                pa.decimal128(c.type.precision or 38, c.type.scale or 0)
                if c.type.kind == "decimal"
                else _ARROW[c.type.kind],
            )
            for c in schema
        ]
    )


def scan_of(path: Path, rows: Iterable[Mapping[str, Any]], schema: Schema) -> Scan:
    """Write rows as a Parquet file and return the relation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(list(rows), schema=arrow_schema(schema))
    # those of Arrow leave NaN out, by which Spark would skip rows that a filter wants
    pq.write_table(table, path, write_statistics=False)
    return Scan((str(path),), schema)


def fetched(session: Any, text: str, **inputs: Any) -> list[Row]:
    """Return the rows of a query over relations given by name."""
    relations = {k: v.scan() if isinstance(v, Written) else v for k, v in inputs.items()}
    return session.fetch(query(text), relations).to_pylist()


def rows_of(written: Written | Sequence[Any]) -> list[Row]:
    """Return the rows of the files of a relation, as pyarrow reads them."""
    files = written.files if isinstance(written, Written) else written
    return [row for file in files for row in pq.read_table(file.path).to_pylist()]


def as_read(row: Row) -> Row:
    """Return a row as every engine gives it back: minus zero is zero."""
    return {k: v + 0.0 if isinstance(v, float) else v for k, v in row.items()}


def same(found: Iterable[Row], expected: Iterable[Row]) -> None:
    """Assert that two relations have the same rows, whatever their order."""
    assert sorted(map(_spelt, found)) == sorted(map(_spelt, map(as_read, expected)))


def _spelt(row: Row) -> str:
    """Spell a row; NaN equals itself, and a minus before a zero shows."""
    return repr(sorted((name, _told(value)) for name, value in row.items()))


def _told(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:.10f}"
    return value.isoformat() if isinstance(value, dt.datetime) else repr(value)
