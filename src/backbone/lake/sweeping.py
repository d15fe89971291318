"""Find what no version of anything needs and nobody is writing any more.

The order is what makes it safe: first a folder is looked at, then its owner is found to
be gone, and only then the log is read. Whatever the owner committed is in the log by
then, and it commits nothing afterwards.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from backbone.errors import CorruptLake, UnknownAsset
from backbone.lake.deltalog import named_files
from backbone.lake.leases import LABEL
from backbone.lake.leftovers import Judge, Leftover, Tree, What
from backbone.model.names import AssetName

__all__ = ["asset_of", "in_artifacts", "in_folder", "in_records", "in_tables"]

_ATTEMPT = re.compile(rf"w-([0-9a-f]{{12}}|{LABEL})")
_UNFINISHED_ENTRY = re.compile(r".+#\d+|_commit_.+\.tmp")
_PARTIAL = re.compile(rf"\..+\.([0-9a-f]{{8}}|{LABEL})")


def asset_of(folder: Path) -> AssetName | None:
    """Return the asset that ``…/<zone>/<table>`` belongs to; None: to somebody else."""
    try:
        return AssetName.parse(f"{folder.parent.name}.{folder.name}")
    except UnknownAsset:
        return None


def in_tables(
    folders: Collection[Path], asset: AssetName, judge: Judge
) -> Iterator[Leftover]:
    """Find the files of a table and its side tables that no version names.

    Parameters
    ----------
    folders : those of the table and of its side tables
    asset : the table, whose lock is held

    Notes
    -----
    Every entry of the logs is read, and every folder of an attempt is listed.
    """
    for folder in folders:
        for found in (*_attempts(folder, judge), *_entries(folder, judge)):
            yield replace(found, asset=asset_of(folder) or asset)


def in_artifacts(
    root: Path,
    asset: AssetName,
    known: Callable[[], Collection[str] | None],
    judge: Judge,
) -> Iterator[Leftover]:
    """Find the artifacts of an asset that no version of it names.

    Parameters
    ----------
    root : the folder of the asset's artifacts
    asset : the asset, whose lock is held
    known : returns the identities of all versions, None if they cannot be told
    """
    trees = [judge.look(path) for path in _children(root)]
    kept = [judge.young(tree) for tree in trees]
    identities = known() if trees else ()
    for tree, young in zip(trees, kept, strict=True):
        if _PARTIAL.fullmatch(tree.place.name):
            keeper = judge.keeper(tree, mine_is_over=True)
            yield _leftover("unfinished artifacts", tree, keeper, asset)
        elif identities is not None and tree.place.name not in identities:
            yield _leftover("artifacts", tree, young, asset)


def in_folder(root: Path, what: What, judge: Judge) -> Iterator[Leftover]:
    """Find what is left in a folder whose children belong to one process each."""
    for path in _children(root):
        tree = judge.look(path)
        yield _leftover(what, tree, judge.keeper(tree))


def in_records(root: Path, judge: Judge) -> Iterator[Leftover]:
    """Find records of runs whose writing was interrupted."""
    for path in _children(root):
        if _PARTIAL.fullmatch(path.name):
            tree = judge.look(path)
            yield _leftover("unfinished record", tree, judge.young(tree))


def _attempts(folder: Path, judge: Judge) -> Iterator[Leftover]:
    places = [p for p in _children(folder) if _ATTEMPT.fullmatch(p.name)]
    trees = [judge.look(place) for place in places if not place.is_symlink()]
    keepers = [judge.keeper(tree, mine_is_over=True) for tree in trees]
    if not trees:
        return
    try:
        named = named_files(folder)
    except CorruptLake as error:
        yield Leftover("attempt", folder, (), 0, kept=error.what, failed=True)
        return
    for tree, keeper in zip(trees, keepers, strict=True):
        extra = [
            (f, n) for f, n in tree.files if f.relative_to(folder).as_posix() not in named
        ]
        if extra or not (tree.files or keeper):
            whole = len(extra) == len(tree.files)
            what: What = "empty folder"
            if extra:
                what = "attempt" if whole else "stray files"
            yield _leftover(what, replace(tree, files=tuple(extra)), keeper)


def _entries(folder: Path, judge: Judge) -> Iterator[Leftover]:
    for path in _children(folder / "_delta_log"):
        if _UNFINISHED_ENTRY.fullmatch(path.name):
            tree = judge.look(path)
            yield _leftover("unfinished commit", tree, judge.young(tree))


def _leftover(
    what: What, tree: Tree, keeper: str, asset: AssetName | None = None
) -> Leftover:
    files = tuple(path for path, _ in tree.files)
    size = sum(size for _, size in tree.files)
    return Leftover(what, tree.place, files, size, asset, keeper)


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return sorted(folder / entry.name for entry in found)
    except (FileNotFoundError, NotADirectoryError):
        return []
