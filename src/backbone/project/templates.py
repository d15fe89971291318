"""Texts with fields: ``/data/{year}.csv`` is filled, ``{year}_*.csv`` is matched.

What stands for a field is declared as values and ranges: ``2014..2023``, months
(``2019-08..2024-04``) or days (``2024-01-01..now``), both ends included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from urllib.parse import quote

__all__ = [
    "FieldValue",
    "combinations",
    "field_names",
    "fields_of",
    "filled",
    "range_problem",
    "values_of",
]

_FIELD = re.compile(r"(?<!\$)\{([A-Za-z_]\w*)(?::([^{}]*))?\}")
_RANGE = re.compile(r"\s*(\S+?)\s*\.\.\s*(\S+)\s*")
_WHOLE = re.compile(r"\d{1,9}")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_NOW = "now"
_MAX_VALUES = 100_000
_MONTHS = 12


@dataclass(frozen=True)
class FieldValue:
    """A value of a field: how it is written, and the day it begins if it is a time."""

    text: str
    day: date | None = None

    def spelt(self, form: str | None) -> str:
        """Return the value as `form`, a strftime format, spells it."""
        return self.day.strftime(form) if form and self.day else self.text


def field_names(text: str) -> tuple[str, ...]:
    """Return the names of the fields in a text, each once.

    >>> field_names("/{year}/{month:%m}/{year}.csv")
    ('year', 'month')
    """
    return tuple(dict.fromkeys(found[1] for found in _FIELD.finditer(text)))


def filled(
    text: str, values: Mapping[str, FieldValue], *, in_address: bool = False
) -> str:
    """Put values in the place of fields; in an address they are percent-encoded.

    A field that `values` does not have stays as it is.

    >>> filled("/{month:%Y}/{x}", {"month": FieldValue("2024-01", date(2024, 1, 1))})
    '/2024/{x}'
    """

    def one(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        spelt = values[found[1]].spelt(found[2])
        # What a format adds between the parts of a time may be a slash of the address.
        return quote(spelt, safe="/" if found[2] else "") if in_address else spelt

    return _FIELD.sub(one, text)


def fields_of(pattern: str, text: str) -> dict[str, str] | None:
    """Return what the fields of a pattern stand for in a text; None if it is another.

    ``*`` stands for any characters, ``?`` for one; a field for one or more that hold no
    slash. A field that comes twice is the same text both times.

    >>> fields_of("{year}_income*.csv", "2014_income_v2.csv")
    {'year': '2014'}
    >>> fields_of("{year}_rent.csv", "2014_income.csv") is None
    True
    """
    found = re.fullmatch(_expression(pattern), text, re.DOTALL)
    return found.groupdict() if found else None


def combinations(
    declared: Mapping[str, Sequence[str]], today: date
) -> Iterator[dict[str, FieldValue]]:
    """Return every combination of the values of fields, the last field changing fastest.

    Without fields there is one, of nothing.
    """
    values = [tuple(values_of(items, today)) for items in declared.values()]
    for found in product(*values):
        yield dict(zip(declared, found, strict=True))


def values_of(items: Iterable[str], today: date) -> Iterator[FieldValue]:
    """Return the values that texts and ranges stand for, each once, in their order.

    Parameters
    ----------
    items : values and ranges
    today : what `now` means as the end of a range

    Raises
    ------
    ValueError : a range has no sense

    >>> [each.text for each in values_of(["2019-11..2020-01"], date(2024, 1, 1))]
    ['2019-11', '2019-12', '2020-01']
    >>> [each.text for each in values_of(["a", "08..11"], date(2024, 1, 1))]
    ['a', '08', '09', '10', '11']
    """
    seen: set[str] = set()
    for item in items:
        for value in _values(item, today):
            if value.text not in seen:
                seen.add(value.text)
                yield value


def range_problem(item: str) -> str | None:
    """Tell why a declared value or range has no sense.

    >>> range_problem("2023..2014")
    '`2023..2014` ends before it begins'
    """
    try:
        for _ in _values(item, date.max):
            break
    except ValueError as error:
        return str(error)
    return None


def _values(item: str, today: date) -> Iterator[FieldValue]:
    ends = _RANGE.fullmatch(item)
    if ends is None:
        yield FieldValue(item, _day(item))
        return
    first, last = ends[1], ends[2]
    if _WHOLE.fullmatch(first) and (last == _NOW or _WHOLE.fullmatch(last)):
        yield from _numbers(first, str(today.year) if last == _NOW else last, item)
        return
    begin, end = _day(first), today if last == _NOW else _day(last)
    by_month = _MONTH.fullmatch(first) is not None
    if begin is None or end is None or (last != _NOW and len(first) != len(last)):
        message = (
            f"`{item}` is no range: whole numbers (`2014..2023`), months "
            "(`2019-08..2024-04`) or days (`2024-01-01..now`)"
        )
        raise ValueError(message)
    _ordered(begin, end, item)
    if not by_month:
        yield from map(_by_day, _days(begin, end))
        return
    while begin <= end:
        yield FieldValue(f"{begin:%Y-%m}", begin)
        begin = _next_month(begin)


def _numbers(first: str, last: str, item: str) -> Iterator[FieldValue]:
    _ordered(int(first), int(last), item)
    if int(last) - int(first) >= _MAX_VALUES:
        message = f"`{item}` has more than {_MAX_VALUES:,} values"
        raise ValueError(message)
    width = len(first) if first.startswith("0") else 0
    for number in range(int(first), int(last) + 1):
        yield FieldValue(f"{number:0{width}}")


def _ordered(begin: float | date, end: float | date, item: str) -> None:
    if begin > end:  # type: ignore[operator]
        message = f"`{item}` ends before it begins"
        raise ValueError(message)


def _day(text: str) -> date | None:
    month = _MONTH.fullmatch(text)
    try:
        return date.fromisoformat(f"{text}-01" if month else text)
    except ValueError:
        return None


def _days(begin: date, end: date) -> Iterator[date]:
    for number in range((end - begin).days + 1):
        yield begin + timedelta(days=number)


def _by_day(day: date) -> FieldValue:
    return FieldValue(day.isoformat(), day)


def _next_month(day: date) -> date:
    return date(day.year + day.month // _MONTHS, day.month % _MONTHS + 1, 1)


def _expression(pattern: str) -> str:
    parts: list[str] = []
    at = 0
    seen: set[str] = set()
    for found in _FIELD.finditer(pattern):
        parts.append(_glob(pattern[at : found.start()]))
        name = found[1]
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)")
        seen.add(name)
        at = found.end()
    return "".join([*parts, _glob(pattern[at:])])


def _glob(text: str) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(each) or re.escape(each) for each in text)
