"""From a sandbox in Arrow to what estimators take: features as columns of a frame.

Numbers become doubles (NaN is missing, infinities count as missing), truths 0 and 1,
texts categories, and instants and dates the parts of the calendar that may matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from backbone.analysis.sandbox.layout import PART, ROW, TARGET, Part
from backbone.model.schemas import Column, Schema

__all__ = [
    "MISSING",
    "CalendarPart",
    "Feature",
    "Rows",
    "calendar",
    "categories",
    "clock_days",
    "features_of",
    "frame_of",
    "labels_of",
    "mask_of",
    "numbers",
    "ordered",
    "ordinals",
    "rows_of",
    "zone_of",
]

MISSING = "(missing)"

Floats = npt.NDArray[np.float64]
FeatureKind = Literal["number", "truth", "category", "time"]
CalendarPart = Literal["hour", "weekday", "month", "day_of_year"]

_YEAR = 365
_PARTS: dict[str, tuple[CalendarPart, ...]] = {
    "date": ("weekday", "month", "day_of_year"),
    "datetime": ("hour", "weekday", "month", "day_of_year"),
    "timestamp": ("hour", "weekday", "month", "day_of_year"),
}


@dataclass(frozen=True)
class Feature:
    """A declared feature: a column, and the columns of the frame that are made of it.

    `parts` are those of an instant or date, in `timezone`; `note` says what was left out.
    """

    name: str
    kind: FeatureKind
    type: str
    parts: tuple[CalendarPart, ...] = ()
    timezone: str = "UTC"
    note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the frame."""
        return tuple(f"{self.name}.{part}" for part in self.parts) or (self.name,)


def ordered(table: pa.Table) -> pa.Table:
    """Return a sandbox in its own order, however its files were read."""
    return table.sort_by(ROW).combine_chunks()


def mask_of(table: pa.Table, *parts: Part) -> npt.NDArray[np.bool_]:
    """Return which rows are in one of `parts`."""
    return np.isin(categories(table[PART])[0], parts)


def labels_of(table: pa.Table) -> Floats:
    """Return the targets: numbers, or 1 and 0."""
    return numbers(table[TARGET])


def numbers(values: pa.ChunkedArray) -> Floats:
    """Return `values` as doubles; what is missing or infinite is NaN."""
    cast = values.cast(pa.float64(), safe=False)
    array: Floats = np.array(cast.to_numpy(), dtype=np.float64)
    array[np.isinf(array)] = np.nan
    return array


def categories(values: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
    """Return the text of each value, and the code of each among the distinct ones."""
    encoded = values.cast(pa.string()).combine_chunks().dictionary_encode()
    names = [*encoded.dictionary.to_pylist(), MISSING]
    codes = pc.fill_null(encoded.indices, len(names) - 1).to_numpy().astype(np.intp)
    return np.array(names, dtype=object)[codes], codes


def zone_of(column: Column, declared: str | None) -> str:
    """Return the zone in which the calendar of `column` is read."""
    return declared or column.timezone or "UTC"


def calendar(values: pa.ChunkedArray, part: CalendarPart, *, timezone: str) -> Floats:
    """Return a part of each instant or date, as a number; NaN where it is missing.

    Hours are 0 to 23, weekdays 0 (Monday) to 6, months 1 to 12, days 1 to 366.
    """
    index = _clock(values, timezone)
    name = "day_of_week" if part == "weekday" else part
    return np.asarray(getattr(index, name), dtype=np.float64)


def ordinals(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return numbers in the order of `values`, equal where they are equal."""
    combined = values.combine_chunks()
    ranks = pc.rank(combined, sort_keys="ascending", tiebreaker="min")
    return np.asarray(ranks.to_numpy(), dtype=np.int64)


def clock_days(values: pa.ChunkedArray, *, timezone: str) -> npt.NDArray[np.int64]:
    """Return the local day of each instant or date, as days since 1970-01-01.

    A missing one is on a day of its own.
    """
    index = _clock(values, timezone)
    local = index.tz_localize(None) if index.tz is not None else index
    return local.to_numpy().astype("datetime64[D]").astype(np.int64)


def _clock(values: pa.ChunkedArray, timezone: str) -> pd.DatetimeIndex:
    zoned = pa.types.is_timestamp(values.type) and values.type.tz is not None
    plain = values.cast(pa.timestamp("us")).to_numpy()
    index = pd.DatetimeIndex(plain)
    return index.tz_localize("UTC").tz_convert(ZoneInfo(timezone)) if zoned else index


def features_of(
    names: Sequence[str], schema: Schema, train: pa.Table, *, timezone: str | None
) -> tuple[Feature, ...]:
    """Decide, from types and the training rows, how each feature enters a model.

    A season cannot be learnt from less than a year: month and day of the year are left
    out where the training rows span less. Parts that never change are left out too.
    """
    return tuple(_feature(schema[name], train[name], timezone) for name in names)


def _feature(column: Column, values: pa.ChunkedArray, timezone: str | None) -> Feature:
    kind, said = column.type.kind, str(column.type)
    if not column.type.is_temporal:
        plain: FeatureKind = "number" if column.type.is_numeric else "category"
        return Feature(column.name, "truth" if kind == "boolean" else plain, said)
    zone = zone_of(column, timezone)
    days = _span_days(values)
    wanted = [p for p in _PARTS[kind] if days >= _YEAR or p in {"hour", "weekday"}]
    kept = [p for p in wanted if _varies(calendar(values, p, timezone=zone))]
    note = ""
    if days < _YEAR:
        note = (
            f"the training rows span {days:,.0f} days, less than a year, so month and "
            "day of the year are left out"
        )
    parts: tuple[CalendarPart, ...] = tuple(kept) or ("weekday",)
    return Feature(column.name, "time", said, parts, zone, note)


def _span_days(values: pa.ChunkedArray) -> float:
    bounds = pc.min_max(values.cast(pa.timestamp("us")))
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return 0.0 if low is None else (high - low).total_seconds() / 86_400


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return known.size > 0 and bool((known != known[0]).any())


@dataclass(frozen=True)
class Rows:
    """Rows of a sandbox as a model sees them: features, and the targets beside them."""

    table: pa.Table
    frame: pd.DataFrame
    target: Floats

    def __len__(self) -> int:
        return len(self.target)

    def where(self, chosen: npt.NDArray[Any]) -> Rows:
        """Return the rows of a mask or of positions."""
        at = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        frame = self.frame.iloc[at].reset_index(drop=True)
        return Rows(self.table.take(pa.array(at)), frame, self.target[at])


def rows_of(table: pa.Table, features: Sequence[Feature]) -> Rows:
    """Return the rows of a sandbox that is in its own order."""
    return Rows(table, frame_of(table, features), labels_of(table))


def frame_of(table: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """Return the features as a frame, a column or several for each."""
    columns: dict[str, pd.Series[Any]] = {}
    for feature in features:
        values = table[feature.name]
        if feature.kind == "category":
            columns[feature.name] = pd.Series(categories(values)[0], dtype=object)
        elif feature.kind == "time":
            for part, name in zip(feature.parts, feature.columns, strict=True):
                piece = calendar(values, part, timezone=feature.timezone)
                columns[name] = pd.Series(piece)
        else:
            columns[feature.name] = pd.Series(numbers(values))
    return pd.DataFrame(columns)
