"""The lake of a project: everything that is at rest, below one folder."""

from __future__ import annotations

from pathlib import Path

from backbone.lake.artifacts import Artifacts
from backbone.lake.landing import Landing
from backbone.lake.locks import Locks
from backbone.lake.runs import RunRecords
from backbone.lake.tables import Tables

__all__ = ["Lake"]


class Lake:
    """Where bytes rest.

    Attributes
    ----------
    landing : raw bytes as they were received
    tables : Delta tables of every zone after landing
    artifacts : models and reports
    runs : what was run, when, with which inputs
    locks : who writes what right now
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.landing = Landing(root / "landing")
        self.tables = Tables(root / "tables")
        self.artifacts = Artifacts(root / "artifacts")
        self.runs = RunRecords(root / "runs")
        self.locks = Locks(root / "locks")
