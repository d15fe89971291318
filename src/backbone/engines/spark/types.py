"""Spark's types as canonical types, and the other way."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import types as st

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
    Kind,
)

__all__ = ["schema_of", "spark_schema", "storable"]

_CANONICAL: dict[type[st.DataType], CanonicalType] = {
    st.BooleanType: BOOLEAN,
    st.ByteType: INTEGER,
    st.ShortType: INTEGER,
    st.IntegerType: INTEGER,
    st.LongType: INTEGER,
    st.FloatType: DOUBLE,
    st.DoubleType: DOUBLE,
    st.StringType: STRING,
    st.VarcharType: STRING,
    st.CharType: STRING,
    st.NullType: STRING,
    st.DateType: DATE,
    st.TimestampType: TIMESTAMP,
    st.TimestampNTZType: DATETIME,
}

_SPARK: dict[Kind, Callable[[], st.DataType]] = {
    "boolean": st.BooleanType,
    "integer": st.LongType,
    "double": st.DoubleType,
    "string": st.StringType,
    "date": st.DateType,
    "timestamp": st.TimestampType,
    "datetime": st.TimestampNTZType,
}


def schema_of(found: st.StructType) -> Schema:
    """Return the canonical schema of a result.

    Whole numbers of any width become ``integer`` (a value beyond 64 bits fails where it
    is written, it does not wrap).

    Raises
    ------
    ViewError : a column has a type that the lake does not hold
    """
    return Schema(tuple(Column(f.name, _canonical(f)) for f in found.fields))


def _canonical(field: st.StructField) -> CanonicalType:
    kind = field.dataType
    if isinstance(kind, st.DecimalType):
        return CanonicalType("decimal", kind.precision, kind.scale)
    if type(kind) in _CANONICAL:
        return _CANONICAL[type(kind)]
    what = (
        f"column `{field.name}` has the type {kind.simpleString()}, which no table holds"
    )
    hint = f"Cast it, for example: cast({field.name} as varchar) as {field.name}"
    raise ViewError(what, hint=hint)


def spark_schema(schema: Schema) -> st.StructType:
    """Return the type that Spark reads the Parquet files of a canonical schema with."""
    return st.StructType([st.StructField(c.name, _spark(c.type)) for c in schema])


def _spark(kind: CanonicalType) -> st.DataType:
    if kind.kind == "decimal":
        return st.DecimalType(kind.precision or 38, kind.scale or 0)
    return _SPARK[kind.kind]()


def storable(found: st.StructType) -> st.StructType:
    """Return the type that a result can be kept in: a column of nulls alone is text."""
    return st.StructType(
        [
            st.StructField(f.name, st.StringType())
            if isinstance(f.dataType, st.NullType)
            else st.StructField(f.name, f.dataType)
            for f in found.fields
        ]
    )
