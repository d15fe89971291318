"""``backbone run``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import choosing, engine_option, json_option, quiet_option, verb

__all__ = ["command"]


@verb(
    "backbone run",
    "backbone run +exploitation.daily_traffic",
    "backbone run source:weather+ --exclude zone:analysis",
    "backbone run --due",
    "backbone --target prod run --quiet",
    "backbone run --at report-2026 trusted.flights",
)
@choosing
@engine_option
@click.option("--due", is_flag=True, help="Only sources that are due by their schedule.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, as `plan` does.")
@click.option(
    "--at", metavar="MOMENT",
    help="Make what is missing of a pin, of what a run was made from, or of what had "
    "been received at a time; beside the present, which stays as it is.",
)  # fmt: skip
@click.option(
    "--without-removed", is_flag=True,
    help="Where a table has to be read anew, give up rows whose raw bytes retention has "
    "removed; versions made before keep them.",
)  # fmt: skip
@quiet_option
@json_option
def command(
    door: Door,
    selection: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    engine: str | None,
    due: bool,
    dry_run: bool,
    at: str | None,
    without_removed: bool,
    quiet: bool,
    as_json: bool,
) -> int | None:
    """Collect sources and bring everything downstream up to date.

    What is up to date already is skipped. A failure stops only what is downstream of
    it; the exit code is then 1. With --due, only the sources that are due by their
    `schedule`, and what is made of them; where none is, nothing is done (null as JSON).
    With --json: {run, status, seconds, collected, steps, zones}.
    """
    words = (*selection, *select)
    if dry_run:
        from backbone.cli.plans import print_plan

        print_plan(door, words, exclude, as_json=as_json, engine=engine, at=at)
        return None
    if at is not None:
        from backbone.cli.pasts import made_at

        return made_at(
            door, words, exclude, at=at, engine=engine, quiet=quiet, as_json=as_json
        )
    from backbone.app.due import run_due
    from backbone.app.runs import run
    from backbone.cli.runs import carried_out
    from backbone.cli.schedules import next_words

    how = run_due if due else run
    return carried_out(
        door,
        lambda env, tell: how(
            env, words, exclude=exclude, tell=tell, without_removed=without_removed
        ),
        engine=engine,
        quiet=quiet,
        as_json=as_json,
        idle=lambda env: next_words(env, words, exclude),
    )
