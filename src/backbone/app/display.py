"""How answers look in a notebook: small HTML that needs nothing from elsewhere.

Everything is escaped; colours are inherited or of middle brightness, so it reads in light
and dark themes; nothing is shown without bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from backbone.app.figures import cell, count, duration, plural, shorten
from backbone.app.runs import PlanReport
from backbone.operations.run import StepResult
from backbone.operations.verbs import RunReport
from backbone.operations.work import Event

__all__ = [
    "Facts",
    "Listing",
    "ShownPlan",
    "ShownRun",
    "event_line",
    "facts_html",
    "frame_html",
    "frame_text",
    "nested_html",
]

_ROWS_SHOWN = 200
_CELL_WIDTH = 80
_TEXT_WIDTH = 100
_NAME_WIDTH = 34
_LINE = "1px solid rgba(128,128,128,.35)"
_TABLE = "border-collapse:collapse;font-size:.92em;margin:.3em 0;color:inherit"
_CELL = "padding:.2em .8em .2em 0;border:none;vertical-align:top;white-space:nowrap"
_HEAD = f"{_CELL};border-bottom:{_LINE};font-weight:600"
_SCROLL = "overflow-x:auto;max-width:100%;color:inherit"
_COLOURS = {
    "fresh": "#1f9d55", "done": "#1f9d55", "stale": "#c27c0e", "waiting": "#c27c0e",
    "wait": "#c27c0e", "failed": "#d64545", "blocked": "#d64545", "run": "#2b8ac6",
}  # fmt: skip
_SIGNS = {"done": "✓", "failed": "✗", "blocked": "✗", "waiting": "…"}


class Listing(list[dict[str, Any]]):
    """A list of plain rows that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return records_html(self)


class Facts(dict[str, Any]):
    """A plain dictionary that a notebook shows part by part."""

    def _repr_html_(self) -> str:
        return nested_html(self)


class ShownPlan(PlanReport):
    """A plan that shows well."""

    def __repr__(self) -> str:
        return f"plan: {_plan_words(self)}"

    def _repr_html_(self) -> str:
        columns = ("action", "asset", "reason", "seconds_last_time")
        rows = [
            {name: row[name] for name in columns}
            for row in self.rows()
            if row["action"] != "skip"
        ]
        head = _paragraph(_plan_words(self), strong=True)
        return head + (records_html(rows) if rows else "")


def _plan_words(report: PlanReport) -> str:
    actions = [step.action for step in report.plan.steps]
    parts = (
        f"{plural(actions.count('run'), 'step')} to run",
        f"{actions.count('skip')} up to date",
        f"{actions.count('wait')} waiting",
    )
    return ", ".join(parts)


class ShownRun(RunReport):
    """The report of a run that shows well."""

    def __repr__(self) -> str:
        return f"run {self.run}: {_run_words(self)}"

    def _repr_html_(self) -> str:
        colour = _COLOURS["done" if self.ok else "failed"]
        head = _paragraph(
            f"{self.status}: {_run_words(self)}", strong=True, colour=colour
        )
        worked = [step for step in self.steps if step.status != "skipped"]
        rows = [_step_row(step) for step in worked]
        errors = [
            {"source": one.source, "dataset": one.dataset, "error": str(error)}
            for one in self.collected
            for error in one.errors
        ]
        return head + "".join(records_html(part) for part in (errors, rows) if part)


def _run_words(report: RunReport) -> str:
    found = [step.status for step in report.steps]
    statuses = ("done", "failed", "blocked", "waiting", "skipped")
    known = [f"{found.count(s)} {s}" for s in statuses if s in found]
    return f"{', '.join(known) or 'no steps'} in {duration(report.seconds)}"


def _step_row(step: StepResult) -> dict[str, Any]:
    words = [step.message, *step.refused, *step.failed_rules, *step.warnings]
    return {
        "status": step.status,
        "asset": str(step.asset),
        "rows": count(step.rows) if step.rows is not None else None,
        "time": duration(step.seconds),
        "remarks": "; ".join(word for word in words if word),
    }


