"""Scores of quality, between 0 and 1, from what is recorded of each rule.

A rule's score is the share of the rows it looked at that do not break it: `before` as it
found them, `score` of the rows that are in the table, after all actions. Everything else
is a weighted mean of those: of a column over the rules that name it and its own
completeness, of a dimension over its rules, of a table over all of them, so that a
dimension weighs what its rules weigh together. Where nothing was looked at there is no
score (None), and it is left out of every mean.

Completeness, uniqueness, validity, consistency and timeliness are the dimensions that
most catalogues of data quality share.

References
----------
Batini, Scannapieco. Data and Information Quality. Springer, 2016 (chapter 2).
Pipino, Lee, Wang. Data Quality Assessment. Communications of the ACM 45(4), 2002 (simple
ratio as the form of most objective measures).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backbone.management.trusted.rules.assess import dimension_of
from backbone.project.trusted import DIMENSIONS, Rule

__all__ = [
    "FRESHNESS",
    "Column",
    "Mean",
    "Scored",
    "freshness",
    "score_columns",
    "score_dimensions",
    "score_rules",
    "score_table",
]

FRESHNESS = "freshness"


@dataclass(frozen=True)
class Scored:
    """The score of a rule; `before` is as it found the rows."""

    name: str
    dimension: str
    weight: float
    columns: tuple[str, ...]
    score: float | None
    before: float | None


@dataclass(frozen=True)
class Mean:
    """The score of a dimension or of a table: of `rules` rules that weigh `weight`."""

    name: str
    score: float | None
    before: float | None
    weight: float
    rules: int


@dataclass(frozen=True)
class Column:
    """The score of a column, and the share of its values that are there."""

    name: str
    score: float | None
    completeness: float | None
    nulls: int | None
    rules: tuple[str, ...]


def score_rules(
    reports: Sequence[Mapping[str, Any]],
    *,
    current: int | None,
    rows: int,
    declared: Sequence[Rule] = (),
) -> list[Scored]:
    """Score the rules of one version of a table.

    Parameters
    ----------
    reports : what was recorded of each rule
    current : rows of the table before any rule; for versions made before the rows that a
        rule looks at were recorded
    rows : rows of the table as it is
    declared : the rules as they are declared now. Their dimensions and weights count for
        every version, so that scores of several versions can be compared

    Examples
    --------
    >>> report = {"name": "r", "violating_rows": 3, "looked_rows": 12, "left_rows": 1}
    >>> (one,) = score_rules([report], current=12, rows=10)
    >>> one.before, one.score
    (0.75, 0.9)
    """
    now = {rule.name: rule for rule in declared}
    return [_scored(report, current, rows, now.get(report["name"])) for report in reports]


def _scored(
    report: Mapping[str, Any], current: int | None, rows: int, rule: Rule | None
) -> Scored:
    looked = report.get("looked_rows")
    guilty = report.get("guilty_rows")
    found = report["violating_rows"] if guilty is None else guilty
    left = rows if looked is None else min(looked, rows)  # `where` leaves rows out
    return Scored(
        name=report["name"],
        dimension=dimension_of(rule) if rule else report.get("dimension") or "validity",
        weight=rule.weight if rule else float(report.get("weight", 1.0)),
        columns=tuple(report.get("columns", ())),
        score=_share(report.get("left_rows"), left),
        before=_share(found, current if looked is None else looked),
    )


def _share(broken: int | None, rows: int | None) -> float | None:
    """Return the share of rows that are not broken; None where nobody looked."""
    return None if broken is None or not rows else max(0, rows - broken) / rows


def freshness(age_s: float, within_s: float, *, source: str) -> Scored:
    """Score the age of the newest delivery against what its source says.

    1 while it is young enough; then the share of its age that would have been.

    >>> freshness(7200, 3600, source="till").score
    0.5
    """
    score = 1.0 if age_s <= within_s else within_s / age_s
    return Scored(f"{FRESHNESS} of {source}", "timeliness", 1.0, (), score, score)


def score_dimensions(scored: Sequence[Scored]) -> list[Mean]:
    """Return the dimensions that rules are counted in, each with its score."""
    found = []
    for name in DIMENSIONS:
        own = [one for one in scored if one.dimension == name]
        if own:
            found.append(_mean(name, own))
    return found


def score_table(scored: Sequence[Scored], *, name: str) -> Mean:
    """Return the score of a table: None without a rule that looked at a row."""
    return _mean(name, scored)


def _mean(name: str, scored: Sequence[Scored]) -> Mean:
    return Mean(
        name,
        _weighted((one.score, one.weight) for one in scored),
        _weighted((one.before, one.weight) for one in scored),
        math.fsum(one.weight for one in scored),
        len(scored),
    )


def _weighted(pairs: Iterable[tuple[float | None, float]]) -> float | None:
    known = [(score, weight) for score, weight in pairs if score is not None]
    if not known:
        return None
    if all(score == 1 for score, _ in known):
        return 1.0
    total = math.fsum(weight for _, weight in known)
    return math.fsum(score * weight for score, weight in known) / total


def score_columns(
    names: Sequence[str],
    scored: Sequence[Scored],
    *,
    rows: int,
    nulls: Mapping[str, int],
) -> list[Column]:
    """Score the columns of a table: the rules that name one, and its completeness.

    Parameters
    ----------
    names : the columns
    scored : the rules of the table
    rows : of the table
    nulls : how many values are missing, by column, where that is known
    """
    return [_column(name, scored, rows, nulls.get(name)) for name in names]


def _column(name: str, scored: Sequence[Scored], rows: int, nulls: int | None) -> Column:
    own = [one for one in scored if name in one.columns]
    there = _share(nulls, rows)
    score = _weighted([(there, 1.0), *((one.score, one.weight) for one in own)])
    return Column(name, score, there, nulls, tuple(one.name for one in own))
