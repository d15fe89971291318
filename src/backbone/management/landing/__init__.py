"""The landing zone: collectors bring raw bytes into the lake, exactly as received."""

from __future__ import annotations

from backbone.management.landing.protocol import (
    COLLECTORS,
    CollectContext,
    Collector,
    CollectReport,
    DatasetReport,
    collect,
)

__all__ = [
    "COLLECTORS",
    "CollectContext",
    "CollectReport",
    "Collector",
    "DatasetReport",
    "collect",
]
