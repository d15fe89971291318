"""One way to read a raw file into Parquet, in a process of its own.

    python -m bench.reading make csv|jsonl PATH MEGABYTES
    python -m bench.reading backbone|duckdb|polars csv|jsonl PATH OUT

`backbone` reads as a formatted table does: exact values, rejected records and cells
beside the rows, which know their file and record. The others are given the schema and
stop at the first value that is none. Prints how many rows there are.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import duckdb

__all__ = ["COLUMNS", "WAYS"]

COLUMNS = {
    "id": ("integer", "BIGINT"),
    "at": ("datetime", "TIMESTAMP"),
    "day": ("date", "DATE"),
    "meter": ("string", "VARCHAR"),
    "place": ("string", "VARCHAR"),
    "energy": ("decimal(18,3)", "DECIMAL(18,3)"),
    "celsius": ("double", "DOUBLE"),
    "valid": ("boolean", "BOOLEAN"),
}
"""The columns of the file, as Backbone and as DuckDB have them."""

_ROWS = """
select i as id,
    timestamp '2020-01-01' + to_seconds(i * 7) as at,
    date '2020-01-01' + (i % 2000)::integer as day,
    'RS-' || lpad((i * 7919 % 100000)::varchar, 6, '0') as meter,
    case when i % 5 = 0 then 'Novi Beograd, blok ' || (i % 70) else 'Zemun' end as place,
    (i * 104729 % 100000000 / 1000)::decimal(18,3) as energy,
    round((i * 31 % 4000) / 100.0 - 10, 2)::double as celsius,
    i % 3 = 0 as valid
from range(?) as numbers(i)
"""
_ROW_BYTES = {"csv": 75, "jsonl": 165}
_FORMATS = {"csv": "format csv, header", "jsonl": "format json"}


def make(kind: str, path: str, megabytes: str) -> int:
    """Write a file of about so many megabytes; return its rows."""
    rows = int(megabytes) * 1_000_000 // _ROW_BYTES[kind]
    query = _ROWS.replace("?", str(rows))
    duckdb.execute(f"copy ({query}) to '{path}' ({_FORMATS[kind]})")
    return rows


def by_backbone(kind: str, path: str, out: str) -> int:
    """Read as a formatted table does."""
    from backbone.engines.duckdb import DuckDBEngine  # noqa: PLC0415 - of this way alone
    from backbone.engines.protocol import RawRead  # noqa: PLC0415
    from backbone.model.raw import RawColumn, RawFormat, RawObject  # noqa: PLC0415
    from backbone.model.types import CanonicalType  # noqa: PLC0415

    columns = tuple(
        RawColumn(name, CanonicalType.parse(type_), (name,))
        for name, (type_, _) in COLUMNS.items()
    )
    objects = (RawObject(path, Path(path).name, "measured"),)
    form = RawFormat("csv" if kind == "csv" else "jsonl")
    with DuckDBEngine().session() as session:
        result = session.read_raw(RawRead(objects, form, columns), Path(out))
    return result.account.check(path).formatted


def by_duckdb(kind: str, path: str, out: str) -> int:
    """Let DuckDB's own reader go straight to Parquet, with the schema given."""
    Path(out).mkdir()
    types = ", ".join(f"'{name}': '{sql}'" for name, (_, sql) in COLUMNS.items())
    if kind == "csv":
        given = "header = true, auto_detect = false, delim = ',', quote = '\"'"
        source = f"read_csv('{path}', {given}, columns = {{{types}}})"
    else:
        given = "format = 'newline_delimited'"
        source = f"read_json('{path}', {given}, columns = {{{types}}})"
    target = f"'{out}/part.parquet' (format parquet)"
    found = duckdb.execute(f"copy (from {source}) to {target}").fetchone()
    return int(found[0]) if found else 0


def by_polars(kind: str, path: str, out: str) -> int:
    """Let polars stream to Parquet, with the schema given."""
    polars = importlib.import_module("polars")
    Path(out).mkdir()
    kinds = {
        "BIGINT": polars.Int64, "TIMESTAMP": polars.Datetime("us"), "DATE": polars.Date,
        "VARCHAR": polars.String, "DECIMAL(18,3)": polars.Decimal(18, 3),
        "DOUBLE": polars.Float64, "BOOLEAN": polars.Boolean,
    }  # fmt: skip
    schema = {name: kinds[sql] for name, (_, sql) in COLUMNS.items()}
    scan = polars.scan_csv if kind == "csv" else polars.scan_ndjson
    target = f"{out}/part.parquet"
    scan(path, schema=schema).sink_parquet(target)
    return int(polars.scan_parquet(target).select(polars.len()).collect().item())


WAYS = {"backbone": by_backbone, "duckdb": by_duckdb, "polars": by_polars}


def main() -> None:
    """Do what the command line says."""
    way, kind, path, last = sys.argv[1:]
    print(make(kind, path, last) if way == "make" else WAYS[way](kind, path, last))


if __name__ == "__main__":
    main()
