"""The immutable record of every run, kept in the lake beside the data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbone.lake.disk import write_whole, writing

__all__ = ["RunRecords"]


@dataclass(frozen=True)
class RunRecords:
    """JSON files, one when a run begins and one when it ends."""

    root: Path

    def begin(self, run: str, record: Mapping[str, Any]) -> None:
        """Record what a run is going to do, before it does it."""
        self._write(run, "begun", record)

    def end(self, run: str, record: Mapping[str, Any]) -> None:
        """Record what a run did."""
        self._write(run, "ended", record)

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
        """Yield (run, as begun, as ended or None), the newest first."""
        begun = sorted(self.root.glob("*.begun.json"), reverse=True)
        for path in begun:
            run = path.name.removesuffix(".begun.json")
            ended = path.with_name(f"{run}.ended.json")
            yield run, _read(path), _read(ended) if ended.is_file() else None

    def _write(self, run: str, moment: str, record: Mapping[str, Any]) -> None:
        text = json.dumps(record, indent=1, sort_keys=True, default=str)
        path = self.root / f"{run}.{moment}.json"
        with writing(path):
            write_whole(path, text.encode())


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
