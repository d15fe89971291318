"""``backbone gc``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from backbone.cli.door import FAILED, Door
from backbone.cli.verb import choosing, json_option, verb

if TYPE_CHECKING:
    from backbone.app.garbage import Garbage

__all__ = ["command"]

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SHOWN = 10


class _Duration(click.ParamType[float]):
    """A whole number with a unit: ``150s``, ``30m``, ``2h``, ``1d``; in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        found = re.fullmatch(r"(\d+)\s*([smhd])", str(value).strip())
        if found is None:
            self.fail(
                f"`{value}` is no duration; for example 150s, 30m, 2h, 1d", param, ctx
            )
        return float(found[1]) * _UNITS_S[found[2]]


@verb(
    "backbone gc --dry-run",
    "backbone gc",
    "backbone gc zone:trusted --older-than 2h",
    "backbone gc --dry-run --json",
)
@choosing
@click.option("--dry-run", is_flag=True, help="Say what would be removed.")
@click.option(
    "--older-than", type=_Duration(), default="1h", show_default=True, metavar="DURATION",
    help="For how long another machine's process is taken for alive without a sign of "
    "life; at least 2m.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    selection: tuple[str, ...],
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    dry_run: bool,
    older_than: float,
    as_json: bool,
) -> int | None:
    """Remove what no version and no attempt at work needs, and old raw bytes.

    Runs that were killed leave files that no version names. They go; every file of
    every version stays, and so does whatever a process may still be writing. Raw bytes
    go where their source declares a `retention` and nothing needs them; a tombstone
    stays. With --json: {dry_run, files, size_bytes, removed, kept}.
    """
    from backbone.app.garbage import gc

    with door.open() as env:
        found = gc(
            env,
            (*selection, *select),
            exclude=exclude,
            older_than_s=older_than,
            dry_run=dry_run,
        )
    if as_json:
        _print(found)
    else:
        _show(found)
    return None if found.ok else FAILED


def _print(found: Garbage) -> None:
    from backbone.cli.encoding import print_json

    print_json(
        {
            "dry_run": found.dry_run,
            "files": found.files,
            "size_bytes": found.size_bytes,
            "removed": found.removed,
            "kept": found.kept,
        }
    )


def _show(found: Garbage) -> None:
    from backbone.app.figures import count, plural, size
    from backbone.cli.output import Column, Grid, err, note, out

    if found.removed:
        columns = [
            Column("asset"), Column("what"), Column("files", "right"),
            Column("size", "right"),
        ]  # fmt: skip
        lines = [
            [asset, what, count(files), size(size_bytes)]
            for (asset, what), (files, size_bytes) in _sums(found.removed).items()
        ]
        out().print(Grid(columns, lines))
        _show_raw(found)
        verb = "Would remove" if found.dry_run else "Removed"
        total = f"{plural(found.files, 'file')}, {size(found.size_bytes)}"
        err().print(f"{verb} {total}.")
    else:
        err().print("Nothing to remove.")
    for row in found.kept[:_SHOWN]:
        place = f"{row['asset']} {row['name']}" if "name" in row else row["path"]
        err().print(note(f"Kept {place}: {row['kept']}"))
    if len(found.kept) > _SHOWN:
        err().print(note(f"… and {len(found.kept) - _SHOWN} more; --json has them all"))


def _show_raw(found: Garbage) -> None:
    """Say which raw bytes go, and what of the declaration lets them."""
    from backbone.app.figures import size
    from backbone.cli.output import Column, Grid, err, note, out

    rows = [row for row in found.removed if row["what"] == "raw bytes"]
    if not rows:
        return
    columns = [
        Column("raw bytes"), Column("delivery"), Column("name"), Column("size", "right"),
        Column("why", fold=True),
    ]  # fmt: skip
    lines = [
        [row["asset"], row["delivery"], row["name"], size(row["size_bytes"]), row["why"]]
        for row in rows[:_SHOWN]
    ]
    out().print()
    out().print(Grid(columns, lines))
    if len(rows) > _SHOWN:
        err().print(note(f"… and {len(rows) - _SHOWN} more; --json has them all"))


def _sums(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Add up files and bytes by asset and kind."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for row in rows:
        key = (row["asset"] or "-", row["what"])
        files, size_bytes = sums.get(key, (0, 0))
        sums[key] = files + row["files"], size_bytes + row["size_bytes"]
    return sums
