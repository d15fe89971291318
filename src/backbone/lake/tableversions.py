"""Versions of tables as values: what one holds, and what the next one is to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from backbone.model.files import WrittenFile
from backbone.model.names import AssetName
from backbone.model.schemas import Schema

__all__ = ["Commit", "DataFile", "TableVersion"]


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a version; `path` is relative to the table's folder."""

    path: str
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class TableVersion:
    """A version of a table, ready to be read.

    `identity` is the fingerprint of the step that wrote it (empty for a version that
    Backbone did not write); `metadata` is what the step recorded with it.
    """

    asset: AssetName
    number: int
    identity: str
    committed: datetime
    schema: Schema
    folder: Path
    files: tuple[DataFile, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The rows of all files together."""
        return sum(file.rows for file in self.files)

    @property
    def size_bytes(self) -> int:
        """The bytes of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def sides(self) -> dict[str, int]:
        """The version numbers of the side tables that belong to this version."""
        return {str(k): int(v) for k, v in self.metadata.get("sides", {}).items()}

    def paths(self) -> tuple[str, ...]:
        """Return the absolute paths of the files."""
        return tuple(str(self.folder / file.path) for file in self.files)


@dataclass(frozen=True)
class Commit:
    """What the next version of a table is to be.

    `base` is the version that the step read (None: the table is new to it) and `keep`
    the files of it that stay; `add` are new files. `identity`, `inputs` and `metadata`
    are recorded with the version.
    """

    identity: str
    schema: Schema
    add: Sequence[WrittenFile] = ()
    keep: Sequence[DataFile] = ()
    base: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
