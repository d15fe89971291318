"""Show a plan: what would run and why, and what a selection leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from backbone.app.figures import duration, plural
from backbone.app.runs import PlanReport, plan
from backbone.cli.door import Door
from backbone.cli.encoding import print_json
from backbone.cli.output import STYLES, Column, Grid, note, out
from backbone.errors import bounded

__all__ = ["print_plan"]

_COLUMNS = (
    Column(""), Column("asset"), Column("reason", fold=True), Column("engine", drop=1),
    Column("last time", "right", drop=2),
)  # fmt: skip


def print_plan(
    door: Door,
    words: Sequence[str],
    exclude: Sequence[str],
    *,
    as_json: bool,
    engine: str | None = None,
    at: str | None = None,
) -> None:
    """Plan and print it."""
    with door.open(engine=engine) as env:
        report = plan(env, words, exclude=exclude, at=at)
    if as_json:
        print_json(report.rows())
    else:
        out().print(_shown(report))


def _shown(report: PlanReport) -> RenderableType:
    rows = report.rows()
    busy = [row for row in rows if row["action"] != "skip"]
    parts: list[RenderableType] = []
    if busy:
        said = {name: one.words() for name, one in report.foreseen.items()}
        lines = [_line(row, report.engine, said.get(row["asset"], ())) for row in busy]
        parts += [Grid(_COLUMNS, lines), Text("")]
    parts.append(Text(_counts(rows), style="bold"))
    left_out = _left_out(report)
    if left_out:
        parts.append(note(left_out))
    return Group(*parts)


def _line(
    row: dict[str, Any], usual: str, foreseen: Sequence[str]
) -> list[str | Text | None]:
    style = STYLES.get(row["action"], "")
    taken = row["seconds_last_time"]
    return [
        Text(row["action"], style=style),
        row["asset"],
        "; ".join([row["reason"] + _without(row["left_out"]), *foreseen]),
        row["engine"] if row["engine"] != usual else None,
        duration(taken) if taken is not None else None,
    ]


def _without(left_out: dict[str, int]) -> str:
    """Say which rows a view is made without."""
    told = [f"{plural(rows, 'row')} of {asset}" for asset, rows in left_out.items()]
    return f"; without {', '.join(told)} (severity error)" if told else ""


def _counts(rows: Sequence[dict[str, Any]]) -> str:
    to_run = [row for row in rows if row["action"] == "run"]
    fresh = sum(row["action"] == "skip" for row in rows)
    waiting = sum(row["action"] == "wait" for row in rows)
    if not to_run and not waiting:
        return f"Everything is up to date ({plural(fresh, 'asset')})."
    parts = [f"{plural(len(to_run), 'step')} to run", f"{fresh} up to date"]
    if waiting:
        parts.append(f"{waiting} waiting for what `backbone run` will collect")
    known = [row["seconds_last_time"] for row in to_run]
    if known and all(seconds is not None for seconds in known):
        parts.append(f"about {duration(sum(known))}, one after the other")
    return ", ".join(parts) + "."


def _left_out(report: PlanReport) -> str:
    """Say what is not planned, and which of it the planned steps read as it is."""
    planned = {step.asset for step in report.plan.steps}
    others = [
        asset
        for asset in report.plan.graph.order
        if asset.zone != "landing" and asset not in planned
    ]
    if not others:
        return ""
    needed = {one for step in report.plan.to_run for one in step.inputs}
    read = sorted(str(asset) for asset in others if asset in needed)
    words = f"The selection leaves out {plural(len(others), 'asset')}"
    return f"{words}; taken as they are: {bounded(read)}." if read else f"{words}."
