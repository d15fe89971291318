"""``backbone ls``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from backbone.cli.door import Door
from backbone.cli.verb import choosing, json_option, verb

__all__ = ["command"]

_HASH_DIGITS = 12


@verb(
    "backbone ls",
    "backbone ls zone:trusted --all",
    "backbone ls --json --hash",
)
@choosing
@click.option("--all", "all_tables", is_flag=True, help="List side tables too.")
@click.option(
    "--hash", "with_hash", is_flag=True,
    help="Add the content hash; costs about as much as writing the tables.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    selection: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    all_tables: bool,
    with_hash: bool,
    as_json: bool,
) -> None:
    """List assets with their rows, version and status.

    fresh: up to date; stale: a run would make it anew; missing: not made yet; failed: the
    last attempt failed. With --json: one array of {asset, zone, rows, version,
    updated_at, status}.
    """
    from backbone.app.assets import ls

    with door.open() as env:
        rows = ls(
            env,
            (*selection, *select),
            exclude=exclude,
            all_tables=all_tables,
            with_hash=with_hash,
        )
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(rows)
        return
    _show(rows, with_hash=with_hash)


def _show(rows: Sequence[dict[str, Any]], *, with_hash: bool) -> None:
    from rich.text import Text

    from backbone.app.figures import count, moment, plural, size
    from backbone.cli.output import STYLES, Column, Grid, out

    columns = [
        Column("asset"), Column("rows", "right"), Column("size", "right", drop=2),
        Column("version", "right", drop=1), Column("updated (UTC)"), Column("status"),
        *([Column("content hash")] if with_hash else []),
    ]  # fmt: skip
    lines: list[list[str | Text | None]] = []
    for _zone, group in groupby(rows, key=lambda row: row["zone"]):
        lines += [[]] if lines else []
        for row in group:
            held = count(row["rows"])
            if "deliveries" in row:
                held = plural(row["deliveries"], "delivery", "deliveries")
            version = (row["version"] or "-")[:_HASH_DIGITS]
            status = Text(row["status"], style=STYLES.get(row["status"], ""))
            more = [(row.get("content_hash") or "-")[:_HASH_DIGITS]] if with_hash else []
            lines.append(
                [row["asset"], held, size(row.get("size_bytes")), version,
                 moment(row["updated_at"]), status, *more]
            )  # fmt: skip
    out().print(Grid(columns, lines))
