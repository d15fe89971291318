"""Exploration: the outcome by itself, over time, and where values are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.analysis.prepare.frames import calendar, clock_days

__all__ = [
    "Distribution",
    "Missing",
    "Trend",
    "Week",
    "distribution",
    "missing",
    "trend",
    "week",
]

Floats = npt.NDArray[np.float64]

_BARS = 60
_TAILS = (0.5, 99.5)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_WINDOW = 7
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Distribution:
    """The outcome by itself: bars between the tails, and what lies beyond them."""

    n: int
    mean: float
    deviation: float
    quantiles: Mapping[float, float]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int


@dataclass(frozen=True)
class Trend:
    """The outcome day by day; `smooth` is the mean of the rows of seven days around."""

    days: tuple[date, ...]
    n: tuple[int, ...]
    mean: tuple[float, ...]
    smooth: tuple[float, ...]


@dataclass(frozen=True)
class Week:
    """The outcome by hour (columns) and weekday (rows, from Monday); NaN: no rows."""

    hours: tuple[int, ...]
    n: npt.NDArray[np.int64]
    mean: Floats


@dataclass(frozen=True)
class Missing:
    """How often a column is missing, and the mean outcome where it is and is not."""

    column: str
    n: int
    share: float
    mean_missing: float
    mean_present: float


def distribution(outcome: Floats) -> Distribution:
    """Return bars of the outcome, from its 0.5 % to its 99.5 % quantile."""
    low, high = np.percentile(outcome, _TAILS, method="inverted_cdf")
    if low == high:
        low, high = outcome.min(), outcome.max()
    inside = outcome[(outcome >= low) & (outcome <= high)]
    whole = bool((outcome == np.round(outcome)).all())
    counts, edges = np.histogram(
        inside, bins=_edges(float(low), float(high), whole=whole)
    )
    quantiles = np.quantile(outcome, _QUANTILES)
    return Distribution(
        n=len(outcome),
        mean=float(outcome.mean()),
        deviation=float(outcome.std(ddof=1)) if len(outcome) > 1 else float("nan"),
        quantiles=dict(zip(_QUANTILES, map(float, quantiles), strict=True)),
        edges=tuple(map(float, edges)),
        counts=tuple(map(int, counts)),
        below=int((outcome < low).sum()),
        above=int((outcome > high).sum()),
    )


def _edges(low: float, high: float, *, whole: bool) -> Floats:
    # bars of whole numbers are whole numbers wide, or they would beat against them
    if whole and high > low:
        width = max(1.0, np.ceil((high - low + 1) / _BARS))
        return np.arange(low - 0.5, high + width, width)
    return np.linspace(low, high if high > low else low + 1, _BARS + 1)


def trend(times: pa.ChunkedArray, outcome: Floats, *, timezone: str) -> Trend:
    """Return the mean outcome of each local day that has rows."""
    stamp = clock_days(times, timezone=timezone)
    kept = ~np.asarray(times.is_null().to_numpy())
    days, codes = np.unique(stamp[kept], return_inverse=True)
    n = np.bincount(codes)
    sums = np.bincount(codes, weights=outcome[kept])
    reach = _WINDOW // 2
    first = np.searchsorted(days, days - reach, side="left")
    last = np.searchsorted(days, days + reach, side="right")
    total_n, total = (np.concatenate([[0], np.cumsum(x)]) for x in (n, sums))
    smooth = (total[last] - total[first]) / (total_n[last] - total_n[first])
    return Trend(
        days=tuple(date.fromordinal(_EPOCH + int(day)) for day in days),
        n=tuple(map(int, n)),
        mean=tuple(map(float, sums / n)),
        smooth=tuple(map(float, smooth)),
    )


def week(times: pa.ChunkedArray, outcome: Floats, *, timezone: str) -> Week | None:
    """Return the mean outcome by local hour and weekday; None for dates."""
    if not pa.types.is_timestamp(times.type):
        return None
    hour = calendar(times, "hour", timezone=timezone)
    weekday = calendar(times, "weekday", timezone=timezone)
    kept = ~np.isnan(hour)
    cell = (weekday[kept] * 24 + hour[kept]).astype(np.intp)
    n = np.bincount(cell, minlength=7 * 24)
    sums = np.bincount(cell, weights=outcome[kept], minlength=7 * 24)
    mean = np.where(n > 0, sums / np.maximum(n, 1), np.nan).reshape(7, 24)
    counts = n.reshape(7, 24).astype(np.int64)
    hours = tuple(int(h) for h in np.flatnonzero(counts.sum(axis=0)))
    if len(hours) < 2:  # noqa: PLR2004 (one hour is no day)
        return None
    return Week(hours, counts[:, hours], mean[:, hours])


def missing(column: str, values: pa.ChunkedArray, outcome: Floats) -> Missing:
    """Count the missing values of a column, and what the outcome is where they miss."""
    gone = np.asarray(values.is_null(nan_is_null=True).to_numpy())
    n = int(gone.sum())
    return Missing(
        column=column,
        n=n,
        share=n / len(gone) if len(gone) else 0.0,
        mean_missing=float(outcome[gone].mean()) if n else float("nan"),
        mean_present=float(outcome[~gone].mean()) if n < len(gone) else float("nan"),
    )
