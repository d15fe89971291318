"""The report of a run: a row per zone, and whatever did not go well, with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from backbone.app.figures import count, duration, plural
from backbone.cli.output import Column, Grid, err, out, print_next
from backbone.errors import BackboneError
from backbone.operations.run import StepResult
from backbone.operations.verbs import RunReport

__all__ = ["is_idle", "print_run", "run_data", "zone_table"]

_AT_MOST = 8
_ZONE_COLUMNS = (
    Column("zone"), Column("tables", "right"), Column("rows", "right"),
    Column("rejected", "right"), Column("quarantined", "right"),
    Column("repairs", "right"), Column("time", "right"),
)  # fmt: skip


def is_idle(report: RunReport) -> bool:
    """Tell whether a run found nothing to do and nothing wrong."""
    quiet = all(step.status in {"skipped", "waiting"} for step in report.steps)
    return report.ok and quiet and not any(c.new or c.again for c in report.collected)


def zone_table(zones: Iterable[Mapping[str, Any]]) -> RenderableType:
    """Return a row per zone that has tables: their rows and what became of others."""
    rows = []
    for zone in zones:
        if not zone["tables"]:
            continue
        deliveries = zone.get("deliveries")
        held = count(zone["rows"])
        if zone["rows"] is None and deliveries is not None:
            held = plural(deliveries, "delivery", "deliveries")
        rows.append(
            (
                zone["zone"],
                count(zone["tables"]),
                held,
                *(_some(zone[key]) for key in ("rejected", "quarantined", "repaired")),
                duration(zone["seconds"]),
            )
        )
    return Grid(_ZONE_COLUMNS, rows)


def _some(number: int | None) -> Text:
    if number is None:
        return Text("")
    return Text(count(number), style="yellow" if number else "dim")


def print_run(
    report: RunReport, zones: Sequence[Mapping[str, Any]], *, quiet: bool = False
) -> None:
    """Print the summary on stdout, and on stderr what did not go well.

    Parameters
    ----------
    report : what the run did
    zones : a row per zone
    quiet : print only what did not go well, and no warning that an earlier run gave
    """
    if not quiet and not is_idle(report):
        out().print()
        out().print(zone_table(zones))
    problems = [*_collected(report), *_steps(report, quiet=quiet)]
    console = err()
    if problems:
        console.print()
        console.print(Group(*problems))
    if not quiet or not report.ok:
        _print_end(report)


def _print_end(report: RunReport) -> None:
    waiting = [s for s in report.steps if s.status == "waiting"]
    console = err()
    for step in waiting[:_AT_MOST]:
        console.print(Text(f"… {step.asset} waits: {step.message}", style="yellow"))
    if is_idle(report):
        if not waiting:
            out().print("Everything is up to date.")
        return
    console.print()
    if report.ok:
        done = sum(step.status == "done" for step in report.steps)
        words = f"{plural(done, 'step')} done in {duration(report.seconds)}"
        console.print(Text(words, style="bold green"))
        return
    console.print(Text(_failure(report), style="bold red"))
    print_next(console, _next(report))


def _failure(report: RunReport) -> str:
    parts = [
        (plural(sum(bool(c.errors) for c in report.collected), "collection"), "failed"),
        (plural(_number(report, "failed"), "step"), "failed"),
        (plural(_number(report, "blocked"), "step"), "blocked"),
        (plural(sum(len(s.refused) for s in report.steps), "delivery", "deliveries"),
         "refused"),
        (plural(sum(len(s.failed_rules) for s in report.steps), "rule"), "broken"),
    ]  # fmt: skip
    told = ", ".join(f"{n} {what}" for n, what in parts if not n.startswith("0 "))
    return f"{told or report.status} (run {report.run}); everything else is done."


def _number(report: RunReport, status: str) -> int:
    return sum(step.status == status for step in report.steps)


def _next(report: RunReport) -> list[str]:
    """Return the commands worth typing after a run that failed, each once."""
    errors = [e for c in report.collected for e in c.errors]
    errors += [step.error for step in report.steps if step.error]
    commands = [error.command for error in errors if error.command]
    for step in report.steps:
        if step.failed_rules:
            commands.append(f"backbone quality {step.asset}")
        if step.refused:
            commands.append(f"backbone query 'select * from {step.asset}__rejected'")
    return list(dict.fromkeys([*commands, "backbone run"]))[:4]


def _collected(report: RunReport) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for one in report.collected:
        name = f"landing.{one.dataset}"
        shown += [_problem("✗", name, error, "red") for error in one.errors]
    warnings = [
        (f"source {one.source}", text)
        for one in report.collected
        for text in one.warnings
    ]
    return shown + _warnings(warnings)


def _steps(report: RunReport, *, quiet: bool) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for step in report.steps:
        shown += _of_step(step)
    told = [s for s in report.steps if not (quiet and s.status == "skipped")]
    warnings = [(str(step.asset), text) for step in told for text in step.warnings]
    return shown + _warnings(warnings)


def _of_step(step: StepResult) -> list[RenderableType]:
    name = str(step.asset)
    if step.error is not None:
        return [_problem("✗", name, step.error, "red")]
    if step.status == "blocked":
        return [_remark("✗", name, f"not made: {step.message}", "red")]
    told = step.refused[:_AT_MOST]
    refused = [_remark("✗", name, f"refused {text}", "red") for text in told]
    if len(step.refused) > len(told):
        more = plural(len(step.refused) - len(told), "more delivery", "more deliveries")
        refused.append(_remark("✗", name, f"refused {more}", "red"))
    rules = ", ".join(step.failed_rules)
    if rules:
        words = f"rows still break {rules}; what needs it waits or is made without them"
        refused.append(_remark("✗", name, words, "red"))
    return refused


def _warnings(warnings: Sequence[tuple[str, str]]) -> list[RenderableType]:
    told = list(dict.fromkeys(warnings))
    shown = [_remark("!", name, text, "yellow") for name, text in told[:_AT_MOST]]
    if len(told) > _AT_MOST:
        more = plural(len(told) - _AT_MOST, "more warning")
        shown.append(Text(f"  … and {more}", style="yellow"))
    return shown


def _problem(sign: str, name: str, error: BackboneError, style: str) -> RenderableType:
    where = error.where if error.where and not error.where.startswith(name) else None
    place = f" ({where})" if where else ""
    hint = f"\n{error.hint}" if error.hint else ""
    return _remark(sign, name, f"{error.what}{place}{hint}", style)


def _remark(sign: str, name: str, words: str, style: str) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=1)
    line.add_column(overflow="fold")
    line.add_row(Text(sign, style=style), Text.assemble((name, "bold"), "  ", words))
    return line


def run_data(report: RunReport, zones: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the report as JSON holds it."""
    return {
        "run": report.run,
        "status": report.status,
        "seconds": report.seconds,
        "collected": [
            {**vars(one), "errors": [_error_data(error) for error in one.errors]}
            for one in report.collected
        ],
        "steps": [
            {
                **vars(step),
                "asset": str(step.asset),
                "error": _error_data(step.error) if step.error else None,
            }
            for step in report.steps
        ],
        "zones": list(zones),
    }


def _error_data(error: BackboneError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "hint": error.hint,
        "command": error.command,
    }
