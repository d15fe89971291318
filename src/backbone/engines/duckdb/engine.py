"""The engine: one in-memory database whose connections share threads and memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from backbone.engines.duckdb.failures import mapped
from backbone.engines.duckdb.session import DuckDBSession
from backbone.engines.raw import opened_database

__all__ = ["DuckDBEngine"]


class DuckDBEngine:
    """DuckDB in this process.

    Parameters
    ----------
    threads : int, optional
        Threads that all sessions share; all cores by default.
    memory_limit : str, optional
        Such as ``"4GB"``; beyond it intermediate results spill to `spill`. DuckDB's
        default is 80 % of the machine.
    spill : Path, optional
        Folder for spilled data; made when needed.
    """

    capabilities = DuckDBSession.capabilities

    def __init__(
        self,
        *,
        threads: int | None = None,
        memory_limit: str | None = None,
        spill: Path | None = None,
    ) -> None:
        self.threads = threads or os.cpu_count() or 1
        settings: dict[str, str] = {}
        if memory_limit:
            settings["memory_limit"] = memory_limit
        if spill:
            settings["temp_directory"] = str(spill)
        with mapped("while DuckDB started"):
            self._database = opened_database(threads=self.threads, **settings)

    @contextmanager
    def session(self) -> Iterator[DuckDBSession]:
        """Open a session with a connection of its own; safe from several threads."""
        connection = self._database.cursor()
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield DuckDBSession(connection, threads=self.threads)
        finally:
            connection.close()

    def native(self) -> duckdb.DuckDBPyConnection:
        """Lend a connection; the borrower closes it."""
        return self._database.cursor()

    def close(self) -> None:
        """Close the database and free its memory."""
        self._database.close()
