"""Workbooks: the cells of sheets as they were last computed.

python-calamine reads the values. What it does not tell is looked up before in the parts
of the archive: which cells hold an error (``#N/A``), and whether the workbook claims more
cells or bytes than memory should be given for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time
from fnmatch import fnmatchcase
from typing import Any

import pyarrow as pa

from backbone.engines.raw.readers import workbooks
from backbone.engines.raw.readers.extras import extra
from backbone.engines.raw.readers.protocol import RawFile, Records
from backbone.engines.raw.streams import opened_file
from backbone.engines.raw.texts import spelt
from backbone.errors import DataError, bounded, nearest
from backbone.project.reads import ExcelRead

__all__ = ["Settings", "mistakes", "read"]

Settings = ExcelRead

SHEET, ROW = "^.sheet", "^position"
_BATCH_ROWS = 8_192
_RANGE = re.compile(r"([A-Z]+)([0-9]*):([A-Z]+)([0-9]*)")
_MIDNIGHT = time()


def mistakes(settings: ExcelRead) -> Iterator[str]:  # noqa: ARG001
    """Say that the library is missing, before anything is read."""
    extra("python_calamine", "excel")
    yield from ()


def read(file: RawFile, settings: ExcelRead) -> Iterator[Records]:
    """Give the rows of the sheets, one sheet after the other."""
    library = extra("python_calamine", "excel")
    with closing(opened_file(file.path)) as source:
        parts = workbooks.checked(source)
    try:
        book = library.CalamineWorkbook.from_path(file.path)
    except library.PasswordError as error:
        raise DataError("the workbook is locked by a password") from error
    except library.CalamineError as error:
        raise DataError(f"not a workbook, or damaged: {error}") from error
    with closing(book):
        for name in _chosen(book.sheet_names, settings.sheet):
            errors = parts.errors(name) if parts else {}
            sheet = _Sheet(name, book.get_sheet_by_name(name), settings, file, errors)
            yield from sheet.records()


def _chosen(names: Sequence[str], asked: int | str) -> Sequence[str]:
    """Return the names of the sheets to read."""
    told = bounded([f"`{name}`" for name in names]) or "none"
    if isinstance(asked, int):
        if asked > len(names):
            what = f"the workbook has no sheet {asked}: it has {len(names)}, {told}"
            raise DataError(what)
        return [names[asked - 1]]
    if asked in names:
        return [asked]
    if asked == "all":
        return names
    found = [name for name in names if fnmatchcase(name, asked)]
    if not found:
        hint = nearest(asked, names) or f"There are: {told}"
        raise DataError(f"the workbook has no sheet `{asked}`. {hint}")
    return found


@dataclass
class _Sheet:
    name: str
    sheet: Any
    settings: ExcelRead
    file: RawFile
    errors: Mapping[tuple[int, int], str]
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)

    def records(self) -> Iterator[Records]:
        """Give the rows below the header that are not blank."""
        top, left, bottom, right = self._bounds()
        found = self._cells(top, left, bottom, right)
        header: list[list[str]] = []
        while len(header) < self.settings.header:
            place, cells = next(found, (None, []))
            if place is None:
                if header:
                    raise DataError(f"sheet `{self.name}` ends inside its header")
                return  # nothing is on the sheet
            if header or any(cells):
                header.append([str(spelt(each) or "").strip() for each in cells])
                header[-1] = self._merged(place, left, header[-1])
        width = right - left + 1
        names = _names(header, width)
        for place, cells in found:
            if any(each is not None for each in cells):
                self.rows.append((place, cells))
            if len(self.rows) >= _BATCH_ROWS:
                yield self._batch(names)
        yield self._batch(names)

    def _bounds(self) -> tuple[int, int, int, int]:
        """Return the first row and column, and the last ones, counted from 0."""
        start = self.sheet.start or (0, 0)
        end = self.sheet.end or (-1, -1)
        if self.settings.range is None:
            return start[0], start[1], end[0], end[1]
        found = _RANGE.fullmatch(self.settings.range)
        left, top, right, bottom = found.groups() if found else ("A", "", "A", "")
        first = int(top) - 1 if top else start[0]
        last = min(int(bottom) - 1, end[0]) if bottom else end[0]
        return first, workbooks.column_number(left), last, workbooks.column_number(right)

    def _cells(
        self, top: int, left: int, bottom: int, right: int
    ) -> Iterator[tuple[int, list[Any]]]:
        """Yield the rows of the range, each with its place; None where nothing is."""
        offset = (self.sheet.start or (0, 0))[1]
        width = right - left + 1
        empty = "" in self.settings.nulls
        for place, cells in enumerate(self.sheet.iter_rows()):
            if place > bottom:
                return
            if place < top:
                continue
            row = [None] * max(0, offset - left) + cells[max(0, left - offset) :]
            row = (row + [None] * width)[:width]
            row = [None if each == "" and empty else each for each in row]
            if self.errors:
                for n in range(width):
                    row[n] = self.errors.get((place, left + n), row[n])
            yield place, row

    def _merged(self, place: int, left: int, cells: list[str]) -> list[str]:
        """Write the text of merged cells into all of them."""
        found = list(cells)
        for (top, first), (bottom, last) in self.sheet.merged_cell_ranges or ():
            if top <= place <= bottom and 0 <= first - left < len(cells):
                for column in range(first - left, min(last - left + 1, len(cells))):
                    found[column] = cells[first - left] if top == place else ""
        return found

    def _batch(self, names: Sequence[str]) -> Records:
        wanted = [(n, name) for n, name in enumerate(names) if self.file.wants(name)]
        columns = [self._texts(n, name) for n, name in wanted]
        places = [str(place + 1) for place, _ in self.rows]
        columns += [
            pa.array([self.name] * len(places), pa.string()),
            pa.array(places, pa.string()),
        ]
        labels = [*(name for _, name in wanted), SHEET, ROW]
        self.rows = []
        batch = pa.RecordBatch.from_arrays(columns, labels)
        return Records(batch, columns=tuple(names))

    def _texts(self, place: int, name: str) -> pa.Array:
        is_day = name in self.file.days
        texts = [_text(cells[place], is_day=is_day) for _, cells in self.rows]
        return pa.array(texts, pa.string())


def _text(value: Any, *, is_day: bool) -> str | None:
    """Spell a cell; a day is one with a midnight unless only days are wanted.

    A workbook does not tell a day from its midnight: the library takes the one for the
    other by what the time of day is.
    """
    if isinstance(value, datetime):
        is_midnight = value.time() == _MIDNIGHT
        return spelt(value.date() if is_day and is_midnight else value)
    if isinstance(value, date):
        return spelt(value if is_day else datetime.combine(value, _MIDNIGHT))
    return spelt(value)


def _names(header: Sequence[Sequence[str]], width: int) -> list[str]:
    """Join the rows of a header; names that stand twice are numbered."""
    names: list[str] = []
    for place in range(width):
        parts = dict.fromkeys(row[place] for row in header)
        name = " ".join(filter(None, parts)) or f"column_{place + 1}"
        free, n = name, 2
        while free in names:
            free, n = f"{name}_{n}", n + 1
        names.append(free)
    return names
