"""Levels: any column as a few groups of rows, each with a name that people understand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.analysis.prepare.frames import (
    MISSING,
    CalendarPart,
    calendar,
    categories,
    numbers,
    zone_of,
)
from backbone.analysis.wording import plain
from backbone.model.schemas import Column

__all__ = ["Levels", "calendar_levels", "category_levels", "levels_of", "number_levels"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]

_MOST = 20
_BINS = 6
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Levels:
    """The level of each row, as a code, and the names of the levels.

    `ordered` levels have an order of their own; `missing` tells whether the last level is
    that of missing values, which has no place in it.
    """

    codes: Codes
    names: tuple[str, ...]
    ordered: bool
    missing: bool = False

    @property
    def count(self) -> int:
        """How many levels there are."""
        return len(self.names)


def levels_of(
    values: pa.ChunkedArray,
    column: Column,
    *,
    bins: int | None = None,
    part: CalendarPart | None = None,
    timezone: str | None = None,
) -> Levels:
    """Return the levels of a column, by its canonical type."""
    kind = column.type
    if kind.is_temporal:
        zone = zone_of(column, timezone)
        chosen: CalendarPart = part or ("weekday" if kind.kind == "date" else "hour")
        return calendar_levels(calendar(values, chosen, timezone=zone), chosen)
    if kind.is_numeric:
        return number_levels(numbers(values), bins=bins or _BINS)
    if kind.kind == "boolean":
        return _named(numbers(values), {0.0: "no", 1.0: "yes"})
    return category_levels(categories(values)[0])


def category_levels(texts: npt.NDArray[Any], *, at_most: int = _MOST) -> Levels:
    """Return a level per text, the most frequent first; rare ones share a level."""
    distinct, codes, n = np.unique(
        texts.astype(str), return_inverse=True, return_counts=True
    )
    order = sorted(range(len(distinct)), key=lambda i: (-n[i], distinct[i]))
    order = [i for i in order if distinct[i] != MISSING]
    kept, rest = order[:at_most], order[at_most:]
    if len(rest) == 1:
        kept, rest = order, []
    names = [str(distinct[i]) for i in kept]
    place = np.full(len(distinct), len(kept), dtype=np.intp)
    place[kept] = np.arange(len(kept))
    if rest:
        names.append(f"{len(rest):,} others")
    missing = MISSING in distinct
    if missing:
        place[list(distinct).index(MISSING)] = len(names)
        names.append(MISSING)
    return Levels(place[codes], tuple(names), ordered=False, missing=missing)


def calendar_levels(values: Floats, part: CalendarPart) -> Levels:
    """Return a level per hour, weekday or month that occurs."""
    names: dict[float, str]
    if part == "hour":
        names = {float(h): f"{h}:00" for h in range(24)}
    elif part == "weekday":
        names = {float(i): name for i, name in enumerate(WEEKDAYS)}
    elif part == "month":
        names = {float(i): name for i, name in enumerate(MONTHS, start=1)}
    else:
        names = {float(d): str(d) for d in range(1, 367)}
    return _named(values, names)


def number_levels(values: Floats, *, bins: int) -> Levels:
    """Return about `bins` levels of about equally many rows, named by their bounds.

    A value that fills a level alone (a rain of 0) is one. Bounds are values that occur,
    so there is no question to which level a bound belongs.
    """
    known = ~np.isnan(values)
    distinct, n = np.unique(values[known], return_counts=True)
    if len(distinct) <= bins:
        texts = _bounds([(v, v) for v in distinct])
        names = {float(v): text for v, text in zip(distinct, texts, strict=True)}
        return _named(values, names)
    starts = _starts(n, bins)
    cuts = distinct[starts]
    codes = np.searchsorted(cuts, values, side="right") - 1
    ends = [*(s - 1 for s in starts[1:]), len(distinct) - 1]
    texts = _bounds(
        [(distinct[a], distinct[b]) for a, b in zip(starts, ends, strict=True)]
    )
    return _with_missing(np.where(known, codes, len(texts)), texts, known)


def _starts(n: npt.NDArray[np.int64], bins: int) -> list[int]:
    total = int(n.sum())
    heavy = n >= total / bins
    rest = int(n[~heavy].sum())
    share = max(rest / max(bins - int(heavy.sum()), 1), 1)
    before = np.cumsum(np.where(heavy, 0, n)) - np.where(heavy, 0, n)
    group = np.where(heavy, -1 - np.arange(len(n)), (before / share).astype(int))
    changes = np.flatnonzero(np.diff(group) != 0) + 1
    return [0, *(int(at) for at in changes)]


def _bounds(pairs: Sequence[tuple[float, float]]) -> list[str]:
    texts: list[str] = []
    for digits in (3, 4, 6, 9, 17):
        ends = [(plain(a, digits), plain(b, digits)) for a, b in pairs]
        texts = [low if low == high else f"{low} to {high}" for low, high in ends]
        apart = all(a[1] != b[0] for a, b in pairwise(ends))
        if apart and len(set(texts)) == len(texts):
            break
    return texts


def _named(values: Floats, names: dict[float, str]) -> Levels:
    known = ~np.isnan(values)
    present = np.unique(values[known])
    codes = np.searchsorted(present, values)
    texts = [names[float(v)] for v in present]
    return _with_missing(np.where(known, codes, len(texts)), texts, known)


def _with_missing(codes: Codes, texts: list[str], known: npt.NDArray[np.bool_]) -> Levels:
    missing = not bool(known.all())
    names = (*texts, MISSING) if missing else tuple(texts)
    return Levels(codes.astype(np.intp), names, ordered=True, missing=missing)