def event_line(event: Event) -> str | None:
    """Return a line of text for something that ended or deserves a note, else None."""
    if event.kind == "note":
        return f"! {event.subject}: {event.message}"
    if event.kind != "end" or event.status == "skipped":
        return None
    words = event.message or (
        f"{count(event.rows)} rows" if event.rows is not None else ""
    )
    time = duration(event.seconds) if event.seconds is not None else ""
    sign = _SIGNS.get(event.status, "·")
    return f"{sign} {event.subject:<{_NAME_WIDTH}} {words}  {time}".rstrip()


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


def frame_html(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], *, title: str = ""
) -> str:
    """Return rows of data as an HTML table.

    Parameters
    ----------
    names : the columns
    rows : the rows to show; the caller sees to it that they are few
    title : what they are
    """
    numeric = {n for n in names if any(_is_number(row[n]) for row in rows)}
    head = "".join(_th(name, right=name in numeric) for name in names)
    body = "".join(
        "<tr>" + "".join(_td(row[n], n, right=n in numeric) for n in names) + "</tr>"
        for row in rows
    )
    return (
        f'<div style="{_SCROLL}">{_paragraph(title)}<table style="{_TABLE}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def records_html(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return plain rows as an HTML table, without columns that are empty."""
    found = list(rows)
    names = list(dict.fromkeys(name for row in found for name in row))
    kept = [
        n for n in names if any(row.get(n) not in (None, "", [], {}) for row in found)
    ]
    shown = [{name: row.get(name) for name in kept} for row in found[:_ROWS_SHOWN]]
    more = len(found) - len(shown)
    words = f"the first {len(shown)} of {count(len(found))}" if more > 0 else ""
    return frame_html(kept, shown, title=words)


def facts_html(pairs: Mapping[str, Any]) -> str:
    """Return names and values, a pair a line."""
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
        simple = {k: v for k, v in value.items() if not _is_nested(v)}
        parts = [facts_html(simple)] if simple else []
        parts += [
            _part(name, inner, depth)
            for name, inner in value.items()
            if _is_nested(inner)
        ]
        return "".join(parts)
    rows = [row for row in value if isinstance(row, Mapping)]
    if any(_is_nested(inner) for row in rows for inner in row.values()):
        return "".join(nested_html(row, depth=depth + 1) for row in rows[:_ROWS_SHOWN])
    return records_html(rows)


def _part(name: str, inner: Any, depth: int) -> str:
    if not inner:
        return ""
    opened = " open" if depth == 0 else ""
    margin = "margin:.3em 0 .3em .8em" if depth else "margin:.3em 0"
    summary = "cursor:pointer;font-weight:600"
    return (
        f'<details{opened} style="{margin};color:inherit">'
        f'<summary style="{summary}">{escape(_title(name))}</summary>'
        f"{nested_html(inner, depth=depth + 1)}</details>"
    )


def _is_nested(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and any(isinstance(v, Mapping) for v in value)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _paragraph(text: str, *, strong: bool = False, colour: str = "inherit") -> str:
    if not text:
        return ""
    weight = 600 if strong else 400
    style = f"margin:.3em 0;font-weight:{weight};color:{colour}"
    return f'<div style="{style}">{escape(text)}</div>'


def _th(name: str, *, right: bool) -> str:
    align = "right" if right else "left"
    return f'<th style="{_HEAD};text-align:{align}">{escape(name)}</th>'


def _td(value: Any, name: str, *, right: bool, wrap: bool = False) -> str:
    text = cell(value)
    style = f"{_CELL};text-align:{'right' if right else 'left'}"
    if wrap:
        style = style.replace("white-space:nowrap", "white-space:pre-wrap")
    else:
        text = shorten(text, _CELL_WIDTH)
    if name in {"status", "action"} and text in _COLOURS:
        style += f";color:{_COLOURS[text]};font-weight:600"
    if value is None:
        return f'<td style="{style};opacity:.4">null</td>'
    return f'<td style="{style}">{escape(text)}</td>'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
