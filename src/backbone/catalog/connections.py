"""Connections to the catalog's file, also where one may only read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

__all__ = ["connect"]

_BUSY_S = 30


def connect(path: Path) -> Engine:
    """Return an engine for the database `path`; one that only reads, where it must.

    Notes
    -----
    SQLite in WAL mode writes beside its file even to read. Where the folder cannot be
    written, the file is read as it is, or through the log that a writer keeps beside it.
    """
    if path.is_file() and not os.access(path.parent, os.W_OK):
        return create_engine(
            "sqlite://", creator=lambda: _reading(path), poolclass=NullPool
        )
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": _BUSY_S, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    return engine


def _reading(path: Path) -> sqlite3.Connection:
    log = path.with_name(f"{path.name}-wal")
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}",
        uri=True,
        timeout=_BUSY_S,
        check_same_thread=False,
    )
