"""What is known of a project: runs, versions, lineage, quality; an index of the lake."""

from __future__ import annotations

from backbone.catalog.catalog import Catalog

__all__ = ["Catalog"]
