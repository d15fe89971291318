"""``backbone doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backbone.cli.door import DONE, FAILED, Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb("backbone doctor", "backbone doctor --json")
@json_option
def command(door: Door, as_json: bool) -> int:
    """Check the machine, and the project where there is one; nothing is changed.

    The exit code is 1 if something is not as it should be. With --json: one array of
    {check, ok, message, hint}.
    """
    found = _findings(door)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json(found)
    else:
        _show(found)
    return DONE if all(one["ok"] for one in found) else FAILED


def _findings(door: Door) -> list[dict[str, Any]]:
    from backbone.app.doctor import doctor
    from backbone.errors import BackboneError

    try:
        with door.open() as env:
            return doctor(env)
    except BackboneError as error:
        hint = error.hint or (f"Next: {error.command}" if error.command else None)
        trouble = {"check": "project", "ok": False, "message": error.what, "hint": hint}
        return [*doctor(None), trouble]


def _show(found: Sequence[dict[str, Any]]) -> None:
    from rich.text import Text

    from backbone.cli.output import Column, Grid, out

    lines: list[list[str | Text | None]] = []
    for one in found:
        sign = Text("✓", "green") if one["ok"] else Text("✗", "bold red")
        words = Text(one["message"])
        if one["hint"] and not one["ok"]:
            words.append(f"\n{one['hint']}", style="yellow")
        lines.append([sign, one["check"], words])
    columns = [Column(""), Column("check", style="dim"), Column("found", fold=True)]
    out().print(Grid(columns, lines))
