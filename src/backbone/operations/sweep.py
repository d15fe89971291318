"""Sweep the lake: remove what no version needs and nobody is writing any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from backbone.errors import LakeError, LockHeld
from backbone.lake.lake import Lake
from backbone.lake.leases import GRACE_S
from backbone.lake.leftovers import Judge, Leftover
from backbone.lake.sweeping import in_artifacts, in_folder, in_records, in_tables
from backbone.model.names import AssetName

__all__ = ["sweep"]

_PATIENCE_S = 10.0


def sweep(
    lake: Lake,
    *,
    only: Collection[AssetName] | None = None,
    held_back: Mapping[AssetName, str] | None = None,
    older_than_s: float = GRACE_S,
    remove: bool = True,
) -> list[Leftover]:
    """Find what no version needs, remove it, and return all of it.

    Parameters
    ----------
    lake : where to sweep
    only : sweep these assets; by default all of them, and what belongs to none
    held_back : assets that are left as they are, and why
    older_than_s : how long a process of another machine is taken for alive after its
        last sign of life
    remove : False to say only what would be removed

    Returns
    -------
    What was removed, and with the reason what was kept: of assets that are being
    written nothing is looked at.

    Notes
    -----
    Reads the logs of the tables that are swept and lists their folders. Where a process
    has just died, what it had started is waited for, at most ten seconds.
    """
    if remove:
        lake.leases.retire(older_than_s=older_than_s)
    judge = Judge(lake.leases, older_than_s=older_than_s, patience_s=_PATIENCE_S)
    found: list[Leftover] = []
    for asset in _assets(lake, only):
        if held_back and asset in held_back:
            found.append(_whole(lake, asset, held_back[asset]))
            continue
        try:
            with lake.locks.hold(asset, run="gc", timeout_s=0):
                found += _settled(_of_asset(lake, asset, judge), remove=remove)
        except LockHeld as error:
            found.append(_whole(lake, asset, error.what))
    if only is None:
        everywhere = _of_no_asset(lake, judge, older_than_s)
        found += _settled(everywhere, remove=remove)
    return found


def _assets(lake: Lake, only: Collection[AssetName] | None) -> list[AssetName]:
    tables = lake.tables
    known = {*tables.attempted(), *(asset.main for asset in tables.assets())}
    known.update(lake.artifacts.assets())
    return sorted(known if only is None else known.intersection(only))


def _of_asset(lake: Lake, asset: AssetName, judge: Judge) -> Iterator[Leftover]:
    yield from in_tables(lake.tables.folders(asset), asset, judge)
    root = lake.artifacts.root / asset.zone / asset.table
    yield from in_artifacts(root, asset, lambda: _identities(lake, asset), judge)


def _identities(lake: Lake, asset: AssetName) -> set[str] | None:
    """Return the identities of all versions of a table, None if they cannot be told."""
    try:
        return lake.tables.identities(asset)
    except LakeError:
        return None


def _of_no_asset(lake: Lake, judge: Judge, older_than_s: float) -> Iterator[Leftover]:
    yield from lake.landing.leftovers(older_than_s=older_than_s)
    yield from in_records(lake.runs.root, judge)
    for kind in ("spill", "scratch"):
        yield from in_folder(lake.root / kind, "scratch", judge)


def _settled(found: Iterable[Leftover], *, remove: bool) -> list[Leftover]:
    return [one.removed() if remove else one for one in found]


def _whole(lake: Lake, asset: AssetName, why: str) -> Leftover:
    return Leftover("attempt", lake.tables.folder(asset), (), 0, asset, why)
