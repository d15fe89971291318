"""Schedules on a terminal: what is due and when, and what a scheduler does."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from backbone.app.due import schedule, schedule_rows
from backbone.app.environment import Environment
from backbone.app.figures import count, moment
from backbone.app.scheduler import Happening, Scheduler
from backbone.cli.door import Door
from backbone.cli.encoding import print_json
from backbone.cli.output import Column, Grid, err, out, print_next

__all__ = ["next_words", "print_schedule", "serving"]


def print_schedule(
    door: Door, words: Sequence[str], exclude: Sequence[str], *, as_json: bool
) -> None:
    """Print where the sources that have a schedule stand."""
    with door.open() as env:
        rows = schedule_rows(schedule(env, words, exclude=exclude))
    if as_json:
        print_json(rows)
        return
    if not rows:
        err().print("no source has a schedule")
        hint = (
            "Give one to a source: schedule: {cron: 0 6 * * *, timezone: Europe/Madrid}"
        )
        err().print(f"  {hint}")
        return
    columns = [
        Column("source"), Column("schedule"), Column("served (UTC)", drop=1),
        Column("next (UTC)"), Column("missed", "right", drop=2), Column("", fold=True),
    ]  # fmt: skip
    lines = [
        [one["source"], one["schedule"], moment(one["served"]),
         "due" if one["due"] else moment(one["next"]),
         count(one["missed"]) if one["missed"] else "", one["why"]]
        for one in rows
    ]  # fmt: skip
    out().print(Grid(columns, lines))
    if any(one["due"] for one in rows):
        print_next(err(), ["backbone run --due"])


def next_words(env: Environment, words: Sequence[str], exclude: Sequence[str]) -> str:
    """Say that nothing is due, and what will be first."""
    found = schedule(env, words, exclude=exclude)
    if not found:
        return "nothing is due: no source of these has a schedule"
    first = found[0]
    return f"nothing is due; {first.source} is next, {first.moment:%Y-%m-%d %H:%M} UTC"


def serving(
    door: Door,
    words: Sequence[str],
    exclude: Sequence[str],
    *,
    at_once: int,
    as_json: bool,
) -> None:
    """Serve schedules until the process is stopped."""

    def tell(what: Happening) -> None:
        if as_json:
            line = {**asdict(what), "at": what.at.isoformat()}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            return
        names = ", ".join(what.sources) or door.project.name or "project"
        status = f" {what.status}" if what.status else ""
        err().print(f"{what.at:%Y-%m-%d %H:%M:%S} {names}{status}: {what.words}")

    if not as_json:
        print_schedule(door, words, exclude, as_json=False)
        err().print("Serving; Ctrl-C stops.")
    Scheduler(
        door.project, door.target, words, exclude, at_once=at_once, tell=tell
    ).keep()
