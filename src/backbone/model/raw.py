"""How raw bytes are read: what the formatted zone asks of the one reader of raw files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backbone.model.types import CanonicalType

__all__ = ["FileFormat", "Hour", "OnBadCell", "RawColumn", "RawFormat", "RawObject"]

FileFormat = Literal[
    "csv", "json", "jsonl", "parquet", "fixed", "excel", "feather", "orc", "avro", "xml",
    "log", "sqlite",
]  # fmt: skip
OnBadCell = Literal["blank", "reject"]
Hour = Literal["first", "second", "reject"]


@dataclass(frozen=True)
class RawObject:
    """A file of a delivery; `path` is absolute, `name` is its name in the delivery.

    `fields` are (name, value) pairs that a path or an address told of it.
    """

    path: str
    name: str
    delivery: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class RawFormat:
    """How records are laid out in a file.

    `records` is the path to the list of records in a JSON document ("data.items");
    `nulls` are the texts that mean a missing value (a quoted text is never missing).
    `format` is a `FileFormat` or a plugin's; `options` is what is said to its reader
    alone, as JSON.
    """

    format: str
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)
    records: str | None = None
    max_record_bytes: int = 1_000_000
    options: str = ""


@dataclass(frozen=True)
class RawColumn:
    """How a canonical column is made from the text of raw columns.

    Several `sources` are joined with one space before `format` is applied. `$file` is
    the object's name, `$device` its field `device`; a raw column whose own name begins
    with a dollar sign has two: `$$price`. `pad` maps a source to a width that its text is
    filled up to with zeros from the left. `pattern` takes the first group of a regular
    expression.
    `sql` computes the column from the others instead (DuckDB dialect, portable subset).
    `timezone` turns a local time into an instant; `ambiguous` says which of the two
    hours is meant when clocks go back; an hour that clocks skip is a bad cell.
    """

    name: str
    type: CanonicalType
    sources: tuple[str, ...] = ()
    pattern: str | None = None
    format: str | None = None
    timezone: str | None = None
    ambiguous: Hour = "reject"
    nulls: tuple[str, ...] = ()
    pad: tuple[tuple[str, int], ...] = ()
    sql: str | None = None
    on_bad_cell: OnBadCell = "blank"
