"""Databases: read at one moment, exactly, as Parquet."""
