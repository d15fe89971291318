"""YAML files as plain values, with the line of every part.

The files are YAML 1.2. Keys are always text. An unquoted scalar is a number only if JSON
would spell the number so: `007`, `+34`, `0x1F`, `1_000` and `2013-01-01` stay what they
are, text. So a zip code or a date is never changed on its way in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from ruamel.yaml.reader import ReaderError

from backbone.project.mistakes import Mistake, Where

__all__ = ["Document", "parse", "read_text"]

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,39})")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TEXT_TAG = "tag:yaml.org,2002:str"
_MAX_DEPTH = 60
_MAX_VALUES = 1_000_000

_MEANINGS = (
    ("'\\t'", "a tab stands here; YAML is indented with spaces"),
    ("mapping values are not allowed", "a `:` too many; quote the text, or indent it"),
    ("expected <block end>", "this line is not indented as the lines above it"),
    ("could not find expected ':'", "a `:` is missing after the key before this"),
    ("found unexpected end of stream", "the text that begins here has no closing quote"),
    ("expected ',' or ']'", "the list `[…]` that begins here is not closed"),
    ("expected ',' or '}'", "the `{…}` that begins here is not closed, or needs quotes"),
    ("expected the node content", "a value is missing here"),
    ("unknown escape character", "double the backslash, or use single quotes"),
    ("cannot start any token", "a text that begins with this character must be quoted"),
)  # fmt: skip
_AT_START = ("found unexpected end", "expected ',' or")


@dataclass(frozen=True)
class Document:
    """What a file holds, and where.

    `file` is its name as people are told it; `value` its plain value; `lines` the line of
    every part that has one of its own; `written` the text of numbers and booleans.
    """

    file: str
    value: object
    text: str = field(repr=False)
    lines: Mapping[Where, int] = field(repr=False)
    written: Mapping[Where, str] = field(repr=False)

    def line(self, where: Where = ()) -> int:
        """Return the line of a part, or of the nearest part around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def mistake(self, where: Where, text: str) -> Mistake:
        """Return a mistake at `where`."""
        return Mistake(self.file, self.line(where), text, where)


