"""Pins: ``refs/<name>.json``, the deliveries that a name stands for, kept in git.

A pin names deliveries by the hash of their contents: no clock, no path and no number of
a version has a part in it, so the same raw data give the same file everywhere. Datasets
stand in the order of their names, the deliveries of each in the order of their receipts,
which decides what is current.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbone.errors import BackboneError, ProjectError, nearest

__all__ = ["Pin", "PinnedDataset", "pins_of", "read_pin", "remove_pin", "write_pin"]

_REVISION = 1
_ID_DIGITS = 16
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([._-][A-Za-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PinnedDataset:
    """The deliveries of one dataset: hashes of their contents, oldest receipt first."""

    source: str
    digests: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the deliveries, in the same order."""
        return tuple(digest[:_ID_DIGITS] for digest in self.digests)


@dataclass(frozen=True)
class Pin:
    """A name for a set of deliveries of some datasets."""

    name: str
    datasets: Mapping[str, PinnedDataset]

    @property
    def ids(self) -> dict[str, list[str]]:
        """The ids of the pinned deliveries, by dataset."""
        return {name: list(found.ids) for name, found in self.datasets.items()}

    def text(self) -> str:
        """Return the pin as it is written."""
        content = {
            "pin": _REVISION,
            "datasets": {
                name: {"source": found.source, "deliveries": list(found.digests)}
                for name, found in sorted(self.datasets.items())
            },
        }
        return json.dumps(content, indent=1) + "\n"


def pins_of(folder: Path) -> dict[str, Pin]:
    """Return every pin of a project, by name.

    Raises
    ------
    ProjectError : one of the files is no pin
    """
    places = sorted((folder / "refs").glob("*.json"))
    return {path.stem: _read(path) for path in places}


def read_pin(folder: Path, name: str) -> Pin:
    """Return the pin called `name`.

    Raises
    ------
    ProjectError : there is none, or its file is no pin
    """
    path = folder / "refs" / f"{name}.json"
    if _NAME.fullmatch(name) and path.is_file():
        return _read(path)
    known = sorted(one.stem for one in (folder / "refs").glob("*.json"))
    raise ProjectError(
        f"there is no pin `{name}`",
        hint=nearest(name, known),
        command="backbone pin --list",
    )


def write_pin(folder: Path, pin: Pin) -> Path:
    """Write a pin to its file, whole; return where it is.

    Raises
    ------
    ProjectError : the name cannot be that of a pin
    BackboneError : the file cannot be written
    """
    if not _NAME.fullmatch(pin.name):
        raise ProjectError(
            f"`{pin.name}` cannot name a pin",
            hint="A letter first, then letters and digits; `.`, `_` or `-` between them.",
        )
    path = folder / "refs" / f"{pin.name}.json"
    partial = path.with_suffix(".json.new")
    try:
        path.parent.mkdir(exist_ok=True)
        partial.write_text(pin.text(), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        what = f"the pin cannot be written: {error.strerror or error}"
        raise BackboneError(what, where=str(path)) from error
    return path


def remove_pin(folder: Path, name: str) -> Path:
    """Remove the file of a pin; return where it was.

    Raises
    ------
    ProjectError : there is no such pin
    """
    path = folder / "refs" / f"{name}.json"
    if not path.is_file():
        read_pin(folder, name)
    path.unlink()
    return path


def _read(path: Path) -> Pin:
    try:
        found = _datasets(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProjectError(
            f"refs/{path.name} is no pin: {_words(error)}",
            hint="Bring it back with git, or remove it and pin again.",
            command=f"backbone pin {path.stem} --replace",
        ) from error
    return Pin(path.stem, found)


def _datasets(content: Mapping[str, Any]) -> dict[str, PinnedDataset]:
    if content["pin"] != _REVISION:
        message = f"it has revision {content['pin']}, this Backbone knows {_REVISION}"
        raise ValueError(message)
    return {name: _dataset(one) for name, one in content["datasets"].items()}


def _dataset(content: Mapping[str, Any]) -> PinnedDataset:
    digests = tuple(map(str, _listed(content["deliveries"])))
    wrong = next((one for one in digests if not _DIGEST.fullmatch(one)), None)
    if wrong is not None:
        message = f"`{wrong[:20]}` is no sha256"
        raise ValueError(message)
    return PinnedDataset(str(content["source"]), digests)


def _listed(value: object) -> Iterable[object]:
    if not isinstance(value, list):
        message = "`deliveries` is a list"
        raise TypeError(message)
    return value


def _words(error: Exception) -> str:
    return f"it has no `{error.args[0]}`" if isinstance(error, KeyError) else str(error)
