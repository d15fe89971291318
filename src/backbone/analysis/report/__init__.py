"""Reports: one self-contained HTML page an analysis."""
