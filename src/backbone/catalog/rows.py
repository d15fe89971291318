"""What stands in the rows of the catalog, and what its driver says when it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from backbone.errors import CatalogError
from backbone.model.schemas import Schema

__all__ = ["ANEW", "column_rows", "mapped"]

_PRIMARY = 0xFF  # extended result codes of SQLite say more in their upper bytes
_UNREADABLE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNWRITABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
ANEW = "The lake is the truth: delete the file, and it is made anew."
_SPACE = (
    "Is there space on the disk, and may you write there? What is finished is kept in "
    "the lake; `backbone run` goes on from it."
)


def column_rows(name: str, schema: Schema) -> Iterator[dict[str, Any]]:
    """Return a row for each column of a table."""
    for position, column in enumerate(schema):
        yield {
            "asset": name,
            "name": column.name,
            "position": position,
            "type": str(column.type),
            "description": column.description,
            "unit": column.unit,
            "timezone": column.timezone,
        }


@contextmanager
def mapped(path: Path) -> Iterator[None]:
    """Raise a CatalogError in place of what the driver says of the file `path`."""
    try:
        yield
    except SQLAlchemyError as error:
        code = getattr(error.__cause__, "sqlite_errorcode", 0) & _PRIMARY
        what = f"the catalog {path} failed: {error.__cause__ or error}"
        hint = _SPACE if code in _UNWRITABLE else None
        if code in _UNREADABLE:
            what, hint = f"{path} is no catalog that can be read", ANEW
        raise CatalogError(what, hint=hint) from error
