"""The report of a descriptive question."""

from __future__ import annotations

from typing import Any

import numpy as np
from markupsafe import Markup

from backbone.analysis.explore.description import Description, FactorFinding
from backbone.analysis.references import References
from backbone.analysis.report import descriptive_charts as charts
from backbone.analysis.report.page import Row, page, ranged
from backbone.analysis.sandbox.queries import SandboxAccount
from backbone.analysis.versions import versions
from backbone.analysis.wording import (
    count,
    day,
    fixed,
    listed,
    percent,
    places_for,
    plural,
    probability,
    span,
    upper,
)
from backbone.project.analysis import Describe

__all__ = ["description_page"]

_LIBRARIES = ("numpy", "pandas", "scipy")
_CAUSES = (
    "“Goes with” is not “causes”. Nothing was tried out here: something that is not "
    "looked at may move both a factor and the outcome."
)
_EQUAL = (
    "“Everything else equal” is an additive model of the factors on this page, fitted by "
    "least squares; it knows of no other factor and of no interplay between them."
)
_CUTS = (
    "Numbers are cut into levels of about equally many rows, so their share of the "
    "variation depends a little on where they are cut."
)


def description_page(
    declaration: Describe,
    found: Description,
    account: SandboxAccount,
    references: References,
) -> str:
    """Return the report as one HTML page that loads nothing."""
    context = {
        "question": declaration.question,
        "value": declaration.value,
        "outcome": _outcome(declaration),
        "references": references,
        "versions": versions(_LIBRARIES),
        "answer": _answer(declaration, found),
        "tiles": _tiles(declaration, found),
        "data": _data(declaration, found, account),
        "factors": _factors(declaration, found),
        "levels": _levels(declaration, found),
        "time": _time(declaration, found),
        "missing": _missing(declaration, found),
        "care": _care(declaration, found),
    }
    return page("description.html.j2", context)


def _outcome(declaration: Describe) -> str:
    return declaration.outcome_label or declaration.outcome


def _titled(declaration: Describe) -> str:
    unit = f" ({declaration.unit})" if declaration.unit else ""
    return f"{_outcome(declaration)}{unit}"


def _number(value: float, found: Description) -> str:
    return fixed(value, places_for(found.distribution.deviation))


def _signed(value: float, found: Description) -> str:
    text = _number(value, found)
    return f"+{text}" if value > 0 else text


def _measured(value: float, declaration: Describe, found: Description) -> str:
    text = _number(value, found)
    return f"{text}\u00a0{declaration.unit}" if declaration.unit else text


def _extremes(found: FactorFinding) -> tuple[int, int] | None:
    known = found.known
    if len(known) == 0:
        return None
    means = found.means.mean[known]
    return int(known[np.argmin(means)]), int(known[np.argmax(means)])


def _answer(declaration: Describe, found: Description) -> tuple[str, str]:
    return _strongest(declaration, found), _together(found)


def _strongest(declaration: Describe, found: Description) -> str:
    first = found.findings[0]
    low, high = _extremes(first) or (0, 0)
    names, means = first.levels.names, first.means.mean
    ends = [
        f"{_measured(means[at], declaration, found)} ({names[at]})" for at in (low, high)
    ]
    others = [one.label for one in found.findings[1:3]]
    then = f", before {listed(others)}" if others else ""
    gap = abs(first.adjusted.difference[high] - first.adjusted.difference[low])
    equal = ""
    if np.isfinite(gap) and others:
        apart = _measured(gap, declaration, found)
        equal = f" With everything else equal the two are {apart} apart."
    return Markup("<strong>{}</strong> goes most strongly with {}{}: from {}.{}").format(
        upper(first.label),
        _outcome(declaration),
        then,
        f"{ends[0]} to {ends[1]} on average",
        equal,
    )


