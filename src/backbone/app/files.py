"""A file with no project around it: what is in it, as text, ready to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlglot import exp

from backbone.engines.protocol import RawRead, RawResult, Session
from backbone.engines.raw import Sniffed, sniffed, unpacked
from backbone.engines.raw.layouts import unique
from backbone.errors import DataError
from backbone.management.trusted.checking import state_of_rows
from backbone.management.trusted.rows.state import State
from backbone.model.raw import RawColumn, RawObject
from backbone.model.schemas import RECORD, Column, Schema
from backbone.model.types import STRING
from backbone.sql.queries import Query, column, table

__all__ = ["BareFile", "Layout", "Rejected", "opened_file", "read_rows"]

_SHOWN = 5
_RAW_SHOWN = 200
_TEXTS = ("csv", "json", "jsonl")
_TABS = {"\\t": "\t", "tab": "\t"}
_OURS = frozenset(
    {"_row", "_place", "_pair", "_side", "_delivery", "_object", "_record", "_flags"}
)


@dataclass(frozen=True)
class Layout:
    """What a person says of how a file is laid out; None is found out."""

    delimiter: str | None = None
    encoding: str | None = None
    nulls: tuple[str, ...] = ()


@dataclass(frozen=True)
class BareFile:
    """A file that was looked at, not read.

    `path` is as it was given, `plain` where its bytes are unpacked. `columns` maps the
    names in its header to those by which queries read them; `twice` are names that stand
    in the header more than once, so that no column can be told by them. `told` is what a
    person said of its layout; the rest was found out.
    """

    path: Path
    plain: Path
    sniffed: Sniffed
    columns: dict[str, str]
    twice: tuple[str, ...] = ()
    told: Layout = field(default_factory=Layout)

    @property
    def names(self) -> tuple[str | None, ...]:
        """What rules and messages call its columns, in the order of the header.

        The name in the header; of one without a name ``column_3``; None of one whose name
        others have too.
        """
        header = self.sniffed.names
        return tuple(
            None if name in self.twice else name or self.columns[name] for name in header
        )

    def source_of(self, name: str) -> str:
        """Return how the reader is asked for a column; one may lack a name."""
        names = self.sniffed.names
        if self.sniffed.format.format == "csv":
            name = dict(zip(names, unique(names), strict=True)).get(name, name)
        return f"${name}" if name.startswith("$") else name

    @property
    def header(self) -> tuple[str, ...]:
        """The names in its header, to the letter, of the columns that can be read."""
        return tuple(self.columns)

    @property
    def own(self) -> dict[str, str]:
        """The names by which queries read columns, by those that rules use."""
        return {name or own: own for name, own in self.columns.items()}

    @property
    def called(self) -> dict[str, str]:
        """What rules and messages call columns that queries read by another name."""
        return {own: name for name, own in self.own.items() if name != own}

    @property
    def layout(self) -> dict[str, Any]:
        """How it is laid out, the header as it stands, and what of that was found out."""
        form, is_csv = self.sniffed.format, self.sniffed.format.format == "csv"
        guessed = ["format", "delimiter", "encoding", "header"]
        given = {"delimiter": self.told.delimiter, "encoding": self.told.encoding}
        known = {name for name, value in given.items() if value is not None}
        shown = {
            "format": form.format,
            "delimiter": form.delimiter if is_csv else None,
            "encoding": form.encoding if form.format in _TEXTS else None,
            "header": list(self.sniffed.names),
        }
        found = [n for n in guessed if n not in known and shown[n] is not None]
        return shown | {"found_out": found if is_csv else found[:-1]}

    @property
    def is_open(self) -> bool:
        """Whether records may have more columns than are known."""
        return self.sniffed.format.format in {"json", "jsonl"}


@dataclass(frozen=True)
class Rejected:
    """Records that could not be read: how many, and a few, with reason and raw text."""

    records: int = 0
    examples: tuple[tuple[int | None, str, str], ...] = ()


def opened_file(path: Path, layout: Layout, folder: Path) -> BareFile:
    """Look at a file: its format and layout, and the names of its columns.

    Parameters
    ----------
    folder : where a packed file is unpacked

    Raises
    ------
    BackboneError : it is not there, cannot be read, is damaged or empty, or no table
    """
    plain = unpacked(path, folder)
    found = sniffed(
        plain,
        delimiter=_TABS.get(layout.delimiter or "", layout.delimiter),
        encoding=layout.encoding,
        nulls=layout.nulls,
    )
    twice = tuple(dict.fromkeys(n for n in found.names if found.names.count(n) > 1))
    known: dict[str, str] = {}
    for place, name in enumerate(found.names, start=1):
        if name not in twice:
            known[name] = _free(name or f"column_{place}", known.values())
    return BareFile(path, plain, found, known, twice, layout)


def _free(name: str, taken: Iterable[str]) -> str:
    """Return a name that differs from others not in case alone."""
    met = {one.lower() for one in taken} | _OURS
    free, number = name, 1
    while free.lower() in met:
        number += 1
        free = f"{name}_{number}"
    return free


def read_rows(
    session: Session,
    file: BareFile,
    names: Sequence[str],
    folder: Path,
    *,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[State, Rejected]:
    """Read columns of a file, every cell as the text that it is.

    Parameters
    ----------
    names : the columns, as the file calls them
    folder : gets the columns while they are looked at

    Raises
    ------
    DataError : the file cannot be read at all, or has no such column
    """
    tell(f"reading {file.path.name}")
    given = {name: file.columns.get(name, name) for name in names}
    columns = tuple(
        RawColumn(f"c{number}", STRING, (file.source_of(name),))
        for number, name in enumerate(given)
    )
    obj = RawObject(str(file.plain), file.path.name, "file")
    result = session.read_raw(RawRead((obj,), file.sniffed.format, columns), folder)
    for reason in result.refused.values():
        raise DataError(f"{file.path} cannot be read: {reason}")
    cells = [
        exp.alias_(column(raw.name), own, quoted=True)
        for raw, own in zip(columns, given.values(), strict=True)
    ]
    rows = exp.select(column(RECORD.name), *cells).from_(table("file"))
    schema = Schema(tuple(Column(own, STRING) for own in given.values()))
    inputs = {"file": result.main.scan()}
    state = state_of_rows(
        session, Query.of(rows, "cells"), inputs, schema, record=RECORD.name
    )
    return state, _rejected(session, result)


def _rejected(session: Session, result: RawResult) -> Rejected:
    count = result.account.rejected
    if not count:
        return Rejected()
    first = exp.select(*map(column, ("_record", "reason", "raw")))
    first = first.from_(table("rejected")).order_by(column("_record")).limit(_SHOWN)
    inputs = {"rejected": result.rejected.scan()}
    rows = session.fetch(Query.of(first), inputs).to_pylist()
    told = [
        (row["_record"], row["reason"], str(row["raw"] or "")[:_RAW_SHOWN])
        for row in rows
    ]
    return Rejected(count, tuple(told))
