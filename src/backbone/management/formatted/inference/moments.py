"""Formats of dates and times that a shape of texts could be written in.

A shape such as ``00/00/0000 00:00`` has a place for each part. What stands first, the day
or the month, is not told by the shape but by what stands there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Reading", "is_iso", "readings_of"]

MomentKind = Literal["date", "datetime", "timestamp"]

_SHORT = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_LONG = (
    "january|february|march|april|may|june|july|august|september|october|november"
    r"|december"
)
_WORD = rf"(?P<w>(?i:{_LONG}|{_SHORT}))"
_TIME = (
    r"(?P<H>00?):(?P<M>00)(?::(?P<S>00)(?:(?P<dot>\.)(?P<f>0{1,6}))?)?"
    r"(?:(?P<gap> ?)(?P<p>(?i:am|pm)))?(?P<zgap> ?)(?P<z>Z|[+-]00(?::?00)?)?"
)
_DATES = (
    r"(?P<Y>0000)(?P<s>[-/.])(?P<a>00?)(?P=s)(?P<b>00?)",
    r"(?P<a>00?)(?P<s>[-/. ])(?P<b>00?)(?P=s)(?P<Y>0000)",
    r"(?P<a>00?)(?P<s>[-/. ])(?P<b>00?)(?P=s)(?P<y>00)",
    rf"(?P<d>00?)(?P<s>[-/. ]?){_WORD}(?P<s2>[-/., ]{{0,2}})(?P<Y>0000)",
    rf"(?P<d>00?)(?P<s>[-/. ]){_WORD}(?P<s2>[-/., ]{{1,2}})(?P<y>00)",
    rf"{_WORD}(?P<s>[-/. ])(?P<d>00?)(?P<s2>,? |[-/.])(?P<Y>0000)",
    r"(?P<Y>0000)(?P<a>00)(?P<b>00)",
)
_BETWEEN = r"(?P<t>T|, | {1,2}|:|-|_)"
_COMPACT = re.compile(
    r"(?P<Y>0000)(?P<a>00)(?P<b>00)(?P<t>T| |_|)(?P<H>00)(?P<M>00)(?P<S>00)?(?P<z>Z)?"
)
_SHAPES = tuple(re.compile(rf"{date}(?:{_BETWEEN}{_TIME})?") for date in _DATES)
_ISO_DATE = re.compile(r"0000-00-00")
_ISO_LOCAL = re.compile(r"0000-00-00[T ]00:00(?::00(?:\.0{1,6})?)?")
_ISO_INSTANT = re.compile(
    r"0000-00-00[T ]00:00(?::00(?:\.0{1,6})?)?(?:Z|[+-]00(?::?00)?)"
)


@dataclass(frozen=True)
class Reading:
    """A format that texts of a shape could be written in.

    `spans` has the places of the digits of each part: ``d``, ``m``, ``Y`` and so on.
    """

    format: str
    kind: MomentKind
    order: str
    spans: dict[str, tuple[int, int]]


def is_iso(shape: str, kind: MomentKind) -> bool:
    """Tell whether texts of a shape are read without a format."""
    iso = {"date": _ISO_DATE, "datetime": _ISO_LOCAL, "timestamp": _ISO_INSTANT}[kind]
    return iso.fullmatch(shape) is not None


def readings_of(shape: str) -> tuple[Reading, ...]:
    """Return the formats that texts of a shape could be written in.

    >>> [one.format for one in readings_of("00/00/0000 00:00")]
    ['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M']
    """
    compact = _COMPACT.fullmatch(shape)
    if compact:
        return (_reading(compact, "ymd", {"a": "m", "b": "d"}),)
    for pattern in _SHAPES:
        found = pattern.fullmatch(shape)
        if found is None:
            continue
        parts = found.groupdict()
        if parts.get("w"):
            return (_reading(found, "named", {}),)
        if found.start("a") > 0:  # the year stands first
            return (_reading(found, "ymd", {"a": "m", "b": "d"}),)
        orders = [("dmy", {"a": "d", "b": "m"}), ("mdy", {"a": "m", "b": "d"})]
        made = [_reading(found, *order) for order in orders]
        if parts.get("y") and len(parts["a"]) == len(parts["b"]) == 2:  # noqa: PLR2004
            made.append(_reading(found, "ymd", {"a": "y", "b": "m", "y": "d"}))
        return tuple(made)
    return ()


def _reading(found: re.Match[str], order: str, meant: dict[str, str]) -> Reading:
    parts = {name: text for name, text in found.groupdict().items() if text is not None}
    text, at = "", 0
    spans: dict[str, tuple[int, int]] = {}
    for name in sorted(
        (n for n in parts if n not in {"s", "s2", "t", "gap", "zgap", "dot"}),
        key=found.start,
    ):
        text += found.string[at : found.start(name)].replace("%", "%%")
        directive = meant.get(name, name)
        if name == "w":
            directive = "b" if len(parts["w"]) == 3 else "B"  # noqa: PLR2004
        if name == "H" and "p" in parts:
            directive = "I"
        text += f"%{directive}"
        spans[directive] = found.span(name)
        at = found.end(name)
    kind: MomentKind = "date"
    if "H" in parts:
        kind = "timestamp" if "z" in parts else "datetime"
    return Reading(text, kind, order, spans)
