"""Patterns of file names and paths: globs whose parts may be named fields.

``inbox/{device}/{day}/*.csv`` matches as ``inbox/*/*/*.csv`` does, and tells the fields
``device`` and ``day`` of every file that it matches.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

from backbone.model.names import is_table_name
from backbone.project.mistakes import brief

__all__ = ["ANY_FOLDERS", "NamePattern", "PathPattern", "pattern_problem"]

ANY_FOLDERS = "**"

_REFERENCE = re.compile(r"\$\{\w+:[^{}]*\}")
_TOKEN = re.compile(
    r"(?P<field>\{(?P<name>[^{}/]*)\})|(?P<set>\[!?\]?[^\]/]*\])"
    r"|(?P<many>\*+)|(?P<one>\?)|(?P<brace>[{}])|(?P<text>[^{}\[*?]+|\[)"
)
_RESERVED = frozenset({"file"})
_VISIBLE = r"(?!\.)"
_FOLDER = r"(?:(?!\.)[^/]+/)*"
_HEAD, _TAIL = fnmatch.translate("x").split("x")
# What the local file system does; keys of a store are told apart by case everywhere.
_LOCAL_FLAGS = re.IGNORECASE if os.name == "nt" else 0

_Kind = Literal["field", "set", "many", "one", "brace", "text"]


class _Token(NamedTuple):
    kind: _Kind
    text: str


def pattern_problem(text: str) -> str | None:
    """Say what is wrong with the fields of a pattern, in words; nothing: None.

    >>> pattern_problem("inbox/{device}/*.csv") is None
    True
    >>> pattern_problem("inbox/{device/*.csv")
    '`inbox/{device/*.csv`: the brace before `device/*.csv` is not closed'
    """
    tokens = list(_tokens(_REFERENCE.sub("0", text)))
    problem = _unbalanced(tokens) or _misnamed(tokens) or _touching(tokens)
    return f"{brief(text)}: {problem}" if problem else None


@dataclass(frozen=True)
class NamePattern:
    """A pattern of one name, which holds no slash."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields."""
        names = (token.text for token in _tokens(self.text) if token.kind == "field")
        return tuple(filter(is_table_name, names))

    @property
    def is_plain(self) -> bool:
        """Whether it matches one name only, itself."""
        return all(token.kind in {"text", "brace"} for token in _tokens(self.text))

    @property
    def regex(self) -> str:
        """It as a regular expression, over a name that is not hidden from it."""
        return "".join(map(_expression, _tokens(self.text)))

    def match(self, name: str) -> dict[str, str] | None:
        """Return the fields that a name tells; None if it does not match.

        Where a name can be parted in several ways, fields on the left take what they can.

        >>> NamePattern("{device}_{month}.csv").match("north_hall_2024-01.csv")
        {'device': 'north_hall', 'month': '2024-01'}
        """
        found = self._compiled.fullmatch(name)
        return found.groupdict() if found else None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex, re.DOTALL)


@dataclass(frozen=True)
class PathPattern:
    """A pattern of a path, segment by segment; ``**`` stands for any folders."""

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> tuple[str, PathPattern]:
        """Part a path into the beginning that has no wildcard, and the pattern below it.

        >>> PathPattern.parse("inbox/{device}/*.csv")
        ('inbox', PathPattern(segments=('{device}', '*.csv')))
        """
        parts = text.split("/")
        fixed = 0
        while fixed < len(parts) and NamePattern(parts[fixed]).is_plain:
            fixed += 1
        below = tuple(part for part in parts[fixed:] if part not in {"", "."})
        base = "/".join(parts[:fixed])
        return base or ("/" if text.startswith("/") else ""), cls(below)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields."""
        return tuple(name for part in self.segments for name in NamePattern(part).fields)

    def match(self, path: str, *, local: bool = False) -> dict[str, str] | None:
        """Return the fields that a path below the fixed part tells; None: no match.

        Names that begin with a dot match only a segment that does so too.

        >>> PathPattern(("**", "{day}.csv")).match("north/2024/0101.csv")
        {'day': '0101'}
        """
        compiled = self._local if local else self._compiled
        found = compiled.fullmatch(path)
        return found.groupdict() if found else None

    def segment(self, place: int) -> re.Pattern[str]:
        """Return what the names at one level of local folders have to match."""
        return re.compile(_one_segment(self.segments[place]), _LOCAL_FLAGS | re.DOTALL)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(_whole(self.segments), re.DOTALL)

    @cached_property
    def _local(self) -> re.Pattern[str]:
        return re.compile(_whole(self.segments), _LOCAL_FLAGS | re.DOTALL)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        if match["field"] is not None:
            yield _Token("field", match["name"])
        else:
            kinds: tuple[_Kind, ...] = ("set", "many", "one", "brace", "text")
            yield next(_Token(k, match[k]) for k in kinds if match[k] is not None)


def _expression(token: _Token) -> str:
    if token.kind == "field":
        return f"(?P<{token.text}>[^/]+)"
    if token.kind == "set":
        return "(?!/)" + fnmatch.translate(token.text)[len(_HEAD) : -len(_TAIL)]
    if token.kind == "many":
        return "[^/]*"
    return "[^/]" if token.kind == "one" else re.escape(token.text)


def _one_segment(segment: str) -> str:
    return ("" if segment.startswith(".") else _VISIBLE) + NamePattern(segment).regex


def _whole(segments: Sequence[str]) -> str:
    parts = [
        _FOLDER if segment == ANY_FOLDERS else f"{_one_segment(segment)}/"
        for segment in segments[:-1]
    ]
    last = segments[-1]
    if last == ANY_FOLDERS:
        return "".join([*parts, _FOLDER, _one_segment("*")])
    return "".join([*parts, _one_segment(last)])


def _unbalanced(tokens: Sequence[_Token]) -> str | None:
    for place, token in enumerate(tokens):
        if token.kind == "brace":
            rest = "".join(t.text for t in tokens[place + 1 :])
            if token.text == "{":
                return f"the brace before `{rest}` is not closed"
            return "a brace is closed that was not opened"
    return None


def _misnamed(tokens: Sequence[_Token]) -> str | None:
    names = [token.text for token in tokens if token.kind == "field"]
    for place, name in enumerate(names):
        if "," in name:
            return (
                f"`{{{name}}}` is no field; for one or the other name write `*` here "
                "and a dataset for each, or two sources"
            )
        if not is_table_name(name):
            return (
                f"`{{{name}}}` is no field: its name has lower-case letters, digits and "
                "single underscores, a letter first"
            )
        if name in _RESERVED:
            return f"a field cannot be called `{name}`: `${name}` is the object's name"
        if name in names[:place]:
            return f"the field `{name}` comes twice"
    return None


def _touching(tokens: Sequence[_Token]) -> str | None:
    for one, other in pairwise(tokens):
        kinds = {one.kind, other.kind}
        if kinds <= {"field", "many"} and "field" in kinds:
            name = one.text if one.kind == "field" else other.text
            return f"nothing says where the field `{name}` ends: put a text beside it"
    return None
