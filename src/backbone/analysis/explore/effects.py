"""How strongly a factor goes with an outcome: shares of variation, ranks, tests.

Everything follows from sums per unit and level (a unit is a day, where the question names
a time), so resampling units costs a matrix product.

References
----------
Efron, Tibshirani. An Introduction to the Bootstrap, 1993. 13.7 (the basic interval, which
    turns the bias of resampled shares around).
Holm. A simple sequentially rejective multiple test procedure. Scand. J. Stat. 6(2), 1979.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from backbone.analysis.measure.levels import Levels
from backbone.analysis.measure.resampling import Interval, Units, draws_of

__all__ = ["Effect", "effect_of", "holm", "lumped"]

Floats = npt.NDArray[np.float64]

_DRAWS = 400
_LUMPS = 500
_LEVELS = (2.5, 97.5)


@dataclass(frozen=True)
class Effect:
    """A factor's share of the outcome's variation, its rank correlation, its p-value.

    `share` is eta²; `rank` is Spearman's rho, of numbers only; `p` tests that the means
    of all levels are equal, knowing the units; NaN where there are too few units.
    """

    share: Interval
    rank: Interval | None
    p: float


def lumped(units: Units, *, seed: int) -> Units:
    """Return `units`, or 500 random groups of them where there are many more.

    The spread of random groups estimates that of their members, at a small cost.
    """
    if units.count <= 2 * _LUMPS:
        return units
    lumps = np.random.default_rng(seed).permutation(units.count) % _LUMPS
    return Units(lumps[units.codes], units.name)


def effect_of(
    outcome: Floats, levels: Levels, values: Floats | None, units: Units, *, seed: int
) -> Effect:
    """Return how strongly a factor goes with `outcome`; rows without it are left out.

    Parameters
    ----------
    values : the factor as numbers, if it is one
    units : of at most some hundred: see `lumped`
    """
    known = np.ones(len(outcome), dtype=bool)
    count = levels.count
    if levels.missing:
        count -= 1
        known = levels.codes < count
    y, codes, unit = outcome[known], levels.codes[known], units.codes[known]
    if len(y) == 0 or count == 0:
        nothing = Interval(float("nan"), float("nan"), float("nan"))
        return Effect(nothing, None, float("nan"))
    y = y - y.mean()
    rank = None
    if values is not None:
        rank = _rank(y, values[known], unit, units.count, seed)
    return Effect(
        share=_share(y, codes, count, unit, units.count, seed),
        rank=rank,
        p=_equal_means(y, codes, count, unit, units.count),
    )


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values that allow for how many there are.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    n = len(p_values)
    order = sorted(range(n), key=lambda i: p_values[i])
    adjusted, largest = [float("nan")] * n, 0.0
    for place, i in enumerate(order):
        largest = max(largest, min(1.0, p_values[i] * (n - place)))
        adjusted[i] = largest if p_values[i] == p_values[i] else p_values[i]
    return tuple(adjusted)


def _table(
    codes: npt.NDArray[np.intp],
    count: int,
    unit: npt.NDArray[np.intp],
    units: int,
    weights: Floats | None = None,
) -> Floats:
    cells = np.bincount(unit * count + codes, weights=weights, minlength=units * count)
    return cells.reshape(units, count).astype(np.float64)


def _share(
    y: Floats,
    codes: npt.NDArray[np.intp],
    count: int,
    unit: npt.NDArray[np.intp],
    units: int,
    seed: int,
) -> Interval:
    n, sums = _table(codes, count, unit, units), _table(codes, count, unit, units, y)
    squares = np.asarray(np.bincount(unit, weights=y**2, minlength=units), np.float64)

    def share(draws: Floats) -> Floats:
        level_n, level_sum = draws @ n, draws @ sums
        total_n, total = level_n.sum(axis=1), level_sum.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.where(level_n > 0, level_sum**2 / level_n, 0.0)
            base = total**2 / total_n
            return np.asarray((parts.sum(axis=1) - base) / (draws @ squares - base))

    value = float(share(np.ones((1, units)))[0])
    chunks = [share(draws) for draws in draws_of(units, times=_DRAWS, seed=seed)]
    low, high = _basic(value, np.concatenate(chunks))
    return Interval(value, max(low, 0.0), min(max(high, 0.0), 1.0))


def _rank(
    y: Floats, values: Floats, unit: npt.NDArray[np.intp], units: int, seed: int
) -> Interval:
    a, b = (stats.rankdata(x) for x in (values, y))
    a, b = a - a.mean(), b - b.mean()
    terms = np.column_stack([np.ones_like(a), a, b, a * a, b * b, a * b])
    sums = np.column_stack(
        [np.bincount(unit, weights=term, minlength=units) for term in terms.T]
    )

    def correlation(draws: Floats) -> Floats:
        n, x, z, xx, zz, xz = (draws @ sums).T
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt((xx - x * x / n) * (zz - z * z / n))
            return np.asarray((xz - x * z / n) / spread)

    value = float(correlation(np.ones((1, units)))[0])
    chunks = [correlation(draws) for draws in draws_of(units, times=_DRAWS, seed=seed)]
    low, high = _basic(value, np.concatenate(chunks))
    return Interval(value, max(low, -1.0), min(high, 1.0))


def _basic(value: float, samples: Floats) -> tuple[float, float]:
    known = samples[~np.isnan(samples)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(known, _LEVELS)
    return float(2 * value - high), float(2 * value - low)


def _equal_means(
    y: Floats,
    codes: npt.NDArray[np.intp],
    count: int,
    unit: npt.NDArray[np.intp],
    units: int,
) -> float:
    n = np.bincount(codes, minlength=count)
    free = count - 1
    present = len(np.unique(unit))
    if free < 1 or present <= free + 1:
        return float("nan")
    means = np.bincount(codes, weights=y, minlength=count) / n
    sums = _table(codes, count, unit, units, y - means[codes]) / n
    covariance = sums.T @ sums * present / (present - 1)
    contrasts = np.eye(count)[1:] - np.eye(count)[:1]
    differences = contrasts @ means
    spread = np.linalg.pinv(contrasts @ covariance @ contrasts.T, hermitian=True)
    wald = float(differences @ spread @ differences)
    ratio = wald * (present - free) / (free * (present - 1))
    return float(stats.f.sf(ratio, free, present - free))
