"""``backbone quality``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb("backbone quality trusted.flights", "backbone quality trusted.flights --json")
@click.argument("asset")
@json_option
def command(door: Door, asset: str, as_json: bool) -> None:
    """Show what the rules of ASSET found, and its account of rows.

    The account goes back to the raw records: read = formatted + rejected, formatted =
    trusted + quarantined + merged + superseded. With --json: {asset, rows, rules,
    account, decisions}.
    """
    from backbone.app.quality import quality

    with door.open() as env:
        found = quality(env, asset)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.descriptions import print_quality

    print_quality(found)
