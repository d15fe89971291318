"""XML: elements as records, streamed.

A column is a child's text (``name``), what is deeper (``address.city``), an attribute
(``@id``, ``price.@currency``) or the element's own text (``text()``). Blanks around texts
are taken away. A document that declares entities is refused: whatever they would be
good for, they can be made to grow without bounds or to read other files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import pyarrow as pa

from backbone.engines.raw.readers.lazy import RawTexts
from backbone.engines.raw.readers.protocol import RawFile, Records, Rejected
from backbone.engines.raw.records import LONG
from backbone.engines.raw.streams import opened_file
from backbone.errors import DataError
from backbone.project.reads import XmlRead

__all__ = ["Settings", "read"]

Settings = XmlRead

_READ_BYTES = 1 << 18
_TOKEN_BYTES = 64 << 20
_DEEPEST = 256
_BATCH_ROWS = 8_192
_BATCH_BYTES = 16 << 20
_KNOWN_PATHS = 10_000
_END = "\0"  # stands in no name
_NIL = "http://www.w3.org/2001/XMLSchema-instance}nil"
_TWICE = "stands more than once in the record; with `records` that end there, each is one"
_INNER = "has elements inside; name one of them"


def read(file: RawFile, settings: XmlRead) -> Iterator[Records]:
    """Give the elements of a document."""
    walk = _Walk(file, settings)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    given = 0
    with closing(opened_file(file.path)) as source:
        try:
            while chunk := source.read(_READ_BYTES):
                given += len(chunk)
                parser.Parse(chunk, False)
                if given - parser.CurrentByteIndex > _TOKEN_BYTES:
                    raise DataError("a tag of the document is too long")
                yield from walk.ready()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            place = f"line {error.lineno:,}, column {error.offset + 1:,}"
            raise DataError(f"not XML: {what} at {place}") from error
    walk.close()
    yield from walk.ready()
    if not walk.met:
        raise DataError(f"the document has no elements `{settings.records}`")


def _refuse(*_: Any) -> int:
    raise DataError("the document declares entities, which are never read")


def _matcher(path: str, spaces: dict[str, str]) -> re.Pattern[str]:
    """Return what matches the way down to an element, from a path of names."""
    if not path.startswith("/"):
        path = f"//{path}"
    made = ""
    for sign, step in re.findall(r"(//?)([^/]+)", path):
        prefix, _, name = step.rpartition(":")
        inner = f"[^{_END}]*" if name == "*" else re.escape(name)
        if prefix and prefix not in spaces:
            raise DataError(f"`namespaces` does not say what `{prefix}` is")
        own = f"{re.escape(spaces[prefix])}}}" if prefix else rf"(?:[^{_END}]*\}})?"
        made += (f"(?:{_END}[^{_END}]*)*" if sign == "//" else "") + _END + own + inner
    return re.compile(made)


class _Path:
    """Tells which elements are meant by a path."""

    def __init__(self, path: str, spaces: dict[str, str]) -> None:
        self._pattern = _matcher(path, spaces)
        self._known: dict[str, bool] = {}

    def __call__(self, way: str) -> bool:
        found = self._known.get(way)
        if found is None:
            found = self._pattern.fullmatch(way) is not None
            if len(self._known) < _KNOWN_PATHS:
                self._known[way] = found
        return found


@dataclass
class _Element:
    """An element around records: what of it is asked for, as far as it was met."""

    way: str
    values: dict[str, str] = field(default_factory=dict)
    records: int = 0
    number: int = 0


@dataclass
class _Record:
    """A record, flat: a name for each text; `parents` are the elements around it."""

    number: int
    parents: tuple[_Element, ...]
    position: int
    values: dict[str, str | None] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)
    size: int = 0


class _Walk:
    """What the parser calls."""

    def __init__(self, file: RawFile, settings: XmlRead) -> None:
        spaces = dict(settings.namespaces)
        self.file = file
        self.limit = settings.max_record_bytes
        self.empty = None if "" in settings.nulls else ""
        self.prefixes = {uri: prefix for prefix, uri in spaces.items()}
        self.is_record = _Path(settings.records, spaces)
        above, sign, _ = settings.records.rpartition("/")
        above = "" if above.endswith("/") else above
        self.is_parent = _Path(above, spaces) if sign and above else None
        self.asked = [
            each for each in file.columns if each.startswith("^.") or "^." in each
        ]
        self.asked = [each for each in self.asked if each.lstrip("^").startswith(".")]
        if "^record" in file.columns and self.is_parent is None:
            raise DataError("`^record` needs a parent in `records`: //order/line")
        self.around: list[_Element] = []
        self.record: _Record | None = None
        self.names: list[str] = []
        self.texts: list[list[str]] = []
        self.done: list[_Record] = []
        self.held: list[_Record] = []
        self.met: dict[str, None] = {}
        self.count = 0
        self.parents = 0
        self.size = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.around) + len(self.names) > _DEEPEST:
            raise DataError("the document is nested too deeply")
        if self.record is not None:
            self._start_inside(name, attributes)
            return
        way = f"{self.around[-1].way if self.around else ''}{_END}{name}"
        if self.is_record(way):
            self.count += 1
            parent = self.around[-1] if self.around else None
            if parent:
                parent.records += 1
            self.record = _Record(
                self.count,
                tuple(self.around) if self.asked or self.is_parent else (),
                parent.records if parent else 1,
            )
            self.way = way
            self.texts = [[]]
            self._add_attributes(attributes, "")
            return
        self.around.append(_Element(way))
        if self.is_parent and self.is_parent(way):
            self.parents += 1
            self.around[-1].number = self.parents
        self.texts.append([])
        if self.asked:
            own = {f"@{self._called(key)}": value for key, value in attributes.items()}
            self.around[-1].values.update(own)

    def _start_inside(self, name: str, attributes: dict[str, str]) -> None:
        self.way = f"{self.way}{_END}{name}"
        if self.is_record(self.way):
            what = "the records `records` names stand inside one another"
            raise DataError(what)
        if self.record is not None and self.names:
            self.record.inner.add(".".join(self.names))
        self.names.append(self._called(name))
        self.texts.append([])
        is_nil = attributes.get(_NIL) in {"true", "1"}
        self._add_attributes(attributes, ".".join(self.names) + ".")
        if is_nil and self.record is not None:
            self.record.values.setdefault(".".join(self.names), None)
            self.record.inner.discard(".".join(self.names))
            self.texts[-1].append(_END)

    def _add_attributes(self, attributes: dict[str, str], before: str) -> None:
        for key, value in attributes.items():
            if key != _NIL:
                self._put(f"{before}@{self._called(key)}", value)

    def _called(self, name: str) -> str:
        space, _, local = name.rpartition("}")
        prefix = self.prefixes.get(space)
        return f"{prefix}:{local}" if prefix else local

    def _put(self, name: str, value: str) -> None:
        record = self.record
        if record is None:
            return
        record.size += len(name) + len(value)
        if record.size > self.limit:
            return
        if name in record.values:
            record.twice.add(name)
            return
        record.values[name] = value or self.empty

    def text(self, data: str) -> None:
        record = self.record
        if record is not None:
            record.size += len(data)
            if record.size > self.limit:
                return
            self.texts[-1].append(data)
        elif self.asked and self.texts and sum(map(len, self.texts[-1])) < self.limit:
            self.texts[-1].append(data)

    def end(self, name: str) -> None:
        if self.record is None:
            self._end_around(name)
            return
        text = "".join(self.texts.pop())
        if not self.names:
            text = text.strip()
            if text:
                self._put("text()", text)
            self._close_record()
            return
        path = ".".join(self.names)
        if path not in self.record.inner and text != _END:
            self._put(path, text.strip())
        self.names.pop()
        self.way = self.way[: self.way.rindex(_END)]

    def _end_around(self, name: str) -> None:
        self.around.pop()
        text = "".join(self.texts.pop()).strip() if self.texts else ""
        if self.asked and self.around and text:
            self.around[-1].values.setdefault(self._called(name), text)

    def _close_record(self) -> None:
        record, self.record = self.record, None
        if record is None:
            return
        self.texts = [[] for _ in self.around]
        self.met.update(dict.fromkeys(record.values))
        if not record.values:
            self.met.setdefault("text()")
        self.size += min(record.size, self.limit)
        self.held.append(record)
        if not self._waits():
            self.done += self.held
            self.held = []

    def _waits(self) -> bool:
        """Tell whether something that is asked of an element around has yet to come."""
        for source in self.asked:
            levels, _, name = source.partition(".")
            if name.startswith("@") or len(levels) > len(self.around):
                continue
            if name not in self.around[-len(levels)].values:
                return True
        return False

    def close(self) -> None:
        """Let go of what waited."""
        self.done += self.held
        self.held = []

    def ready(self) -> Iterator[Records]:
        """Give the records that are known as a whole."""
        is_closed = not self.around
        if self.held and self._all_known():
            self.close()
        if not self.done or not (
            is_closed or len(self.done) >= _BATCH_ROWS or self.size > _BATCH_BYTES
        ):
            return
        records, self.done, self.size = self.done, [], 0
        yield from _given(records, self.file, tuple(self.met), self.limit)

    def _all_known(self) -> bool:
        open_ = {id(each) for each in self.around}
        last = self.held[-1].parents
        return not any(id(each) in open_ for each in last[-self._levels() :])

    def _levels(self) -> int:
        return max((len(each) - len(each.lstrip("^")) for each in self.asked), default=1)


def _given(
    records: Sequence[_Record], file: RawFile, met: tuple[str, ...], limit: int
) -> Iterator[Records]:
    """Make a batch of records; reject those in which a wanted text is not one."""
    kept: list[_Record] = []
    rejected: list[Rejected] = []
    for record in records:
        wrong = _wrong(record, file, limit)
        if wrong:
            column, reason = wrong
            text = _as_json(record)
            rejected.append(Rejected(reason, text, column, record.number))
        else:
            kept.append(record)
    asked = [each for each in file.columns or met if _is_there(each, met, records)]
    columns = [
        pa.array([_value(record, each) for record in kept], pa.string()) for each in asked
    ]
    batch = pa.RecordBatch.from_arrays(columns, asked)
    if not asked:
        batch = pa.RecordBatch.from_arrays([pa.nulls(len(kept))], [""])
    numbers = [record.number for record in kept]
    yield Records(
        batch, numbers, tuple(rejected), columns=met, raw=RawTexts(kept, _as_json)
    )


def _is_there(source: str, met: Sequence[str], records: Sequence[_Record]) -> bool:
    if source in met or source in {"^record", "^position"}:
        return True
    return source.startswith("^") and any(_value(each, source) for each in records)


def _wrong(record: _Record, file: RawFile, limit: int) -> tuple[str | None, str] | None:
    if record.size > limit:
        return None, LONG.format(limit=limit)
    for source in file.columns:
        if source in record.twice:
            return source, f"`{source}` {_TWICE}"
        if source in record.inner:
            return source, f"`{source}` {_INNER}"
    return None


def _value(record: _Record, source: str) -> str | None:
    if source == "^position":
        return str(record.position)
    if source == "^record":
        return str(record.parents[-1].number)
    if source.startswith("^"):
        levels, _, name = source.partition(".")
        if len(levels) > len(record.parents):
            return None
        return record.parents[-len(levels)].values.get(name)
    return record.values.get(source)


def _as_json(record: _Record) -> str:
    return json.dumps(record.values, ensure_ascii=False, separators=(",", ":"))
