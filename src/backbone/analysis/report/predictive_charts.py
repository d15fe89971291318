"""The charts of a predictive question."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
from markupsafe import Markup

from backbone.analysis.measure.metrics import HIGHER_IS_BETTER, METRIC_NAMES
from backbone.analysis.measure.resampling import Interval
from backbone.analysis.report.drawing import (
    BLUE,
    GREY,
    MUTED,
    ORANGE,
    data,
    drawn,
    percent_axis,
)
from backbone.analysis.validate.diagnostics import Bin, Curves, Group, Importance, Moment
from backbone.analysis.validate.verdict import Fold
from backbone.project.analysis import Metric

__all__ = [
    "calibration_chart",
    "candidates_chart",
    "curves_chart",
    "folds_chart",
    "groups_chart",
    "importance_chart",
    "time_chart",
]

_WIDE = 560
_ROW = 26
_CURVE = 270
_PANEL = 195
_FEWEST = 10


def _axis(*, classes: bool, **more: Any) -> alt.Axis:
    return percent_axis(**more) if classes else alt.Axis(**more)


def candidates_chart(
    scores: Mapping[str, Interval], chosen: str, metric: Metric
) -> Markup:
    """Draw each candidate's metric on validation, with its interval."""
    rows = [
        {
            "model": n,
            "value": s.value,
            "low": s.low,
            "high": s.high,
            "chosen": n == chosen,
        }
        for n, s in scores.items()
    ]
    name = METRIC_NAMES[metric]
    colour = alt.condition("datum.chosen", alt.value(BLUE), alt.value(GREY))
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("model:N", title=None, sort=None), color=colour
    )
    bars = base.mark_rule(strokeWidth=3, strokeCap="round").encode(
        x=alt.X(
            "low:Q",
            title=f"{name} on validation",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(tickCount=8),
        ),
        x2="high:Q",
    )
    dots = base.mark_point(size=90, filled=True, opacity=1).encode(x="value:Q")
    chart = (bars + dots).properties(width=_WIDE, height=_ROW * len(rows))
    return drawn(chart, f"{name} of each model on validation, with 95 % intervals")


def calibration_chart(bins: Sequence[Bin], *, classes: bool, title: str) -> Markup:
    """Draw what was seen against what was said, and the line of a perfect model."""
    rows = [vars(b) for b in bins]
    values = [v for b in bins for v in (b.predicted, b.observed, b.low, b.high)]
    known = [v for v in values if math.isfinite(v)]
    low, high = (0.0 if classes else min(known)), max(known)
    titles = ("predicted probability" if classes else "predicted", title)
    scale = alt.Scale(domain=[low, high], nice=True)
    x = alt.X("predicted:Q", title=titles[0], scale=scale, axis=_axis(classes=classes))
    y = alt.Y("observed:Q", title=titles[1], scale=scale, axis=_axis(classes=classes))
    line = alt.Chart(data([{"a": low}, {"a": high}])).mark_line(
        color=GREY, strokeDash=[4, 4], strokeWidth=1.5
    )
    perfect = line.encode(
        x=alt.X("a:Q", title=titles[0]), y=alt.Y("a:Q", title=titles[1])
    )
    base = alt.Chart(data(rows)).encode(x=x)
    spread = base.mark_rule(color=BLUE, strokeWidth=2).encode(
        y=alt.Y("low:Q", title=titles[1], scale=scale), y2="high:Q"
    )
    path = base.mark_line(color=BLUE, strokeWidth=1.5, opacity=0.5).encode(y=y)
    dots = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(y=y)
    chart = (perfect + path + spread + dots).properties(width=380, height=300)
    return drawn(chart, f"{titles[1]} against {titles[0]}, in groups of equal size")


def curves_chart(curves: Curves) -> Markup:
    """Draw the ROC curve and the precision-recall curve, each with chance beside it."""
    roc = [
        {"x": x, "y": y}
        for x, y in zip(curves.false_share, curves.true_share, strict=True)
    ]
    pr = [{"x": x, "y": y} for x, y in zip(curves.recall, curves.precision, strict=True)]
    chance = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]
    level = [{"x": 0.0, "y": curves.base_rate}, {"x": 1.0, "y": curves.base_rate}]
    left = _curve(roc, chance, "false alarms among the negatives", "found positives")
    right = _curve(pr, level, "found positives (recall)", "true among alarms (precision)")
    label = (
        "Two curves: found positives against false alarms, and precision against recall"
    )
    return drawn(alt.hconcat(left, right, spacing=36), label)


