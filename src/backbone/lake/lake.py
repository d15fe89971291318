"""The lake of a project: everything that is at rest, below one folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from backbone.errors import LakeError
from backbone.lake.artifacts import Artifacts
from backbone.lake.landing import Landing
from backbone.lake.locks import Locks
from backbone.lake.runs import RunRecords
from backbone.lake.tables import Tables

__all__ = ["Lake"]

# The log of a Delta table is addressed by a URL, in which these mean something else.
_UNREADABLE = re.compile(
    r"[#?\x00-\x1f]|%[0-9A-Fa-f]{2}" + (r"|\\" if os.sep == "/" else "")
)


class Lake:
    """Where bytes rest.

    Attributes
    ----------
    landing : raw bytes as they were received
    tables : Delta tables of every zone after landing
    artifacts : models and reports
    runs : what was run, when, with which inputs
    locks : who writes what right now

    Raises
    ------
    LakeError : the path of the folder cannot be that of a Delta table
    """

    def __init__(self, root: Path) -> None:
        odd = _UNREADABLE.search(str(root))
        if odd:
            raise LakeError(
                f"the lake cannot be in a folder with `{odd[0]}` in its path",
                where=str(root),
                hint="Rename the folder, or name another place in backbone.yml: "
                "lake: /srv/lake",
            )
        self.root = root
        self.landing = Landing(root / "landing")
        self.tables = Tables(root / "tables")
        self.artifacts = Artifacts(root / "artifacts")
        self.runs = RunRecords(root / "runs")
        self.locks = Locks(root / "locks")