def read_text(path: Path, file: str) -> tuple[str | None, list[Mistake]]:
    """Read a file that must be UTF-8 (a byte order mark is skipped)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, [Mistake(file, 1, f"cannot be read: {error.strerror or error}")]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, [Mistake(file, 1, "is UTF-16; save it as UTF-8")]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02x}"
        return None, [
            Mistake(file, line, f"is not UTF-8 (byte {byte}); save it as UTF-8")
        ]


def parse(text: str, file: str) -> tuple[Document | None, list[Mistake]]:
    """Parse the text of a file that must hold keys and values.

    Returns
    -------
    the document, or None where it cannot be used at all, and what is wrong with it
    """
    composer = _Composer(file)
    try:
        value = composer.document(YAML(typ="safe", pure=True).parse(text))
    except _Stop:
        return None, composer.mistakes
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"holds the control character U+{ord(text[error.position]):04X}"
        return None, [*composer.mistakes, Mistake(file, line, what)]
    except YAMLError as error:
        return None, [*composer.mistakes, _syntax(error, file)]
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a text"
        what = f"holds {kind}, where keys and values are wanted (`key: value`)"
        return None, [*composer.mistakes, Mistake(file, composer.lines[()], what)]
    document = Document(file, value, text, composer.lines, composer.written)
    return document, composer.mistakes


def _syntax(error: YAMLError, file: str) -> Mistake:
    if not isinstance(error, MarkedYAMLError):
        return Mistake(file, 1, f"is no YAML: {error}")
    problem = str(error.problem or error.context or "cannot be parsed")
    at_start = problem.startswith(_AT_START) and error.context_mark is not None
    mark = error.context_mark if at_start else error.problem_mark or error.context_mark
    known = [meaning for sign, meaning in _MEANINGS if sign in problem]
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Mistake(file, line, known[0] if known else problem, column=column)


class _Stop(Exception):
    """Nothing more can be made of this file."""


class _Composer:
    """Builds plain values from the parser's events; the first of equal keys counts."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Where, int] = {}
        self.written: dict[Where, str] = {}
        self.mistakes: list[Mistake] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._values = 0
        self._events: Iterator[Event] = iter(())

    def document(self, events: Iterator[Event]) -> object:
        self._events = events
        started = False
        value: object = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if started:
                    self._stop(event, "holds several documents; a file is one (no `---`)")
                started = True
                first = next(events)
                self.lines[()] = first.start_mark.line + 1
                value = self._node(first, ())
        if not started or value is None:
            self.mistakes.append(Mistake(self.file, 1, "is empty"))
            raise _Stop
        return value

    def _stop(self, event: Event, what: str) -> NoReturn:
        self._mistake(event, what, ())
        raise _Stop

    def _mistake(self, event: Event, what: str, where: Where) -> None:
        self.mistakes.append(Mistake(self.file, event.start_mark.line + 1, what, where))

    def _node(self, event: Any, where: Where) -> object:
        before = self._values
        self._values += 1
        if isinstance(event, ScalarEvent):
            value = self._scalar(event, where)
        elif isinstance(event, AliasEvent):
            return self._alias(event, where)
        elif len(where) > _MAX_DEPTH:
            self._stop(event, f"is nested more than {_MAX_DEPTH} deep")
        elif isinstance(event, MappingStartEvent):
            value = self._mapping(event, where)
        else:
            value = self._sequence(where)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _alias(self, event: AliasEvent, where: Where) -> object:
        if event.anchor in self._anchors:
            value, size = self._anchors[event.anchor]
            self._values += size
            if self._values > _MAX_VALUES:
                self._stop(event, "unfolds its anchors to more than a million values")
            return value
        what = (
            f"there is no anchor `&{event.anchor}` before this; a text that begins "
            "with `*` must be quoted"
        )
        self._mistake(event, what, where)
        raise _Stop

    def _scalar(self, event: ScalarEvent, where: Where) -> object:
        text: str = event.value
        tag = event.tag
        if tag is not None and tag not in {_TEXT_TAG, "!"}:
            self._mistake(event, f"the tag `{tag}` means nothing here; remove it", where)
        if tag is not None or event.style is not None:
            return text
        value = _resolved(text)
        if not isinstance(value, str) and value is not None:
            self.written[where] = text
        return value

    def _sequence(self, where: Where) -> list[object]:
        found: list[object] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                break
            at = (*where, len(found))
            self.lines[at] = event.start_mark.line + 1
            found.append(self._node(event, at))
        return found

    def _mapping(self, start: MappingStartEvent, where: Where) -> dict[str, object]:
        found: dict[str, object] = {}
        merged: list[object] = []
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                break
            if not isinstance(event, ScalarEvent):
                self._stop(event, "a key must be one word or a quoted text")
            key: str = event.value
            at = (*where, key)
            if key in found:
                first = self.lines[at]
                what = f"is given twice, first in line {first}"
                self._mistake(event, what, at)
                self._node(next(self._events), (*at, "again"))
                continue
            self.lines[at] = event.start_mark.line + 1
            value = self._node(next(self._events), at)
            if key == "<<" and event.style is None:
                merged.append(value)
            else:
                found[key] = value
        return self._merged(start, found, merged, where) if merged else found

    def _merged(
        self,
        start: MappingStartEvent,
        found: dict[str, object],
        merged: list[object],
        where: Where,
    ) -> dict[str, object]:
        for value in merged:
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    found = {**each, **found}
                else:
                    self._mistake(start, "`<<` takes keys and values", (*where, "<<"))
        return found


def _resolved(text: str) -> object:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if isfinite(value) else text
    return text
