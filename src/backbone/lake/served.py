"""Which moments of its schedule a source has been collected for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backbone.errors import CorruptLake
from backbone.lake.disk import write_whole, writing
from backbone.lake.locks import locked

__all__ = ["Served"]


@dataclass(frozen=True)
class Served:
    """A small file for each source, written when its collection has ended."""

    root: Path

    def get(self, source: str) -> datetime | None:
        """Return the last moment that was served; None if there was none.

        Raises
        ------
        CorruptLake : the file cannot be read
        """
        path = self._path(source)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return datetime.fromisoformat(json.loads(text)["served"])
        except (ValueError, KeyError, TypeError) as error:
            what = f"the schedule's note of source `{source}` cannot be read: {error}"
            hint = "Remove the file; the source is then due at once."
            raise CorruptLake(what, where=str(path), hint=hint) from error

    def put(self, source: str, moment: datetime) -> None:
        """Note the last moment that was served."""
        path = self._path(source)
        with writing(path):
            write_whole(path, json.dumps({"served": moment.isoformat()}).encode())

    @contextmanager
    def alone(self) -> Iterator[int | None]:
        """Take the place of the one scheduler; the system frees it when a process dies.

        Yields None, or the number of the process that has it.
        """
        path = self.root / "scheduler.lock"
        with writing(path):
            self.root.mkdir(parents=True, exist_ok=True)
            stream = path.open("a+b", buffering=0)
        with stream:
            if not locked(stream.fileno()):
                stream.seek(0)
                yield int(stream.read() or 0)
                return
            stream.truncate(0)
            stream.write(str(os.getpid()).encode())
            yield None
            stream.truncate(0)

    def _path(self, source: str) -> Path:
        return self.root / f"{source}.json"
