"""The formatted zone: every delivery as rows of one canonical relational model."""

from __future__ import annotations

from backbone.management.formatted.step import (
    REJECTED,
    REJECTED_CELLS,
    FormattedDelivery,
    format_deliveries,
    formatted_schema,
)

__all__ = [
    "REJECTED",
    "REJECTED_CELLS",
    "FormattedDelivery",
    "format_deliveries",
    "formatted_schema",
]
