"""Avro container files, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from backbone.engines.raw.json_text import MISSING, lookup
from backbone.engines.raw.readers.codecs import completed
from backbone.engines.raw.readers.extras import extra
from backbone.engines.raw.readers.protocol import RawFile, Records
from backbone.engines.raw.streams import opened_file
from backbone.engines.raw.texts import spelt
from backbone.errors import DataError
from backbone.project.reads import AvroRead

__all__ = ["Settings", "mistakes", "read"]

Settings = AvroRead

_NANOS = frozenset({"timestamp-nanos", "local-timestamp-nanos"})
_DEEPEST = 100
_BATCH_ROWS = 16_384
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock, of which the zone is told apart


def mistakes(settings: AvroRead) -> Iterator[str]:  # noqa: ARG001
    """Say that the library is missing, before anything is read."""
    extra("fastavro", "avro")
    yield from ()


def read(file: RawFile, settings: AvroRead) -> Iterator[Records]:
    """Give the records of an object."""
    fastavro = completed(extra("fastavro", "avro"))
    with closing(opened_file(file.path)) as source:
        if source.read(4) != b"Obj\x01":
            raise DataError("not an Avro container file")
        source.seek(0)
        blocks = fastavro.block_reader(source)
        schema = blocks.writer_schema
        _check(schema, {}, 0)
        if not _is_record(schema):
            raise DataError("its records are no Avro records, but plain values")
        mend = _mender(schema)
        names = tuple(each["name"] for each in schema["fields"])
        asked = [each for each in file.columns or names if _has(schema, each)]
        waiting: list[Mapping[str, Any]] = []
        for block in blocks:
            waiting.extend(map(mend, block) if mend else block)
            while len(waiting) >= _BATCH_ROWS:
                batch = _batch(waiting[:_BATCH_ROWS], asked, settings.binary)
                yield Records(batch, columns=names)
                del waiting[:_BATCH_ROWS]
        yield Records(_batch(waiting, asked, settings.binary), columns=names)


def _batch(
    rows: Sequence[Mapping[str, Any]], asked: Sequence[str], binary: str
) -> pa.RecordBatch:
    if not asked:
        return pa.RecordBatch.from_arrays([pa.nulls(len(rows))], [""])
    columns = []
    for source in asked:
        path = source.split(".")
        values = (lookup(dict(row), source, path) for row in rows)
        texts = [None if each is MISSING else spelt(each, binary) for each in values]
        columns.append(pa.array(texts, pa.string()))
    return pa.RecordBatch.from_arrays(columns, list(asked))


def _is_record(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") in {"record", "error"}


def _members(schema: Any) -> list[Any]:
    return schema if isinstance(schema, list) else [schema]


def _check(schema: Any, open_: dict[str, bool], depth: int) -> None:
    """Refuse schemas whose values can be endless: they would end the process.

    A record in itself is decoded by recursion, and items that take no bytes can be
    claimed by the billion.
    """
    if depth > _DEEPEST:
        raise DataError("its schema is nested too deeply")
    for each in _members(schema):
        if isinstance(each, str) and open_.get(each):
            raise DataError(f"its schema has the record `{each}` inside itself")
        if not isinstance(each, dict):
            continue
        kind, name = each.get("type"), str(each.get("name", ""))
        if kind in {"array", "map"}:
            inner = each["items" if kind == "array" else "values"]
            if kind == "array" and _takes_no_bytes(inner):
                raise DataError("its schema has lists of items that take no bytes")
            _check(inner, open_, depth + 1)
        elif _is_record(each):
            open_[name] = True
            for one in each["fields"]:
                _check(one["type"], open_, depth + 1)
            open_[name] = False
        elif isinstance(kind, dict | list):
            _check(kind, open_, depth + 1)


def _takes_no_bytes(schema: Any) -> bool:
    if schema == "null" or (isinstance(schema, dict) and schema.get("type") == "null"):
        return True
    if isinstance(schema, dict) and schema.get("type") == "fixed":
        return bool(schema.get("size") == 0)
    if _is_record(schema):
        return all(_takes_no_bytes(each["type"]) for each in schema["fields"])
    return False


def _has(schema: Any, source: str) -> bool:
    """Tell whether a column, or a dotted path, is in a schema."""
    return _found(schema, [source]) or _found(schema, source.split("."))


def _found(schema: Any, path: Sequence[str]) -> bool:
    if not path:
        return True
    for each in _members(schema):
        fields = each["fields"] if _is_record(each) else []
        for one in fields:
            if one["name"] == path[0] and _found(one["type"], path[1:]):
                return True
    return False


def _mender(schema: Any) -> Any:
    """Return what makes instants of nanoseconds, which the library leaves as numbers."""
    return (lambda value: _mended(value, schema)) if _has_nanos(schema) else None


def _has_nanos(schema: Any) -> bool:
    for each in _members(schema):
        if not isinstance(each, dict):
            continue
        inner = [each.get("items"), each.get("values")]
        inner += [one["type"] for one in each.get("fields", ())]
        if each.get("logicalType") in _NANOS or any(map(_has_nanos, inner)):
            return True
    return False


def _mended(value: Any, schema: Any) -> Any:
    kinds = [each for each in _members(schema) if each != "null"]
    if value is None or len(kinds) != 1 or not isinstance(kinds[0], dict):
        return value
    kind = kinds[0]
    if kind.get("logicalType") in _NANOS and isinstance(value, int):
        return _instant(value, is_utc=not str(kind["logicalType"]).startswith("local"))
    if _is_record(kind):
        types = {each["name"]: each["type"] for each in kind["fields"]}
        return {name: _mended(each, types[name]) for name, each in value.items()}
    if isinstance(value, list):
        return [_mended(each, kind["items"]) for each in value]
    if isinstance(value, dict):
        return {name: _mended(each, kind["values"]) for name, each in value.items()}
    return value


def _instant(nanos: int, *, is_utc: bool) -> str:
    micros, rest = divmod(nanos, 1000)
    moment = _EPOCH + timedelta(microseconds=micros)
    text = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond:06}"
    return text + (f"{rest:03}" if rest else "") + ("Z" if is_utc else "")
