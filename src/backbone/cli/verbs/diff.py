"""``backbone diff``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    "backbone diff trusted.flights",
    "backbone diff trusted.flights 3 5",
    "backbone diff exploitation.by_day report-2026",
    'backbone diff landing.weather "2 days ago"',
    "backbone diff trusted.flights 2026-11-01 2026-11-08 --json",
)
@click.argument("asset")
@click.argument("before", required=False, metavar="[FROM]")
@click.argument("after", required=False, metavar="[TO]")
@click.option(
    "--sample", metavar="N", default=5, show_default=True, type=click.IntRange(min=0),
    help="How many rows that came, went and changed to show.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    asset: str,
    before: str | None,
    after: str | None,
    sample: int,
    as_json: bool,
) -> None:
    """Say what changed in ASSET from version FROM to version TO.

    A version is a number, the beginning of an identity, a pin, a run or a time; by
    default TO is the newest one and FROM that before it. Rows are named by the declared
    key, of a formatted table by their origin; without a key they only come and go. With
    --json: {asset, from, to, schema, key, rows, columns, sample, files}; of a dataset of
    landing {asset, from, to, added, again, gone}.
    """
    from backbone.app.differences import diff

    with door.open() as env:
        found = diff(env, asset, before, after, sample=sample)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.differences import print_diff

    print_diff(found)
