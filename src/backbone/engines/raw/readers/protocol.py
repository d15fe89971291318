"""What a reader is given, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from backbone.project.reads import ReadSettings

__all__ = ["LineReader", "Lines", "RawFile", "Reader", "Records", "Rejected"]


@dataclass(frozen=True)
class RawFile:
    """An object to be read.

    `path` is absolute, `name` is its name in the delivery. `columns` are the raw columns
    that a table reads, empty where all of them are wanted; a reader may give more. Those
    in `days` are read as dates only.
    """

    path: str
    name: str
    columns: tuple[str, ...] = ()
    days: frozenset[str] = frozenset()

    def wants(self, column: str) -> bool:
        """Tell whether a column, or something in it, is wanted."""
        return not self.columns or any(
            each == column or each.startswith(f"{column}.") for each in self.columns
        )


@dataclass(frozen=True)
class Rejected:
    """Consecutive records that cannot be read, most often one.

    `number` is that of the first of them; by default they follow the record before.
    `raw` is the raw text, as far as there is any; `column` the one to blame.
    """

    reason: str
    raw: str = ""
    column: str | None = None
    number: int | None = None
    records: int = 1


@dataclass(frozen=True)
class Records:
    """Some records, in their order, as an Arrow batch.

    `numbers` are theirs in the object, the first of which is 1; by default they follow
    the record before. `rejected` are records that lie among them. `columns` are all raw
    columns there are, where the batch does not have those that nobody asked for. `raw`
    are the raw texts; without them a record is shown as JSON.
    """

    batch: pa.RecordBatch
    numbers: Sequence[int] | None = None
    rejected: tuple[Rejected, ...] = ()
    columns: tuple[str, ...] | None = None
    raw: Sequence[str] | None = None


class Reader(Protocol):
    """Reads objects of one format: what an entry point of `backbone.readers` names."""

    @property
    def Settings(self) -> type[ReadSettings]:  # noqa: N802 - it is a class
        """The model of what a table declares of the format."""
        ...

    def read(
        self, file: RawFile, settings: Any, /
    ) -> Iterable[pa.RecordBatch | Records | Rejected]:
        """Give the records of an object, in order, a bounded number at a time.

        Whatever is raised refuses the object as a whole; `DataError` says why in words
        for people. A value may be of any Arrow type but an interval.
        """
        ...


@dataclass(frozen=True)
class Lines:
    """Lines that were split: a column of text each; `bad` says of a line why it has none.

    Columns are as long as the lines were; what stands in a bad line does not matter.
    """

    columns: Mapping[str, pa.Array]
    bad: Mapping[int, str] = field(default_factory=dict)


class LineReader(Protocol):
    """Reads objects whose records are lines of text.

    Lines are numbered and decoded before, blank ones rejected, and big objects are
    read in parts, on Spark by many workers. `Settings` has `encoding` and
    `max_record_bytes`, and may have `skip` and `starts_with`.
    """

    @property
    def Settings(self) -> type[ReadSettings]:  # noqa: N802 - it is a class
        """The model of what a table declares of the format."""
        ...

    def names(self, settings: Any, /) -> tuple[str, ...]:
        """Return the raw columns that lines have."""
        ...

    def read_lines(self, lines: pa.Array, settings: Any, /) -> Lines:
        """Split sound lines of text, none of which is blank."""
        ...
