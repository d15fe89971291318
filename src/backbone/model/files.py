"""Parquet files as engines write them and the lake commits them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ColumnStatistics", "WrittenFile"]


@dataclass(frozen=True)
class ColumnStatistics:
    """What a file holds of one column, as Delta spells it.

    `low` and `high` are JSON literals (a decimal keeps all its digits); both are None
    where no bounds can be given: all nulls, NaN or infinities, a wall clock.
    """

    nulls: int
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True)
class WrittenFile:
    """A Parquet file that an engine wrote (`path` is absolute)."""

    path: Path
    rows: int
    size_bytes: int
    statistics: Mapping[str, ColumnStatistics]
