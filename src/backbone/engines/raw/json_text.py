"""JSON without loss: digits stay as they are, nested values stay JSON.

A number is read as bytes, its digits as they stand in the source, and so is told from a
string; unlike a class of our own, bytes are no work for the garbage collector.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Never

from backbone.errors import bounded

__all__ = [
    "MISSING",
    "ListOnTheWayError",
    "NoRecordsError",
    "RecordError",
    "lookup",
    "parse_any",
    "parse_record",
    "text_of",
    "walk_records",
]

MISSING = object()
_BLANKS = re.compile(r"[ \t\n\r]*")
_PLAIN = json.JSONDecoder()
_LITERALS = {True: "true", False: "false"}


class RecordError(ValueError):
    """A record that cannot be used, though its end is known."""


class NoRecordsError(ValueError):
    """A document that does not hold its records where they were declared to be."""


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        message = f"the key `{twice}` stands twice in one object"
        raise RecordError(message)
    return found


def _no_constant(name: str) -> Never:
    message = f"{name} is no JSON"
    raise RecordError(message)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_single,
    parse_float=str.encode,
    parse_int=str.encode,
    parse_constant=_no_constant,
)


def parse_record(text: str) -> dict[str, Any]:
    """Read one record that is a text of its own.

    Raises
    ------
    RecordError : the text is not JSON, is no object, or has a key twice
    """
    try:
        value = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at character {error.pos + 1}"
        raise RecordError(message) from error
    except RecursionError as error:
        message = "nested too deeply"
        raise RecordError(message) from error
    return _as_record(value)


def parse_any(text: str) -> Any:
    """Read a document as a whole.

    Raises
    ------
    RecordError : it has a key twice in an object, or a word that is no JSON
    json.JSONDecodeError : it is not JSON
    """
    return _STRICT.decode(text)


def _as_record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = "not an object"
        raise RecordError(message)
    return value


def lookup(record: dict[str, Any], source: str, path: Sequence[str]) -> Any:
    """Return the value of `source`: a key as it stands, else a dotted path.

    A null on the way is a null; a key that is not there gives `MISSING`.

    >>> lookup({"wind": {"speed": b"5"}}, "wind.speed", ["wind", "speed"])
    b'5'
    """
    value = record.get(source, MISSING)
    if value is not MISSING or len(path) == 1:
        return value
    value = record
    for step in path:
        if value is None:
            return None
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def text_of(value: Any) -> str | bytes | None:
    """Return the text of a value: strings and digits as they are, the rest as JSON.

    >>> text_of({"a": [b"1.10", True, None, "x"]})
    '{"a":[1.10,true,null,"x"]}'
    """
    if value is None or value is MISSING:
        return None
    return value if isinstance(value, str | bytes) else _json(value)


def _json(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return _LITERALS[value]
        case bytes():
            return value.decode()
        case dict():
            inner = ",".join(f"{_json(key)}:{_json(item)}" for key, item in value.items())
            return f"{{{inner}}}"
        case list():
            return f"[{','.join(map(_json, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


class ListOnTheWayError(ValueError):
    """The way to the records leads through a list, or all values of an object."""


OnRecord = Callable[[dict[str, Any] | RecordError, int, int], None]


def walk_records(text: str, path: Sequence[str], on_record: OnRecord) -> None:
    """Call `on_record` with every record of a document, and where its text stands.

    The records are the objects of the list at `path`, or one object.

    Raises
    ------
    NoRecordsError : there are no records at `path`
    ListOnTheWayError : a list is met before `path` ends
    json.JSONDecodeError : the document is not JSON
    """
    walk = _Walk(text, on_record)
    end = walk.behind_blanks(walk.descend(walk.behind_blanks(0), list(path), "the top"))
    if end != len(text):
        message = "Extra data"
        raise json.JSONDecodeError(message, text, end)


class _Walk:
    """A walk through a document, down to its records."""

    def __init__(self, text: str, on_record: OnRecord) -> None:
        self.text = text
        self.on_record = on_record

    def behind_blanks(self, at: int) -> int:
        found = _BLANKS.match(self.text, at)
        return found.end() if found else at

    def descend(self, at: int, path: list[str], where: str) -> int:
        """Walk the value at `at` to its end; where `path` ends are the records."""
        if not path:
            return self._records(at, where)
        if self.text[at : at + 1] == "[" or path[0] == "*":
            raise ListOnTheWayError(where)
        if self.text[at : at + 1] != "{":
            _PLAIN.raw_decode(self.text, at)  # what is not JSON is said first
            message = f"at {where} there is no object with the key `{path[0]}`"
            raise NoRecordsError(message)
        keys: list[str] = []
        at = self.behind_blanks(at + 1)
        more = self.text[at : at + 1] != "}"
        while more:
            name, at = self._key(at)
            if name == path[0] and name in keys:
                message = f"at {where} the key `{name}` stands twice"
                raise NoRecordsError(message)
            if name == path[0]:
                at = self.descend(at, path[1:], f"`{name}`")
            else:
                at = _PLAIN.raw_decode(self.text, at)[1]
            keys.append(name)
            at, more = self._behind_comma(at, "}")
        if path[0] not in keys:
            there = bounded([f"`{key}`" for key in keys]) or "nothing"
            message = f"at {where} there is no key `{path[0]}`; there is {there}"
            raise NoRecordsError(message)
        return at + 1

    def _records(self, at: int, where: str) -> int:
        sign = self.text[at : at + 1]
        if sign == "{":
            return self._record(at)
        if sign != "[":
            value, end = _PLAIN.raw_decode(self.text, at)
            if value is None:
                return end
            message = f"at {where} there is neither a list of records nor an object"
            raise NoRecordsError(message)
        at = self.behind_blanks(at + 1)
        if self.text[at : at + 1] == "]":
            return at + 1
        more = True
        while more:
            at, more = self._behind_comma(self._record(at), "]")
        return at + 1

    def _record(self, at: int) -> int:
        try:
            value, end = _STRICT.raw_decode(self.text, at)
            found: dict[str, Any] | RecordError = _as_record(value)
        except RecordError as error:
            found, end = error, _PLAIN.raw_decode(self.text, at)[1]
        self.on_record(found, at, end)
        return end

    def _key(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] != '"':
            message = "Expecting property name enclosed in double quotes"
            raise json.JSONDecodeError(message, self.text, at)
        name, at = _PLAIN.raw_decode(self.text, at)
        at = self.behind_blanks(at)
        if self.text[at : at + 1] != ":":
            message = "Expecting ':' delimiter"
            raise json.JSONDecodeError(message, self.text, at)
        return name, self.behind_blanks(at + 1)

    def _behind_comma(self, at: int, close: str) -> tuple[int, bool]:
        """Return where the next item starts and True, or where the close is and False."""
        at = self.behind_blanks(at)
        sign = self.text[at : at + 1]
        if sign not in {",", close}:
            message = f"Expecting ',' or '{close}'"
            raise json.JSONDecodeError(message, self.text, at)
        return (self.behind_blanks(at + 1), True) if sign == "," else (at, False)
