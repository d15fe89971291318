"""Columns that are values of one thing: a column a year, a month, an hour."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backbone.management.formatted.inference.context import ColumnPlan
from backbone.model.choices import Choice

__all__ = ["wide_in"]

_LEAST = 4
_FAMILIES = (
    ("year", r"\D{0,12}((?:19|20)\d{2})"),
    ("month", r"((?:19|20)\d{2}[-_/.]?(?:0[1-9]|1[0-2]))"),
    ("month", r"(?i)(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"),
    ("day", r"((?:19|20)\d{2}[-_/.]?\d{2}[-_/.]?\d{2})"),
    ("hour", r"(?i)h(?:our)?_?(\d{1,2})"),
)


def wide_in(plans: Sequence[ColumnPlan]) -> list[Choice]:
    """Ask whether columns whose names are years, months, days or hours should be rows."""
    for name, pattern in _FAMILIES:
        own = [plan for plan in plans if re.fullmatch(pattern, plan.raw.strip())]
        kinds = {"n" if plan.type != "string" else "s" for plan in own if plan.there}
        if len(own) < _LEAST or len(kinds) != 1:
            continue
        said = f"{len(own)} columns are {name}s: `{own[0].raw}` to `{own[-1].raw}`"
        ask = f"{said}; should each be a row? Then `unpivot` makes them so"
        shown = f'unpivot: {{pattern: "^{pattern}$", name: {name}, value: value}}'
        return [Choice("unpivot", None, 0.5, said, ask=ask, alternatives=(shown,))]
    return []
