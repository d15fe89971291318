"""Rows that decisions name in a file: CSV, a line for each row.

A column of its header is a column of the table, whose value tells which row is meant;
``set:x`` is the value that column ``x`` gets, ``was:x`` the one that it must hold. An
empty cell is a missing value.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import DeclarationError
from backbone.model.literals import value_of
from backbone.model.types import CanonicalType
from backbone.project.decisions import Decision, Line, Ruling
from backbone.project.mistakes import brief

__all__ = ["Header", "check_rows", "read_header", "read_ruling"]

_PREFIXES = ("set:", "was:")
_MOST_TOLD = 20
_Numbered = tuple[int, list[str]]


@dataclass(frozen=True)
class Header:
    """The columns of a file of rows, by what they say, each with its place."""

    where: Mapping[str, int]
    set: Mapping[str, int]
    was: Mapping[str, int]

    @classmethod
    def of(cls, names: Sequence[str]) -> Header:
        """Sort the names of a header by what they say.

        >>> Header.of(["tailnum", "set:model"]).set
        {'model': 1}
        """
        found: dict[str, dict[str, int]] = {"": {}, "set:": {}, "was:": {}}
        for place, name in enumerate(names):
            lead = next((p for p in _PREFIXES if name.startswith(p)), "")
            found[lead][name.removeprefix(lead).strip()] = place
        return cls(found[""], found["set:"], found["was:"])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table that are named, each once."""
        return tuple(dict.fromkeys((*self.where, *self.set, *self.was)))

    @property
    def width(self) -> int:
        """How many cells a line has."""
        return len(self.where) + len(self.set) + len(self.was)

    def places(self) -> Iterator[tuple[str, int]]:
        """Yield the column that each cell of a line speaks of, and its place."""
        for part in (self.where, self.set, self.was):
            yield from part.items()


def read_header(path: Path) -> Header:
    """Return the header of a file of rows.

    Raises
    ------
    OSError, ValueError : it cannot be read; ValueError tells why
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        return _header(next(csv.reader(file, strict=True), None))


def _header(names: Sequence[str] | None) -> Header:
    if not names:
        message = "is empty; its first line names columns"
        raise ValueError(message)
    if len({name.strip() for name in names}) != len(names):
        message = "names a column twice in its first line"
        raise ValueError(message)
    return Header.of([name.strip() for name in names])


def read_ruling(decision: Decision, folder: Path) -> Ruling:
    """Return a decision with the rows of its file in `folder`, or with its one row.

    Raises
    ------
    DeclarationError : the file cannot be read, or a line of it is no row
    """
    if decision.rows is None:
        return Ruling.of(decision)
    header, lines, mistakes = _read(decision.rows, folder)
    if mistakes or header is None:
        raise DeclarationError(mistakes)
    return Ruling(decision, tuple(_line(decision, header, cells) for _, cells in lines))


def check_rows(
    decision: Decision, folder: Path, types: Mapping[str, CanonicalType]
) -> list[str]:
    """Return what is wrong with a decision's file of rows, with file and line.

    Parameters
    ----------
    types : the types of the columns of the table, those of origin among them
    """
    name = decision.rows or ""
    header, lines, mistakes = _read(name, folder)
    if header is None or mistakes:
        return mistakes
    for number, cells in lines:
        for column, place in header.places():
            why = _misfit(cells[place], types[column])
            if why:
                mistakes.append(f"{folder.name}/{name}:{number}: {column}: {why}")
        if len(mistakes) >= _MOST_TOLD:
            break
    return mistakes


def _misfit(text: str, kind: CanonicalType) -> str | None:
    if not text:
        return None
    try:
        value_of(text, kind)
    except ValueError as error:
        return f"{brief(text)} {error}"
    return None


def _read(name: str, folder: Path) -> tuple[Header | None, list[_Numbered], list[str]]:
    """Return the header, the lines with their numbers, and what is wrong with them."""
    place = f"{folder.name}/{name}"
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            read = csv.reader(file, strict=True)
            header = _header(next(read, None))
            lines = [(read.line_num, cells) for cells in read if cells]
    except OSError as error:
        return None, [], [f"{place}: cannot be read: {error.strerror or error}"]
    except csv.Error as error:
        return None, [], [f"{place}: is no CSV: {error}"]
    except ValueError as error:
        return None, [], [f"{place}: {error}"]
    mistakes: list[str] = []
    for number, cells in lines:
        if len(cells) != header.width:
            said = f"has {len(cells)} cells, where the header has {header.width}"
            mistakes.append(f"{place}:{number}: {said}")
        elif not all(cells[at] for at in header.where.values()):
            mistakes.append(f"{place}:{number}: an empty cell tells no row")
    return header, lines, mistakes[:_MOST_TOLD]


def _line(decision: Decision, header: Header, cells: Sequence[str]) -> Line:
    def told(part: Mapping[str, int]) -> dict[str, str | None]:
        return {name: cells[place] or None for name, place in part.items()}

    return Line(
        {name: cells[place] for name, place in header.where.items()},
        {**decision.set, **told(header.set)},
        {**decision.was, **told(header.was)},
    )
