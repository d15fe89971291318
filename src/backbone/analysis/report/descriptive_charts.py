"""The charts of a descriptive question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from markupsafe import Markup

from backbone.analysis.explore.description import FactorFinding
from backbone.analysis.explore.outcome import Distribution, Trend, Week
from backbone.analysis.measure.levels import WEEKDAYS
from backbone.analysis.report.drawing import (
    BLUE,
    GREY,
    INK,
    LINE,
    MUTED,
    ORANGE,
    data,
    drawn,
    percent_axis,
)

__all__ = [
    "distribution_chart",
    "domain_of",
    "factor_chart",
    "ranking_chart",
    "trend_chart",
    "week_chart",
]

_WIDE = 600
_PANEL = 190


def distribution_chart(found: Distribution, title: str, rows: str) -> Markup:
    """Draw the outcome by itself, with its mean and median."""
    bars = [
        {"from": a, "to": b, "n": n / found.n}
        for a, b, n in zip(found.edges, found.edges[1:], found.counts, strict=False)
    ]
    marks: list[dict[str, Any]] = [
        {"at": found.quantiles[0.5], "name": "median"},
        {"at": found.mean, "name": "mean"},
    ]
    shares = alt.Y("n:Q", title=f"share of {rows}", axis=percent_axis(tickCount=4))
    base = alt.Chart(data(bars)).mark_bar(color=BLUE, opacity=0.8, binSpacing=1)
    scale = alt.Scale(domain=[found.edges[0], found.edges[-1]], nice=False)
    x = alt.X(
        "from:Q",
        title=title,
        bin="binned",
        scale=scale,
        axis=alt.Axis(grid=False, tickCount=10),
    )
    lines = alt.Chart(data(marks)).encode(x=alt.X("at:Q", title=title))
    rules = lines.mark_rule(color=INK, strokeWidth=1.5, strokeDash=[4, 3])
    before = marks[0]["at"] <= marks[1]["at"]
    left, right = marks if before else marks[::-1]
    style: dict[str, Any] = {"dy": -6, "color": INK}
    named = {"text": alt.Text("name:N"), "y": alt.value(0), "x": alt.X("at:Q")}
    names = [
        alt.Chart(data([left])).mark_text(align="right", dx=2, **style).encode(**named),
        alt.Chart(data([right])).mark_text(align="left", dx=-2, **style).encode(**named),
    ]
    chart = base.encode(x=x, x2="to:Q", y=shares) + rules + names[0] + names[1]
    return drawn(chart.properties(width=_WIDE, height=190), f"Distribution of {title}")


def ranking_chart(findings: Sequence[FactorFinding]) -> Markup:
    """Draw the share of variation that goes with each factor, alone and beyond others."""
    rows = [
        {
            "factor": f.label,
            "value": f.effect.share.value,
            "low": f.effect.share.low,
            "high": f.effect.share.high,
            "adds": f.adjusted.adds,
        }
        for f in findings
    ]
    base = alt.Chart(data(rows)).encode(y=alt.Y("factor:N", title=None, sort=None))
    title = "share of the outcome's variation"
    axis = percent_axis(tickCount=6)
    spread = base.mark_rule(color=BLUE, strokeWidth=3, opacity=0.35).encode(
        x=alt.X("low:Q", title=title, axis=axis), x2="high:Q"
    )
    alone = base.mark_point(color=BLUE, filled=True, size=75, opacity=1).encode(
        x="value:Q"
    )
    beyond = base.mark_point(
        color=ORANGE, shape="diamond", filled=True, size=80, opacity=1
    ).encode(x="adds:Q")
    chart = (spread + beyond + alone).properties(width=_WIDE - 90, height=25 * len(rows))
    return drawn(chart, f"For each factor, the {title}, alone and beyond all others")


def _shown(found: FactorFinding) -> list[int]:
    shown = [int(code) for code in found.known]
    return [*shown, found.levels.count - 1] if found.levels.missing else shown


def domain_of(findings: Sequence[FactorFinding], mean: float) -> tuple[float, float]:
    """Return a scale that holds all levels of all factors."""
    values = [mean]
    for one in findings:
        codes = [int(code) for code in one.known]
        adjusted = mean + one.adjusted.difference[codes]
        for some in (one.means.mean, one.means.low, one.means.high):
            values += [float(v) for v in some[codes] if np.isfinite(v)]
        values += [float(v) for v in adjusted if np.isfinite(v)]
    return min(values), max(values)


def factor_chart(
    found: FactorFinding, mean: float, title: str, domain: tuple[float, float]
) -> Markup:
    """Draw the mean outcome of each level, as it is and with everything else equal."""
    rows = []
    for code in _shown(found):
        adjusted = mean + found.adjusted.difference[code]
        row = {
            "level": found.levels.names[code],
            "mean": float(found.means.mean[code]),
            "low": float(found.means.low[code]),
            "high": float(found.means.high[code]),
        }
        if np.isfinite(adjusted):
            row["adjusted"] = float(adjusted)
        rows.append(row)
    names = alt.Axis(labelLimit=125)
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("level:N", title=None, sort=None, axis=names)
    )
    scale = alt.Scale(domain=list(domain), nice=False, clamp=True)
    x = alt.X("low:Q", title=title, axis=alt.Axis(tickCount=5), scale=scale)
    spread = base.mark_rule(color=BLUE, strokeWidth=3, opacity=0.35).encode(
        x=x, x2="high:Q"
    )
    seen = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(x="mean:Q")
    equal = base.mark_point(
        color=ORANGE, shape="diamond", filled=True, size=65, opacity=1
    ).encode(x="adjusted:Q")
    rule = (
        alt.Chart(data([{"mean": mean}]))
        .mark_rule(color=GREY, strokeDash=[4, 3])
        .encode(x=alt.X("mean:Q", title=title))
    )
    chart = (rule + spread + equal + seen).properties(width=_PANEL, height=20 * len(rows))
    return drawn(chart, f"{title} by {found.label}")


def trend_chart(found: Trend, title: str) -> Markup:
    """Draw the outcome day by day, and the mean of the week around each day."""
    rows = [
        {"day": day.isoformat(), "mean": mean, "smooth": smooth}
        for day, mean, smooth in zip(found.days, found.mean, found.smooth, strict=True)
    ]
    span = (found.days[-1] - found.days[0]).days
    form = "%b %Y" if span > 400 else "%-d %b" if span < 100 else "%B"  # noqa: PLR2004
    axis = alt.Axis(format=form, grid=False, labelPadding=10)
    base = alt.Chart(data(rows)).encode(x=alt.X("day:T", title=None, axis=axis))
    dots = base.mark_point(color=MUTED, filled=True, size=14, opacity=0.55).encode(
        y=alt.Y("mean:Q", title=title)
    )
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(y="smooth:Q")
    chart = (dots + line).properties(width=_WIDE, height=220)
    return drawn(chart, f"{title} day by day, and the mean of seven days")


def week_chart(found: Week, title: str) -> Markup:
    """Draw the outcome by hour and weekday."""
    rows = [
        {"day": WEEKDAYS[d], "hour": f"{hour}:00", "mean": float(found.mean[d, at])}
        for d in range(len(WEEKDAYS))
        for at, hour in enumerate(found.hours)
        if np.isfinite(found.mean[d, at])
    ]
    colour = alt.Color(
        "mean:Q",
        title=title,
        scale=alt.Scale(range=["#e8f1f8", "#6aaed6", "#08457e"]),
        legend=alt.Legend(orient="bottom", type="symbol", symbolType="square"),
    )
    hours = alt.Axis(labelAngle=0, labelOverlap=True, grid=False)
    chart = (
        alt.Chart(data(rows))
        .mark_rect(stroke=LINE, strokeWidth=0.5)
        .encode(
            x=alt.X("hour:N", title=None, sort=None, axis=hours),
            y=alt.Y("day:N", title=None, sort=None),
            color=colour,
        )
        .properties(width=_WIDE - 40, height=190)
    )
    return drawn(chart, f"{title} by hour and day of the week")