def _together(found: Description) -> str:
    share = found.findings[0].effect.share
    several = plural(len(found.findings), "factor", "factors")
    return (
        f"Alone it accounts for {percent(share.value)} of the variation (95 % interval "
        f"{percent(share.low)} to {percent(share.high)}), and {several} together for "
        f"{percent(found.explained)}; the rest goes with something that is not looked at "
        "here."
    )


def _tiles(declaration: Describe, found: Description) -> list[Row]:
    spread = found.distribution.quantiles
    middle = f"{_number(spread[0.25], found)} to {_number(spread[0.75], found)}"
    strongest = found.findings[0]
    return [
        (f"mean {_outcome(declaration)}", _measured(found.mean, declaration, found), ""),
        ("median", _measured(spread[0.5], declaration, found), f"half lie from {middle}"),
        (
            "strongest factor",
            percent(strongest.effect.share.value),
            f"{strongest.label}, of the variation",
        ),
        (
            "all factors together",
            percent(found.explained),
            f"of the variation, {count(found.rows)} {declaration.rows}",
        ),
    ]


def _data(
    declaration: Describe, found: Description, account: SandboxAccount
) -> dict[str, Any]:
    rows = declaration.rows
    parts = []
    if account.outside:
        parts.append(f"{count(account.outside)} were outside the question")
    if account.unlabelled:
        parts.append(f"{count(account.unlabelled)} had no {_outcome(declaration)}")
    if account.eligible > account.sandbox:
        parts.append(f"{count(account.eligible - account.sandbox)} were not sampled")
    gone = f"; {listed(parts)}" if parts else ""
    when = ""
    if found.trend is not None:
        days = found.trend.days
        when = f" They are of {count(len(days))} days, {day(days[0])} to {day(days[-1])}."
    spread = found.distribution
    beyond = spread.below + spread.above
    return {
        "sentence": f"{declaration.source} has {count(account.source)} {rows}, of which "
        f"{count(account.sandbox)} are looked at{gone}.{when}",
        "chart": charts.distribution_chart(spread, _titled(declaration), rows),
        "caption": f"How {_outcome(declaration)} is distributed. {count(beyond)} "
        f"{rows} lie beyond the ends of the drawing.",
        "quantiles_caption": f"{upper(_titled(declaration))}: mean, and how much of the "
        f"{rows} lies below a value",
        "quantiles_head": [
            "mean",
            "standard deviation",
            *(f"{percent(q, 0)} below" for q in spread.quantiles),
        ],
        "quantiles": [
            _number(spread.mean, found),
            _number(spread.deviation, found),
            *(_number(v, found) for v in spread.quantiles.values()),
        ],
    }


def _factors(declaration: Describe, found: Description) -> dict[str, Any]:
    rows = []
    for one in found.findings:
        share, rank = one.effect.share, one.effect.rank
        ends = _extremes(one)
        gap = float("nan")
        if ends is not None:
            gap = one.means.mean[ends[1]] - one.means.mean[ends[0]]
        direction: Any = ""
        if rank is not None:
            direction = ranged(
                fixed(rank.value, 2), span(fixed(rank.low, 2), fixed(rank.high, 2))
            )
        rows.append(
            (
                one.label,
                ranged(
                    percent(share.value), span(percent(share.low), percent(share.high))
                ),
                percent(one.adjusted.adds),
                _number(gap, found),
                direction,
                probability(one.p_holm),
            )
        )
    unit = f", {declaration.unit}" if declaration.unit else ""
    return {
        "sentence": "Each factor was looked at alone and together with all the others. "
        "What it adds to the others is what no other factor could tell in its place.",
        "chart": charts.ranking_chart(found.findings),
        "caption": "How much of the variation goes with each factor (eta²). Where the "
        "two marks are far apart, the factor tells mostly what others tell too.",
        "table_caption": "Factors by the share of variation that goes with them",
        "head": [
            "factor",
            "share alone",
            "adds",
            f"highest less lowest mean{unit}",
            "rank correlation",
            "p",
        ],
        "rows": rows,
    }


