"""DuckDB as it is opened everywhere: offline, and with the clocks of UTC."""

from __future__ import annotations

import duckdb

__all__ = ["opened_database"]

Setting = str | bool | int | float | list[str]


def opened_database(**settings: Setting) -> duckdb.DuckDBPyConnection:
    """Open a database in memory; `settings` are DuckDB's."""
    offline: dict[str, Setting] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "preserve_insertion_order": False,
    }
    made = duckdb.connect(":memory:", config=offline | settings)
    made.execute("SET GLOBAL TimeZone = 'UTC'")
    return made
