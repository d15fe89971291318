"""``backbone trace``."""

from __future__ import annotations

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    'backbone trace exploitation.flight_conditions UA 1545 "2013-01-01 10:15:00Z" EWR',
    "backbone trace trusted.planes tailnum=N14228",
    "backbone trace trusted.planes N820AS --column manufacturer",
    "backbone trace trusted.planes N14228 --json",
)
@click.argument("asset")
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "-c", "--column", metavar="COLUMN",
    help="Tell the history of this cell: every change, who decided, every version.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    asset: str,
    key: tuple[str, ...],
    column: str | None,
    as_json: bool,
) -> None:
    """Follow a row of ASSET back to the raw file and record of each of its inputs.

    KEY is the values of the asset's key (or grain) in its order, or column=value. A value
    that begins with a dash comes after `--`. With --column it is one cell of a formatted
    or trusted table: its raw text, each change in order, the rules it breaks.
    """
    if column is not None:
        _tell_cell(door, asset, key, column, as_json=as_json)
        return
    from backbone.app.lineage import trace

    with door.open() as env:
        found = trace(env, asset, key)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found.rows())
        return
    from backbone.cli.traces import print_trace

    print_trace(found.rows())


def _tell_cell(
    door: Door, asset: str, key: tuple[str, ...], column: str, *, as_json: bool
) -> None:
    from backbone.app.history import history

    with door.open() as env:
        found = history(env, asset, key, column)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    from backbone.cli.histories import print_history

    print_history(found)
