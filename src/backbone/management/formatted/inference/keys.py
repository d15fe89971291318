"""Columns that identify a row: few, without gaps, and never twice the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod

from backbone.engines.raw.looking.observed import Observed
from backbone.management.formatted.inference.context import ColumnPlan
from backbone.management.formatted.inference.hints import hints_at
from backbone.model.choices import Choice

__all__ = ["key_of"]

_MOST_COLUMNS, _MOST_TESTS = 8, 60
_WIDEST = 4
_MOST_FILE_TESTS = 20
_FEW_ROWS = 20
_NEARLY = 0.995


def key_of(
    seen: Observed, plans: Sequence[ColumnPlan], added: Sequence[ColumnPlan] = ()
) -> Choice:
    """Find the columns that identify a row.

    Parameters
    ----------
    added : made of the names and paths of files; they stand first in a key

    Notes
    -----
    One column first, then pairs, triples and fours of those that could be dimensions:
    texts, whole numbers, dates and times, none of them missing. At most 60 counts.
    """
    able = [plan for plan in plans if plan.there == seen.rows and _may_identify(plan)]
    if seen.rows < 2:  # noqa: PLR2004 - anything is unique
        return Choice(
            "key", [], 0.3, "there is one record only", ask="what identifies a row?"
        )
    single = [plan for plan in able if plan.distinct == seen.rows]
    if single:
        best = min(single, key=_likeliness)
        sure = 0.95 if seen.rows >= _FEW_ROWS else 0.6
        sure -= 0.1 * _likeliness(best)[0]
        others = tuple(plan.name for plan in single if plan is not best)
        said = f"{seen.rows:,} records, each with its own, none missing"
        return Choice("key", [best.name], sure, said, alternatives=others[:5])
    able = sorted(able, key=lambda plan: (_likeliness(plan)[0] > 1, -plan.distinct))
    able = [*added, *able][:_MOST_COLUMNS]
    able = sorted(able, key=lambda p: (p.place < seen.width, p.place))
    return _of_several(seen, able)


def _of_several(seen: Observed, able: Sequence[ColumnPlan]) -> Choice:
    nearest: tuple[float, tuple[ColumnPlan, ...]] = (_NEARLY, ())
    for group in _groups(seen, able):
        distinct = (
            seen.distinct([plan.place for plan in group])
            if len(group) > 1
            else group[0].distinct
        )
        names = [plan.name for plan in group]
        if distinct == seen.rows:
            sure = 0.85 if seen.rows >= _FEW_ROWS else 0.5
            said = f"{seen.rows:,} records, no two of the same {', '.join(names)}"
            return Choice("key", names, sure, said)
        nearest = max(nearest, (distinct / seen.rows, group), key=lambda one: one[0])
    share, group = nearest
    again_in_files = _by_files(seen, able)
    if again_in_files is not None:
        return again_in_files
    if not group:
        said = "no few columns are different in each record"
        return Choice("key", [], 0.4, said, ask="what identifies a row?")
    names = [plan.name for plan in group]
    again = round((1 - share) * seen.rows)
    said = f"{again:,} of {seen.rows:,} records have one that was there before"
    ask = f"does {', '.join(names)} identify a row? {said}"
    return Choice("key", names, 0.5, said, ask=ask)


def _by_files(seen: Observed, able: Sequence[ColumnPlan]) -> Choice | None:
    """Find a key that is one within each file, but comes in several of them."""
    if len(seen.objects) < 2:  # noqa: PLR2004 - there is nothing to compare
        return None
    own = [plan for plan in able if plan.place < seen.width]
    groups = [
        g for size in (1, 2, 3) for g in sorted(combinations(own, size), key=_weight)
    ]
    for group in groups[:_MOST_FILE_TESTS]:
        places = [plan.place for plan in group]
        if seen.distinct(places, by_object=True) == seen.rows:
            again = seen.rows - seen.distinct(places)
            names = [plan.name for plan in group]
            said = f"one of each in every file; {again:,} of {seen.rows:,} come again"
            ask = (
                f"the same {', '.join(names)} come in several files: is each file the "
                "whole table (`delivers: snapshots`), or a change (`delivers: changes`)?"
            )
            return Choice("key", names, 0.7, said, ask=ask)
    return None


def _groups(
    seen: Observed, able: Sequence[ColumnPlan]
) -> Iterator[tuple[ColumnPlan, ...]]:
    """Yield the groups of columns that are tried, at most so many."""
    tests = 0
    for size in range(1, _WIDEST + 1):
        for group in sorted(combinations(able, size), key=_weight):
            room = prod(max(1, plan.distinct) for plan in group)
            if room >= _NEARLY * seen.rows:
                tests += size > 1
                if tests > _MOST_TESTS:
                    return
                yield group


def _may_identify(plan: ColumnPlan) -> bool:
    return plan.type not in {"double", "boolean"} and not plan.type.startswith("decimal")


def _likeliness(plan: ColumnPlan) -> tuple[int, int]:
    """Order columns by how likely they are to be a key: named so, then in front."""
    named = hints_at(plan.name, "code") or plan.raw.lower().endswith("id")
    timed = plan.type in {"date", "datetime", "timestamp"}
    return (0 if named else 1 if timed or plan.place == 0 else 2, plan.place)


def _weight(group: Sequence[ColumnPlan]) -> tuple[int, int]:
    return (
        sum(_likeliness(plan)[0] for plan in group),
        sum(plan.place for plan in group),
    )
