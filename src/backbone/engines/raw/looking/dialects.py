"""The signs that structure delimited text: delimiter, quote, escape, comment.

Each sign in question is tried; that one wins which splits most records into equally many
cells that look like something: a number, a date, a word. The idea of asking both, the
shape of the table and the look of its cells, is from van den Burg, Nazábal, Sutton:
Wrangling Messy CSV Files by Detecting Row and Type Patterns (2019); the measures are
simpler here.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backbone.engines.raw.looking.cells import kind_of

__all__ = ["Dialect", "Row", "dialect_of", "rows_of"]

_SIGNS = {",": 1.0, ";": 1.0, "\t": 1.02, "|": 0.98}
_RARE = "^~\x01\x1f\x1e%#*:@&!"
_RARE_PRIOR, _SPACE_PRIOR = 0.8, 0.55
_SAMPLED = 120
_PLAIN = re.compile(r"[^\W\d_][\w .'&/()°²³-]*|[\w.@:/-]+")
_COMMENTS = ("#", "//", "%", "!", "*", "--", ";")


@dataclass(frozen=True)
class Row:
    """The cells of a record; `line` and `last` are the lines it is on, from 0."""

    cells: tuple[str, ...]
    line: int
    last: int

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands there."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class Dialect:
    """The signs; `quote` is "" where quotes are text; `width` is the usual one."""

    delimiter: str
    quote: str = '"'
    escape: str = ""
    comment: str = ""
    width: int = 1
    share: float = 1.0
    rival: str = ""
    rival_share: float = 0.0


def dialect_of(text: str, *, given: str | None = None) -> Dialect:
    """Find the signs that structure text, which ends with a whole line.

    Parameters
    ----------
    given : the delimiter, if it is known
    """
    lines = text.splitlines(keepends=True)
    comment = _comment(lines)
    body = [x for x in lines if x.strip() and not (comment and x.startswith(comment))]
    quote = _quote("".join(body))
    signs = [given] if given else _candidates(body)
    scored = []
    for sign in signs:
        escape = _escape("".join(body), sign, quote)
        scored.append((*_fitness(body, sign, quote, escape), sign, escape))
    scored.sort(key=lambda one: -one[0])
    if not scored or scored[0][1] < 2:  # noqa: PLR2004 - one cell is no split
        return Dialect(given or ",", quote, comment=comment)
    _, width, share, sign, escape = scored[0]
    rival = scored[1] if len(scored) > 1 else None
    return Dialect(
        sign, quote, escape, comment, width, share,
        rival[3] if rival else "", rival[2] if rival and rival[1] > 1 else 0.0,
    )  # fmt: skip


def rows_of(text: str, dialect: Dialect, *, at_most: int = 100_000) -> list[Row]:
    """Split text into records, with the lines they are on; comments are left out."""
    found: list[Row] = []
    for line, last, cells in _records(text, dialect):
        if dialect.comment and cells and cells[0].startswith(dialect.comment):
            continue
        found.append(Row(cells, line, last))
        if len(found) >= at_most:
            break
    return found


def _records(text: str, dialect: Dialect) -> list[tuple[int, int, tuple[str, ...]]]:
    lines = text.splitlines(keepends=True)
    reader = _reader(lines, dialect.delimiter, dialect.quote, dialect.escape)
    found: list[tuple[int, int, tuple[str, ...]]] = []
    before = 0
    try:
        for cells in reader:
            found.append((before, reader.line_num - 1, tuple(cells)))
            before = reader.line_num
    except csv.Error:  # a field that is longer than the splitter allows
        return found
    return found


def _reader(lines: Sequence[str], sign: str, quote: str, escape: str) -> Any:
    return csv.reader(
        lines,
        delimiter=sign,
        quotechar=quote or '"',
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape or None,
        doublequote=not escape,
    )


def _comment(lines: Sequence[str]) -> str:
    """Return the sign of lines that are no records: few, and unlike the others.

    A header behind such a sign is a header, not a comment.
    """
    filled = [line for line in lines if line.strip()]
    for sign in _COMMENTS:
        marked = [place for place, line in enumerate(filled) if line.startswith(sign)]
        if not marked or len(marked) * 2 > len(filled):
            continue
        rest = [line for place, line in enumerate(filled) if place not in set(marked)]
        if sign == ";" and sum(line.count(";") for line in rest) >= len(rest):
            continue
        if sign != "#" and _like_records([filled[n] for n in marked], rest):
            continue
        last_leading = _leading(marked)
        if last_leading is not None and len(marked) == last_leading + 1:
            usual = Counter(_separators(line) for line in rest[:50]).most_common(1)[0][0]
            if usual and _separators(filled[last_leading]) == usual:
                return sign if last_leading and _has_header(rest) else ""
        return sign
    return ""


def _like_records(marked: Sequence[str], rest: Sequence[str]) -> bool:
    """Tell whether lines that begin with a sign are split as the others are."""
    usual = Counter(map(_separators, rest[:200])).most_common(1)[0][0]
    alike = sum(_separators(line) == usual for line in marked)
    return bool(usual) and alike * 2 > len(marked)


def _leading(marked: Sequence[int]) -> int | None:
    """Return the last of the marked lines that stand at the start."""
    ends = [n for n, place in enumerate(marked) if n == place]
    return ends[-1] if ends else None


def _has_header(rest: Sequence[str]) -> bool:
    return not any(map(str.isdigit, rest[0]))


def _separators(line: str) -> int:
    return max(line.count(sign) for sign in _SIGNS)


def _quote(text: str) -> str:
    """Return the sign around fields; "" where quotes stand in fields as they are."""
    double, single = (_enclosing(text, sign) for sign in "\"'")
    if double[0] == 0 and single[0] > 2 and single[1] >= 0.9 * single[0]:  # noqa: PLR2004
        return "'"
    return "" if double[0] and double[1] < 0.5 * double[0] else '"'


def _enclosing(text: str, sign: str) -> tuple[int, int]:
    """Count the fields that begin with a sign, and those that end with it, too."""
    edge = r"[,;\t|\n\r]"
    opened = len(re.findall(rf"(?:^|{edge}) ?{sign}", text))
    inner = rf"(?:[^{sign}\\]|{sign}{sign}|\\.)*"
    closed = len(re.findall(rf"(?:^|(?<={edge})) ?{sign}{inner}{sign}(?={edge}|$)", text))
    return opened, closed


def _escape(text: str, sign: str, quote: str) -> str:
    r"""Return the backslash where `\"` stands in quoted fields and `""` does not."""
    if not quote or f"\\{quote}" not in text:
        return ""
    inside = len(re.findall(rf"\\{quote}(?!\s*(?:{re.escape(sign)}|[\r\n]|$))", text))
    doubled = len(re.findall(rf"[^{re.escape(sign)}\r\n]{quote}{quote}[^{quote}]", text))
    return "\\" if inside > doubled else ""


def _candidates(lines: Sequence[str]) -> list[str]:
    sample = "".join(lines[:_SAMPLED])
    found = [sign for sign in _SIGNS if sign in sample]
    many = max(1, len(lines[:_SAMPLED]) // 2)
    found += [sign for sign in _RARE if sample.count(sign) >= many]
    return [*found, " "] if sample.count(" ") >= many else found


def _fitness(
    lines: Sequence[str], sign: str, quote: str, escape: str
) -> tuple[float, int, float]:
    """Return how well a sign splits lines, the usual width, and its share."""
    try:
        rows = list(_reader(lines[:2000], sign, quote, escape))
    except csv.Error:
        return 0.0, 1, 0.0
    usual = Counter(len(row) for row in rows if len(row) > 1)
    if not usual:
        return 0.0, 1, 0.0
    width, times = max(usual.items(), key=lambda one: (one[1], one[0]))
    share = times / len(rows)
    fitting = [row for row in rows if len(row) == width]
    step = max(1, len(fitting) // _SAMPLED)
    looks = [_look(cell) for row in fitting[::step] for cell in row]
    look = sum(looks) / len(looks)
    prior = _SIGNS.get(sign, _SPACE_PRIOR if sign == " " else _RARE_PRIOR)
    return share * look * prior, width, share


def _look(cell: str) -> float:
    """Return how much a cell looks like something that people put into cells."""
    text = cell.strip()
    if kind_of(text) != "s":
        return 1.0
    if _PLAIN.fullmatch(text):
        return 0.85
    return 0.35 if any(sign in text for sign in _SIGNS) else 0.6
