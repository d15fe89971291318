"""``backbone explain``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    "backbone explain trusted.flights",
    "backbone explain exploitation.daily_traffic",
    "backbone explain analysis.late_arrivals --json",
)
@click.argument("asset")
@json_option
def command(door: Door, asset: str, as_json: bool) -> None:
    """Say how ASSET is made.

    Of a table its rules, each with the shape of its plan and its cost; of a view its SQL,
    inputs and column lineage; of an analysis its report, chosen model and metrics.
    """
    from backbone.app.lineage import explain

    with door.open() as env:
        found = explain(env, asset)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.explanations import print_explanation

    print_explanation(found)
