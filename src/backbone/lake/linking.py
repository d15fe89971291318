"""A version of a table in another lake on the same disk: files are linked, not copied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backbone.lake.disk import writing
from backbone.lake.tables import Commit, Tables, TableVersion
from backbone.model.files import WrittenFile

__all__ = ["link_version"]


def link_version(
    tables: Tables, version: TableVersion, metadata: Mapping[str, Any]
) -> TableVersion:
    """Commit a version of another lake to `tables`, with its identity and its rows.

    A file that is linked has two names and one content: neither lake can lose it by what
    the other removes. Where the disk knows no links, files are copied.

    Parameters
    ----------
    tables : where it goes
    version : what is brought
    metadata : what is recorded with it
    """
    home = tables.attempt(version.asset)
    files = []
    for number, file in enumerate(version.files):
        path = home / f"{number:06d}-{Path(file.path).name}"
        with writing(path):
            _link(version.folder / file.path, path)
        files.append(WrittenFile(path, file.rows, file.size_bytes, {}))
    return tables.commit(
        version.asset,
        Commit(version.identity, version.schema, add=files, metadata=metadata),
    )


def _link(file: Path, path: Path) -> None:
    try:
        os.link(file, path)
    except OSError:
        shutil.copy2(file, path)
