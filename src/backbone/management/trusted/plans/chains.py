"""A longest subsequence of numbers that never fall, by patience sorting.

This, and `overlaps`, go row by row, as nothing else in the zone: no query sorts
patiently. It sees two numbers of a row, in arrays.

References
----------
Fredman. On computing the length of longest increasing subsequences. Discrete Mathematics
11(1), 1975.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["on_chain", "side_by_side"]

Numbers = npt.NDArray[np.int64]
_AT_ONCE = 65_536


def side_by_side(groups: Numbers) -> Numbers:
    """Return what to add to the ranks of groups so that each group's are beyond the last.

    Then what is best for all of them is best for each.

    Parameters
    ----------
    groups : of n rows, the rows of a group beside each other; their ranks are from 1 to
        at most its size

    >>> side_by_side(np.array([7, 7, 9, 9]))
    array([0, 0, 2, 2])
    """
    begins = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    return np.repeat(begins, np.diff(begins, append=len(groups)))


def on_chain(ranks: Numbers, ids: Numbers, *, rising: bool) -> npt.NDArray[np.bool_]:
    """Tell which rows are on a longest subsequence of `ranks` that never falls.

    Of several such subsequences it is the one that has, of the rows that may be its last,
    that of the smallest id; before it, of the rows that then may be, that of the smallest
    id; and so on.

    Parameters
    ----------
    ranks : of n rows in their order, 1 at least
    ids : of n rows, all different
    rising : equal ranks do not follow each other either

    Notes
    -----
    O(n log n) time, and O(n) where most rows are in order; about 50 bytes a row
    besides.

    >>> on_chain(np.array([1, 4, 2, 3]), np.array([5, 6, 7, 8]), rising=False).tolist()
    [True, False, True, True]
    """
    levels = _levels(ranks, rising=rising)
    sizes = np.bincount(levels)
    by_level = np.argsort(levels, kind="stable")
    ends = np.cumsum(sizes)
    kept = by_level[ends - sizes]
    rank_of, id_of = ranks.data, ids.data
    for level in np.flatnonzero(sizes > 1)[::-1].tolist():
        after, most = len(ranks), np.iinfo(np.int64).max
        if level + 1 < len(kept):
            after = kept[level + 1]
            most = rank_of[after] - rising
        rows = by_level[ends[level] - sizes[level] : ends[level]].tolist()
        fitting = [row for row in rows if row < after and rank_of[row] <= most]
        kept[level] = min(fitting, key=id_of.__getitem__)
    found = np.zeros(len(ranks), dtype=np.bool_)
    found[kept] = True
    return found


def _levels(ranks: Numbers, *, rising: bool) -> Numbers:
    """Return how many rows come before each on a longest subsequence that ends there.

    `tops` has, of the subsequences of every length, the smallest rank that one ends with.
    """
    place = bisect_left if rising else bisect_right
    tops, levels = array("q"), array("q")
    bound = 0  # the smallest rank that makes the longest subsequence longer
    for rank in _each(ranks):
        if rank >= bound:
            levels.append(len(tops))
            tops.append(rank)
            bound = rank + rising
            continue
        at = place(tops, rank)
        levels.append(at)
        tops[at] = rank
        if at + 1 == len(tops):
            bound = rank + rising
    return np.frombuffer(levels, dtype=np.int64)


def _each(numbers: Numbers) -> Iterator[int]:
    """Yield `numbers` as Python's, a few at a time: they take four times the memory."""
    for start in range(0, len(numbers), _AT_ONCE):
        yield from numbers[start : start + _AT_ONCE].tolist()
