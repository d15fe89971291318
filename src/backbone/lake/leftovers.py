"""What attempts left behind: whose it is, how much, and how it is removed."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from backbone.lake.leases import LABEL, Leases, Owner
from backbone.model.names import AssetName

__all__ = ["Judge", "Leftover", "Tree", "What", "look"]

What = Literal[
    "attempt", "stray files", "empty folder", "unfinished commit", "artifacts",
    "unfinished artifacts", "unfinished record", "delivery", "scratch",
    "tables of no pin",
]  # fmt: skip

_SETTLED_S = 2.0
_NAP_S = 0.2
_MINUTE_S = 60
_OWNED = re.compile(rf"(?:|w-|\..+\.)({LABEL})")


@dataclass(frozen=True)
class Tree:
    """A file, or a folder with all that is below it, as it was when it was looked at."""

    place: Path
    files: tuple[tuple[Path, int], ...]
    changed: float

    @property
    def owner(self) -> Owner | None:
        """Whose it is, as its name tells."""
        found = _OWNED.fullmatch(self.place.name)
        return Owner.parse(found[1]) if found else None


@dataclass(frozen=True)
class Leftover:
    """Something that no version needs.

    `kept` says why it was left where it is; it is empty for what may go or has gone.
    `failed`: it should have gone, and could not.
    """

    what: What
    place: Path
    files: tuple[Path, ...]
    size_bytes: int
    asset: AssetName | None = None
    kept: str = ""
    failed: bool = False

    def removed(self) -> Leftover:
        """Remove the files, and the folders that are empty then; nothing else.

        What has come into a folder since it was looked at stays.
        """
        if self.kept:
            return self
        try:
            for file in self.files:
                file.unlink(missing_ok=True)
        except OSError as error:
            words = f"it cannot be removed: {error.strerror or error}"
            return replace(self, kept=words, failed=True)
        for folder, _, _ in os.walk(self.place, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)  # noqa: PTH106 - a name from os.walk
        return self


def look(place: Path) -> Tree:
    """Look at all that is below a folder, or at a file.

    Links to folders are not followed, and are no files either: who made one needs it.
    """
    files: list[tuple[Path, int]] = []
    changed = _changed(place)
    if place.is_symlink() or not place.is_dir():
        return Tree(place, ((place, _size(place)),), changed)
    for folder, _, names in os.walk(place):
        for name in names:
            path = Path(folder, name)
            files.append((path, _size(path)))
            changed = max(changed, _changed(path))
        changed = max(changed, _changed(Path(folder)))
    return Tree(place, tuple(files), changed)


class Judge:
    """Says who may still write into what no version names.

    Parameters
    ----------
    leases : the leases on the lake
    older_than_s : how long a process of another machine, or one that nobody knows, is
        taken for alive after its last sign of life
    settled_s : how long what a dead process left must be quiet: what that had started
        may write for a moment longer
    patience_s : how long to wait for quiet, in all
    """

    def __init__(
        self,
        leases: Leases,
        *,
        older_than_s: float,
        settled_s: float = _SETTLED_S,
        patience_s: float = 0.0,
    ) -> None:
        self._leases = leases
        self._older_than_s = older_than_s
        self._settled_s = settled_s
        self._patience_s = patience_s
        self._began = leases.now()
        self._over: set[str] = set()

    def look(self, place: Path) -> Tree:
        """Look at a place; at one that a dead process left, when it has become quiet."""
        tree = look(place)
        while self._patience_s > 0 and self._is_busy(tree):
            self._patience_s -= _NAP_S
            time.sleep(_NAP_S)
            tree = look(place)
        return tree

    def keeper(self, tree: Tree, *, mine_is_over: bool = False) -> str:
        """Return, in words, who may still write below a place; nobody: no words.

        Parameters
        ----------
        mine_is_over : nothing of this process' own lease is being written; the caller
            holds the lock that who writes it would hold
        """
        owner = tree.owner
        if owner is None:
            young = self.young(tree)
            return f"nobody knows whose it is, and {young}" if young else ""
        if mine_is_over and owner.lease == self._leases.mine:
            return ""
        if not owner.process.is_here:
            return self._elsewhere(tree, owner)
        if not self._is_over(owner):
            return f"process {owner.process.pid} is at work"
        if self._is_busy(tree):
            return "what a dead process had started is still writing"
        return ""

    def young(self, tree: Tree) -> str:
        """Return when something changed, in words, if that is not long ago."""
        age = self._began - tree.changed
        return f"it changed {_ago(age)}" if age <= self._older_than_s else ""

    def _elsewhere(self, tree: Tree, owner: Owner) -> str:
        last = max(tree.changed, self._leases.last_sign(owner.lease))
        age = self._began - last
        if age > self._older_than_s:
            return ""
        return f"{self._leases.holder(owner.lease)} showed a sign of life {_ago(age)}"

    def _is_over(self, owner: Owner) -> bool:
        """Tell whether a lease of this machine is over; once over it remains so."""
        if owner.lease not in self._over and self._leases.is_over(owner):
            self._over.add(owner.lease)
        return owner.lease in self._over

    def _is_busy(self, tree: Tree) -> bool:
        """Tell whether what a dead process of this machine left has just changed."""
        owner = tree.owner
        if owner is None or not owner.process.is_here or owner.process.lives:
            return False
        return self._leases.now() - tree.changed < self._settled_s


def _ago(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{max(seconds, 0):.0f} s ago"
    return f"{seconds / _MINUTE_S:.0f} min ago"


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
