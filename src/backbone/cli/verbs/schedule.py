"""``backbone schedule``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import choosing, json_option, verb

__all__ = ["command"]


@verb(
    "backbone schedule --list",
    "backbone schedule",
    "backbone --target prod schedule --at-once 4",
)
@choosing
@click.option("-l", "--list", "listing", is_flag=True, help="Show what is due, and when.")
@click.option(
    "--at-once", type=click.IntRange(1, 64), default=2, show_default=True,
    help="How many runs there may be at once; a source has one at a time.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    selection: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    listing: bool,
    at_once: int,
    as_json: bool,
) -> None:
    """Run what is due by the schedules of sources, until it is stopped.

    Each run is a process of its own: `backbone run --due` of the sources that are due.
    What was missed while no scheduler ran is made up once. Ctrl-C or SIGTERM stops it,
    and keeps what is finished. With --list: [{source, schedule, served, next, due,
    missed, why}] as JSON; without, a JSON object a line for each happening.
    """
    from backbone.cli.schedules import print_schedule, serving

    words = (*selection, *select)
    if listing:
        print_schedule(door, words, exclude, as_json=as_json)
    else:
        serving(door, words, exclude, at_once=at_once, as_json=as_json)
