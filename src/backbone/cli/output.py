"""How answers look on a terminal: consoles, tables that fit, lines that stand out.

Where stdout is no terminal there are no colours and nothing is cut. ``NO_COLOR`` is
respected (by rich).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from backbone.app.figures import cell, count, plural, shorten

__all__ = [
    "STYLES",
    "Column",
    "Grid",
    "err",
    "facts",
    "heading",
    "near",
    "note",
    "out",
    "print_next",
    "rows_table",
]  # fmt: skip

Side = Literal["left", "right"]
_UNCUT = 100_000
_GAP = 2
_FOLDED = 24
_WIDEST_CELL = 60
_WIDEST_PIPED = 500

STYLES: Mapping[str, str] = {
    "fresh": "green", "stale": "yellow", "missing": "dim", "failed": "bold red",
    "done": "green", "skipped": "dim", "blocked": "red", "waiting": "yellow",
    "run": "cyan", "skip": "dim", "wait": "yellow", "interrupted": "yellow",
    "error": "red", "warn": "yellow",
}  # fmt: skip


def out() -> Console:
    """Return the console of stdout: what was asked for."""
    return _console(sys.stdout.isatty(), stderr=False)


def err() -> Console:
    """Return the console of stderr: messages and progress."""
    return _console(sys.stderr.isatty(), stderr=True)


def _console(is_terminal: bool, *, stderr: bool) -> Console:  # noqa: FBT001
    return Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not is_terminal,
        width=None if is_terminal else _UNCUT,
        force_terminal=None if is_terminal else False,
    )


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `fold`: long text goes on in the next line, in place of being cut. `drop`: where the
    table is too wide, the column with the greatest number goes first; 0 always stays.
    """

    title: str
    align: Side = "left"
    style: str | None = None
    fold: bool = False
    drop: int = 0


@dataclass(frozen=True)
class Grid:
    """A table of few columns; where room is short, those that matter least are left out.

    Columns in which nothing stands are left out as well.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Text | None]]

    def __rich_console__(
        self, _console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        kept = self._fitting(options.max_width)
        table = _table()
        for column in (self.columns[i] for i in kept):
            table.add_column(
                column.title,
                justify=column.align,
                style=column.style,
                no_wrap=not column.fold,
                overflow="fold" if column.fold else "ellipsis",
            )
        for row in self.rows:
            cells = [row[i] if i < len(row) else None for i in kept]
            table.add_row(*("" if one is None else one for one in cells))
        yield table

    def _fitting(self, room: int) -> list[int]:
        """Return the positions of the columns that are shown."""
        widths = [self._width(i) for i in range(len(self.columns))]
        kept = [i for i in range(len(self.columns)) if self._has_values(i)]
        by_drop = sorted(kept, key=lambda i: self.columns[i].drop)
        while sum(widths[i] + _GAP for i in kept) - _GAP > room:
            last = by_drop.pop()
            if not self.columns[last].drop:
                break
            kept.remove(last)
        return kept

    def _has_values(self, position: int) -> bool:
        """Tell whether any row has a value; a column of a table without rows stays."""
        return not self.rows or any(map(bool, self._cells(position)))

    def _cells(self, position: int) -> list[str | Text]:
        return [row[position] or "" for row in self.rows if position < len(row)]

    def _width(self, position: int) -> int:
        column = self.columns[position]
        widest = max(cell_len(str(c)) for c in (column.title, *self._cells(position)))
        return min(widest, _FOLDED) if column.fold else widest


def _table() -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="dim",
    )


def rows_table(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], console: Console
) -> RenderableType:
    """Return rows of data as a table that fits the console.

    One row that is too wide stands upright, a column a line; of several as many columns
    are shown as fit, and those left out are named below.
    """
    is_cut = console.width < _UNCUT
    widest = _WIDEST_CELL if is_cut else _WIDEST_PIPED
    texts = [[_shown(row[name]) for name in names] for row in rows]
    widths = [
        min(max(cell_len(str(one)) for one in column), widest)
        for column in zip(names, *texts, strict=True)
    ]
    shown = _fitting(widths, console.width)
    if shown < len(names) and len(rows) == 1:
        return facts(dict(zip(names, texts[0], strict=True)))
    table = _table()
    for name, width in zip(names[:shown], widths, strict=False):
        side: Side = "right" if any(_is_number(row[name]) for row in rows) else "left"
        table.add_column(
            Text(name), justify=side, no_wrap=True, overflow="ellipsis", max_width=width
        )
    for row in texts:
        table.add_row(*row[:shown])
    hidden = names[shown:]
    words = f"{plural(len(hidden), 'more column')}: {', '.join(hidden)}"
    return Group(table, Text(words, style="dim")) if hidden else table


def _shown(value: Any) -> Text:
    if value is None:
        return Text("null", style="dim")
    return Text(shorten(cell(value), _WIDEST_PIPED))


def _fitting(widths: Sequence[int], room: int) -> int:
    """Return how many columns fit; one at least."""
    used, shown = -_GAP, 0
    for width in widths:
        used += width + _GAP
        if used > room and shown:
            break
        shown += 1
    return shown


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def facts(pairs: Mapping[str, Any]) -> RenderableType:
    """Return names and values, a pair a line; values that are not there are left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        if value is None or value == "":
            continue
        table.add_row(name, value if isinstance(value, Text) else Text(_words(value)))
    return table


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return count(value) if isinstance(value, int) else cell(value)


def heading(text: str) -> Text:
    """Return a heading with room above it."""
    return Text(f"\n{text}", style="bold")


def near(path: Path | str) -> str:
    """Return a path as it is typed from here, where it is below this folder."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def note(text: str, style: str = "dim") -> Text:
    """Return a remark."""
    return Text(text, style=style)


def print_next(console: Console, commands: Sequence[str], *, lead: str = "Next:") -> None:
    """Print commands worth typing next, each on a line of its own, whole for copying."""
    for number, command in enumerate(commands):
        said = lead if number == 0 else " " * len(lead)
        line = Text.assemble((said, "dim"), " ", (command, "cyan"))
        console.print(line, soft_wrap=True)
