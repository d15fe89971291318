"""How a table stands in delimited text: what is before it, its header, what is behind.

What is in the body tells what is not of it: where columns hold numbers or dates, a row of
words above them is a header; rows of another width before it are a preamble.
"""

# ruff: noqa: RUF001 - letters and signs of people's files

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from backbone.engines.raw.looking.cells import UNITS, Kind, kind_of
from backbone.engines.raw.looking.dialects import Dialect, Row, rows_of

__all__ = ["TableLayout", "header_names", "layout_in", "layout_of_rows"]

_TOTALS = re.compile(
    r"(?i)(?:grand )?(?:total|totals|sum|summe|gesamt|insgesamt|suma|somme|totale|ukupno"
    r"|average|mean|mittelwert|media|promedio|source|sources|quelle|fuente|font|note|notes"
    r"|nota|end of (?:file|report)|eof|generated|exported|rows|records|[*©])\b.*"
)
_UNIT_CELL = re.compile(r"[\[(].{0,14}[\])]|[-–]")
_MAX_HEADER, _MAX_SKIP, _MAX_FOOTER = 4, 60, 12
_TYPED, _MISFIT = 0.8, 0.34
_YEARS = range(1800, 2200)


@dataclass(frozen=True)
class TableLayout:
    """Where a table is in text.

    `skip` lines stand before the header, which has `header` lines; the units are in line
    `units` of it (from 1). `footer` lines stand behind; `repeated` is how often the
    header comes again. `body` is the line of the first record. `above` are the rows of
    the header. `odd` are the first records that do not have `width` cells.
    """

    skip: int
    header: int
    width: int
    body: int
    above: tuple[Row, ...] = ()
    units: int | None = None
    footer: int = 0
    footer_texts: tuple[str, ...] = ()
    repeated: int = 0
    blank: int = 0
    padded: bool = False
    confidence: float = 1.0
    why: str = ""
    kinds: tuple[Kind, ...] = ()
    skipped: tuple[str, ...] = field(default=(), repr=False)


def layout_in(head: str, tail: str, dialect: Dialect) -> TableLayout:
    """Find the table in the text of a file.

    Parameters
    ----------
    head : its first lines, whole
    tail : its last lines, whole; the same as `head` of a small file
    """
    rows = rows_of(head, dialect, at_most=3000)
    found = layout_of_rows(rows, dialect, last=rows_of(tail, dialect))
    return replace(
        found,
        skip=_skipped(found.skip, head, dialect),
        skipped=tuple(head.splitlines()[: found.skip])[:3],
    )


def layout_of_rows(
    rows: Sequence[Row], dialect: Dialect, *, last: Sequence[Row] | None = None
) -> TableLayout:
    """Find the table in rows; `last` are the last ones, where `rows` are not all."""
    width = dialect.width
    filled = [row for row in rows if not row.is_blank]
    if not filled:
        return TableLayout(0, 1, width, 1)
    start = _start(filled, width)
    kinds = _kinds(filled[start:], width)
    count, confidence, why = _header(filled[start:], kinds, width)
    above = tuple(filled[start : start + count])
    first = filled[start]
    units = _units_row(above)
    body = (above[-1].last + 1) if above else first.line
    below = [row for row in rows if row.line >= body]
    same = [row for row in below if above and row.cells == above[-1].cells]
    footer = _footer(rows if last is None else last, width, kinds, above)
    return TableLayout(
        skip=first.line,
        header=len(_lines_of(above)),
        width=width,
        body=body,
        above=above,
        units=units,
        footer=len(footer),
        footer_texts=tuple(" ".join(c for c in r.cells if c) for r in footer),
        repeated=len(same),
        blank=_blank_between(below),
        padded=_is_padded(above, below, width),
        confidence=confidence,
        why=why,
        kinds=kinds,
    )


def _skipped(line: int, head: str, dialect: Dialect) -> int:
    """Return the lines before the header that must be skipped: not only comments."""
    if not dialect.comment:
        return line
    lines = head.splitlines()[:line]
    plain = [one for one in lines if not one.startswith(dialect.comment)]
    return line if plain else 0


