"""Numbers and words as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = [
    "NOTHING", "count", "day", "duration", "fixed", "listed", "number", "percent",
    "places_for", "plain", "plural", "probability", "signed", "size", "span",
    "upper",
]  # fmt: skip

NOTHING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_NBSP = "\u00a0"
_WHOLE = 1000
_SMALL = 0.001


def count(value: float) -> str:
    """Return a whole number with its thousands apart.

    >>> count(327346)
    '327,346'
    """
    return f"{int(value):,}".replace("-", _MINUS)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with `digits` that count, without a power of ten.

    >>> number(0.68329), number(12.345), number(1234567.0)
    ('0.683', '12.3', '1,234,567')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    exact = Decimal(repr(float(value))).quantize(
        Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN
    )
    return f"{exact:,f}".replace("-", _MINUS)


def fixed(value: float | None, places: int) -> str:
    """Return a number with so many places after the point.

    >>> fixed(5.3, 1), fixed(1234.56, 0)
    ('5.3', '1,235')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:,.{places}f}".replace("-", _MINUS)
    return text.removeprefix(_MINUS) if not text.strip(f"{_MINUS}0.") else text


def places_for(spread: float) -> int:
    """Return how many places after the point tell values of this spread apart.

    >>> places_for(44.6), places_for(0.02), places_for(5000.0)
    (1, 4, 0)
    """
    if not math.isfinite(spread) or spread <= 0:
        return 2
    return max(0, 2 - math.floor(math.log10(spread)))


def plain(value: float, digits: int = 4) -> str:
    """Return a value of data as short as `digits` allow; years have no comma.

    >>> plain(2008.0), plain(0.04), plain(33.12), plain(12500.0)
    ('2008', '0.04', '33.12', '12,500')
    """
    if not math.isfinite(value):
        return NOTHING
    text = f"{value:,.0f}" if value == round(value) else number(value, digits)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if abs(value) < 10 * _WHOLE:
        text = text.replace(",", "")
    return text.replace("-", _MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """Return a number with its sign, also a plus.

    >>> signed(0.18)
    '+0.180'
    """
    text = number(value, digits)
    plus = value is not None and math.isfinite(value) and value > 0
    return f"+{text}" if plus else text


def percent(share: float | None, places: int = 1) -> str:
    r"""Return a share as a percentage.

    >>> percent(0.2429)
    '24.3\xa0%'
    """
    if share is None or not math.isfinite(share):
        return NOTHING
    text = f"{100 * share:,.{places}f}".replace("-", _MINUS)
    return f"{text}{_NBSP}%"


def probability(value: float) -> str:
    """Return a p-value, without digits that mean nothing.

    >>> probability(0.03141), probability(1e-9)
    ('0.031', '< 0.001')
    """
    if not math.isfinite(value):
        return NOTHING
    return "< 0.001" if value < _SMALL else number(value, 2)


def span(low: str, high: str) -> str:
    """Return an interval of two texts; nothing, if there is none.

    >>> span("0.67", "0.70")
    '0.67 to 0.70'
    """
    return NOTHING if NOTHING in (low, high) else f"{low} to {high}"


def plural(n: int, one: str, many: str) -> str:
    """Return how many there are of something.

    >>> plural(1, "fold", "folds"), plural(5, "fold", "folds")
    ('1 fold', '5 folds')
    """
    return f"{count(n)} {one if n == 1 else many}"


def listed(items: Sequence[str]) -> str:
    """Return the items as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if len(items) < 2:  # noqa: PLR2004 (one needs no "and")
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def duration(seconds: float) -> str:
    """Return a time that something took.

    >>> duration(0.042), duration(2.345), duration(135.0)
    ('0.04 s', '2.3 s', '2 min 15 s')
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def size(n_bytes: int) -> str:
    """Return a size.

    >>> size(512), size(204_800)
    ('512 B', '205 kB')
    """
    value = float(n_bytes)
    for unit in ("B", "kB", "MB"):
        if value < _WHOLE:
            return f"{value:.3g} {unit}"
        value /= _WHOLE
    return f"{value:.3g} GB"


def day(value: date | datetime | float | None) -> str:
    """Return a day as it is said; a number as a number.

    >>> day(date(2013, 9, 3))
    '3 Sep 2013'
    """
    if value is None:
        return NOTHING
    if isinstance(value, date | datetime):
        return f"{value.day} {value:%b %Y}"
    return number(float(value))


def upper(text: str) -> str:
    """Return `text` as a sentence begins.

    >>> upper("mean absolute error")
    'Mean absolute error'
    """
    return text[:1].upper() + text[1:]
