"""Canonical schemas as Delta schemas, and back."""

from __future__ import annotations

from deltalake import Field
from deltalake import Schema as DeltaSchema
from deltalake.schema import PrimitiveType

from backbone.errors import ForeignTable
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

__all__ = ["canonical_schema", "delta_schema"]

_DELTA = {
    "boolean": "boolean",
    "integer": "long",
    "double": "double",
    "string": "string",
    "date": "date",
    "timestamp": "timestamp",
    "datetime": "timestamp_ntz",
}
_CANONICAL = {
    "boolean": BOOLEAN,
    "long": INTEGER,
    "double": DOUBLE,
    "string": STRING,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamp_ntz": DATETIME,
}
_KEYS = ("description", "unit", "timezone")


def delta_schema(schema: Schema) -> DeltaSchema:
    """Return the Delta schema; descriptions, units and zones go in field metadata."""
    return DeltaSchema([_field(column) for column in schema])


def _field(column: Column) -> Field:
    name = str(column.type) if column.type.kind == "decimal" else _DELTA[column.type.kind]
    known = {key: getattr(column, key) for key in _KEYS}
    metadata = {f"backbone.{key}": value for key, value in known.items() if value}
    return Field(column.name, PrimitiveType(name), nullable=True, metadata=metadata)


def canonical_schema(schema: DeltaSchema) -> Schema:
    """Return the canonical schema of a Delta table.

    Raises
    ------
    ForeignTable : a column has a type that Backbone does not write
    """
    return Schema(tuple(_column(field) for field in schema.fields))


def _column(field: Field) -> Column:
    metadata = {key: field.metadata.get(f"backbone.{key}") for key in _KEYS}
    return Column(field.name, _type(field), **metadata)


def _type(field: Field) -> CanonicalType:
    name = getattr(field.type, "type", "")
    if name.startswith("decimal("):
        return CanonicalType.parse(name)
    if name not in _CANONICAL:
        raise ForeignTable(f"column `{field.name}` has the type {field.type}")
    return _CANONICAL[name]
