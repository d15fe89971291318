"""The lake of a project: everything that is at rest, below one folder."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from backbone.errors import LakeError
from backbone.lake.artifacts import Artifacts
from backbone.lake.landing import Landing
from backbone.lake.leases import Leases
from backbone.lake.locks import Locks
from backbone.lake.runs import RunRecords
from backbone.lake.served import Served
from backbone.lake.tables import Tables

__all__ = ["Lake"]

# The log of a Delta table is addressed by a URL, in which these mean something else.
_UNREADABLE = re.compile(
    r"[#?\x00-\x1f]|%[0-9A-Fa-f]{2}" + (r"|\\" if os.sep == "/" else "")
)


class Lake:
    """Where bytes rest.

    Parameters
    ----------
    root : the folder
    landing : the landing folder of another lake, in place of its own

    Attributes
    ----------
    landing : raw bytes as they were received
    tables : Delta tables of every zone after landing
    artifacts : models and reports
    runs : what was run, when, with which inputs
    locks : who writes what right now
    served : up to when sources were collected on schedule
    leases : whose the folders are that no version names yet

    Raises
    ------
    LakeError : the path of the folder cannot be that of a Delta table
    """

    def __init__(self, root: Path, *, landing: Landing | None = None) -> None:
        odd = _UNREADABLE.search(str(root))
        if odd:
            raise LakeError(
                f"the lake cannot be in a folder with `{odd[0]}` in its path",
                where=str(root),
                hint="Rename the folder, or name another place in backbone.yml: "
                "lake: /srv/lake",
            )
        self.root = root
        self.leases = Leases(root / "leases", along=(root / "spill",))
        self.landing = landing or Landing(root / "landing", self.leases)
        self.tables = Tables(root / "tables", self.leases)
        self.artifacts = Artifacts(root / "artifacts", self.leases)
        self.runs = RunRecords(root / "runs")
        self.locks = Locks(root / "locks")
        self.served = Served(root / "schedule")

    def spill(self) -> Path:
        """Return a folder for what does not fit into this process' memory.

        It is not made, but can be: the one above it is there as soon as this process
        writes anything to the lake.
        """
        return self.root / "spill" / self.leases.label()

    def scratch(self) -> Path:
        """Return a new folder for what an engine keeps while its session lasts.

        It is not made, but can be: the one above it is there, if it can be written. All
        machines see that it belongs to a process that lives.
        """
        try:
            return self._scratch("scratch", self.leases.claim())
        except LakeError:  # whatever only looks works in a lake that cannot be written
            return self._scratch("scratch", self.leases.label())

    def close(self) -> None:
        """Give the lease on what was being written back."""
        self.leases.close()

    def _scratch(self, kind: str, name: str) -> Path:
        with suppress(OSError):
            (self.root / kind).mkdir(parents=True, exist_ok=True)
        return self.root / kind / name
