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
)
@choosing
@engine_option
@click.option("--due", is_flag=True, help="Only sources that are due by their schedule.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, as `plan` does.")
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

        print_plan(door, words, exclude, as_json=as_json, engine=engine)
        return None
    from backbone.app.due import run_due
    from backbone.app.runs import run
    from backbone.cli.runs import carried_out
    from backbone.cli.schedules import next_words

    how = run_due if due else run
    return carried_out(
        door,
        lambda env, tell: how(env, words, exclude=exclude, tell=tell),
        engine=engine,
        quiet=quiet,
        as_json=as_json,
        idle=lambda env: next_words(env, words, exclude),
    )
