"""Notes of what became of the places that deliveries came from.

Each collection that noticed something writes one file, ``_origins/<time>.json`` beside
the deliveries of the dataset; it is never changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backbone.errors import CorruptLake
from backbone.lake.disk import write_whole, writing
from backbone.lake.references import stamp
from backbone.model.origins import OriginNote

__all__ = ["NOTES", "OriginNotes"]

NOTES = "_origins"

_VERSION = 1
_ENDING = ".json"


@dataclass
class OriginNotes:
    """The notes of one dataset, in `folder`; each file is read once."""

    folder: Path
    _read: dict[str, tuple[OriginNote, ...]] = field(default_factory=dict)

    def all(self) -> tuple[OriginNote, ...]:
        """Return every note, in the order of time.

        Raises
        ------
        CorruptLake : one cannot be read
        """
        names = sorted(self._names())
        for name in names:
            if name not in self._read:
                self._read[name] = _notes(self.folder / name)
        return tuple(note for name in names for note in self._read[name])

    def told(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return by delivery the fields that a path told of it since it landed."""
        return {
            note.delivery: note.fields for note in self.all() if note.became == "told"
        }

    def add(self, noted: datetime, notes: Sequence[OriginNote]) -> None:
        """Write what one collection noticed, whole or not at all.

        Raises
        ------
        LakeError : the disk did not take it
        """
        path = self.folder / f"{stamp(noted)}{_ENDING}"
        copies = 1
        while path.exists():
            copies += 1
            path = self.folder / f"{stamp(noted)}-{copies}{_ENDING}"
        content = {
            "origins": _VERSION,
            "noted": noted.astimezone(UTC).isoformat(timespec="microseconds"),
            "notes": [_note_json(note) for note in notes],
        }
        with writing(path):
            write_whole(path, (json.dumps(content, indent=1) + "\n").encode())

    def _names(self) -> list[str]:
        try:
            with os.scandir(self.folder) as found:
                return [
                    entry.name
                    for entry in found
                    if entry.name.endswith(_ENDING) and not entry.name.startswith(".")
                ]
        except FileNotFoundError:
            return []


def _notes(path: Path) -> tuple[OriginNote, ...]:
    try:
        content = json.loads(path.read_bytes())
        noted = datetime.fromisoformat(content["noted"])
        return tuple(_note(noted, each) for each in content["notes"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        what = f"`{path.name}` of the notes in {path.parent} cannot be read: {exc}"
        raise CorruptLake(
            what,
            hint="Bring the file back from a copy of the lake, or move it away: what "
            "was noticed then of files that had been collected is forgotten.",
        ) from exc


def _note(noted: datetime, content: dict[str, Any]) -> OriginNote:
    return OriginNote(
        noted,
        content["delivery"],
        content["origin"],
        content["became"],
        content.get("to"),
        content.get("state"),
        tuple(sorted(content.get("fields", {}).items())),
    )


def _note_json(note: OriginNote) -> dict[str, Any]:
    content: dict[str, Any] = {
        "delivery": note.delivery,
        "origin": note.origin,
        "became": note.became,
        "to": note.to,
        "state": note.state,
        "fields": dict(note.fields) if note.became == "told" else None,
    }
    return {key: value for key, value in content.items() if value is not None}
