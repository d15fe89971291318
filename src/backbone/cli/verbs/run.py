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
)
@choosing
@engine_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, as `plan` does.")
@quiet_option
@json_option
def command(
    door: Door,
    selection: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    engine: str | None,
    dry_run: bool,
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

        print_plan(door, words, exclude, as_json=as_json, engine=engine)
        return None
    from backbone.app.runs import run
    from backbone.cli.runs import carried_out

    return carried_out(
        door,
        lambda env, tell: run(env, words, exclude=exclude, tell=tell),
        engine=engine,
        quiet=quiet,
        as_json=as_json,
    )
