"""``backbone pin``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from backbone.cli.door import FAILED, Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]

_SHOWN = 8


@verb(
    "backbone pin report-2026",
    "backbone pin heat-model +exploitation.heat_by_hour",
    "backbone pin before --at 2026-11-01",
    "backbone pin --list",
    "backbone pin report-2026 --verify",
)
@click.argument("name", required=False)
@click.argument("selection", nargs=-1, metavar="[SELECTION]...")
@click.option(
    "--at", metavar="MOMENT",
    help="Pin what had been received then, or what a run was made from: a time, a run.",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Let a pin of this name stand for these.")
@click.option("--list", "as_list", is_flag=True, help="List the pins; so does no NAME.")
@click.option("--remove", is_flag=True, help="Remove the pin; landing stays as it is.")
@click.option(
    "--verify", is_flag=True,
    help="Read what the pin names (all pins without NAME) again, every byte.",
)  # fmt: skip
@json_option
def command(
    door: Door,
    name: str | None,
    selection: tuple[str, ...],
    at: str | None,
    replace: bool,
    as_list: bool,
    remove: bool,
    verify: bool,
    as_json: bool,
) -> int | None:
    """Name the raw data of this moment: write refs/NAME.json, for git.

    Pinned are the deliveries that the assets of SELECTION are made from; without one all
    that landing holds. `run --at NAME` makes tables of them, `query --at NAME` reads
    these; retention never removes them. With --json: {file, status, left_out, pin,
    datasets}; of the list an array of {pin, datasets}; of --verify an array of {pin, ok,
    deliveries, size_bytes, problems}, and the exit code is 1 if something is wrong.
    """
    _check(name, selection, at=at, replace=replace, chosen=[as_list, remove, verify])
    if verify:
        return _verify(door, name, as_json=as_json)
    if name is None or as_list:
        _list(door, as_json=as_json)
    elif remove:
        _remove(door, name, as_json=as_json)
    else:
        _make(door, name, selection, at=at, replace=replace, as_json=as_json)
    return None


def _make(
    door: Door,
    name: str,
    selection: Sequence[str],
    *,
    at: str | None,
    replace: bool,
    as_json: bool,
) -> None:
    from backbone.app.pins import pin

    with door.open() as env:
        found = pin(env, name, selection, at=at, replace=replace)
    if as_json:
        _printed(found)
        return
    from backbone.app.figures import plural
    from backbone.cli.output import err, note, print_next

    _show([found])
    if found["left_out"]:
        gone = plural(found["left_out"], "delivery", "deliveries")
        err().print(note(f"Left out: {gone} whose raw bytes were removed", "yellow"))
    err().print(f"{found['status'].capitalize()}: {found['file']}")
    print_next(err(), [f"git add {found['file']}"])


def _check(
    name: str | None,
    selection: Sequence[str],
    *,
    at: str | None,
    replace: bool,
    chosen: Sequence[bool],
) -> None:
    """Refuse what does not go together."""
    if sum(chosen) > 1:
        words = "--list, --remove and --verify exclude one another"
        raise click.UsageError(words)
    if any(chosen) and (selection or at or replace):
        words = "SELECTION, --at and --replace are for a pin that is made"
        raise click.UsageError(words)
    _, remove, _ = chosen
    if name is None and (remove or at or replace):
        words = "which pin? Give it a NAME"
        raise click.UsageError(words)


def _printed(found: Any) -> None:
    from backbone.cli.encoding import print_json

    print_json(found)


def _list(door: Door, *, as_json: bool) -> None:
    from backbone.app.pins import pins

    with door.open() as env:
        found = pins(env)
    if as_json or found:
        (_printed if as_json else _show)(found)
        return
    from backbone.cli.output import err, print_next

    err().print("There are no pins yet.")
    print_next(err(), ["backbone pin NAME"])


def _remove(door: Door, name: str, *, as_json: bool) -> None:
    from backbone.app.pins import unpin

    with door.open() as env:
        found = unpin(env, name)
    if as_json:
        _printed(found)
        return
    from backbone.cli.output import err

    err().print(f"Removed {found['removed']}.")


def _verify(door: Door, name: str | None, *, as_json: bool) -> int | None:
    from backbone.app.pins import verify_pins

    with door.open() as env:
        found = verify_pins(env, [name] if name else [])
    if as_json:
        _printed(found)
    else:
        _show_verified(found)
    return None if all(one["ok"] for one in found) else FAILED


def _show(found: Sequence[dict[str, Any]]) -> None:
    from backbone.app.figures import count, size
    from backbone.cli.output import Column, Grid, out

    columns = [
        Column("pin"), Column("dataset"), Column("deliveries", "right"),
        Column("size", "right", drop=1),
    ]  # fmt: skip
    lines = [
        [one["pin"] if place == 0 else None, f"landing.{each['dataset']}",
         count(each["deliveries"]), size(each["size_bytes"])]
        for one in found
        for place, each in enumerate(one["datasets"])
    ]  # fmt: skip
    out().print(Grid(columns, lines))


def _show_verified(found: Sequence[dict[str, Any]]) -> None:
    from rich.text import Text

    from backbone.app.figures import plural, size
    from backbone.cli.output import err, note, out

    if not found:
        err().print("There are no pins yet.")
    for one in found:
        sign = Text("✓", "green") if one["ok"] else Text("✗", "bold red")
        told = plural(one["deliveries"], "delivery", "deliveries")
        words = f" {one['pin']}  {told}, {size(one['size_bytes'])}"
        out().print(Text.assemble(sign, words))
        for each in one["problems"][:_SHOWN]:
            words = f"  landing.{each['dataset']} {each['delivery']}: {each['reason']}"
            err().print(Text(words, "red"))
        more = len(one["problems"]) - _SHOWN
        if more > 0:
            err().print(note(f"  … and {more} more; --json has them all"))
