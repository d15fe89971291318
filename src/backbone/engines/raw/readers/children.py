"""Nested JSON: the items of lists inside records as records of their own.

`records` leads through objects and lists to the records; each knows the objects around
it: ``^.id`` is a value of its parent, ``^^.id`` of that one's, ``^position`` its place in
the list, ``^record`` the number that the parent has in a table of parents. A step ``*``
leads through all values of an object, and ``^key`` is the key of the one that was taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from backbone.engines.raw.documents import behind_text, line_layout, strange
from backbone.engines.raw.json_text import (
    MISSING,
    RecordError,
    lookup,
    parse_any,
    parse_record,
    text_of,
)
from backbone.engines.raw.readers.lazy import RawTexts
from backbone.engines.raw.readers.protocol import RawFile, Records, Rejected
from backbone.engines.raw.records import BLANK
from backbone.engines.raw.streams import opened, windows
from backbone.errors import DataError, bounded
from backbone.project.reads import JsonRead

__all__ = ["Settings", "read"]

Settings = JsonRead

VALUE, EVERY = "value", "*"
_READ_BYTES = 8 << 20
_BATCH_ROWS = 16_384


def read(file: RawFile, settings: JsonRead) -> Iterator[Records]:
    """Give the records of a document, or of all lines."""
    walk = _Walk(file, settings.records.split(".") if settings.records else [])
    texts = _document if settings.format == "json" else _lines
    for value in texts(file, settings):
        walk.take(value)
        if len(walk.rows) >= _BATCH_ROWS:
            yield walk.given()
    yield walk.given()
    walk.check()


def _document(file: RawFile, settings: JsonRead) -> Iterator[Any]:
    with closing(opened(file.path, settings.encoding)) as stream:
        data = b"".join(iter(partial(stream.read, _READ_BYTES), b""))
    try:
        yield parse_any(data.decode("utf-8", errors="surrogateescape"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DataError(f"not JSON: {error.msg} at {place}") from error
    except RecordError as error:
        raise DataError(str(error)) from error
    except RecursionError as error:
        raise DataError("nested too deeply") from error


def _lines(file: RawFile, settings: JsonRead) -> Iterator[Any]:
    """Yield what is on every line: an object, or why it cannot be read."""
    layout = line_layout(settings.raw())
    waiting = 1
    with closing(opened(file.path, settings.encoding)) as stream:
        for window in windows(stream, layout, _READ_BYTES, first=1):
            if window.first == 1 and (problem := strange(window)):
                raise DataError(problem)
            behind = max(waiting, behind_text(window))
            yield from (Rejected(BLANK) for _ in range(waiting, window.first))
            for number in range(window.first, behind):
                reason = window.records.bad.get(number - window.first)
                if reason:
                    yield Rejected(reason, window.text_of(number))
                    continue
                line = window.bytes_of(number - window.first)
                try:
                    yield parse_record(line.decode("utf-8", errors="surrogateescape"))
                except RecordError as error:
                    yield Rejected(str(error), window.text_of(number))
            waiting = behind


@dataclass
class _Row:
    number: int
    value: dict[str, Any]
    above: tuple[dict[str, Any], ...]
    position: int
    parent: int
    key: str | None


@dataclass
class _Walk:
    """Records on their way into a batch."""

    file: RawFile
    path: Sequence[str]
    rows: list[_Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    met: dict[str, None] = field(default_factory=dict)
    around: dict[str, None] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    count: int = 0
    parents: int = 0
    found: bool = False
    key: str | None = None

    def take(self, value: Any) -> None:
        """Take what a document or a line holds."""
        if isinstance(value, Rejected):
            self.parents += 1
            self._reject(value.reason, value.raw)
        else:
            self._below(value, self.path, (), 1, is_item=True)

    def _reject(self, reason: str, raw: str) -> None:
        self.count += 1
        self.rejected.append(Rejected(reason, raw, number=self.count))

    def _below(
        self,
        value: Any,
        path: Sequence[str],
        above: tuple[dict[str, Any], ...],
        position: int,
        *,
        is_item: bool,
    ) -> None:
        if isinstance(value, list):
            for n, item in enumerate(value, start=1):
                self._below(item, path, above, n, is_item=True)
        elif not path:
            if value is not None or is_item:
                self._add(value, above, position)
        elif value is None:
            self.parents += is_item and len(path) == 1
        elif not isinstance(value, dict):
            self.parents += 1
            what = f"there is no object with the key `{path[0]}`"
            self._reject(what, _sound(text_of(value)) or "")
        else:
            self.parents += len(path) == 1
            self.around.update(dict.fromkeys(value))
            if path[0] == EVERY:
                self._every(value, path[1:], above)
                return
            inner = value.get(path[0], MISSING)
            if inner is not MISSING:
                self.found = True
                self._below(inner, path[1:], (*above, value), 1, is_item=False)

    def _every(
        self,
        value: dict[str, Any],
        path: Sequence[str],
        above: tuple[dict[str, Any], ...],
    ) -> None:
        """Go on below every value of an object, whose key is remembered."""
        before = self.key
        for n, (key, inner) in enumerate(value.items(), start=1):
            self.key = key
            self._below(inner, path, (*above, value), n, is_item=True)
        self.key = before

    def _add(self, value: Any, above: tuple[dict[str, Any], ...], position: int) -> None:
        self.count += 1
        self.found = True
        record = value if isinstance(value, dict) else {VALUE: value}
        self.met.update(dict.fromkeys(record))
        row = _Row(self.count, record, above, position, self.parents, self.key)
        self.rows.append(row)

    def given(self) -> Records:
        """Return the records that wait, as a batch."""
        rows, self.rows = self.rows, []
        rejected, self.rejected = tuple(self.rejected), []
        asked = self.file.columns or tuple(self.met)
        columns = {source: self._texts(rows, source) for source in asked}
        known = self.sources if self.file.columns else set(asked)
        kept = {source: texts for source, texts in columns.items() if source in known}
        made = kept or {"": pa.nulls(len(rows))}
        batch = pa.RecordBatch.from_arrays(list(made.values()), list(made))
        numbers = [row.number for row in rows]
        raws = RawTexts([row.value for row in rows], _as_json)
        return Records(batch, numbers, rejected, tuple(self.met), raws)

    def _texts(self, rows: Sequence[_Row], source: str) -> pa.Array:
        """Return the text of a column, and remember whether any record has it."""
        if source.startswith("^"):
            values = [self._around(row, source) for row in rows]
        elif "." in source:
            path = source.split(".")
            values = [lookup(row.value, source, path) for row in rows]
        else:
            values = [row.value.get(source, MISSING) for row in rows]
        if source not in self.sources and any(each is not MISSING for each in values):
            self.sources.add(source)
        texts = [_sound(text_of(each)) for each in values]
        return pa.array(texts, pa.string())

    def _around(self, row: _Row, source: str) -> Any:
        if source == "^position":
            return str(row.position).encode()
        if source == "^record":
            return str(row.parent).encode()
        if source == "^key":
            return MISSING if row.key is None else row.key
        name = source.lstrip("^")
        levels = len(source) - len(name)
        if levels and name.startswith("."):
            if levels > len(row.above):
                return MISSING
            return lookup(row.above[-levels], name[1:], name[1:].split("."))
        return lookup(row.value, source, source.split("."))

    def check(self) -> None:
        """Refuse an object in which nothing is where the records should be."""
        if not self.found and self.around:
            there = bounded([f"`{name}`" for name in self.around])
            path = ".".join(self.path)
            raise DataError(f"nothing is at `{path}`; there is {there}")


def _as_json(value: Any) -> str:
    return _sound(text_of(value)) or ""


def _sound(text: str | bytes | None) -> str | None:
    r"""Return text that is sound, of bytes too; what is not is a NUL."""
    try:
        found = text.decode() if isinstance(text, bytes) else text
        if found is not None and not found.isascii():
            found.encode()
    except UnicodeError:
        return "\0"
    return found
