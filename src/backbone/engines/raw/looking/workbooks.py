"""Workbooks: the first sheet that holds a table, its cells as texts."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from backbone.engines.raw.layouts import unique
from backbone.engines.raw.looking.dialects import Dialect, Row
from backbone.engines.raw.looking.layouts import header_names, layout_of_rows
from backbone.errors import BackboneError, DataError

__all__ = ["workbook_texts"]

_LAST_ROW = 1_048_576
_MOST_ROWS = 100_000


def workbook_texts(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return the cells of a workbook's table as texts, and how it is read.

    Raises
    ------
    DataError : it is damaged, or no sheet holds a table
    BackboneError : the reader of workbooks is not installed
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - optional
    except ImportError as error:
        hint = "pip install python-calamine"
        raise BackboneError("workbooks need python-calamine", hint=hint) from error
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [
            (name, book.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in book.sheet_names
        ]
    except CalamineError as error:
        raise DataError(f"{path.name} cannot be read as a workbook: {error}") from error
    filled = [(name, rows) for name, rows in sheets if sum(map(any, rows)) > 1]
    if not filled:
        raise DataError(f"{path.name} holds no sheet with a table")
    name, cells = filled[0]
    rows = [[_text(cell) for cell in row] for row in cells[:_MOST_ROWS]]
    read: dict[str, Any] = {"format": "excel"}
    if len(filled) > 1 or sheets[0][0] != name:
        read["sheet"] = name
    return _table(rows, read)


def _table(
    rows: list[list[str]], read: dict[str, Any]
) -> tuple[pa.Table, dict[str, Any]]:
    used = [
        n for n in range(max(map(len, rows))) if any(r[n] for r in rows if n < len(r))
    ]
    left, right = used[0], used[-1]
    cut = [tuple(row[left : right + 1]) for row in rows]
    found = [Row(row, n, n) for n, row in enumerate(cut)]
    layout = layout_of_rows(found, Dialect(",", width=right - left + 1))
    body = [row for row in cut[layout.body :] if any(row)]
    if layout.header != 1:
        read["header"] = layout.header
    top = layout.skip
    if top or layout.footer or left:
        # Other workbooks may have more rows: the range ends where sheets do.
        read["range"] = f"{_letters(left)}{top + 1}:{_letters(right)}{_LAST_ROW}"
    names = unique(header_names(layout))
    columns = zip(*body, strict=True) if body else ([] for _ in names)
    arrays = {
        name: pa.array([cell or None for cell in column], pa.string())
        for name, column in zip(names, columns, strict=True)
    }
    return pa.table(arrays), read


def _letters(column: int) -> str:
    """Name a column as workbooks do.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    text, left = "", column + 1
    while left:
        left, rest = divmod(left - 1, 26)
        text = chr(65 + rest) + text
    return text


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:  # noqa: PLR2004 - exact
        return str(int(cell))
    if isinstance(cell, datetime):
        return str(cell.date()) if cell.time() == time() else str(cell)
    return (
        str(cell)
        if isinstance(cell, (date, time))
        else str(cell or "" if cell != 0 else 0)
    )
