"""Intervals by resampling units that belong together, not rows that look independent.

Rows of one day share their weather, rows of one group their habits. Where rows are split
by time, whole days are drawn; where they are split by group, whole groups; else rows.
Intervals are percentiles of the bootstrap.

References
----------
Efron, Tibshirani. An Introduction to the Bootstrap. Chapman & Hall, 1993. Chapter 8.6
(resampling blocks) and 13 (percentiles).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.analysis.measure.metrics import HIGHER_IS_BETTER, Judged
from backbone.analysis.prepare.frames import categories, clock_days
from backbone.project.analysis import Metric, Split

__all__ = [
    "Interval",
    "Resampled",
    "Units",
    "day_units",
    "draws_of",
    "interval_of",
    "resample",
    "row_units",
    "units_of",
]

Floats = npt.NDArray[np.float64]

_FEWEST = 10
_CELLS = 4_000_000
_LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Interval:
    """An estimate, its standard error and its 95 % interval."""

    value: float
    low: float
    high: float
    error: float = float("nan")


@dataclass(frozen=True)
class Units:
    """What is drawn when rows are resampled: the unit of each row, and its name."""

    codes: npt.NDArray[np.intp]
    name: str

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.codes.max()) + 1 if self.codes.size else 0


def units_of(table: pa.Table, split: Split, *, timezone: str) -> Units:
    """Return the units of the rows of `table`, as the `split` suggests them."""
    found: Units | None = None
    if split.by == "time":
        found = day_units(table[str(split.column)], timezone=timezone)
    elif split.by == "group":
        found = _enough(_coded(categories(table[str(split.column)])[1]), "group")
    return found or row_units(table.num_rows)


def day_units(values: pa.ChunkedArray, *, timezone: str) -> Units | None:
    """Return local days as units; None, if `values` are no times or of too few days."""
    if not pa.types.is_temporal(values.type):
        return None
    return _enough(_coded(clock_days(values, timezone=timezone)), "day")


def row_units(rows: int) -> Units:
    """Return each row as a unit of its own."""
    return Units(np.arange(rows), "row")


def _enough(codes: npt.NDArray[np.intp], name: str) -> Units | None:
    units = Units(codes, name)
    return units if units.count >= _FEWEST else None


def _coded(values: npt.NDArray[np.int64] | npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return np.unique(values, return_inverse=True)[1].astype(np.intp)


def draws_of(count: int, *, times: int, seed: int) -> Iterator[Floats]:
    """Give resamples of `count` units, in chunks: how often each unit was drawn."""
    rng = np.random.default_rng(seed)
    chunk = max(1, _CELLS // max(count, 1))
    for start in range(0, times, chunk):
        size = min(chunk, times - start)
        chance = np.full(count, 1 / count)
        yield rng.multinomial(count, chance, size=size).astype(np.float64)


def interval_of(value: float, samples: Floats) -> Interval:
    """Return the interval of an estimate, from its values over resamples."""
    known = samples[~np.isnan(samples)]
    if known.size == 0 or np.isnan(value):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(known, _LEVELS)
    error = float(known.std(ddof=1)) if known.size > 1 else float("nan")
    return Interval(value, float(low), float(high), error)


@dataclass(frozen=True)
class Resampled:
    """Metrics of several models over one set of rows, and over the same resamples."""

    metrics: tuple[Metric, ...]
    values: Mapping[str, Mapping[Metric, float]]
    samples: Mapping[str, Floats]

    def interval(self, name: str, metric: Metric) -> Interval:
        """Return a metric of the model `name`."""
        return interval_of(self.values[name][metric], self._column(name, metric))

    def gain(self, name: str, over: str, metric: Metric) -> Interval:
        """Return by how much `name` is better than `over`; positive is better."""
        sign = 1 if HIGHER_IS_BETTER[metric] else -1
        value = self.values[name][metric] - self.values[over][metric]
        samples = self._column(name, metric) - self._column(over, metric)
        return interval_of(sign * value, sign * samples)

    def _column(self, name: str, metric: Metric) -> Floats:
        return self.samples[name][:, self.metrics.index(metric)]


def resample(
    judged: Mapping[str, Judged],
    metrics: Sequence[Metric],
    units: Units,
    *,
    times: int,
    seed: int,
) -> Resampled:
    """Compute the metrics of each model, over all rows and over `times` resamples."""
    drawn: dict[str, list[Floats]] = {name: [] for name in judged}
    for draws in draws_of(units.count, times=times, seed=seed):
        for name, one in judged.items():
            drawn[name].append(one.resampled(metrics, units.codes, draws))
    return Resampled(
        metrics=tuple(metrics),
        values={n: {m: one.value(m) for m in metrics} for n, one in judged.items()},
        samples={name: np.vstack(chunks) for name, chunks in drawn.items()},
    )
