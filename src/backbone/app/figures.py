"""How counts, sizes, durations and single values read: one way for every door."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

__all__ = [
    "between",
    "cell",
    "count",
    "decided_words",
    "duration",
    "moment",
    "outcome",
    "plural",
    "says_of",
    "score",
    "shorten",
    "size",
]

_NOTHING = "-"
_DONE = {
    "blank": "blanked",
    "repair": "repaired",
    "quarantine": "quarantined",
    "deduplicate": "merged",
}
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_KILO = 1000
_MINUTE, _HOUR, _FEW_SECONDS = 60, 3600, 10
_SMALL, _LARGE = 1e-4, 1e15
_GRAIN = 1e-9  # 0.29 * 1000 is a little less than 290


def count(number: int | None) -> str:
    """Write a count with a comma every three digits.

    >>> count(336776), count(None)
    ('336,776', '-')
    """
    return _NOTHING if number is None else f"{number:,}"


def between(least: int | None, most: int | None) -> str:
    """Write a count of which bounds are known; nothing, where they are not.

    >>> between(12, 12), between(12, 3400), between(None, None)
    ('12', '12 to 3,400', '')
    """
    if least is None or most is None:
        return ""
    return count(least) if least == most else f"{count(least)} to {count(most)}"


def plural(number: int, noun: str, many: str | None = None) -> str:
    """Write a count with its noun.

    >>> plural(1, "step"), plural(12, "step"), plural(2, "delivery", "deliveries")
    ('1 step', '12 steps', '2 deliveries')
    """
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def size(size_bytes: float | None) -> str:
    """Write a number of bytes in the unit that suits it; a kilobyte has 1,000.

    >>> size(999), size(31_404_500), size(None)
    ('999 B', '31.4 MB', '-')
    """
    if size_bytes is None:
        return _NOTHING
    amount, unit = float(size_bytes), 0
    while amount >= _KILO - 0.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / _KILO, unit + 1
    return f"{amount:.0f} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def duration(seconds: float | None) -> str:
    """Write a duration with two figures that matter.

    >>> duration(0.04), duration(8.26), duration(48.2), duration(125), duration(7260)
    ('0.0 s', '8.3 s', '48 s', '2 min 05 s', '2 h 01 min')
    """
    if seconds is None:
        return _NOTHING
    if seconds < _FEW_SECONDS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def moment(iso: str | None) -> str:
    """Write an instant of ours to the minute (it is in UTC).

    >>> moment("2026-11-20T06:22:41.120Z")
    '2026-11-20 06:22'
    """
    return _NOTHING if iso is None else iso[:16].replace("T", " ")


def score(value: float | None) -> str:
    """Write a score between 0 and 1; only what is exactly 1 is written so.

    >>> score(1.0), score(0.99996), score(0.5), score(None)
    ('1', '0.999', '0.500', '-')
    """
    if value is None:
        return _NOTHING
    if value == 1:
        return "1"
    return f"{math.floor(value * _KILO + _GRAIN) / _KILO:.3f}"


def shorten(text: str, width: int) -> str:
    r"""Return `text` on one line, cut to `width` characters.

    >>> shorten("a,b\nc,d,e", 6)
    'a,b⏎c…'
    """
    line = text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\r", "⏎")
    line = "".join(c if c.isprintable() else "·" for c in line.replace("\t", " "))
    return line if len(line) <= width else line[: width - 1] + "…"


def cell(value: Any) -> str:  # noqa: PLR0911 - one way out for each kind of value
    """Write one value of a table for people; None is empty.

    >>> cell(0.1 + 0.2), cell(2013), cell(True), cell(b"ab")
    ('0.3', '2013', 'true', '0x6162')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, bytes):
        return f"0x{value[:16].hex()}{'…' if len(value) > 16 else ''}"  # noqa: PLR2004
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ")
        return text.replace("+00:00", "Z")
    if isinstance(value, date | timedelta):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(cell, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {cell(v)}" for k, v in value.items()) + "}"
    return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if value and not _SMALL <= abs(value) < _LARGE:
        return f"{value:.6g}"
    text = f"{value:.6f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def outcome(report: Mapping[str, Any]) -> str:
    """Say what came of a rule, from its report.

    >>> outcome({"action": "blank", "changed_cells": 2})
    '2 cells blanked'
    """
    if report.get("questioned"):
        return "questioned, not obeyed"
    changed, removed = report.get("changed_cells", 0), report.get("removed_rows", 0)
    done = _DONE.get(report.get("action", ""), "changed")
    parts = [f"{plural(changed, 'cell')} {done}"] if changed else []
    parts += [f"{plural(removed, 'row')} {done}"] if removed else []
    blamed = report.get("blamed_rows", 0)
    if blamed and not parts:
        parts = [f"{plural(blamed, 'row')} to blame"]
    return ", ".join(parts)


def decided_words(counts: Mapping[str, int]) -> str:
    """Say in a line what became of people's decisions, from their counts.

    >>> decided_words({"decisions": 3, "applied": 2, "no row": 1, "expired": 1})
    '4 decisions of people: 2 applied, 1 no row, 1 expired'
    """
    every = counts.get("decisions", 0) + counts.get("expired", 0)
    rest = sorted(set(counts) - {"decisions", "applied", "expired"})
    parts = [
        f"{count(counts[name])} {name}"
        for name in ("applied", *rest, "expired")
        if counts.get(name)
    ]
    if not every:
        return "decisions of people, none of them run yet"
    return f"{plural(every, 'decision')} of people: {', '.join(parts) or 'none applied'}"


def says_of(decision: Mapping[str, Any]) -> str:
    """Say what a decision says, as `app.decisions.decisions` lists it.

    >>> says_of({"form": "set", "values": {"year": "1985"}})
    "set year = '1985'"
    """
    if decision["form"] == "set" and decision["values"]:
        pairs = decision["values"].items()
        told = (f"{k} = {'missing' if v is None else repr(v)}" for k, v in pairs)
        return f"set {', '.join(told)}"
    about = ", ".join((*decision["rules"], *decision["columns"]))
    return f"{decision['form']} {about}".strip()
