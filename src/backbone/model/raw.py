"""How raw bytes are read: what the formatted zone asks of the one reader of raw files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backbone.model.types import CanonicalType

__all__ = [
    "BlankLines",
    "FileFormat",
    "Hour",
    "Negative",
    "OnBadCell",
    "RawColumn",
    "RawFormat",
    "RawObject",
    "RawUnpivot",
    "SkippedHour",
]

FileFormat = Literal[
    "csv", "json", "jsonl", "parquet", "fixed", "excel", "feather", "orc", "avro", "xml",
    "log", "sqlite", "objects",
]  # fmt: skip
OnBadCell = Literal["blank", "reject"]
Hour = Literal["first", "second", "reject"]
SkippedHour = Literal["forward", "backward", "reject"]
BlankLines = Literal["reject", "skip"]
Negative = Literal["parentheses", "trailing", "unicode"]


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

    Of delimited text: `skip` lines come before the header, which has `header` lines (0:
    none), of which the `units`-th holds units. `names` are the columns, in place of what
    the header says. Lines that begin with `comment`, lines equal to one of the header
    (`repeated_header`), blank ones (`blank_lines`), and the last ones (`footer` many, or
    those that match it) are no records. `trim` takes blanks off names and cells. There
    is no quoting where `quote` is None; the character behind `escape` is text.

    `format` is a `FileFormat` or a plugin's; `options` is what is said to its reader
    alone, as JSON.
    """

    format: str
    delimiter: str = ","
    quote: str | None = '"'
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)
    records: str | None = None
    max_record_bytes: int = 1_000_000
    header: int = 1
    names: tuple[str, ...] = ()
    units: int | None = None
    skip: int = 0
    comment: str | None = None
    footer: int | str = 0
    repeated_header: bool = False
    blank_lines: BlankLines = "reject"
    trim: bool = False
    escape: str | None = None
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
    hours is meant when clocks go back, `missing` what becomes of one that they skip: it
    is read by the clock as it was before (`forward`) or as it is after (`backward`).

    Of several formats each text must mean one moment at most; ``iso`` and
    ``epoch_s|ms|us|ns`` are formats too. Numbers have a `decimal` mark and perhaps
    `thousands` marks, and may stand behind a `prefix` and before a `suffix`; `negative`
    are ways to write a negative number besides a minus in front. Where there are
    `means_true` or `means_false`, those alone are booleans.

    A file may lack the raw columns of one that is `optional`: it has no value there.
    `value` is a constant text in place of raw columns; `absent`: there is no text at all.
    """

    name: str
    type: CanonicalType
    sources: tuple[str, ...] = ()
    pattern: str | None = None
    format: str | tuple[str, ...] | None = None
    timezone: str | None = None
    ambiguous: Hour = "reject"
    nulls: tuple[str, ...] = ()
    pad: tuple[tuple[str, int], ...] = ()
    sql: str | None = None
    on_bad_cell: OnBadCell = "blank"
    missing: SkippedHour = "reject"
    means_true: tuple[str, ...] = ()
    means_false: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str | None = None
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    negative: tuple[Negative, ...] = ()
    optional: bool = False
    value: str | None = None
    absent: bool = False

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of its moments; none where they are written as ISO 8601 has it."""
        given = self.format
        return () if given is None else (given,) if isinstance(given, str) else given


@dataclass(frozen=True)
class RawUnpivot:
    """How a record becomes several rows: which texts and cells each of them has.

    A row has a constant text for each of `names`, and for each of `values` the cell of a
    raw column (None: it is missing). `rows` are those of one record, in order. The row at
    place w of record r has the number ``(r - 1) * len(rows) + w + 1``, whether others are
    there or not: with `drop_missing` a row without any cell is left out. An object with a
    `problem` is refused for it, if for nothing else.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[str | None, ...]], ...]
    drop_missing: bool = True
    problem: str | None = None

    @property
    def read(self) -> tuple[str, ...]:
        """The raw columns that are read for it, each once."""
        met = (cell for _, cells in self.rows for cell in cells if cell is not None)
        return tuple(dict.fromkeys(met))

    def record_of(self, row: int) -> tuple[int, int]:
        """Return the number of the record that a row is of, and its place in it, from 0.

        >>> rows = ((("2020",), ("a",)), (("2021",), ("b",)))
        >>> RawUnpivot(("year",), ("rent",), rows).record_of(4)
        (2, 1)
        """
        record, place = divmod(row - 1, len(self.rows))
        return record + 1, place

    @property
    def made(self) -> tuple[str, ...]:
        """The raw columns that it makes."""
        return (*self.names, *self.values)
