"""Styles in which people write points in time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlglot import exp

__all__ = ["STYLES", "Domain", "Style", "full_match"]

Domain = Literal["day", "instant", "clock"]
"""What points in time belong to; those of different domains are not comparable."""
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"


@dataclass(frozen=True)
class Style:
    """A way to write points in time; `format` is strptime's, None is ISO 8601."""

    name: str
    pattern: str
    format: str | None = None
    domain: Domain = "day"

    def value(self, text: exp.Expr) -> exp.Expr:
        """Return the point in time that `text` is in this style, or null."""
        if self.format is None:
            kind = "TIMESTAMPTZ" if self.domain == "instant" else "TIMESTAMP"
            return exp.TryCast(this=text, to=exp.DataType.build(kind), safe=True)
        if "%p" in self.format:  # 7:10 a.m.
            dots = [exp.Literal.string("."), exp.Literal.string("")]
            text = exp.Anonymous(this="replace", expressions=[text, *dots])
        given = exp.Literal.string(self.format)
        return exp.Anonymous(this="try_strptime", expressions=[text, given])

    def is_of(self, text: str) -> bool:
        """Tell whether a constant is written in this style and is a time."""
        if re.fullmatch(self.pattern, text) is None:
            return False
        try:
            if self.format is None:
                datetime.fromisoformat(text)
            else:
                given = text.replace(".", "") if "%p" in self.format else text
                datetime.strptime(given, self.format)  # noqa: DTZ007 - a wall clock
        except ValueError:
            return False
        return True

    def fits(self, text: exp.Expr) -> exp.Expr:
        """Return the condition that `text` is written in this style and is a time."""
        made = exp.Is(this=self.value(text.copy()), expression=exp.null())
        return exp.and_(full_match(text, self.pattern), exp.not_(made))


def _dates(name: str, date: str, pattern: str) -> list[Style]:
    return [
        Style(name, pattern, date),
        Style(f"{name} hh:mm", rf"{pattern} [0-9]{{1,2}}:[0-9]{{2}}", f"{date} %H:%M"),
        Style(
            f"{name} hh:mm:ss",
            rf"{pattern} [0-9]{{1,2}}:[0-9]{{2}}:[0-9]{{2}}",
            f"{date} %H:%M:%S",
        ),
    ]


def _short(sign: str) -> str:
    return rf"[0-9]{{1,2}}{sign}[0-9]{{1,2}}{sign}[0-9]{{4}}"


_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
STYLES: tuple[Style, ...] = (
    Style("yyyy-mm-dd", rf"{_ISO}(?:[ T]{_CLOCK})?"),
    Style(
        "yyyy-mm-dd hh:mm:ss+hh:mm",
        rf"{_ISO}[ T]{_CLOCK} ?(?:Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)",
        domain="instant",
    ),
    *_dates("yyyy/mm/dd", "%Y/%m/%d", r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"),
    *_dates("dd/mm/yyyy", "%d/%m/%Y", _short("/")),
    *_dates("mm/dd/yyyy", "%m/%d/%Y", _short("/")),
    *_dates("dd.mm.yyyy", "%d.%m.%Y", _short(r"\.")),
    *_dates("dd-mm-yyyy", "%d-%m-%Y", _short("-")),
    *_dates("mm-dd-yyyy", "%m-%d-%Y", _short("-")),
    Style("hh:mm", r"[0-9]{1,2}:[0-9]{2}", "%H:%M", "clock"),
    Style("hh:mm:ss", r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S", "clock"),
    Style(
        "hh:mm am/pm",
        r"[0-9]{1,2}:[0-9]{2} (?i:a\.?m\.?|p\.?m\.?)",
        "%I:%M %p",
        "clock",
    ),
)
"""The styles that are looked for; the first that all values are written in counts."""


def full_match(text: exp.Expr, pattern: str) -> exp.Expr:
    """Return the condition that all of `text` matches a regular expression."""
    return exp.RegexpFullMatch(this=text.copy(), expression=exp.Literal.string(pattern))
