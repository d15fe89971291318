"""``backbone init``."""

from __future__ import annotations

from pathlib import Path

import click

from backbone.cli.door import Door
from backbone.cli.verb import json_option, verb

__all__ = ["command"]


@verb(
    "backbone init city-heat",
    "backbone init flights --example flights",
    opens_project=False,
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--example", metavar="NAME", help="Write this example: flights.")
@json_option
def command(door: Door, folder: Path, example: str | None, as_json: bool) -> None:
    """Write a new project into DIR, a folder that is new or empty.

    An example is complete with its data and can be run at once. Doing it again
    completes what is missing and changes nothing else.
    """
    from backbone.app.projects import init

    at = door.project / folder
    written = init(at, example=example)
    if as_json:
        from backbone.cli.encoding import print_json

        print_json({"folder": str(at), "files": [str(path) for path in written]})
        return
    from backbone.cli.output import out, print_next

    console = out()
    files = f"{len(written)} file{'' if len(written) == 1 else 's'}"
    console.print(f"{at}: {files} written" if written else f"{at}: nothing was missing")
    verbs = ("run", "ls") if example else ("plan", "schema")
    print_next(console, [f"backbone -C {at} {verb}" for verb in verbs])
