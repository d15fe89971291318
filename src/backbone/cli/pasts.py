"""Make the tables of an earlier moment beside the present, and say what was made."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from backbone.app.figures import count, duration
from backbone.app.runs import run_at
from backbone.cli.door import DONE, FAILED, Door
from backbone.cli.encoding import print_json
from backbone.cli.output import STYLES, Column, Grid, err, out, print_next
from backbone.cli.progress import watching
from backbone.cli.reports import print_run, run_data
from backbone.operations.verbs import RunReport
from backbone.project.pins import pins_of

__all__ = ["made_at"]

_AT_MOST = 8


def made_at(
    door: Door,
    words: Sequence[str],
    exclude: Sequence[str],
    *,
    at: str,
    engine: str | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Carry out `run --at`, show its report, and return the exit code."""
    with (
        door.open(engine=engine) as env,
        watching(door.interruption, quiet=quiet) as tell,
    ):
        report = run_at(env, at, words, exclude=exclude, tell=tell)
        is_pin = at in pins_of(env.project.folder)
    if as_json:
        print_json(run_data(report, []))
        return DONE if report.ok else FAILED
    if not quiet:
        out().print(_grid(report))
    print_run(report, [], quiet=True)
    waiting = [step for step in report.steps if step.status == "waiting"]
    for step in waiting[:_AT_MOST]:
        err().print(Text(f"… {step.asset} waits: {step.message}", style="yellow"))
    if not quiet and report.ok and len(waiting) < len(report.steps):
        print_next(err(), _next(at, is_pin=is_pin))
    return DONE if report.ok else FAILED


def _grid(report: RunReport) -> Grid:
    columns = [
        Column("asset"), Column(""), Column("rows", "right"), Column("time", "right"),
    ]  # fmt: skip
    lines: list[list[str | Text | None]] = [
        [
            str(step.asset),
            Text("there" if step.status == "skipped" else step.status,
                 style=STYLES.get(step.status, "")),
            count(step.rows) if step.rows is not None else None,
            duration(step.seconds) if step.seconds else None,
        ]
        for step in report.steps
    ]  # fmt: skip
    return Grid(columns, lines)


def _next(at: str, *, is_pin: bool) -> list[str]:
    """Return what to type next: what has no name yet is given one to be read by."""
    if is_pin:
        return [f'backbone query "select …" --at {at}']
    named = f"backbone pin NAME --at {_quoted(at)}"
    return [named, 'backbone query "select …" --at NAME']


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text
