"""Raw files with the habits of real ones, and what is read of them."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from backbone.engines.protocol import RawRead, RawResult, Written
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import CanonicalType

__all__ = ["READS", "habitual_read", "outcome"]

COLUMNS = (
    ("id", "integer", {}),
    ("amount", "decimal(9,2)", {}),
    ("at", "timestamp", {"timezone": "Europe/Paris", "on_bad_cell": "reject"}),
    ("note", "string", {}),
    ("ratio", "double", {}),
    ("day", "date", {"sql": "cast(timezone('Europe/Paris', at) as date)"}),
    ("origin", "string", {"sources": ("$file",)}),
)
READS = ("csv", "semicolons", "latin", "lines", "document", "parquet", "small")


def habitual_read(folder: Path, kind: str, records: int = 450) -> RawRead:
    """Write the files of a kind into `folder`; return what is asked of them."""
    folder.mkdir(parents=True, exist_ok=True)
    objects, form = _KINDS[kind](records)
    for name, data in objects.items():
        (folder / name).write_bytes(data)
    columns = tuple(
        RawColumn(
            name,
            CanonicalType.parse(type_),
            **({} if "sql" in more else {"sources": (name,)}) | more,
        )
        for name, type_, more in COLUMNS
    )
    paths = tuple(RawObject(str(folder / name), name, "d1") for name in objects)
    return RawRead(paths, form, columns)


def outcome(result: RawResult) -> dict[str, object]:
    """Return everything that a result says, but for where files are cut."""
    return {
        "rows": _rows(result.main),
        "rejected": _rows(result.rejected),
        "cells": _rows(result.rejected_cells),
        "accounts": dict(result.accounts),
        "undeclared": list(result.undeclared.items()),
        "refused": list(result.refused.items()),
        "schemas": [each.schema for each in _relations(result)],
        "counted": [each.rows for each in _relations(result)],
    }


def _relations(result: RawResult) -> list[Written]:
    return [result.main, result.rejected, result.rejected_cells]


def _rows(written: Written) -> list[tuple[object, ...]]:
    """Return all rows, sorted; NaN as text, so that it is equal to itself."""
    tables = [pq.read_table(file.path) for file in written.files]
    assert [t.num_rows for t in tables] == [file.rows for file in written.files]
    rows = [
        tuple(str(v) if v != v else v for v in row.values())  # noqa: PLR0124 - NaN
        for table in tables
        for row in table.to_pylist()
    ]
    return sorted(rows, key=repr)


def _values(records: int) -> Iterator[dict[str, str]]:
    """Yield records, some of them with cells that have no value."""
    for n in range(records):
        at = f"2021-{n % 12 + 1:02}-{n % 28 + 1:02} {n % 24:02}:15:00"
        yield {
            "id": "x" if n % 97 == 5 else "" if n % 89 == 3 else str(n),
            "amount": "1.239" if n % 83 == 7 else f"{n}.{n % 100:02}",
            # clocks that skip an hour, and show one twice
            "at": "2021-03-28 02:30:00"
            if n % 101 == 9
            else "2021-10-31 02:30:00"
            if n % 103 == 9
            else at,
            "note": f'line {n}\r\n"quoted", é{"🐝" * (n % 3)}' if n % 4 else f"plain {n}",
            "ratio": ("nan", "-inf", "-0.0", "1e400", f"{n / 7!r}")[n % 5],
            "unread": "b\xe4h",
        }


def _line(row: dict[str, str], delimiter: str, names: list[str]) -> str:
    def cell(text: str) -> str:
        needs = any(sign in text for sign in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    return delimiter.join(cell(row[name]) for name in names)


def _delimited(records: int, delimiter: str, end: str) -> str:
    rows = list(_values(records))
    names = list(rows[0])
    made = io.StringIO()
    made.write(delimiter.join(names) + end)
    for n, row in enumerate(rows):
        line = _line(row, delimiter, names)
        if n % 71 == 11:
            line = delimiter.join(line.split(delimiter)[:2])  # a ragged row
        if n % 113 == 20:
            line = ""
        if n % 127 == 30:
            line = line.replace("plain", 'pl"ain').replace("line", '"li"ne', 1)
        if n % 131 == 40:
            line = line.replace("é", "\0")
        made.write(line + (end if n % 5 else "\n"))
    return made.getvalue()


def _csv(records: int) -> tuple[dict[str, bytes], RawFormat]:
    text = _delimited(records, ",", "\r\n")
    opened = text + '7,"never closed\n' + text.partition("\n")[2]
    invalid = text.encode().replace("é🐝".encode(), b"\xe9", 3)
    return {
        "a.csv": b"\xef\xbb\xbf" + text.encode(),
        "empty.csv": b"",
        "invalid.csv": invalid,
        "open.csv": opened.encode(),
        "page.csv": b"<!doctype html><html></html>" * 20,
        "quiet.csv": text.partition("\n")[0].encode(),
        "renamed.csv": text.replace("amount", "amonut", 1).encode(),
        "zipped.csv": gzip.compress(text.encode(), mtime=0),
    }, RawFormat("csv", max_record_bytes=2_000)


def _semicolons(records: int) -> tuple[dict[str, bytes], RawFormat]:
    text = _delimited(records, ";", "\n").replace('"', "'")
    form = RawFormat("csv", delimiter=";", quote="'", nulls=("", "NA"))
    return {"a.csv": text.encode()}, form


def _latin(records: int) -> tuple[dict[str, bytes], RawFormat]:
    text = _delimited(records, ",", "\n").replace("🐝", "")
    return {"a.csv": text.encode("latin-1")}, RawFormat("csv", encoding="latin-1")


def _lines(records: int) -> tuple[dict[str, bytes], RawFormat]:
    made = []
    for n, row in enumerate(_values(records)):
        line = json.dumps(row, ensure_ascii=bool(n % 2))
        if n % 61 == 8:
            line = line[:-1]
        if n % 67 == 8:
            line = ""
        if n % 79 == 8:
            line = line[:-1] + ', "id": 1}'
        if n % 59 == 8:
            line = json.dumps(row | {f"late{n % 3}": 1, "id": n, "note": None})
        made.append(line)
    data = "\n".join(made).encode() + b"\n\n\n\n"
    other = b"\n".join(b'{"id": %d}' % n for n in range(records))
    return {"a.jsonl": data, "lacking.jsonl": other, "b.jsonl": data}, RawFormat("jsonl")


def _document(records: int) -> tuple[dict[str, bytes], RawFormat]:
    data = json.dumps({"data": {"items": list(_values(records))}}).encode()
    return {
        "a.json": data,
        "b.json": data[:-1],
        "c.json": data.replace(b"items", b"itmes", 1),
    }, RawFormat("json", records="data.items")


def _parquet(records: int) -> tuple[dict[str, bytes], RawFormat]:
    table = pa.Table.from_pylist(list(_values(records)))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=max(1, records // 9))
    whole = sink.getvalue().to_pybytes()
    broken = bytearray(whole)
    broken[4 : len(whole) // 4] = b"\xff" * (len(whole) // 4 - 4)
    narrow = pa.BufferOutputStream()
    pq.write_table(table.drop_columns(["note"]), narrow)
    return {
        "a.parquet": whole,
        "broken.parquet": bytes(broken),
        "narrow.parquet": narrow.getvalue().to_pybytes(),
        "short.parquet": whole[:-9],
    }, RawFormat("parquet")


def _small(records: int) -> tuple[dict[str, bytes], RawFormat]:
    text = _delimited(4, ",", "\n")
    return {f"{n:04}.csv": text.encode() for n in range(records // 10)}, RawFormat("csv")


_KINDS = {
    "csv": _csv,
    "document": _document,
    "latin": _latin,
    "lines": _lines,
    "parquet": _parquet,
    "semicolons": _semicolons,
    "small": _small,
}
