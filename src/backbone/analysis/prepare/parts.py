"""The three parts of a sandbox, checked and summed up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from backbone.analysis.prepare.frames import mask_of, numbers
from backbone.analysis.sandbox.layout import PARTS, TARGET, Part
from backbone.errors import DataError
from backbone.project.analysis import Predict

__all__ = ["PartSummary", "parts_of"]

Moment = date | datetime | float


@dataclass(frozen=True)
class PartSummary:
    """A part: its rows, its mean target, and where it lies.

    `first` and `last` are the bounds of the time it is split by, `groups` the number of
    the groups in it; None where the split knows neither.
    """

    part: Part
    rows: int
    share: float
    target: float
    first: Moment | None = None
    last: Moment | None = None
    groups: int | None = None


def parts_of(
    declaration: Predict, table: pa.Table, *, timezone: str
) -> Mapping[Part, PartSummary]:
    """Sum up the parts; days are those of `timezone`.

    Raises
    ------
    DataError : a part has no rows, or a class to tell apart is not in all of them
    """
    found = {part: _summary(declaration, table, part, timezone) for part in PARTS}
    for part, one in found.items():
        if one.rows == 0:
            what = f"the split leaves no rows for {part}, of {table.num_rows:,} in all"
            raise DataError(what, hint=_hint(declaration))
        if declaration.task == "classification" and one.target in {0.0, 1.0}:
            what = f"all {one.rows:,} rows of {part} have the same target"
            raise DataError(what, hint=_hint(declaration))
    return found


def _hint(declaration: Predict) -> str:
    return {
        "time": "there are too few different times; split another way",
        "group": "there are too few groups; split another way",
        "stratified": "there are too few rows",
        "random": "there are too few rows, or a stratified split is needed",
    }[declaration.split.by]


def _summary(
    declaration: Predict, table: pa.Table, part: Part, timezone: str
) -> PartSummary:
    rows = table.filter(pa.array(mask_of(table, part)))
    split = declaration.split
    first: Moment | None = None
    last: Moment | None = None
    groups: int | None = None
    if split.by == "time" and rows.num_rows:
        bounds = pc.min_max(rows[str(split.column)]).as_py()
        first, last = (_local(bounds[end], timezone) for end in ("min", "max"))
    elif split.by == "group":
        groups = pc.count_distinct(rows[str(split.column)], mode="all").as_py()
    target = numbers(rows[TARGET])
    mean = float(target.mean()) if len(target) else float("nan")
    share = rows.num_rows / max(table.num_rows, 1)
    return PartSummary(part, rows.num_rows, share, mean, first, last, groups)


def _local(moment: Moment, timezone: str) -> Moment:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.astimezone(ZoneInfo(timezone))
    return moment
