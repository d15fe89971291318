"""Small HTML that needs nothing from elsewhere, and tables of text.

Everything is escaped; colours are inherited or of middle brightness, so it reads in light
and dark themes; nothing is shown without bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from backbone.app.figures import cell, count, duration, moment, plural, shorten, size

__all__ = [
    "COLOURS",
    "facts_html",
    "frame_html",
    "frame_text",
    "nested_html",
    "paragraph",
    "part_html",
    "records_html",
]

_ROWS_SHOWN = 200
_BLOCKS_SHOWN = 20
_CELL_WIDTH = 80
_ONE_LINE = 40
_TEXT_LENGTH = 5_000
_TEXT_WIDTH = 100
_LINE = "1px solid rgba(128,128,128,.35)"
_TABLE = "border-collapse:collapse;font-size:.92em;margin:.3em 0;color:inherit"
_CELL = "padding:.2em .8em .2em 0;border:none;vertical-align:top;white-space:nowrap"
_HEAD = f"{_CELL};border-bottom:{_LINE};font-weight:600"
_BLOCK = "border-left:2px solid rgba(128,128,128,.35);padding-left:.8em;margin:.5em 0"
_SCROLL = "overflow-x:auto;max-width:100%;color:inherit"
COLOURS = {
    "fresh": "#1f9d55", "done": "#1f9d55", "stale": "#c27c0e", "waiting": "#c27c0e",
    "wait": "#c27c0e", "failed": "#d64545", "blocked": "#d64545", "run": "#2b8ac6",
}  # fmt: skip
_FORMATS: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(
        ("rows", "violating_rows", "blamed_rows", "changed_cells", "removed_rows"), count
    ),
    **dict.fromkeys(("updated_at", "committed"), moment),
    **dict.fromkeys(("seconds", "seconds_last_time"), duration),
    "size_bytes": size,
}
_DATA = frozenset({"key", "row", "sample"})


def frame_text(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table of text; columns that do not fit are counted."""
    texts = [[shorten(cell(row[n]), _CELL_WIDTH // 2) for n in names] for row in rows]
    widths = [
        max(len(n), *(len(t[i]) for t in texts), 1) if texts else len(n)
        for i, n in enumerate(names)
    ]
    shown = 0
    while shown < len(names) and sum(widths[: shown + 1]) + 2 * shown <= _TEXT_WIDTH:
        shown += 1
    shown = max(shown, 1)
    more = (
        f"  … {plural(len(names) - shown, 'more column')}" if shown < len(names) else ""
    )
    lines = [list(names), *texts]
    padded = [
        "  ".join(t.ljust(w) for t, w in zip(line[:shown], widths, strict=False)).rstrip()
        for line in lines
    ]
    return "\n".join([padded[0] + more, *padded[1:]])


def paragraph(text: str, *, strong: bool = False, colour: str = "inherit") -> str:
    """Return a line of text; nothing where it is empty."""
    if not text:
        return ""
    weight = 600 if strong else 400
    style = f"margin:.3em 0;font-weight:{weight};color:{colour}"
    return f'<div style="{style}">{escape(text)}</div>'


def frame_html(
    names: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    title: str = "",
    right: frozenset[str] | None = None,
    wrap: bool = False,
) -> str:
    """Return rows of data as an HTML table.

    Parameters
    ----------
    names : the columns
    rows : the rows to show; the caller sees to it that they are few
    title : what they are
    right : the columns on the right; by default those of numbers
    wrap : whether long texts go on in the next line, in place of being cut
    """
    if right is None:
        right = frozenset(n for n in names if any(_is_number(row[n]) for row in rows))
    titles = {name: _title(name) if wrap else name for name in names}
    head = "".join(_th(titles[name], right=name in right) for name in names)
    body = "".join(
        "<tr>"
        + "".join(_td(row[n], n, right=n in right, wrap=wrap) for n in names)
        + "</tr>"
        for row in rows
    )
    return (
        f'<div style="{_SCROLL}">{paragraph(title)}<table style="{_TABLE}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def records_html(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return plain rows as an HTML table, without columns that are empty."""
    found = list(rows)
    names = list(dict.fromkeys(name for row in found for name in row))
    kept = [
        n for n in names if any(row.get(n) not in (None, "", [], {}) for row in found)
    ]
    shown = [{name: _said(name, row.get(name)) for name in kept} for row in found]
    numeric = frozenset(n for n in kept if any(_is_number(row.get(n)) for row in found))
    more = len(found) - _ROWS_SHOWN
    words = f"the first {_ROWS_SHOWN} of {count(len(found))}" if more > 0 else ""
    return frame_html(kept, shown[:_ROWS_SHOWN], title=words, right=numeric, wrap=True)


def _said(name: str, value: Any) -> Any:
    """Return a value of a report as people read it: what is not there is empty."""
    if value is None:
        return ""
    if name in _FORMATS:
        return _FORMATS[name](value)
    if isinstance(value, list | tuple):
        return ", ".join(map(cell, value))
    return value


def facts_html(pairs: Mapping[str, Any]) -> str:
    """Return names and values, a pair a line; what is empty is left out."""
    rows = "".join(
        f'<tr><td style="{_CELL};opacity:.7;text-align:left">{escape(_title(name))}</td>'
        f"{_td(value, name, right=False, wrap=True)}</tr>"
        for name, value in pairs.items()
        if value is not None and value != ""
    )
    return f'<div style="{_SCROLL}"><table style="{_TABLE}">{rows}</table></div>'


def nested_html(value: Any, *, depth: int = 0) -> str:
    """Return a nested plain value: pairs, tables of rows, parts under headings."""
    if isinstance(value, Mapping):
        simple = {k: _said(k, v) for k, v in value.items() if not _is_nested(v)}
        parts = [facts_html(simple)] if simple else []
        parts += [
            part_html(name, inner, depth=depth)
            for name, inner in value.items()
            if _is_nested(inner)
        ]
        return "".join(parts)
    rows = [row for row in value if isinstance(row, Mapping)]
    if not any(_is_nested(inner) for row in rows for inner in row.values()):
        return records_html(rows)
    blocks = [nested_html(row, depth=depth + 1) for row in rows[:_BLOCKS_SHOWN]]
    more = len(rows) - len(blocks)
    shown = "".join(f'<div style="{_BLOCK}">{block}</div>' for block in blocks)
    return shown + (paragraph(f"… and {count(more)} more") if more else "")


def part_html(name: str, inner: Any, *, depth: int = 1) -> str:
    """Return a nested value under a heading that opens; at the top it is open."""
    if not inner:
        return ""
    opened = " open" if depth == 0 or name in _DATA else ""
    margin = "margin:.3em 0 .3em .8em" if depth else "margin:.3em 0"
    summary = "cursor:pointer;font-weight:600"
    return (
        f'<details{opened} style="{margin};color:inherit">'
        f'<summary style="{summary}">{escape(_title(name))}</summary>'
        f"{_inner(name, inner, depth=depth + 1)}</details>"
    )


def _inner(name: str, inner: Any, *, depth: int) -> str:
    if name not in _DATA:
        return nested_html(inner, depth=depth)
    if isinstance(inner, Mapping):
        return facts_html(inner)
    return frame_html(list(inner[0]), inner)


def _is_nested(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _th(name: str, *, right: bool) -> str:
    align = "right" if right else "left"
    return f'<th style="{_HEAD};text-align:{align}">{escape(name)}</th>'


def _td(value: Any, name: str, *, right: bool, wrap: bool = False) -> str:
    text = cell(value)
    style = f"{_CELL};text-align:{'right' if right else 'left'}"
    if wrap and (len(text) > _ONE_LINE or "\n" in text):
        style += ";white-space:pre-wrap;overflow-wrap:anywhere;min-width:20em"
        text = text[:_TEXT_LENGTH] + ("…" if len(text) > _TEXT_LENGTH else "")
    elif not wrap:
        text = shorten(text, _CELL_WIDTH)
    if name in {"status", "action"} and text in COLOURS:
        style += f";color:{COLOURS[text]};font-weight:600"
    if value is None:
        return f'<td style="{style};opacity:.4">null</td>'
    return f'<td style="{style}">{escape(text)}</td>'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
