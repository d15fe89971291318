"""Files that are no delimited text: their records as texts, their types where known.

A bounded part of a file is read: whole row groups of Parquet, lines spread over a file of
JSON lines or a log. JSON is parsed by Python, numbers kept as they are written.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import feather, orc
from pyarrow import parquet as pq

from backbone.engines.raw.looking.dialects import Dialect
from backbone.engines.raw.looking.encodings import Encoding
from backbone.engines.raw.looking.fixed import fixed_fields, fixed_texts
from backbone.engines.raw.looking.pieces import parts_of
from backbone.engines.raw.looking.workbooks import workbook_texts
from backbone.errors import DataError

__all__ = ["KINDS", "Records", "records_of"]

KINDS = ("json", "jsonl", "parquet", "feather", "orc", "sqlite", "log", "excel", "fixed")
"""Formats that are looked at here."""

_LOG_DIALECT = Dialect("\x01", "")
_MOST_ROWS = 400_000
_CANONICAL = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_uint64, "decimal(20,0)"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "double"),
    (pa.types.is_date, "date"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
    (pa.types.is_null, "string"),
    (pa.types.is_time, "string"),
    (pa.types.is_binary, "string"),
    (pa.types.is_large_binary, "string"),
)
_COMBINED = (
    r"^(?P<host>\S+) (?P<ident>\S+) (?P<user>.+?) \[(?P<time>[^\]]+)\] "
    r'"(?P<request>(?:(?P<method>[A-Z]+) (?P<path>[^" ]*)(?: (?P<protocol>HTTP/[\d.]+))?)'
    r'|(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?P<bytes>\d+|-)'
)
_AGENT = r' "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<user_agent>(?:[^"\\]|\\.)*)"'


@dataclass(frozen=True)
class Records:
    """Records of a file as columns of text.

    `types` has the canonical types of columns that are no texts in the file. `read` are
    the keys that say how the file is read. `children` are lists of records inside of
    records: their paths. `lists` are columns that hold other lists.
    """

    texts: pa.Table
    types: Mapping[str, str] = field(default_factory=dict)
    read: Mapping[str, Any] = field(default_factory=dict)
    children: Mapping[str, int] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    broken: int = 0
    whole: bool = True


def records_of(path: Path, kind: str, encoding: Encoding | None, at_most: int) -> Records:
    """Read records of a file.

    Parameters
    ----------
    kind : one of `KINDS`
    at_most : bytes that are looked at, of text

    Raises
    ------
    DataError : it is damaged, or holds no records
    """
    name = encoding.name if encoding else "utf-8"
    made: dict[str, Callable[[], Records]] = {
        "json": lambda: _document(path, name),
        "jsonl": lambda: _lines(path, name, at_most),
        "log": lambda: _log(path, name, at_most),
        "fixed": lambda: _fixed(path, name, at_most),
        "sqlite": lambda: _sqlite(path),
        "excel": lambda: _workbook(path),
    }
    try:
        return made[kind]() if kind in made else _arrow(path, kind)
    except (pa.ArrowException, OSError, sqlite3.Error) as error:
        text = str(error).partition("\n")[0]
        raise DataError(f"{path.name} cannot be read as {kind}: {text}") from error


def _workbook(path: Path) -> Records:
    texts, read = workbook_texts(path)
    return Records(texts, {}, read)


def _texts_of_lines(path: Path, encoding: str, at_most: int) -> Iterator[bytes]:
    parts = parts_of(
        path, encoding, _LOG_DIALECT, skip_lines=0, footer_lines=0, at_most=at_most
    )
    for part in parts:
        yield from part.data.splitlines()


def _lines(path: Path, encoding: str, at_most: int) -> Records:
    rows: list[dict[str, Any]] = []
    broken = 0
    for line in _texts_of_lines(path, encoding, at_most):
        record = _parsed(line) if line.strip() else None
        if isinstance(record, dict):
            rows.append(record)
        elif line.strip():
            broken += 1
        if len(rows) >= _MOST_ROWS:
            break
    if not rows:
        raise DataError(f"{path.name} holds no JSON objects")
    whole = path.stat().st_size <= at_most
    return _flat(rows, {"format": "jsonl"}, broken=broken, whole=whole)


def _parsed(text: bytes | str) -> Any:
    try:
        return json.loads(text, parse_float=_Written, parse_int=_Written)
    except ValueError:
        return None


class _Written(str):
    """A number of JSON, as it is written."""

    __slots__ = ()


def _document(path: Path, encoding: str) -> Records:
    document = _parsed(path.read_bytes().decode(encoding, errors="replace"))
    if document is None:
        raise DataError(f"{path.name} is no JSON")
    place, rows = _longest(document)
    if not rows:
        raise DataError(f"{path.name} holds no list of records")
    read = {"format": "json"} | ({"records": place} if place else {})
    whole = len(rows) <= _MOST_ROWS
    return _flat(rows[:_MOST_ROWS], read, broken=0, whole=whole)


def _longest(document: Any) -> tuple[str, list[dict[str, Any]]]:
    """Return the longest list of records that no list is around, and its place."""
    if isinstance(document, list):
        return "", [each for each in document if isinstance(each, dict)]
    best: tuple[str, list[dict[str, Any]]] = ("", [])
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, (dict, list)):
            place, rows = _longest(value)
            if len(rows) > len(best[1]):
                best = (f"{name}.{place}" if place else name, rows)
    return best if best[1] else ("", [document] if isinstance(document, dict) else [])


def _flat(
    rows: Sequence[dict[str, Any]], read: Mapping[str, Any], *, broken: int, whole: bool
) -> Records:  # fmt: skip
    columns: dict[str, list[str | None]] = {}
    kinds: dict[str, set[str]] = {}
    children: dict[str, int] = {}
    lists: dict[str, None] = {}
    for number, row in enumerate(rows):
        for name, value in _leaves(row):
            if isinstance(value, list):
                records = sum(isinstance(each, dict) for each in value)
                if records:
                    children[name] = children.get(name, 0) + records
                elif value:
                    lists[name] = None
                continue
            column = columns.setdefault(name, [])
            column.extend([None] * (number - len(column)))
            column.append(_text(value))
            if value is not None:
                kinds.setdefault(name, set()).add(_kind(value))
    for column in columns.values():
        column.extend([None] * (len(rows) - len(column)))
    table = pa.table({n: pa.array(c, pa.string()) for n, c in columns.items()})
    types = {name: "boolean" for name, found in kinds.items() if found == {"boolean"}}
    left = tuple(name for name in lists if name not in children)
    return Records(table, types, read, children, left, broken, whole)


def _leaves(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _leaves(each, f"{before}{name}.")
        else:
            yield f"{before}{name}", each


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, _Written) else "text"


def _log(path: Path, encoding: str, at_most: int) -> Records:
    lines = [
        line.decode("utf-8", "replace")
        for line in _texts_of_lines(path, encoding, at_most)
    ]
    texts = pa.array([line for line in lines if line.strip()], pa.string())
    for pattern, spelt in ((_COMBINED + _AGENT, "combined"), (_COMBINED, "common")):
        found = pc.extract_regex(texts, f"{pattern}$")
        broken = found.null_count
        if broken * 10 <= len(texts):
            struct = found.drop_null()
            names = [each.name for each in struct.type]
            columns = {n: _without_dash(pc.struct_field(struct, [n])) for n in names}
            read = {"format": "log", "pattern": spelt}
            whole = path.stat().st_size <= at_most
            return Records(pa.table(columns), {}, read, broken=broken, whole=whole)
    raise DataError(f"{path.name} looks like a log, but its lines are of no known format")


def _fixed(path: Path, encoding: str, at_most: int) -> Records:
    lines = [
        line.decode("utf-8", "replace")
        for line in _texts_of_lines(path, encoding, at_most)
    ]
    found = fixed_fields("\n".join(lines))
    if found is None:
        raise DataError(f"{path.name}: its lines have no fields at the same places")
    read: dict[str, Any] = {
        "format": "fixed",
        "fields": {name: list(place) for name, place in found.fields.items()},
    }
    if found.skip:
        read["skip"] = found.skip
    body = [line for line in lines[found.skip :] if line.strip()]
    whole = path.stat().st_size <= at_most
    return Records(fixed_texts(body, found), {}, read, whole=whole)


def _without_dash(column: pa.Array) -> pa.Array:
    empty = pc.is_in(column, pa.array(["-", ""]))
    return pc.if_else(empty, pa.scalar(None, pa.string()), column)


def _sqlite(path: Path) -> Records:
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as database:
        tables = [
            name
            for (name,) in database.execute(
                "select name from sqlite_schema where type = 'table'"
                " and name not like 'sqlite_%' order by name"
            )
        ]
        if not tables:
            raise DataError(f"{path.name} holds no table")
        quoted = '"' + tables[0].replace('"', '""') + '"'
        rows = database.execute(f"select * from {quoted} limit {_MOST_ROWS}")
        names = [each[0] for each in rows.description]
        columns = list(zip(*rows.fetchall(), strict=True)) or [() for _ in names]
    texts = {
        n: pa.array(map(_cell, c), pa.string())
        for n, c in zip(names, columns, strict=True)
    }
    read = {"format": "sqlite"} | ({"table": tables[0]} if len(tables) > 1 else {})
    return Records(pa.table(texts), {}, read)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _arrow(path: Path, kind: str) -> Records:
    table, whole = _table(path, kind)
    texts, types, lists = {}, {}, []
    for name, column in _columns(table):
        canonical = _canonical(column.type)
        if canonical is None:
            lists.append(name)
            continue
        texts[name] = column.cast(pa.string())
        if canonical != "string":
            types[name] = canonical
    return Records(
        pa.table(texts), types, {"format": kind}, lists=tuple(lists), whole=whole
    )


def _table(path: Path, kind: str) -> tuple[pa.Table, bool]:
    if kind == "feather":
        return feather.read_table(path, memory_map=True), True
    if kind == "orc":
        return orc.ORCFile(path).read(), True
    file = pq.ParquetFile(path)
    groups = file.num_row_groups
    if not file.metadata.num_rows or file.metadata.num_rows <= _MOST_ROWS:
        return file.read(), True
    rows = file.metadata.num_rows / groups
    count = max(1, min(groups, int(_MOST_ROWS // rows)))
    places = sorted({round(n * (groups - 1) / max(1, count - 1)) for n in range(count)})
    return file.read_row_groups(places), count == groups


def _columns(table: pa.Table, before: str = "") -> Iterator[tuple[str, pa.ChunkedArray]]:
    """Yield columns; what is inside a value is called by a dotted name."""
    for each in table.schema:
        column = table[each.name]
        if pa.types.is_struct(each.type):
            arrays = column.combine_chunks()
            inner = pa.Table.from_arrays(
                arrays.flatten(), names=[f.name for f in each.type]
            )
            yield from _columns(inner, f"{before}{each.name}.")
        else:
            if pa.types.is_dictionary(each.type):
                column = column.cast(each.type.value_type)
            yield f"{before}{each.name}", column


def _canonical(kind: pa.DataType) -> str | None:
    """Return the canonical type of a type of Arrow; None of lists and their like."""
    if pa.types.is_decimal(kind):
        return f"decimal({min(38, kind.precision)},{max(0, kind.scale)})"
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz else "datetime"
    return next((name for is_such, name in _CANONICAL if is_such(kind)), None)
