"""Fields that stand at the same characters of every line, found by the blanks between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa

from backbone.engines.raw.layouts import unique
from backbone.engines.raw.looking.cells import kind_of

__all__ = ["FixedFields", "fixed_fields", "fixed_texts"]

_LEAST_LINES, _MOST_LINES = 5, 2_000
_ALIKE = 0.9


@dataclass(frozen=True)
class FixedFields:
    """The names of fields, and where each is: its first character (from 1), its width."""

    fields: dict[str, tuple[int, int]]
    skip: int


def fixed_fields(text: str) -> FixedFields | None:
    """Find the fields of lines; None where they do not stand below each other.

    Notes
    -----
    A place is between fields where no line has a character, with two or more of them
    side by side or with values of a kind around them. Fields without any blank between
    cannot be told.
    """
    lines = [line.expandtabs(8).rstrip() for line in text.splitlines()[:_MOST_LINES]]
    filled = [line for line in lines if line]
    if len(filled) < _LEAST_LINES or filled != [line for line in lines if line.strip()]:
        return None
    spans = _spans(filled[1:])
    if len(spans) < 2:  # noqa: PLR2004 - one field is a line
        return None
    body = [[line[a:b].strip() for a, b in spans] for line in filled[1:200]]
    if not _are_columns(body):
        return None
    header = _names(filled[0], spans)
    is_header = all(header) and not any(kind_of(cell) in {"n", "t"} for cell in header)
    names = header if is_header else [f"column_{n}" for n in range(1, len(spans) + 1)]
    edges = _edges(spans, body, max(map(len, filled)))
    places = {
        name: (start + 1, end - start)
        for name, (start, end) in zip(unique(names), pairwise(edges), strict=True)
    }
    return FixedFields(places, 1 if is_header else 0)


def _names(header: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Give each word of a header to the field that it is nearest to."""
    names = [""] * len(spans)
    for word in re.finditer(r"\S+", header):
        apart = [max(a - word.end(), word.start() - b) for a, b in spans]
        place = apart.index(min(apart))
        names[place] = f"{names[place]} {word[0]}".strip()
    return names


def _edges(
    spans: Sequence[tuple[int, int]], body: Sequence[Sequence[str]], last: int
) -> list[int]:
    """Return where fields begin and end: numbers stand right in theirs, words left."""
    kinds = [_kind(column) for column in zip(*body, strict=True)]
    edges = [0]
    for (_, end), (start, _), kind, following in zip(
        spans, spans[1:], kinds, kinds[1:], strict=False
    ):
        both = kind == following == "n"
        edges.append(end if both or kind == "t" else start)
    return [*edges, last]


def _kind(cells: Sequence[str]) -> str:
    kinds = [kind_of(cell) for cell in cells if cell]
    return next((k for k in "nt" if kinds and kinds.count(k) >= _ALIKE * len(kinds)), "s")


def _spans(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return from where to where characters are, apart from places without any."""
    width = max(map(len, lines))
    used = [False] * width
    for line in lines:
        for place, letter in enumerate(line):
            used[place] = used[place] or letter != " "
    spans: list[tuple[int, int]] = []
    start = None
    for place, is_used in enumerate([*used, False]):
        if is_used and start is None:
            start = place
        elif not is_used and start is not None:
            spans.append((start, place))
            start = None
    return spans


def _are_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether fields hold one kind of thing each, some of them no words."""
    return any(_kind(column) != "s" for column in zip(*rows, strict=True))


def fixed_texts(lines: Sequence[str], found: FixedFields) -> pa.Table:
    """Cut lines into their fields."""
    columns = {
        name: pa.array(
            [line[start - 1 : start - 1 + width].strip() or None for line in lines],
            pa.string(),
        )
        for name, (start, width) in found.fields.items()
    }
    return pa.table(columns)