def _curve(
    points: list[dict[str, float]], chance: list[dict[str, float]], x: str, y: str
) -> Any:
    unit = alt.Scale(domain=[0, 1])
    axes = {
        "x": alt.X("x:Q", title=x, scale=unit, axis=percent_axis(tickCount=5)),
        "y": alt.Y("y:Q", title=y, scale=unit, axis=percent_axis(tickCount=5)),
    }
    path = alt.Chart(data(points)).mark_line(color=BLUE, strokeWidth=2.5).encode(**axes)
    dash = (
        alt.Chart(data(chance))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1.5)
        .encode(**axes)
    )
    return (dash + path).properties(width=_CURVE, height=240)


def folds_chart(folds: Sequence[Fold], metric: Metric) -> Markup:
    """Draw the metric fold by fold, beside the baseline's."""
    rows = [
        {"fold": f.number, "who": who, "value": scores[metric]}
        for f in folds
        for who, scores in (("model", f.scores), ("baseline", f.baseline))
    ]
    colour = alt.Color(
        "who:N",
        title=None,
        scale=alt.Scale(domain=["model", "baseline"], range=[BLUE, GREY]),
        legend=alt.Legend(orient="right"),
    )
    base = alt.Chart(data(rows)).encode(
        x=alt.X("fold:O", title="fold", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=METRIC_NAMES[metric], scale=alt.Scale(zero=False)),
        color=colour,
    )
    chart = base.mark_line(strokeWidth=2) + base.mark_point(
        filled=True, size=60, opacity=1
    )
    label = f"{METRIC_NAMES[metric]} of the model and of the baseline in each fold"
    return drawn(chart.properties(width=460, height=180), label)


def importance_chart(importances: Sequence[Importance], metric: Metric) -> Markup:
    """Draw by how much worse the metric gets when a feature is shuffled."""
    rows = [vars(one) for one in importances]
    change = "loss" if HIGHER_IS_BETTER[metric] else "rise"
    title = f"{change} of {METRIC_NAMES[metric]} when the feature is shuffled"
    base = alt.Chart(data(rows)).encode(y=alt.Y("feature:N", title=None, sort=None))
    bars = base.mark_bar(color=BLUE, opacity=0.85, height=11).encode(
        x=alt.X("drop:Q", title=title, axis=alt.Axis(tickCount=6))
    )
    spread = base.mark_rule(color=MUTED, strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    chart = (bars + spread).properties(width=_WIDE - 60, height=22 * len(rows))
    return drawn(chart, f"{title}, for each feature, the greatest first")


def groups_chart(groups: Sequence[Group], *, classes: bool, title: str) -> Markup:
    """Draw what was seen (with its interval) and what was said, level by level."""
    large = [one for one in groups if one.n >= _FEWEST]
    rows = [vars(one) for one in (large if len(large) > 1 else groups)]
    axis = _axis(classes=classes, tickCount=4)
    scale = alt.Scale(zero=False, nice=True)
    names = alt.Axis(labelLimit=110)
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("level:N", title=None, sort=None, axis=names)
    )
    x = alt.X("low:Q", title=title, axis=axis, scale=scale)
    spread = base.mark_rule(color=BLUE, strokeWidth=3, opacity=0.35).encode(
        x=x, x2="high:Q"
    )
    seen = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(
        x="observed:Q"
    )
    said = base.mark_point(
        color=ORANGE, shape="diamond", filled=True, size=70, opacity=1
    ).encode(x="predicted:Q")
    chart = (spread + said + seen).properties(width=_PANEL, height=20 * len(rows))
    return drawn(chart, f"Observed and predicted {title} of each level")


def time_chart(moments: Sequence[Moment], *, classes: bool, title: str) -> Markup:
    """Draw what was seen and what was said over the time of the test."""
    rows = [
        {"day": m.day.isoformat(), "who": who, "value": value}
        for m in moments
        for who, value in (("observed", m.observed), ("predicted", m.predicted))
    ]
    colour = alt.Color(
        "who:N",
        title=None,
        scale=alt.Scale(domain=["observed", "predicted"], range=[BLUE, ORANGE]),
        legend=alt.Legend(orient="right", symbolType="stroke"),
    )
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=30))
        .encode(
            x=alt.X(
                "day:T",
                title=None,
                axis=alt.Axis(format="%-d %b", grid=False, labelPadding=10),
            ),
            y=alt.Y(
                "value:Q",
                title=title,
                axis=_axis(classes=classes),
            ),
            color=colour,
        )
        .properties(width=_WIDE - 40, height=200)
    )
    return drawn(chart, f"{title}, observed and predicted, over the time of the test")
