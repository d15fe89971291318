"""Raw files with the habits of real ones, and what is read of them."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from backbone.engines.protocol import RawRead, RawResult, Written
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import CanonicalType
from backbone.project.reads import AvroRead, FixedRead, JsonRead, LogRead

__all__ = ["READS", "habitual_read", "outcome", "random_read"]

COLUMNS = (
    ("id", "integer", {}),
    ("amount", "decimal(9,2)", {}),
    ("at", "timestamp", {"timezone": "Europe/Paris", "on_bad_cell": "reject"}),
    (
        "cost",
        "decimal(9,2)",
        {"sources": ("amount",), "thousands": ",", "prefix": ("€",)},
    ),
    (
        "seen",
        "timestamp",
        {
            "sources": ("at",),
            "format": ("iso", "epoch_s"),
            "missing": "forward",
            "timezone": "Europe/Paris",
            "ambiguous": "first",
        },
    ),
    ("note", "string", {}),
    ("ratio", "double", {}),
    ("day", "date", {"sql": "cast(timezone('Europe/Paris', at) as date)"}),
    ("origin", "string", {"sources": ("$file",)}),
)
READS = (
    "csv", "semicolons", "layout", "latin", "lines", "document", "parquet", "small",
    "fixed", "log", "entries", "avro", "children",
)  # fmt: skip


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


def _layout(records: int) -> tuple[dict[str, bytes], RawFormat]:
    """Lines before, between and behind the records that are none."""
    text = _delimited(records, ",", "\n")
    header, _, rest = text.partition("\n")
    form = RawFormat(
        "csv", skip=2, header=2, units=2, comment="#", repeated_header=True,
        blank_lines="skip", trim=True, escape="\\",
    )  # fmt: skip
    units = ",".join("kW" for _ in header.split(","))
    begun = f'An "odd title\n\n# made by hand, "so\n{header}\n\n{units}\n'
    parts = rest.replace("\nplain", '\n# "5,\nplain')
    lines = [line + "\n" for line in parts.split("\n")]
    for place in range(len(lines) - 2, 0, -40):
        if lines[place].count('"') == 0 and lines[place - 1].count('"') % 2 == 0:
            lines.insert(place, f'# say "no, {place}\n{header}\n')
    return {"a.csv": begun.encode() + "".join(lines).encode()}, form


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


_WIDTHS = {"id": 6, "amount": 10, "at": 20, "ratio": 24, "note": 30}


def _fixed(records: int) -> tuple[dict[str, bytes], RawFormat]:
    made = ["first", "second"]
    for n, row in enumerate(_values(records)):
        cells = (row[name].replace("\r\n", " ") for name in _WIDTHS)
        pairs = zip(cells, _WIDTHS.values(), strict=True)
        line = "".join(cell[:width].ljust(width) for cell, width in pairs)
        made.append("" if n % 71 == 11 else line[: 40 if n % 61 == 8 else None])
    text = "\n".join(made) + "\n\n\n"
    layout = FixedRead(format="fixed", fields=_WIDTHS, skip=2)
    return {
        "a.txt": b"\xef\xbb\xbf" + text.encode(),
        "b.txt": text.replace("\n", "\r\n").encode().replace("é".encode(), b"\xe9", 9),
        "head.txt": b"only\n",
        "zipped.txt": gzip.compress(text.encode(), mtime=0),
    }, layout.raw()


_ENTRY = (
    r"(?P<id>[^|]*)\|(?P<amount>[^|]*)\|(?P<at>[^|]*)\|(?P<ratio>[^|]*)\|(?P<note>.*)"
)


def _logged(records: int) -> bytes:
    made = []
    for n, row in enumerate(_values(records)):
        line = "|".join(row[name] for name in _WIDTHS)
        made.append("garbage" if n % 71 == 11 else line)
    return ("\n".join(made) + "\n").encode()


def _log(records: int) -> tuple[dict[str, bytes], RawFormat]:
    layout = LogRead(format="log", pattern=_ENTRY)
    return {"a.log": _logged(records), "quiet.log": b""}, layout.raw()


def _entries(records: int) -> tuple[dict[str, bytes], RawFormat]:
    layout = LogRead(format="log", pattern=_ENTRY, starts_with=r"[^|]*\|")
    return {"a.log": b"lost\n" + _logged(records)}, layout.raw()


def _avro(records: int) -> tuple[dict[str, bytes], RawFormat]:
    rows = list(_values(records))
    fields = [{"name": name, "type": "string"} for name in rows[0]]
    schema = {"type": "record", "name": "R", "fields": fields}
    made = io.BytesIO()
    fastavro.writer(
        made, schema, rows, sync_interval=4_000, sync_marker=b"0123456789abcdef"
    )
    whole = made.getvalue()
    return {"a.avro": whole, "cut.avro": whole[:-9]}, AvroRead(format="avro").raw()


def _children(records: int) -> tuple[dict[str, bytes], RawFormat]:
    rows = list(_values(records))
    made = [json.dumps({"rows": rows[n : n + n % 4]}) for n in range(0, records, 4)]
    made[3] = made[3][:-1]
    layout = JsonRead(format="jsonl", records="rows")
    return {"a.jsonl": "\n".join(made).encode(), "b.jsonl": b"[]"}, layout.raw()


_KINDS = {
    "avro": _avro,
    "children": _children,
    "csv": _csv,
    "document": _document,
    "entries": _entries,
    "fixed": _fixed,
    "latin": _latin,
    "layout": _layout,
    "lines": _lines,
    "log": _log,
    "parquet": _parquet,
    "semicolons": _semicolons,
    "small": _small,
}


Dice = random.Random

# What stands in the cells of a column of real files: values, spellings, and what is none.
CELLS: dict[str, tuple[str, ...]] = {
    "id": ("0", "7", "-12", "+3", "007", "9223372036854775807", "9223372036854775808",
           "2.0", "1e3", "1_000", "0x10", " 5", ""),
    "price": ("1.50", "0", "-0.01", "1234567.89", "12345678.00", "1.239", "1e2", ".5", "NA"),
    "weight": ("1,5", "-0,25", "3", "1.000,5", "", "--"),
    "share": ("0.1", "1e-300", "1e400", "nan", "-inf", "Infinity", "-0", "5e-324", "0x1p3"),
    "at": ("2024-03-31 01:59:59", "2024-03-31 02:30:00", "2024-10-27 02:30:00",
           "2024-02-29 00:00:00", "2023-02-29 00:00:00", "0001-01-01 00:00:00", "noon"),
    "seen": ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000001+05:30",
             "1582-10-14 23:59:59-01:00", "9999-12-31T23:59:59Z", "2024-01-01 00:00"),
    "day": ("31.12.2024", "01.01.1900", "29.02.2023", "1.1.2024", ""),
    "ok": ("true", "FALSE", "t", "1", "0", "yes", "NULL"),
    "note": ("", "plain", "NULL", "NA", "n/a", "caf\u00e9", "\U0001f41d", "a,b;c\td|e",
             'he said "no"', "two\nlines", "two\r\nlines", "it's", "\ufeffmark",
             " spaces ", "nul\0", "\x1b[31m", "=cmd()", "e\u0301", "'"),
}  # fmt: skip
_WIDE = "wide " * 300
_DECLARED: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("id", "integer", {}),
    ("price", "decimal(9,2)", {"nulls": ("NA",)}),
    ("weight", "double", {"sql": "try_cast(replace(mass, ',', '.') as double)"}),
    ("share", "double", {"on_bad_cell": "reject"}),
    ("at", "timestamp", {"timezone": "Europe/Belgrade", "ambiguous": "second"}),
    ("seen", "timestamp", {}),
    ("day", "date", {"format": "%d.%m.%Y"}),
    ("ok", "boolean", {"nulls": ("NULL",)}),
    ("note", "string", {}),
    ("file", "string", {"sources": ("$file",), "pattern": "([a-z]+)[0-9]*"}),
)


def random_read(folder: Path, seed: int) -> RawRead:
    """Write a few files whose layout and content the seed decides."""
    dice = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    form = _random_format(dice)
    objects = []
    for number in range(dice.randint(2, 4)):
        name = f"file{number}.{form.format}"
        data = _random_object(dice, form)
        if dice.random() < (0.3 if form.format == "csv" else 0.05):
            data = gzip.compress(data, mtime=0)
        (folder / name).write_bytes(data)
        objects.append(RawObject(str(folder / name), name, f"d{number % 2}"))
    columns = [RawColumn("mass", CanonicalType.parse("string"), ("weight",))]
    for name, kind, more in _DECLARED:
        sources = {} if "sql" in more else {"sources": (name,)}
        columns.append(RawColumn(name, CanonicalType.parse(kind), **{**sources, **more}))
    return RawRead(tuple(objects), form, tuple(columns))


def _random_format(dice: Dice) -> RawFormat:
    format_ = dice.choice(["csv", "csv", "csv", "jsonl", "json"])
    more = {"delimiter": dice.choice(",;\t|"), "quote": dice.choice("\"'")}
    if format_ == "json":
        more = {"records": dice.choice(["items", "data.rows"])}
    elif format_ == "jsonl":
        more = {}
    encodings = ["utf-8", "utf-8", "utf-8", "utf-16", "latin-1", "cp1252"]
    return RawFormat(
        format_,
        encoding=dice.choice(encodings),
        nulls=dice.choice([("",), ("", "NA"), ("NULL", "n/a"), ()]),
        max_record_bytes=dice.choice([1_000, 1_000_000]),
        **more,
    )


def _random_object(dice: Dice, form: RawFormat) -> bytes:
    count = dice.choice([0, 1, 3, 60])
    bad = dice.choice([0, 0.05, 0.3])
    rows = [_random_record(dice) for _ in range(count)]
    write = {"csv": _random_delimited, "jsonl": _random_lines, "json": _random_document}
    data = write[form.format](dice, form, rows, bad).encode(form.encoding, "replace")
    if form.encoding == "utf-8" and dice.random() < 0.3:
        data = b"\xef\xbb\xbf" + data
    if dice.random() < 0.1:
        data = dice.choice([b"", b"\n", data[: len(data) // 2], b"PK\x03\x04" + data])
    if dice.random() < bad and len(data) > 200:
        at = dice.randrange(150, len(data))
        data = data[:at] + dice.choice([b"\xff", b"\0", b'"', b"\r"]) + data[at + 1 :]
    return data


def _random_record(dice: Dice) -> dict[str, str]:
    record = {name: dice.choice(cells) for name, cells in CELLS.items()}
    if dice.random() < 0.02:
        record["note"] = _WIDE
    return record


def _random_delimited(
    dice: Dice, form: RawFormat, rows: list[dict[str, str]], bad: float
) -> str:
    names = list(CELLS)
    header = dice.choice([names, names, [*names, "more"], [*names[:-1], "Note"]])
    if dice.random() < bad:
        header = [*names, names[0]]  # a name that stands there twice
    end = dice.choice(["\n", "\r\n", "\r"])
    lines = [form.delimiter.join(header)]
    for row in rows:
        cells = [_quoted(dice, row[name], form) for name in names]
        cells += ["x"] * (len(header) - len(names))
        spoil = dice.random()
        if spoil < bad / 3:
            cells = cells[: dice.randint(1, len(cells))]
        elif spoil < bad / 2:
            cells.append("one more")
        elif spoil < bad / 1.5:
            cells[-1] = form.quote + "never closed"
        elif spoil < bad:
            cells = dice.choice([[], [form.quote + "a" + form.quote + "b", *cells[1:]]])
        lines.append(form.delimiter.join(cells))
    return end.join(lines) + dice.choice([end, "", end * 3])


def _quoted(dice: Dice, cell: str, form: RawFormat) -> str:
    if dice.random() < 0.2 or any(
        sign in cell for sign in (form.delimiter, form.quote, "\n", "\r")
    ):
        return form.quote + cell.replace(form.quote, form.quote * 2) + form.quote
    return cell


def _random_lines(
    dice: Dice, form: RawFormat, rows: list[dict[str, str]], bad: float
) -> str:
    lines = []
    for row in rows:
        line = _random_json(dice, row)
        if dice.random() < bad:
            line = dice.choice([line[:-2], "", "[1]", "null", line + line, line + ","])
        lines.append(line)
    return dice.choice(["\n", "\r\n"]).join(lines) + dice.choice(["\n", "", "\n\n"])


def _random_document(
    dice: Dice, form: RawFormat, rows: list[dict[str, str]], bad: float
) -> str:
    records = [
        dice.choice(["1", '"x"', "null"])
        if dice.random() < bad
        else _random_json(dice, row)
        for row in rows
    ]
    text = f"[{', '.join(records)}]"
    for name in reversed((form.records or "").split(".")):
        text = f'{{"page": 1, "{name}": {text}}}'
    return text


def _random_json(dice: Dice, row: dict[str, str]) -> str:
    """Numbers and truths are sometimes those of JSON, names are sometimes missing."""
    values: dict[str, object] = {}
    for name, cell in row.items():
        if dice.random() < 0.05:
            continue
        values[name] = None if dice.random() < 0.05 else cell
        if name in {"id", "price", "ok"} and dice.random() < 0.5:
            values[name] = dice.choice([1, -2.5, True, 10**20, 0.1, {"a": [1]}, "1"])
    return json.dumps(values, ensure_ascii=dice.random() < 0.5)
