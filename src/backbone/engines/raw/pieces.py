"""Pieces: what the readers hand on, a bounded number of records at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.model.raw import RawFormat, RawObject

__all__ = [
    "FILE",
    "RAW_CHARACTERS",
    "RECORD",
    "Job",
    "ObjectEnd",
    "Part",
    "Piece",
    "RejectedRecord",
    "Wanted",
    "column_of",
    "cut",
    "ending",
    "field_of",
    "readable",
    "refusal",
    "text_table",
]

FILE = "$file"
RECORD = "_record"
RAW_CHARACTERS = 10_000


@dataclass(frozen=True)
class RejectedRecord:
    """A record that could not be read, and why.

    `record` is its number in the object, or None where the row stands for `records`
    records at once; `raw` is the raw text, at most `RAW_CHARACTERS` characters of it.
    """

    record: int | None
    reason: str
    column: str | None = None
    raw: str = ""
    records: int = 1


@dataclass(frozen=True)
class ObjectEnd:
    """What is known of an object when it has been read to its end.

    `records` is the number of its last record, rejected ones and lines that the layout
    leaves out among them; `before` counts lines that it leaves out before the first.
    `undeclared` are raw columns that no declaration reads; `refused` says why nothing of
    it could be read.
    """

    records: int
    undeclared: tuple[str, ...] = ()
    refused: str | None = None
    before: int = 0


@dataclass(frozen=True)
class Piece:
    """Records of one object, as text.

    `table` has a string column for every raw column that declarations name, null where
    the text is missing, and `_record` (int64). `size` is about the bytes of text that
    were read for it. `undeclared` are raw columns met here that no declaration reads.
    `end` stands in the last piece of an object. `raw` gives the raw text of a record of
    the piece by its number, where the reader was asked to keep it. `proven` are columns
    that hold values in place of text, where it was asked to prove that their texts are
    plainly nothing else. `left_out` counts the lines that have a number, and that the
    layout takes for no records. `unpivoted` is how many records became rows, where each
    became `width`: then `_record` is the number of the row, see `RawUnpivot`.
    """

    object: RawObject
    table: pa.Table
    rejected: tuple[RejectedRecord, ...] = ()
    size: int = 0
    undeclared: tuple[str, ...] = ()
    end: ObjectEnd | None = None
    raw: Callable[[int], str] | None = field(default=None, compare=False)
    proven: frozenset[str] = frozenset()
    left_out: int = 0
    unpivoted: int | None = None
    width: int = 1

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return int(self.table.num_rows)

    @property
    def records(self) -> int:
        """The records that became rows."""
        return self.rows if self.unpivoted is None else self.unpivoted


@dataclass(frozen=True)
class Wanted:
    """What a reader is asked for.

    `sources` are the raw columns that declarations read (no `$file` is among them);
    pieces are made of about `piece_bytes` bytes of text; `keep_raw` asks that pieces
    can give the raw text of their records. A file may lack `optional` ones: the tables of
    its pieces do, too. What is in `days` is read as dates only.
    """

    format: RawFormat
    sources: tuple[str, ...]
    piece_bytes: int
    keep_raw: bool = False
    optional: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()

    @property
    def required(self) -> tuple[str, ...]:
        """The raw columns that every object must have."""
        return tuple(name for name in self.sources if name not in self.optional)


@dataclass(frozen=True)
class Part:
    """Some consecutive records of an object that is sound as a whole.

    They stand in the bytes (of Parquet: the row groups) from `start` to `stop`; the
    number of the first of them is `first`, and `records` is how many the index counted.
    `names` are the raw columns, where a header says what they are, and `lines` are those
    of the header (latin-1, so that they hold any bytes). `before` counts lines that the
    layout leaves out before the first record of all.
    """

    start: int
    stop: int
    first: int
    records: int
    names: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    before: int = 0


Job = Callable[[], Piece]


def column_of(source: str) -> str | None:
    """Return the raw column that a source means; None if it is a field of the object.

    >>> column_of("price"), column_of("$$price"), column_of("$file")
    ('price', '$price', None)
    """
    if not source.startswith("$"):
        return source
    return source[1:] if source.startswith("$$") else None


def field_of(obj: RawObject, source: str) -> str | None:
    """Return the text of a field that a source means; None if the object has none."""
    return obj.name if source == FILE else dict(obj.fields).get(source[1:])


def cut(text: str) -> str:
    """Return `text`, at most `RAW_CHARACTERS` characters of it."""
    return text[:RAW_CHARACTERS]


def readable(raw: bytes) -> str:
    r"""Return the first characters of `raw`, whatever its bytes are.

    >>> readable(b"caf\xe9")
    'caf\ufffd'
    """
    return cut(raw[: 4 * RAW_CHARACTERS].decode("utf-8", errors="replace"))


def text_table(
    columns: Mapping[str, pa.Array | pa.ChunkedArray],
    records: npt.NDArray[np.int64],
) -> pa.Table:
    """Return the table of a piece: text columns and the numbers of their records."""
    numbers = pa.array(records, type=pa.int64())
    return pa.table({**columns, RECORD: numbers})


def refusal(
    obj: RawObject,
    sources: Iterable[str],
    reason: str,
    *,
    records: int = 0,
    head: bytes = b"",
) -> Piece:
    """Return the only piece of an object that cannot be read at all.

    Its one rejected row stands for the whole object, however many records it has.
    """
    whole = RejectedRecord(None, reason, raw=readable(head), records=records)
    end = ObjectEnd(records, refused=reason)
    return Piece(obj, _no_rows(sources), (whole,), end=end)


def ending(
    obj: RawObject,
    sources: Iterable[str],
    *,
    records: int,
    undeclared: tuple[str, ...] = (),
) -> Piece:
    """Return the piece without records that ends an object."""
    end = ObjectEnd(records)
    return Piece(obj, _no_rows(sources), undeclared=undeclared, end=end)


def _no_rows(sources: Iterable[str]) -> pa.Table:
    texts = [(name, pa.string()) for name in sources]
    return pa.schema([*texts, (RECORD, pa.int64())]).empty_table()
