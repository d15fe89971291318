"""``backbone show``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    "backbone show trusted.flights",
    "backbone show exploitation.daily_traffic --sample 20",
    "backbone show trusted.flights__repairs --json",
)
@click.argument("asset")
@click.option(
    "--sample", metavar="N", type=click.IntRange(min=0), default=5, show_default=True,
    help="Rows to show.",
)  # fmt: skip
@json_option
def command(door: Door, asset: str, sample: int, as_json: bool) -> None:
    """Describe ASSET: columns, inputs and outputs, version, side tables, sample rows."""
    from backbone.app.assets import show

    with door.open() as env:
        found = show(env, asset, sample=sample)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.descriptions import print_description

    print_description(found)
