"""DuckDB, in process: the engine of one machine."""

from __future__ import annotations

from backbone.engines.duckdb.engine import DuckDBEngine

__all__ = ["DuckDBEngine"]