def header_names(layout: TableLayout) -> tuple[str, ...]:
    """Return the raw names of the columns as `read` gives them.

    Lines of the header are joined with a space, without that of the units; a name that
    comes again is numbered, a column without a name is called by its place.
    """
    named = [r for n, r in enumerate(layout.above, start=1) if n != layout.units]
    if not named:
        return tuple(f"column_{n}" for n in range(1, layout.width + 1))
    joined = [
        " ".join(
            filter(None, (r.cells[n].strip() if n < len(r.cells) else "" for r in named))
        )
        for n in range(layout.width)
    ]
    if len(named) == 1 and not layout.padded:
        joined = list(named[0].cells[: layout.width])
    return tuple(joined)


def _lines_of(above: Sequence[Row]) -> range:
    return range(above[0].line, above[-1].last + 1) if above else range(0)


def _start(filled: Sequence[Row], width: int) -> int:
    """Return the first row that could be of the table: as wide, and filled enough."""
    if width == 1:
        return 0
    enough = max(2, (width + 1) // 3)
    for place, row in enumerate(filled[:_MAX_SKIP]):
        cells = [cell for cell in row.cells if cell.strip()]
        if len(row.cells) == width and len(cells) >= enough:
            return place
    for place, row in enumerate(filled[:_MAX_SKIP]):
        if len(row.cells) == width:
            return place
    return 0


def _kinds(rows: Sequence[Row], width: int) -> tuple[Kind, ...]:
    """Return what most cells of each column look like, away from the first rows."""
    fitting = [row for row in rows if len(row.cells) == width]
    behind = fitting[_MAX_HEADER:] if len(fitting) > 3 * _MAX_HEADER else fitting[1:]
    return tuple(_kind([row.cells[n] for row in behind[:400]]) for n in range(width))


def _kind(cells: Sequence[str]) -> Kind:
    found = Counter(kind_of(cell) for cell in cells)
    total = sum(found.values()) - found[""]
    if not total:
        return ""
    kind, times = max(((k, v) for k, v in found.items() if k), key=lambda one: one[1])
    return kind if times >= _TYPED * total else "s"


def _header(
    rows: Sequence[Row], kinds: Sequence[Kind], width: int
) -> tuple[int, float, str]:
    """Return how many rows of the header there are, how sure that is, and why."""
    typed = [n for n, kind in enumerate(kinds) if kind in {"n", "t", "b"}]
    first = rows[0]
    if not typed or len(rows) == 1:
        return _header_of_texts(rows, width)
    if not _is_above(first, kinds, typed):
        if _counts_up(first, kinds):
            return 1, 0.85, "the first row counts up: years or numbers as names"
        share = sum(kind_of(c) == kinds[n] for n, c in enumerate(first.cells[:width]))
        sure = 0.9 if share >= width / 2 else 0.7
        return 0, sure, "the first row holds values as the rows below it do"
    count = 1
    for row in rows[1:_MAX_HEADER]:
        words = sum(kind_of(row.cells[n]) == "s" for n in typed if n < len(row.cells))
        units = _are_units(row.cells)
        if not (units or (words * 2 > len(typed) and _is_above(row, kinds, typed))):
            break
        count += 1
        if units:
            break
    said = f"words stand above {len(typed)} columns of numbers, dates or booleans"
    return count, 0.99 if count == 1 else 0.85, said


def _is_above(row: Row, kinds: Sequence[Kind], typed: Sequence[int]) -> bool:
    """Tell whether a row has words where the columns have numbers or dates."""
    cells = [(n, row.cells[n]) for n in typed if n < len(row.cells)]
    filled = [(n, cell) for n, cell in cells if cell.strip()]
    if not filled:
        return False
    fits = sum(kind_of(cell) in {kinds[n], ""} for n, cell in filled)
    return fits <= _MISFIT * len(filled)


def _counts_up(row: Row, kinds: Sequence[Kind]) -> bool:
    """Tell whether numbers in a row are names: 2019, 2020, 2021 above other numbers."""
    numbers = [
        c.strip() for n, c in enumerate(row.cells) if n < len(kinds) and kinds[n] == "n"
    ]
    whole = [int(c) for c in numbers if c.isdigit()]
    if len(whole) < 3 or len(whole) < len(numbers) - 1:  # noqa: PLR2004 - no row yet
        return False
    steps = {b - a for a, b in pairwise(whole)}
    return len(steps) == 1 and abs(steps.pop()) == 1 and whole[0] in _YEARS


def _header_of_texts(rows: Sequence[Row], width: int) -> tuple[int, float, str]:
    """Judge the first row of a table that holds texts alone."""
    first, below = rows[0], rows[1:200]
    cells = [cell.strip() for cell in first.cells]
    kinds = [kind_of(cell) for cell in cells if cell]
    if any(kind in {"n", "t"} for kind in kinds):
        return 0, 0.7, "the first row holds a number or a date"
    if not below:
        return 1, 0.6, "there is one row only"
    again = sum(
        any(n < len(r.cells) and r.cells[n].strip() == cell for r in below)
        for n, cell in enumerate(cells) if cell
    )  # fmt: skip
    if again * 2 >= max(1, len(cells)) and width > 1:
        return 0, 0.75, "words of the first row come again below it"
    if len(set(cells)) < len(cells):
        return 1, 0.6, "the columns hold texts alone; the first row could be a record"
    return 1, 0.75, "no word of the first row comes again below it"


def _are_units(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    known = [cell for cell in filled if cell.strip("[]() ").casefold() in UNITS]
    loose = [cell for cell in filled if _UNIT_CELL.fullmatch(cell)]
    both = len({*known, *loose})
    return bool(known or len(loose) > 1) and both >= 0.6 * len(set(filled))


def _units_row(above: Sequence[Row]) -> int | None:
    for place, row in enumerate(above, start=1):
        if place > 1 and _are_units(row.cells):
            return place
    return None


def _footer(
    rows: Sequence[Row], width: int, kinds: Sequence[Kind], above: Sequence[Row]
) -> list[Row]:
    """Return the last rows that are no records, from the first of them."""
    found: list[Row] = []
    for row in reversed(rows[-_MAX_FOOTER - 1 :] if len(rows) > 1 else []):
        cells = [cell.strip() for cell in row.cells]
        filled = [cell for cell in cells if cell]
        if above and row.cells == above[-1].cells:
            break
        if filled and len(cells) == width and not _is_total(cells, filled, kinds):
            break
        found.insert(0, row)
    while found and not any(_is_total_text(r) or not r.is_blank for r in found[:1]):
        if all(row.is_blank for row in found):
            return []
        break
    if len(found) > _MAX_FOOTER or all(row.is_blank for row in found):
        return []
    if width > 1 and not any(len(r.cells) != width or _is_total_text(r) for r in found):
        return []
    if _are_broken(found, width, kinds):
        return []
    return found


def _are_broken(rows: Sequence[Row], width: int, kinds: Sequence[Kind]) -> bool:
    """Tell whether a last row is a record that lacks its end, not a footer."""
    filled = [row for row in rows if not row.is_blank]
    if len(filled) != 1 or len(filled[0].cells) in {1, width}:
        return False
    cells = filled[0].cells
    fits = sum(kind_of(c) == kinds[n] for n, c in enumerate(cells[:-1]) if n < width)
    return not _is_total_text(filled[0]) and fits * 2 > len(cells)


def _is_total_text(row: Row) -> bool:
    first = next((cell.strip() for cell in row.cells if cell.strip()), "")
    return bool(_TOTALS.fullmatch(first))


def _is_total(cells: Sequence[str], filled: Sequence[str], kinds: Sequence[Kind]) -> bool:
    """Tell whether a row as wide as the table is no record of it."""
    words = _TOTALS.fullmatch(filled[0]) is not None
    at = cells.index(filled[0])
    strange = kinds[at] in {"n", "t"} if at < len(kinds) else False
    sparse = len(filled) * 2 <= len(cells)
    return (words and (strange or sparse)) or (
        len(filled) == 1 and len(cells) > 2 and strange and kind_of(filled[0]) == "s"  # noqa: PLR2004
    )


def _blank_between(rows: Sequence[Row]) -> int:
    last = max((n for n, row in enumerate(rows) if not row.is_blank), default=-1)
    return sum(len(row.cells) == 0 or row.is_blank for row in rows[:last])


def _is_padded(above: Sequence[Row], below: Sequence[Row], width: int) -> bool:
    """Tell whether the cells of a column, or the names, have blanks around them."""
    rows = [row for row in below[:400] if len(row.cells) == width]
    names = [cell for row in above for cell in row.cells if cell.strip()]
    if sum(name != name.strip() for name in names) * 2 > len(names):
        return True
    for column in zip(*(row.cells for row in rows), strict=True):
        cells = [cell for cell in column if cell.strip()]
        around = sum(cell != cell.strip() for cell in cells)
        if around * 2 > len(cells) and _kind(cells) not in {"n", "t"}:
            return True
    return False
