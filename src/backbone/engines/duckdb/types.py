"""DuckDB's types as canonical types."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.errors import ViewError
from backbone.model.schemas import Column, Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)

__all__ = ["schema_of"]

_CANONICAL = {
    "BOOLEAN": BOOLEAN,
    "TINYINT": INTEGER,
    "SMALLINT": INTEGER,
    "INTEGER": INTEGER,
    "BIGINT": INTEGER,
    "HUGEINT": INTEGER,
    "UTINYINT": INTEGER,
    "USMALLINT": INTEGER,
    "UINTEGER": INTEGER,
    "UBIGINT": INTEGER,
    "UHUGEINT": INTEGER,
    "FLOAT": DOUBLE,
    "DOUBLE": DOUBLE,
    "VARCHAR": STRING,
    "DATE": DATE,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMP,
    "TIMESTAMP": DATETIME,
    "TIMESTAMP_S": DATETIME,
    "TIMESTAMP_MS": DATETIME,
    "TIMESTAMP_NS": DATETIME,
    '"NULL"': STRING,
}


def schema_of(described: Sequence[tuple[str, str]]) -> Schema:
    """Return the canonical schema of a described result.

    Whole numbers of any width become ``integer`` (a value beyond 64 bits fails where it
    is written, it does not wrap).

    Raises
    ------
    ViewError : a column has a type that the lake does not hold
    """
    return Schema(tuple(Column(name, _canonical(name, kind)) for name, kind in described))


def _canonical(name: str, kind: str) -> CanonicalType:
    if kind.startswith("DECIMAL("):
        return CanonicalType.parse(kind.lower())
    if kind in _CANONICAL:
        return _CANONICAL[kind]
    what = f"column `{name}` has the type {kind}, which no table holds"
    hint = f"Cast it, for example: cast({name} as varchar) as {name}"
    raise ViewError(what, hint=hint)
