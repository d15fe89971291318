"""Dates and times: ISO 8601, and formats that a declaration spells.

A format is a subset of strptime and matches exactly: what the pattern made of it does
not match is no value, whatever an engine's own parser would let pass. A number may lack
its leading zero in ``%m %d %H %I %j`` only where no other digits touch it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

from sqlglot import exp

from backbone.engines.raw.expressions import (
    Reading,
    both,
    call,
    case,
    cast,
    equal,
    guarded,
    is_null,
    own,
    text,
    try_cast,
)

__all__ = [
    "EPOCHS",
    "ISO",
    "ISO_DATE",
    "ISO_INSTANT",
    "ISO_LOCAL",
    "Format",
    "FormatError",
    "agreed",
    "moment",
    "parse_format",
]

_YEAR = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_HOUR, _SIXTY = r"(?:[01][0-9]|2[0-3])", r"[0-5][0-9]"
_OFFSET = rf"[+-]{_HOUR}(?::?{_SIXTY})?"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_DIRECTIVES = {
    "Y": _YEAR,
    "y": r"[0-9]{2}",
    "m": _MONTH,
    "d": _DAY,
    "j": r"(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-5])",
    "b": rf"(?i:{'|'.join(month[:3] for month in _MONTHS)})",
    "B": rf"(?i:{'|'.join(_MONTHS)})",
    "H": _HOUR,
    "I": _MONTH,
    "M": _SIXTY,
    "S": _SIXTY,
    "f": r"[0-9]{1,6}",
    "p": r"(?i:AM|PM)",
    "z": _OFFSET,
}
_SHORT = {"m": "[1-9]", "d": "[1-9]", "H": "[0-9]", "I": "[1-9]", "j": "[1-9][0-9]?"}
_DIGITS = frozenset("YymdjHIMSf")
_AT_MIDNIGHT = {"M": "00", "S": "00", "f": "0{1,6}"}
_REWRITTEN = {"H": ("24", "00"), "z": ("Z", "+00:00")}
_ITEM = re.compile(r"%(.?)|([^%]+)", re.DOTALL)
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
ISO = "iso"
EPOCHS = {"epoch_s": 6, "epoch_ms": 3, "epoch_us": 0, "epoch_ns": -3}
"""Counts since 1970, and how many decimals of theirs are microseconds."""

_DAY_LONG = exp.Interval(this=exp.Literal.string("24"), unit=exp.var("HOUR"))


class FormatError(ValueError):
    """A format that cannot be used; the message says why."""


@dataclass(frozen=True)
class _Shape:
    """Texts of one shape: their pattern, and how they are rewritten to be parsed.

    `adds_day`: they mean a day later than is parsed. `is_leap`: they are of the last day
    of a leap year, or of no day at all.
    """

    pattern: str
    rewrite: str | None = None
    adds_day: bool = False
    is_leap: bool = False


@dataclass(frozen=True)
class Format:
    """How moments are written.

    `text` is a strptime format; without it the text is cast to `cast`, an SQL type. An
    `epoch` is a count whose last digit, or decimal, of a microsecond is so far behind
    its point.
    """

    shapes: tuple[_Shape, ...]
    text: str | None = None
    cast: str = "TIMESTAMP"
    has_time: bool = True
    has_offset: bool = False
    epoch: int | None = None


def _iso() -> tuple[Format, Format, Format]:
    date = rf"{_YEAR}-{_MONTH}-{_DAY}"
    fraction = r"(?:\.[0-9]{1,6}0*)?"
    minute = rf"{_HOUR}:{_SIXTY}"
    local = rf"{date}[T ](?:{minute}(?::{_SIXTY}{fraction})?|24:00(?::00(?:\.0+)?)?)"
    exact = rf"{date}[T ](?:{minute}:{_SIXTY}{fraction}|24:00:00(?:\.0+)?)"
    brief = rf"({date}[T ](?:{minute}|24:00))(Z|{_OFFSET})"
    instants = (_Shape(rf"{exact}(?:Z|{_OFFSET})"), _Shape(brief, r"\1:00\2"))
    return (
        Format((_Shape(date),), cast="DATE", has_time=False),
        Format((_Shape(local),)),
        Format(instants, cast="TIMESTAMPTZ", has_offset=True),
    )


ISO_DATE, ISO_LOCAL, ISO_INSTANT = _iso()


def moment(value: exp.Expr, form: Format) -> exp.Expr:
    """Return the moment that a text stands for; null if it is not of the format."""
    readings: list[Reading] = [
        (shape.pattern, partial(_parsed, form, shape)) for shape in form.shapes
    ]
    return guarded(value, *readings)


def _parsed(form: Format, shape: _Shape, value: exp.Expr) -> exp.Expr:
    if shape.rewrite is not None:
        whole, rewrite = text(f"^{shape.pattern}$"), text(shape.rewrite)
        value = call("regexp_replace", value, whole, rewrite)
    if form.epoch is not None:
        return _since_1970(value, form.epoch)
    if form.text is None:
        return try_cast(value, form.cast)
    found = call("try_strptime", value, text(form.text))
    if shape.is_leap:
        # the engine takes day 366 of a shorter year for the first of the next
        last = equal(call("dayofyear", found), exp.Literal.number(366))
        found = case((last, found))
    return exp.Add(this=found, expression=_DAY_LONG.copy()) if shape.adds_day else found


def _epoch(places: int) -> Format:
    """Return the format of a count; what is finer than a microsecond is not of it."""
    if places < 0:
        zeros = "0" * -places
        shapes = (
            _Shape(rf"([+-]?[0-9]+){zeros}(?:\.0*)?", r"\1"),
            _Shape(r"[+-]?0+(?:\.0*)?", "0"),
        )
        return Format(shapes, has_offset=True, epoch=0)
    shape = _Shape(rf"[+-]?[0-9]+(?:\.[0-9]{{0,{places}}}0*)?")
    return Format((shape,), has_offset=True, epoch=places)


def _since_1970(value: exp.Expr, places: int) -> exp.Expr:
    """Return the instant of a count, exactly: 18 digits hold all years there are."""
    count = cast(try_cast(value, f"DECIMAL(18,{places})"), f"DECIMAL(30,{places})")
    scale = cast(exp.Literal.number(10**places), "DECIMAL(7,0)")
    us = cast(exp.Mul(this=count, expression=scale), "BIGINT")
    return call("make_timestamptz", us)


def agreed(found: Sequence[exp.Expr], *others: exp.Expr) -> exp.Expr:
    """Return the one moment that some readings of a text give.

    It is null where two of them give different ones, or one of `others` gives any.
    """
    if not found:
        return exp.Null()
    low, high = (
        call(name, *found) if len(found) > 1 else own(found[0])
        for name in ("least", "greatest")
    )
    alone = [is_null(each) for each in others]
    return case((both(equal(low, high), *alone), low))


def parse_format(form: str) -> Format:
    """Read a strptime format.

    Raises
    ------
    FormatError : it has a directive that is not known, lacks a part of the date, or
        would leave two ways to read a text

    >>> parse_format("%d.%m.%Y").has_time
    False
    """
    if form in EPOCHS:
        return _epoch(EPOCHS[form])
    items = [(found[1], found[2]) for found in _ITEM.finditer(form)]
    used = [directive for directive, literal in items if literal is None]
    directives = [directive for directive in used if directive != "%"]
    _check(directives)
    _check_touching(items)
    variants = [directive for directive in "Hzj" if directive in directives]
    shapes = [
        _shape(items, frozenset(chosen))
        for count in range(len(variants) + 1)
        for chosen in combinations(variants, count)
    ]
    has_time = not {"H", "I"}.isdisjoint(directives)
    return Format(tuple(shapes), form, has_time=has_time, has_offset="z" in directives)


Item = tuple[str | None, str | None]


def _check(directives: Sequence[str]) -> None:
    unknown = [f"%{each}" for each in directives if each not in _DIRECTIVES]
    if unknown:
        known = " ".join(f"%{each}" for each in _DIRECTIVES)
        message = f"`{unknown[0]}` is not known; there are {known} %%"
        raise FormatError(message)
    twice = [f"%{each}" for each in directives if directives.count(each) > 1]
    if twice:
        message = f"`{twice[0]}` stands twice"
        raise FormatError(message)
    has = set(directives)
    for wrong, message in (
        (len(has & {"Y", "y"}) != 1, "it needs the year, once: %Y or %y"),
        (len(has & {"m", "b", "B", "j"}) != 1, "it needs the month, once: %m, %b or %B"),
        (
            "j" in has and "d" in has,
            "%j is a day of the year; it leaves no day of a month",
        ),
        (has.isdisjoint("dj"), "it needs the day: %d"),
        ({"H", "I"} <= has, "it has the hour twice: %H and %I"),
        (("I" in has) != ("p" in has), "%I and %p go together"),
        ("M" in has and has.isdisjoint("HI"), "it has minutes, but no hour"),
        ("S" in has and "M" not in has, "it has seconds, but no minutes"),
        ("f" in has and "S" not in has, "it has a fraction, but no seconds"),
        ("z" in has and has.isdisjoint("HI"), "it has an offset, but no hour"),
        ({"j", "z"} <= has, "%j and %z do not go together"),
    ):
        if wrong:
            raise FormatError(message)


def _check_touching(items: Sequence[Item]) -> None:
    for place, (directive, _) in enumerate(items):
        if directive in {"f", "z"} and _is_digit(
            items[place + 1 : place + 2], first=True
        ):
            message = f"digits behind %{directive} leave several ways to read a text"
            raise FormatError(message)


def _is_digit(items: Sequence[Item], *, first: bool) -> bool:
    """Tell whether the text of the item begins (or ends) with a digit."""
    for directive, literal in items:
        if literal is not None:
            return literal[0 if first else -1].isdigit()
        return directive in _DIGITS or (directive == "z" and not first)
    return False


def _shape(items: Sequence[Item], variants: frozenset[str]) -> _Shape:
    """Return a shape of a format's texts.

    `variants` are directives in their rare spelling: H is 24, with zeros behind it; z is
    Z; j is 366.
    """
    midnight = "H" in variants
    groups, rewrite = [""], r"\1"
    for place, (directive, literal) in enumerate(items):
        if directive in variants and directive in _REWRITTEN:
            written, parsed = _REWRITTEN[directive]
            groups += [written, ""]
            rewrite += rf"{parsed}\{len(groups) // 2 + 1}"
        elif directive in variants:
            groups[-1] += "366"
        elif literal is not None or directive == "%":
            groups[-1] += _SPECIAL.sub(r"\\\1", literal or "%")
        elif midnight and directive in _AT_MIDNIGHT:
            groups[-1] += _AT_MIDNIGHT[directive]
        else:
            touched = _is_digit(items[place - 1 : place] if place else [], first=False)
            touched = touched or _is_digit(items[place + 1 : place + 2], first=True)
            groups[-1] += _pattern(directive or "", is_touched=touched)
    if len(groups) == 1:
        return _Shape(groups[0], is_leap="j" in variants)
    pattern = "".join(each if n % 2 else f"({each})" for n, each in enumerate(groups))
    return _Shape(pattern, rewrite, midnight, is_leap="j" in variants)


def _pattern(directive: str, *, is_touched: bool) -> str:
    full, short = _DIRECTIVES[directive], _SHORT.get(directive)
    return full if short is None or is_touched else f"(?:{full}|{short})"
