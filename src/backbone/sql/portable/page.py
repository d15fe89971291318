"""The reference of the portable subset, as a page for people."""

from __future__ import annotations

from collections.abc import Iterable

from backbone.sql.portable.formats import DIRECTIVES, PARSED
from backbone.sql.portable.rows import SAMPLES, Row
from backbone.sql.portable.table import SECTIONS

__all__ = ["reference"]

_HEAD = """# The portable subset of SQL

A [view](exploitation.md) is written in DuckDB's SQL and gives the same rows on every engine.
So it may say what stands here, and nothing else; `plan` refuses anything else with file and
line, why, and its portable spelling. `engine: duckdb` beside a view
([settings](exploitation.md#the-view)) lifts that: the view then says what DuckDB knows, and
is always computed by DuckDB. What asks the clock, chance or the order of rows stays refused.

Each example below is run on every engine by the tests, and has to give what stands beside
it. A text is in quotes, an instant ends with `Z`; rows are parted by `¦`. The result of what
is marked *approximate* may differ between engines in its last digits: round it where tables
have to be the same. All else is the same to the bit.

Nulls: an operator or function of a null is null, unless its row says otherwise. Whole numbers
have 64 bits, and beyond them there is an error, never another number.
"""

_YES, _NO = "yes", ""
_GIVES = {
    "as x": "as `x`",
    "widest": "what holds all of them",
    "rounded": "as `x`; decimals to `places`",
    "whole": "double; of a decimal one without places",
    "sum": "as `x`; decimals of 38 digits",
    "middle": "double",
    "part": "integer; `epoch` double",
    "trunc": "timestamp or datetime",
    "epoch": "integer, or a time",
    "bucket": "as `t`",
    "cast": "the type",
}
_SAMPLES = """
The examples of clauses, aggregates and windows read these tables:

| `t` | |   | `u` | |   | `w` | | |
|---|---|---|---|---|---|---|---|---|
| **k** | **s** | | **k** | **n** | | **i** | **x** | **s** |
| 1 | 'a' | | 2 | 10 | | 1 | 2.5 | 'b' |
| 2 | 'b' | | 3 | 20 | | 2 | 0.1 | 'a' |
| 2 | 'c' | | | | | 3 | 0.2 | null |
"""

_PATTERNS = """
## Patterns

Patterns of regular expressions are constants and mean the same in RE2 and in Java: characters,
`.`, classes such as `[a-z_]` and `[^0-9]`, `\\d \\D \\w \\W \\s \\S \\b` (of ASCII), groups `(…)`
and `(?:…)`, `|`, the repetitions `* + ? {2} {2,} {2,5}` and their lazy forms such as `*?`, and
`^` and `$` for the two ends of the whole text. `.` is any character but a line end (`\\n`). A
character of these is meant itself behind a `\\`. Looking ahead or behind, references back, POSIX
classes and classes of Unicode are not portable. The option `'i'` leaves case aside.
"""

_FORMATS = """
## Formats

What `strftime` and `strptime` know; all else in a format is itself. A text is a time only if
all of it is of the format; a number may lack its leading zero where no other digits touch it.

| | | parsed |
|---|---|---|
"""


def reference() -> str:
    """Return the page, made of the table of the subset.

    >>> reference().splitlines()[0]
    '# The portable subset of SQL'
    """
    parts = [_HEAD, _SAMPLES]
    for heading, rows in SECTIONS.items():
        parts.append(f"\n## {heading}\n\n{_table(rows)}")
        if heading == "Texts":
            parts.append(_PATTERNS)
        if heading == "Dates and times":
            lines = (
                f"| `%{letter}` | {told} | {_YES if letter in PARSED else _NO} |\n"
                for letter, told in DIRECTIVES.items()
            )
            parts.append(_FORMATS + "".join(lines))
    return "".join(parts)


def _table(rows: Iterable[Row]) -> str:
    head = "| | gives | example | result | |\n|---|---|---|---|---|\n"
    return head + "".join(map(_lines, rows))


def _lines(row: Row) -> str:
    lines = []
    for place, (sql, result) in enumerate(row.examples):
        told = (
            (_code(row.form), _GIVES.get(row.gives, row.gives), _note(row))
            if place == 0
            else ("", "", "")
        )
        shown = _code(result.replace(" | ", " ¦ ")) if result else "no row"
        lines.append(
            f"| {told[0]} | {told[1]} | {_code(_short(sql))} | {shown} | {told[2]} |\n"
        )
    return "".join(lines)


def _note(row: Row) -> str:
    return "; ".join(filter(None, ("approximate" if row.approximate else "", row.note)))


def _short(sql: str) -> str:
    for name, values in SAMPLES.items():
        sql = sql.replace(values, name)
    return sql


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"
