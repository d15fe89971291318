"""Differences between levels when everything else is equal: least squares on levels.

The model is additive: a constant and an effect per level of every factor. It is solved
from the normal equations, which are counts of pairs of levels, so the memory it takes
does not depend on the number of rows. Errors are sandwich errors of the units (HC1 where
every row is its own unit).

References
----------
White. A heteroskedasticity-consistent covariance matrix estimator. Econometrica 48, 1980.
Liang, Zeger. Longitudinal data analysis using generalized linear models. Biometrika 73,
    1986.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from backbone.analysis.measure.levels import Levels
from backbone.analysis.measure.resampling import Units

__all__ = ["Adjusted", "AdjustedModel", "adjusted_model"]

Floats = npt.NDArray[np.float64]

_SURE = 0.975
_TINY = 1e-9


@dataclass(frozen=True)
class Adjusted:
    """Of one factor: by how much each level differs from the average level.

    Everything else is equal; NaN where a level cannot be told apart from others. `adds`
    is what the factor adds to the share of variation that all others account for.
    """

    difference: Floats
    low: Floats
    high: Floats
    adds: float


@dataclass(frozen=True)
class AdjustedModel:
    """The additive model: the share of variation it accounts for, and its factors."""

    share: float
    rows: int
    factors: tuple[Adjusted, ...]


def adjusted_model(
    outcome: Floats, factors: Sequence[Levels], units: Units
) -> AdjustedModel:
    """Fit the additive model of `outcome` over all `factors` at once.

    The average level is the mean of those that are not missing, by their rows. Missing
    values are a level of their own.
    """
    y = outcome - outcome.mean()
    design, starts = _design(factors, len(y))
    squares = np.asarray((design.T @ design).todense())
    products = np.asarray(design.T @ y)
    inverse = np.linalg.pinv(squares, rcond=_TINY, hermitian=True)
    effects = inverse @ products
    residuals = y - design @ effects
    covariance = _sandwich(design, residuals, inverse, units)
    total = float(y @ y)
    unexplained = float(residuals @ residuals)
    solved = _Solved(effects, covariance, inverse @ squares, units.count)
    found = []
    for levels, start in zip(factors, starts, strict=True):
        columns = np.arange(start, start + levels.count)
        without = _explained(squares, products, columns)
        adds = (total - unexplained - without) / total if total > 0 else 0.0
        contrasts = _contrasts(levels, columns, squares)
        found.append(Adjusted(*_differences(contrasts, solved), max(adds, 0.0)))
    share = 1 - unexplained / total if total > 0 else float("nan")
    return AdjustedModel(share, len(y), tuple(found))


@dataclass(frozen=True)
class _Solved:
    effects: Floats
    covariance: Floats
    projection: Floats
    units: int


def _design(factors: Sequence[Levels], rows: int) -> tuple[sparse.csr_array, list[int]]:
    starts = np.cumsum([1, *(levels.count for levels in factors)])
    codes = [np.zeros(rows, dtype=np.int64)]
    codes += [
        levels.codes + start for levels, start in zip(factors, starts, strict=False)
    ]
    columns = np.column_stack(codes).ravel()
    pointers = np.arange(0, len(columns) + 1, len(codes))
    ones = np.ones(len(columns))
    shape = (rows, int(starts[-1]))
    return sparse.csr_array((ones, columns, pointers), shape=shape), list(starts[:-1])


def _explained(squares: Floats, products: Floats, gone: npt.NDArray[np.intp]) -> float:
    kept = np.setdiff1d(np.arange(len(products)), gone)
    inside = products[kept]
    inverse = np.linalg.pinv(squares[np.ix_(kept, kept)], rcond=_TINY, hermitian=True)
    return float(inside @ inverse @ inside)


def _sandwich(
    design: sparse.csr_array, residuals: Floats, inverse: Floats, units: Units
) -> Floats:
    rows, rank = len(residuals), int(np.linalg.matrix_rank(inverse, hermitian=True))
    spare = max(rows - rank, 1)
    if units.count == rows:
        weighted = design.multiply(residuals[:, None] ** 2)
        meat = np.asarray((design.T @ weighted.tocsr()).todense()) * rows / spare
    else:
        owner = sparse.csr_array(
            (residuals, (units.codes, np.arange(rows))), shape=(units.count, rows)
        )
        sums = np.asarray((owner @ design).todense())
        several = units.count / (units.count - 1) * (rows - 1) / spare
        meat = sums.T @ sums * several
    return np.asarray(inverse @ meat @ inverse)


def _contrasts(levels: Levels, columns: npt.NDArray[np.intp], squares: Floats) -> Floats:
    # the diagonal of the normal equations counts the rows of each level
    n = np.diagonal(squares)[columns].copy()
    if levels.missing and levels.count > 1:
        n[-1] = 0
    average = np.zeros(len(squares))
    average[columns] = n / n.sum()
    contrasts = np.tile(-average, (len(columns), 1))
    contrasts[np.arange(len(columns)), columns] += 1
    return contrasts


def _differences(contrasts: Floats, solved: _Solved) -> tuple[Floats, Floats, Floats]:
    off = np.abs(contrasts @ solved.projection - contrasts).max(axis=1)
    blank = np.where(off < np.sqrt(_TINY), 0.0, np.nan)
    differences = contrasts @ solved.effects + blank
    variance = np.einsum("ij,jk,ik->i", contrasts, solved.covariance, contrasts)
    errors = np.sqrt(np.maximum(variance, 0))
    reach = stats.t.ppf(_SURE, max(solved.units - 1, 1)) * errors
    return differences, differences - reach, differences + reach
