"""Small charts as inline SVG, written directly: a page may have hundreds of them.

Colours are classes of the page's style sheet, so a drawing reads in light and dark and
in print. Each drawing says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from backbone.app.figures import count, score, shorten

__all__ = ["Bar", "Point", "drawing", "histogram", "score_bars", "text", "trend"]

_ROW, _LABEL, _TRACK, _END = 30, 150, 640, 60
_TREND_WIDTH, _TREND_HEIGHT = 850, 190
_LEFT, _TOP, _BOTTOM = 48, 14, 26
_DOTS = 40
_GOOD, _FAIR = 0.99, 0.9
_NAME = 18


@dataclass(frozen=True)
class Bar:
    """A score to draw, with what it was before."""

    label: str
    score: float | None
    before: float | None = None


@dataclass(frozen=True)
class Point:
    """A version of a table on a line of scores."""

    label: str
    score: float | None
    before: float | None


def drawing(width: float, height: float, body: Markup, label: str) -> Markup:
    """Return a drawing that says in words what it shows."""
    return Markup(
        '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="{label}">{body}</svg>'
    ).format(w=_n(width), h=_n(height), label=label, body=body)


def text(x: float, y: float, words: str, style: str = "t", *, anchor: str = "") -> Markup:
    """Return words in a drawing; `anchor` is ``middle`` or ``end``."""
    more = Markup(' text-anchor="{}"').format(anchor) if anchor else Markup("")
    return Markup('<text x="{}" y="{}" class="{}"{}>{}</text>').format(
        _n(x), _n(y), style, more, words
    )


def score_bars(bars: Sequence[Bar]) -> Markup:
    """Draw scores as bars from 0 to 1, with a mark for what they were before."""
    rows = [_score_bar(bar, place * _ROW) for place, bar in enumerate(bars)]
    said = ", ".join(f"{bar.label} {score(bar.score)}" for bar in bars)
    width = _LABEL + _TRACK + _END
    return drawing(width, len(bars) * _ROW, Markup("").join(rows), f"Scores: {said}")


def _score_bar(bar: Bar, y: float) -> Markup:
    parts = [
        text(0, y + 19, shorten(bar.label, _NAME)),
        _rect(_LABEL, y + 8, _TRACK, 14, "track"),
    ]
    if bar.score is not None:
        parts.append(_rect(_LABEL, y + 8, _TRACK * bar.score, 14, tone(bar.score)))
    if bar.before is not None:
        x = _LABEL + _TRACK * bar.before
        parts.append(_rect(max(x - 1, _LABEL), y + 4, 2, 22, "mark"))
    parts.append(text(_LABEL + _TRACK + 10, y + 20, score(bar.score), "t strong"))
    return Markup("").join(parts)


def tone(value: float) -> str:
    """Return the class of the colour in which a score is drawn."""
    if value >= _GOOD:
        return "good-bar"
    return "fair-bar" if value >= _FAIR else "bad-bar"


def trend(points: Sequence[Point]) -> Markup:
    """Draw scores over versions, the oldest first; a version without one is a gap."""
    known = [v for p in points for v in (p.score, p.before) if v is not None]
    low = min(known, default=0.0)
    low = max(0.0, low - max(0.02, (1 - low) * 0.15))
    step = (_TREND_WIDTH - _LEFT - 16) / max(len(points) - 1, 1)

    def place(number: int, value: float) -> tuple[float, float]:
        room = _TREND_HEIGHT - _TOP - _BOTTOM
        share = (value - low) / (1 - low) if low < 1 else 1.0
        return _LEFT + number * step, _TOP + room * (1 - share)

    parts = [_grid(low)]
    for style, values in (
        ("before", [p.before for p in points]),
        ("now", [p.score for p in points]),
    ):
        spots = [
            (place(n, v), points[n].label, v)
            for n, v in enumerate(values)
            if v is not None
        ]
        line = " ".join(f"{_n(x)},{_n(y)}" for (x, y), _, _ in spots)
        parts.append(
            Markup('<polyline class="line-{}" points="{}"/>').format(style, line)
        )
        if len(points) <= _DOTS:
            parts += [
                _dot(x, y, style, f"{name}: {score(v)}") for (x, y), name, v in spots
            ]
    parts.append(text(_LEFT, _TREND_HEIGHT - 6, points[0].label, "t small"))
    last = points[-1].label
    parts.append(
        text(_TREND_WIDTH - 16, _TREND_HEIGHT - 6, last, "t small", anchor="end")
    )
    first, end = points[0], points[-1]
    said = (
        f"Score over {len(points)} versions, from {score(first.score)} to "
        f"{score(end.score)}; as formatted from {score(first.before)} to "
        f"{score(end.before)}"
    )
    return drawing(_TREND_WIDTH, _TREND_HEIGHT, Markup("").join(parts), said)


def _grid(low: float) -> Markup:
    room = _TREND_HEIGHT - _TOP - _BOTTOM
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + room * (1 - share)
        value = low + (1 - low) * share
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                _LEFT, _TREND_WIDTH - 16, _n(y), _n(y)
            )
        )
        parts.append(text(_LEFT - 8, y + 4, score(value), "t small", anchor="end"))
    return Markup("").join(parts)


def _dot(x: float, y: float, style: str, words: str) -> Markup:
    return Markup(
        '<circle class="dot-{}" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>'
    ).format(style, _n(x), _n(y), words)


def histogram(
    counts: Sequence[int], low: str, high: str, *, width: int = 250, height: int = 64
) -> Markup:
    """Draw counts as bars; `low` and `high` are what the ends of the axis read."""
    highest = max(counts, default=0) or 1
    wide = width / max(len(counts), 1)
    bars = []
    for place, number in enumerate(counts):
        tall = number / highest * height
        if number:
            tall = max(tall, 1.5)
            thick = max(wide - 1, 1)
            bars.append(_rect(place * wide, height - tall, thick, tall, "hist"))
    base = Markup('<line class="grid" x1="0" x2="{}" y1="{}" y2="{}"/>').format(
        width, height, height
    )
    ends = text(0, height + 15, low, "t small") + text(
        width, height + 15, high, "t small", anchor="end"
    )
    said = f"{len(counts)} buckets from {low} to {high}, at most {count(highest)} in one"
    body = Markup("").join([*bars, base, ends])
    return drawing(width, height + 20, body, said)


def _rect(x: float, y: float, width: float, height: float, style: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(
        _n(x), _n(y), _n(width), _n(height), escape(style)
    )


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
