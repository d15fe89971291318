"""``backbone versions``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]

_NAME_WIDTH = 40


@verb("backbone versions trusted.flights", "backbone versions landing.weather --json")
@click.argument("asset")
@json_option
def command(door: Door, asset: str, as_json: bool) -> None:
    """List the versions of ASSET, the newest first; of a landing asset its deliveries."""
    from backbone.app.assets import versions

    with door.open() as env:
        found = versions(env, asset)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
        return
    _show(asset, found)


def _show(asset: str, found: Sequence[dict[str, Any]]) -> None:
    from backbone.app.figures import count, moment, shorten, size
    from backbone.cli.output import Column, Grid, err, out, print_next

    if not found:
        err().print(f"{asset} has no versions yet")
        print_next(err(), [f"backbone run +{asset}"])
        return
    if "received" in found[0]:
        columns = [
            Column("delivery"), Column("name"), Column("received (UTC)"),
            Column("times", "right", drop=2), Column("objects", "right", drop=3),
            Column("size", "right", drop=1), Column("origin", fold=True, drop=4),
            Column("problems", fold=True), Column("raw bytes removed (UTC)"),
        ]  # fmt: skip
        lines = [
            [one["version"], shorten(one["name"], _NAME_WIDTH),
             moment(one["received"][-1]), count(len(one["received"])),
             count(one["objects"]), size(one["size_bytes"]), _became(one["origins"]),
             "; ".join(one["problems"]),
             moment(one["removed"]) if one["removed"] else None]
            for one in found
        ]  # fmt: skip
    else:
        columns = [
            Column("version", "right"), Column("identity"), Column("committed (UTC)"),
            Column("rows", "right"), Column("size", "right", drop=1),
            Column("run", drop=2),
        ]  # fmt: skip
        lines = [
            [one["version"], one["identity"][:12], moment(one["committed"]),
             count(one["rows"]), size(one["size_bytes"]), one["run"]]
            for one in found
        ]  # fmt: skip
    out().print(Grid(columns, lines))


def _became(origins: Sequence[dict[str, Any]]) -> str:
    """Say what became of the places that a delivery came from, if anything did."""
    said = [
        f"{one['became']} to {one['to']}" if one["to"] else one["became"]
        for one in origins
        if one["became"]
    ]
    return ", ".join(said)
