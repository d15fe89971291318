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
    "backbone --target prod run --quiet",
    "backbone run --at report-2026 trusted.flights",
)
@choosing
@engine_option
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
    dry_run: bool,
    at: str | None,
    without_removed: bool,
    quiet: bool,
    as_json: bool,
) -> int | None:
    """Collect what is due and bring everything downstream up to date.

    What is up to date already is skipped. A failure stops only what is downstream of
    it; the exit code is then 1. With --json: {run, status, seconds, collected, steps,
    zones}.
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
    from backbone.app.runs import run
    from backbone.cli.runs import carried_out

    return carried_out(
        door,
        lambda env, tell: run(
            env, words, exclude=exclude, tell=tell, without_removed=without_removed
        ),
        engine=engine,
        quiet=quiet,
        as_json=as_json,
    )
