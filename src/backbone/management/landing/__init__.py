"""The landing zone: collectors bring raw bytes into the lake, exactly as received."""

from __future__ import annotations

from backbone.management.landing.protocol import (
    CollectContext,
    Collector,
    CollectReport,
    DatasetReport,
    Tally,
    collect,
)

__all__ = [
    "CollectContext",
    "CollectReport",
    "Collector",
    "DatasetReport",
    "Tally",
    "collect",
]
