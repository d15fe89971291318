"""Pages of HTML about the quality of tables: one file each, which loads nothing."""

from __future__ import annotations

from backbone.app.pages.table import quality_page
from backbone.app.pages.zone import zone_page

__all__ = ["quality_page", "zone_page"]
