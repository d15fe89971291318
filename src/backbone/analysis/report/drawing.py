"""Charts as inline SVG: drawn without a browser, coloured by the page they stand in.

Colours are written as marks that no chart would choose by itself and replaced by CSS
variables, so that one drawing reads well on light and on dark paper and in print. Nothing
is loaded from anywhere: no script, no font, no address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup, escape

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "LINE",
    "MUTED",
    "ORANGE",
    "data",
    "drawn",
    "percent_axis",
]

# two colours of Okabe and Ito that also people with a colour deficiency tell apart
BLUE, ORANGE = "#0072b1", "#d55e01"
INK, MUTED, LINE, GREY = "#1b1b1c", "#61616b", "#dfdfe3", "#8d8d96"

_VARIABLES = {
    BLUE: "--blue",
    ORANGE: "--orange",
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    GREY: "--grey",
}
_NOISE = re.compile(
    r'<path class="(?:foreground|background)"[^>]*/>'
    r'|<g class="mark-[^"]*"[^>]*(?:/>|(?<!/)></g>)'
    r'| (?:role|aria-[a-z]+|font-family|pointer-events|class)="[^"]*"'
    r'| opacity="1"'
)
_LONG = re.compile(r"-?\d+\.\d{3,}")
_SIZE = 12
_ROOT = re.compile(r"<svg\b[^>]*?\bviewBox=\"([^\"]+)\"[^>]*>")


def data(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Return rows as the data of a chart."""
    return alt.InlineData(values=[dict(row) for row in rows])


def drawn(chart: Any, label: str) -> Markup:
    """Return a chart as SVG that stands in a page, described by `label`."""
    styled = chart.configure(**_theme())
    svg = vl_convert.vegalite_to_svg(styled.to_dict(), allowed_base_urls=[])
    for colour, variable in _VARIABLES.items():
        svg = re.sub(re.escape(colour), f"var({variable})", svg, flags=re.IGNORECASE)
    root = _ROOT.match(svg)
    if root is None:
        message = "the drawing is no SVG with a view box"
        raise RuntimeError(message)
    body = _NOISE.sub("", svg[root.end() :])
    body = _LONG.sub(lambda long: f"{float(long[0]):.2f}", body)
    head = (
        f'<svg viewBox="{root[1]}" role="img" aria-label="{escape(label)}" '
        f'style="width:{root[1].split()[2]}px">'
    )
    return Markup(head + body)  # noqa: S704 (our own numbers, and texts that vega escapes)


def percent_axis(**more: Any) -> alt.Axis:
    """Return an axis whose shares read as percentages."""
    text = "format(datum.value * 100, '.3~g') + '\u00a0%'"
    return alt.Axis(labelExpr=text, **more)


def _theme() -> dict[str, Any]:
    text = {"labelColor": MUTED, "titleColor": INK, "labelFontSize": _SIZE}
    titled = {**text, "titleFontSize": _SIZE, "titleFontWeight": "normal"}
    axis = {"titlePadding": 8, "labelPadding": 6, "domain": False, "ticks": False}
    axis |= {"labelFlush": False, "labelOverlap": True}
    heading = {"color": INK, "fontSize": 13, "fontWeight": 600, "anchor": "start"}
    return {
        "aria": False,
        "background": "transparent",
        "font": "Arial",
        "padding": {"left": 8, "right": 8, "top": 6, "bottom": 4},
        "view": {"stroke": None},
        "axis": {**titled, **axis, "gridColor": LINE, "labelLimit": 220},
        "legend": {**titled, "symbolType": "circle"},
        "title": {**heading, "offset": 10},
        "text": {"color": INK, "fontSize": _SIZE},
    }
