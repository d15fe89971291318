"""DuckDB's errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from backbone.errors import EngineError, OutOfMemory

__all__ = ["mapped", "told"]

_LONGEST = 600
_EXCERPT = "\n\nLINE "  # of the query as it was compiled, which nobody wrote
_MORE_MEMORY = (
    "Give the engine more memory, or a disk to spill to, in backbone.yml: "
    "engine: {kind: duckdb, memory_limit: 8GB}"
)
_NO_FUNCTION = re.compile(
    r'Function with name (?P<name>\w+) does not exist!(\s+Did you mean "(?P<near>\w+)")?'
)


@contextmanager
def mapped(
    where: str | None = None, *, more_memory: str = _MORE_MEMORY
) -> Iterator[None]:
    """Raise our errors in place of DuckDB's.

    `more_memory` says what helps where there is too little of it.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OutOfMemory(told(error), where=where, hint=more_memory) from error
    except duckdb.IOException as error:
        hint = None
        if "No space left" in str(error):
            hint = "The disk is full; `backbone run` goes on when there is space again."
        raise EngineError(told(error), where=where, hint=hint) from error
    except duckdb.Error as error:
        unknown = _NO_FUNCTION.search(str(error))
        if unknown is None:
            raise EngineError(told(error), where=where) from error
        what = f"there is no function `{unknown['name']}`"
        hint = f"Did you mean `{unknown['near']}`?" if unknown["near"] else None
        raise EngineError(what, where=where, hint=hint) from error


def told(error: Exception) -> str:
    """Return what an error says, without the excerpt of a query."""
    text = str(error).partition(_EXCERPT)[0].strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
