"""The formatted zone: every delivery as rows of one canonical relational model."""

from __future__ import annotations

from backbone.management.formatted.step import (
    REJECTED,
    REJECTED_CELLS,
    FormattedDelivery,
    format_deliveries,
    formatted_schema,
    raw_objects,
    readings_of,
)
from backbone.management.formatted.variants import (
    Reading,
    Ways,
    looks_at_header,
    reading_of,
)

__all__ = [
    "REJECTED",
    "REJECTED_CELLS",
    "FormattedDelivery",
    "Reading",
    "Ways",
    "format_deliveries",
    "formatted_schema",
    "looks_at_header",
    "raw_objects",
    "reading_of",
    "readings_of",
]
