"""The profile of a table, as a terminal shows it: a line per column, bars, examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from backbone.app.figures import cell, count, shorten
from backbone.cli.output import Column, Grid, note, out

__all__ = ["print_profile"]

_BARS = " ▁▂▃▄▅▆▇█"
_WIDTH = 20
_SHOWN = 3


def print_profile(found: Mapping[str, Any]) -> None:
    """Print what `app.profiles.profile` found."""
    console = out()
    title = f"{found['asset']}  version {found['version']}, {count(found['rows'])} rows"
    console.print(Text(title, style="bold"))
    columns = [
        Column("column"), Column("type", style="dim"), Column("missing", "right"),
        Column("distinct", "right"), Column("min", "right", drop=2),
        Column("median", "right"), Column("max", "right", drop=2),
        Column("outliers", "right", drop=3), Column("distribution", drop=1),
        Column("frequent, or shapes", drop=4),
    ]  # fmt: skip
    console.print()
    rows = [_column(one, found["rows"]) for one in found["columns"]]
    console.print(Grid(columns, rows))
    if found["sample"]:
        every = found["sample"]["every"]
        words = (
            f"medians, distributions, outliers and frequent values are of one row in "
            f"{every}; distinct values are estimated"
        )
        console.print(note(words))


def _column(one: Mapping[str, Any], rows: int) -> list[str | Text | None]:
    quantiles = one.get("quantiles") or {}
    histogram = one.get("histogram")
    outliers = one.get("outliers") or {}
    about = "" if one["distincts_exact"] else "≈"
    return [
        one["name"],
        one["type"],
        _share(one["nulls"], rows),
        f"{about}{count(one['distincts'])}",
        _short(one.get("min")),
        _short(quantiles.get("0.5")),
        _short(one.get("max")),
        count(outliers["count"]) if outliers.get("count") is not None else None,
        _bars(histogram["counts"]) if histogram else None,
        _examples(one),
    ]


def _share(part: int, whole: int) -> str:
    if not part or not whole:
        return "-"
    return f"{part / whole:.1%}" if part / whole >= 0.001 else "<0.1%"  # noqa: PLR2004


def _short(value: Any) -> str:
    return shorten(cell(value), _WIDTH)


def _bars(counts: Sequence[int]) -> str:
    """Draw counts as a line of bars; whatever is there is seen."""
    highest = max(counts, default=0)
    if not highest:
        return ""
    top = len(_BARS) - 1
    return "".join(_BARS[-(-n * top // highest)] for n in counts)


def _examples(one: Mapping[str, Any]) -> str | None:
    """Name frequent values; where every value is another one, the shapes of texts."""
    top = one["top"]
    if not top:
        return None
    if top[0]["count"] > 1:
        return ", ".join(_short(row["value"]) for row in top[:_SHOWN])
    return ", ".join(_short(row["pattern"]) for row in one.get("patterns", ())[:_SHOWN])
