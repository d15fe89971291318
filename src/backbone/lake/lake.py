"""The lake of a project: everything that is at rest, below one folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backbone.lake.artifacts import Artifacts
from backbone.lake.landing import Landing
from backbone.lake.locks import Locks
from backbone.lake.runs import RunRecords
from backbone.lake.tables import Tables

__all__ = ["Lake"]


@dataclass(frozen=True)
class Lake:
    """Where bytes rest: landing objects, tables, artifacts, the records of runs."""

    root: Path

    @property
    def landing(self) -> Landing:
        """Raw bytes as they were received."""
        return Landing(self.root / "landing")

    @property
    def tables(self) -> Tables:
        """Delta tables of every zone after landing."""
        return Tables(self.root / "tables")

    @property
    def artifacts(self) -> Artifacts:
        """Models and reports."""
        return Artifacts(self.root / "artifacts")

    @property
    def runs(self) -> RunRecords:
        """What was run, when, with which inputs."""
        return RunRecords(self.root / "runs")

    @property
    def locks(self) -> Locks:
        """Who writes what right now."""
        return Locks(self.root / "locks")
