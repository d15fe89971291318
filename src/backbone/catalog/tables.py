"""The tables of the catalog."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "REVISION",
    "collections",
    "columns",
    "deliveries",
    "hashes",
    "lineage",
    "meta",
    "metadata",
    "rules",
    "runs",
    "steps",
    "versions",
]

REVISION = 1

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("started", DateTime, nullable=False),
    Column("finished", DateTime),
    Column("status", String, nullable=False),
    Column("target", String),
    Column("engine", String, nullable=False),
    Column("seconds", Float),
    Column("record", JSON, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("run", String, primary_key=True),
    Column("dataset", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("new", Integer, nullable=False),
    Column("again", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("error", Text),
)

steps = Table(
    "steps",
    metadata,
    Column("run", String, primary_key=True),
    Column("asset", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("identity", String, nullable=False),
    Column("status", String, nullable=False),
    Column("started", DateTime),
    Column("seconds", Float),
    Column("rows", Integer),
    Column("size_bytes", Integer),
    Column("memory_bytes", Integer),
    Column("message", Text),
    Index("steps_asset", "asset", "status"),
)

versions = Table(
    "versions",
    metadata,
    Column("asset", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("identity", String, nullable=False),
    Column("committed", DateTime, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("record", JSON, nullable=False),
    Index("versions_identity", "asset", "identity"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("asset", String, primary_key=True),
    Column("reading", String, primary_key=True),
    Column("delivery", String, primary_key=True),
    Column("record", JSON, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("asset", String, primary_key=True),
    Column("identity", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("violating_rows", Integer, nullable=False),
    Column("record", JSON, nullable=False),
)

columns = Table(
    "columns",
    metadata,
    Column("asset", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("type", String, nullable=False),
    Column("description", Text),
    Column("unit", String),
    Column("timezone", String),
)

lineage = Table(
    "lineage",
    metadata,
    Column("asset", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("input_asset", String, primary_key=True),
    Column("input_name", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Index("lineage_input", "input_asset", "input_name"),
)

hashes = Table(
    "hashes",
    metadata,
    Column("asset", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("hash", String, nullable=False),
)
