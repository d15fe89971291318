"""Folds of a cross-validation that keep together what the split keeps together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from backbone.analysis.prepare.frames import Rows, categories, ordinals
from backbone.project.analysis import Predict

__all__ = ["folds_in_words", "folds_of"]

Positions = npt.NDArray[np.intp]

_DECILES = 10


def folds_of(declaration: Predict, rows: Rows) -> Iterator[tuple[Positions, Positions]]:
    """Give the positions of training and test rows, fold by fold.

    By time: blocks of about equal size, whole instants each, every one judged by a model
    of all blocks before it. By group: whole groups. Stratified: equal shares of strata.
    """
    split, folds, seed = declaration.split, declaration.validate_.folds, declaration.seed
    if split.by == "time":
        yield from _forward(ordinals(rows.table[str(split.column)]), folds)
    elif split.by == "group":
        groups = categories(rows.table[str(split.column)])[1]
        folder = GroupKFold(folds, shuffle=True, random_state=seed)
        yield from folder.split(rows.frame, groups=groups)
    elif split.by == "stratified":
        folder = StratifiedKFold(folds, shuffle=True, random_state=seed)
        yield from folder.split(rows.frame, _strata(declaration, rows))
    else:
        yield from KFold(folds, shuffle=True, random_state=seed).split(rows.frame)


def folds_in_words(declaration: Predict) -> str:
    """Say what a fold is."""
    return {
        "time": "each block of time judged by a model that was trained on all before it",
        "group": "whole groups held out in turn",
        "stratified": "an equal share of every stratum held out in turn",
        "random": "rows held out in turn",
    }[declaration.split.by]


def _forward(
    times: npt.NDArray[np.int64], folds: int
) -> Iterator[tuple[Positions, Positions]]:
    _, instant, n = np.unique(times, return_inverse=True, return_counts=True)
    before = (np.cumsum(n) - n)[instant]
    block = before * (folds + 1) // len(times)
    for fold in range(1, folds + 1):
        train, test = np.flatnonzero(block < fold), np.flatnonzero(block == fold)
        if train.size and test.size:
            yield train, test


def _strata(declaration: Predict, rows: Rows) -> Positions:
    if declaration.split.column is not None:
        return categories(rows.table[declaration.split.column])[1]
    if declaration.task == "classification":
        return rows.target.astype(np.intp)
    ranks = np.argsort(np.argsort(rows.target, kind="stable"), kind="stable")
    return ranks * _DECILES // len(ranks)