def _levels(declaration: Describe, found: Description) -> dict[str, Any]:
    panels, tables = [], []
    domain = charts.domain_of(found.findings, found.mean)
    for one in found.findings:
        unit = f" ({one.unit})" if one.unit else ""
        name = f"{upper(one.label)}{unit}"
        drawing = charts.factor_chart(one, found.mean, _titled(declaration), domain)
        panels.append((name, drawing))
        tables.append(
            (name, [_level(one, code, found) for code in range(one.levels.count)])
        )
    return {
        "sentence": f"The mean {_titled(declaration)} of each level, as it is, and what "
        "it would be if all levels had the same mix of everything else that is looked "
        "at. All drawings have one scale.",
        "panels": panels,
        "tables": tables,
        "head": [
            "level",
            declaration.rows,
            "share",
            "mean",
            "median",
            "difference, all else equal",
        ],
    }


def _level(one: FactorFinding, code: int, found: Description) -> Row:
    means, adjusted = one.means, one.adjusted

    def bounds(low: float, high: float) -> str:
        return span(_number(low, found), _number(high, found))

    return (
        one.levels.names[code],
        count(means.n[code]),
        percent(means.n[code] / found.rows),
        ranged(
            _number(means.mean[code], found), bounds(means.low[code], means.high[code])
        ),
        _number(one.medians[code], found),
        ranged(
            _signed(adjusted.difference[code], found),
            bounds(adjusted.low[code], adjusted.high[code]),
        ),
    )


def _time(declaration: Describe, found: Description) -> list[Row]:
    drawn: list[Row] = []
    title = _titled(declaration)
    if found.trend is not None and len(found.trend.days) > 1:
        caption = (
            f"{upper(title)}: the mean of each day, and of the seven days around it. "
            f"Days are those of {found.timezone}."
        )
        drawn.append((charts.trend_chart(found.trend, title), caption))
    if found.week is not None:
        caption = f"{upper(title)} by hour and day of the week ({found.timezone})."
        drawn.append((charts.week_chart(found.week, title), caption))
    return drawn


def _missing(declaration: Describe, found: Description) -> dict[str, Any]:
    gone = sorted((m for m in found.missing if m.n), key=lambda m: -m.n)
    if not gone:
        return {"sentence": "No factor has a missing value.", "rows": []}
    worst = max(gone, key=lambda m: abs(m.mean_missing - m.mean_present))
    unit = f" ({declaration.unit})" if declaration.unit else ""
    return {
        "sentence": "Missing values are a level of their own in everything above. Where "
        f"{worst.column} is missing, the mean is "
        f"{_measured(worst.mean_missing, declaration, found)}, against "
        f"{_measured(worst.mean_present, declaration, found)} where it is not.",
        "caption": "Columns with missing values",
        "head": [
            "column",
            "missing",
            "share",
            f"mean where missing{unit}",
            "mean elsewhere",
        ],
        "rows": [
            (
                m.column,
                count(m.n),
                percent(m.share),
                _number(m.mean_missing, found),
                _number(m.mean_present, found),
            )
            for m in gone
        ],
    }


def _care(declaration: Describe, found: Description) -> list[str]:
    rows, unit = declaration.rows, found.units.name
    n = len(found.findings)
    together = "Intervals take every row as a draw of its own."
    if unit != "row":
        together = (
            f"Intervals take each {unit} as one draw, of {count(found.units.count)}: "
            f"{rows} of one {unit} share what happened to them, and counting every row "
            "as independent would make them far too narrow."
        )
    tested = (
        f"{plural(n, 'factor was', 'factors were')} tested, so p-values are Holm's: each "
        f"allows for all {n}. With {count(found.rows)} {rows} even small differences are "
        "sure; look at their size first."
    )
    return [_CAUSES, _EQUAL, together, tested, _CUTS]
