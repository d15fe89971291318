"""Example projects that travel with the package, complete with their data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from backbone.app.examples.flights import write_flights
from backbone.errors import BackboneError, bounded, nearest

__all__ = ["EXAMPLES", "init_example"]

EXAMPLES: dict[str, Callable[[Path], list[Path]]] = {"flights": write_flights}


def init_example(name: str, folder: Path) -> list[Path]:
    """Write the example project `name` into `folder`, and return the files written.

    Files that are there already stay as they are, so doing it again completes what is
    missing and changes nothing else.

    Raises
    ------
    BackboneError : there is no such example, or `folder` holds something else
    """
    if name not in EXAMPLES:
        what = f"there is no example `{name}`"
        raise BackboneError(
            what,
            hint=nearest(name, sorted(EXAMPLES)),
            command=f"backbone init {folder} --example {next(iter(EXAMPLES))}",
        )
    _check_free(name, folder)
    return EXAMPLES[name](folder)


def _check_free(name: str, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        what = f"{folder} is a file"
        raise BackboneError(what, hint="a project is a folder; choose another name")
    found = sorted(path.name for path in folder.glob("*") if path.name[0] != ".")
    marks = ("backbone.yml", f"sources/{name}.yml")
    if found and not all((folder / mark).is_file() for mark in marks):
        what = (
            f"{folder} is not empty and is no example `{name}`: it has {bounded(found)}"
        )
        raise BackboneError(
            what,
            hint="choose a folder that is new or empty",
            command=f"backbone init {folder / name} --example {name}",
        )
