"""Readers of formats: ours, and what a reader of another one is made of.

A reader is a module (or an object) with `Settings`, the model of what a table declares of
its format, and either `read`, which makes Arrow batches of an object, or `read_lines`,
which splits lines of text. Everything else is done here, once for all of them: text of
typed values, numbers and accounts of records, refusals, missing columns, threads, Spark.
"""

from __future__ import annotations

from backbone.engines.raw.readers.protocol import (
    LineReader,
    Lines,
    RawFile,
    Reader,
    Records,
    Rejected,
)
from backbone.project.reads import ReadSettings, Typed

__all__ = [
    "LineReader",
    "Lines",
    "RawFile",
    "ReadSettings",
    "Reader",
    "Records",
    "Rejected",
    "Typed",
]
