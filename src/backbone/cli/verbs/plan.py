"""``backbone plan``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import choosing, json_option, verb

__all__ = ["command"]


@verb(
    "backbone plan",
    "backbone plan +exploitation.daily_traffic",
    "backbone plan state:modified+ --exclude zone:analysis",
)
@choosing
@click.option(
    "--at",
    metavar="MOMENT",
    help="Say what `run --at` would make: of a pin, run, time.",
)
@json_option
def command(
    door: Door,
    selection: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    at: str | None,
    as_json: bool,
) -> None:
    """Say what a run would do with what has been collected; nothing is written.

    With --json: one array of {asset, kind, action, reason, inputs, …}.
    """
    from backbone.cli.plans import print_plan

    print_plan(door, (*selection, *select), exclude, as_json=as_json, at=at)
