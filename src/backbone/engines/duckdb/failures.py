"""DuckDB's errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from backbone.errors import EngineError, OutOfMemory

__all__ = ["mapped"]

_LONGEST = 600


@contextmanager
def mapped(where: str | None = None) -> Iterator[None]:
    """Raise our errors in place of DuckDB's."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OutOfMemory(
            _first(error),
            where=where,
            hint="Give the engine more memory, or a disk to spill to, in backbone.yml: "
            "engine: {kind: duckdb, memory_limit: 8GB}",
        ) from error
    except duckdb.IOException as error:
        hint = None
        if "No space left" in str(error):
            hint = "The disk is full; `backbone run` goes on when there is space again."
        raise EngineError(_first(error), where=where, hint=hint) from error
    except duckdb.Error as error:
        raise EngineError(_first(error), where=where) from error


def _first(error: Exception) -> str:
    text = str(error).strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
