"""Versions of tables as they were read, so that a log is not read again in one run.

A version never changes, but a lake may be brought back from a copy under a process that
lives; so what is remembered counts while the entry of the log is the very same file. A
head is the newest while the next entry is not there: two looks at the folder, however
long the log and however many files the version names.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from backbone.lake.tableversions import TableVersion

__all__ = ["Remembered"]

_MOST = 64
_MOST_FILES = 200_000
_Stamp = tuple[int, int, int]


class Remembered:
    """The versions that were read last; threads may share it."""

    def __init__(self) -> None:
        self._versions: OrderedDict[tuple[Path, int], tuple[_Stamp, TableVersion]]
        self._versions = OrderedDict()
        self._newest: dict[Path, int] = {}
        self._lock = threading.Lock()

    def head(self, folder: Path) -> TableVersion | None:
        """Return the newest version of the table in `folder`, if that one was read."""
        number = self._newest.get(folder)
        if number is None or _stamp(folder, number + 1) is not None:
            return None
        return self.at(folder, number)

    def at(self, folder: Path, number: int) -> TableVersion | None:
        """Return a version of the table in `folder`, if it was read."""
        with self._lock:
            found = self._versions.get((folder, number))
            if found is None or found[0] != _stamp(folder, number):
                return None
            self._versions.move_to_end((folder, number))
            return found[1]

    def put(self, version: TableVersion, *, is_head: bool) -> TableVersion:
        """Remember a version; return it."""
        folder, number = version.folder, version.number
        stamp = _stamp(folder, number)
        with self._lock:
            if stamp is not None:
                self._versions[folder, number] = stamp, version
            if is_head:
                self._newest[folder] = number
            while len(self._versions) > 1 and self._is_full():
                self._versions.popitem(last=False)
        return version

    def _is_full(self) -> bool:
        files = sum(len(version.files) for _, version in self._versions.values())
        return len(self._versions) > _MOST or files > _MOST_FILES


def _stamp(folder: Path, number: int) -> _Stamp | None:
    try:
        found = (folder / "_delta_log" / f"{number:020d}.json").stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
