"""Expressions over Arrow arrays: what DuckDB computes for an engine that cannot."""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa

__all__ = ["evaluate"]

_of_this_thread = threading.local()  # some servers compute in threads, not in processes


def evaluate(expression: str, *arrays: pa.Array) -> pa.Array:
    """Return the values of an expression of ours over arrays of one length.

    Parameters
    ----------
    expression : str
        In DuckDB's dialect, over columns ``a``, ``b``, … (no outside text is in it).
    *arrays : pa.Array
        The columns, in this order.
    """
    names = [chr(ord("a") + place) for place in range(len(arrays))]
    table = pa.Table.from_arrays(list(arrays), names=names)
    connection = _connection()
    connection.register("batch", table)
    try:
        found = connection.execute(f"SELECT {expression} AS v FROM batch")
        return found.to_arrow_table().column("v").combine_chunks()
    finally:
        connection.unregister("batch")


def _connection() -> duckdb.DuckDBPyConnection:
    """Return this thread's connection, which keeps the order of rows."""
    if not hasattr(_of_this_thread, "connection"):
        _of_this_thread.connection = _connected()
    found: duckdb.DuckDBPyConnection = _of_this_thread.connection
    return found


def _connected() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection
