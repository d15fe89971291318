"""Means by level with intervals that know which rows belong together.

References
----------
Liang, Zeger. Longitudinal data analysis using generalized linear models. Biometrika
73(1), 1986: the variance of a sum from the sums of its clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from backbone.analysis.measure.resampling import Units

__all__ = ["Means", "level_means"]

Floats = npt.NDArray[np.float64]

_SURE = 0.975


@dataclass(frozen=True)
class Means:
    """Per level: rows, mean, and the bounds of its 95 % interval (NaN: unknown)."""

    n: npt.NDArray[np.int64]
    mean: Floats
    low: Floats
    high: Floats


def level_means(
    values: Floats, levels: npt.NDArray[np.intp], count: int, units: Units
) -> Means:
    """Return the mean of `values` in each of `count` levels.

    Rows of a unit may be as alike as they like: the error comes from how the units differ
    in what they add to a level, with Student's t for as many units as the level has.
    """
    n = np.bincount(levels, minlength=count)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = _sums(values, levels, count) / n
        sums, members = _unit_sums(values - mean[levels], levels, count, units)
        variance = sums / n**2 * members / (members - 1)
    reach = stats.t.ppf(_SURE, np.maximum(members - 1, 1)) * np.sqrt(variance)
    reach = np.where(members > 1, reach, np.nan)
    return Means(n.astype(np.int64), mean, mean - reach, mean + reach)


def _unit_sums(
    errors: Floats, levels: npt.NDArray[np.intp], count: int, units: Units
) -> tuple[Floats, Floats]:
    if units.count == len(levels):
        return (
            _sums(errors**2, levels, count),
            np.bincount(levels, minlength=count).astype(np.float64),
        )
    cells, at = np.unique(units.codes * count + levels, return_inverse=True)
    sums = _sums(errors, at, len(cells))
    level_of_cell = cells % count
    members = np.bincount(level_of_cell, minlength=count).astype(np.float64)
    return _sums(sums**2, level_of_cell, count), members


def _sums(values: Floats, codes: npt.NDArray[np.intp], count: int) -> Floats:
    return np.asarray(np.bincount(codes, weights=values, minlength=count), np.float64)
