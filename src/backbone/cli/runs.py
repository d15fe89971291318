"""Carry out a run or the rest of one: watch it, show its report, say how it ended."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from backbone.app.environment import Environment
from backbone.app.summary import zones
from backbone.cli.door import DONE, FAILED, Door
from backbone.cli.encoding import print_json
from backbone.cli.output import err, print_next
from backbone.cli.progress import watching
from backbone.cli.reports import print_run, run_data
from backbone.operations.verbs import RunReport
from backbone.operations.work import Tell

__all__ = ["carried_out"]


def carried_out(
    door: Door,
    action: Callable[[Environment, Tell], RunReport | None],
    *,
    engine: str | None,
    quiet: bool,
    as_json: bool,
    idle: Callable[[Environment], str] = lambda _env: "nothing to do",
) -> int:
    """Carry out `action` on the opened project, and return the exit code.

    Where it had nothing to do, it returns no report, and `idle` says why.

    Raises
    ------
    KeyboardInterrupt : the run was interrupted; what to type next has been said
    """
    try:
        with door.open(engine=engine) as env:
            with watching(door.interruption, quiet=quiet) as tell:
                report = action(env, tell)
            if report is None:
                return _idle(idle(env), quiet=quiet, as_json=as_json)
            summary = zones(env, report)
    except KeyboardInterrupt:
        err().print("What is finished is kept.")
        print_next(err(), ["backbone resume"])
        raise
    if door.verbose:
        _print_tracebacks(report)
    if as_json:
        print_json(run_data(report, summary))
    else:
        print_run(report, summary, quiet=quiet)
    return DONE if report.ok else FAILED


def _idle(words: str, *, quiet: bool, as_json: bool) -> int:
    if as_json:
        print_json(None)
    elif not quiet:
        err().print(words)
    return DONE


def _print_tracebacks(report: RunReport) -> None:
    errors = [error for one in report.collected for error in one.errors]
    for error in [*errors, *(step.error for step in report.steps if step.error)]:
        traceback.print_exception(error)
