"""Artifacts: models, cards and reports, a folder per identity, whole or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from backbone.errors import LakeError
from backbone.lake.disk import sync_folder, write_whole, writing
from backbone.lake.leases import Leases
from backbone.lake.sweeping import asset_of
from backbone.model.names import AssetName

__all__ = ["Artifacts"]


class Artifacts:
    """Files of a version of an asset: ``<zone>/<table>/<identity>/<name>``.

    Parameters
    ----------
    root : the folder; it is made with the first artifact
    leases : the leases on the lake; by default beside the folder
    """

    def __init__(self, root: Path, leases: Leases | None = None) -> None:
        self.root = root
        self._leases = leases or Leases(root.with_name("leases"))

    def folder(self, asset: AssetName, identity: str) -> Path:
        """Return the folder of one version's artifacts."""
        return self.root / asset.zone / asset.table / identity

    def assets(self) -> list[AssetName]:
        """Return the assets that have artifacts."""
        return sorted(filter(None, map(asset_of, self.root.glob("*/*"))))

    def put(self, asset: AssetName, identity: str, files: Mapping[str, bytes]) -> Path:
        """Store all of `files` at once; what is already there stays as it is."""
        target = self.folder(asset, identity)
        if target.is_dir():
            with writing(target):
                os.utime(target)  # it is needed anew, though no version may name it yet
            return target
        partial = target.with_name(f".{identity}.{self._leases.claim()}")
        try:
            for name, content in files.items():
                write_whole(partial / name, content)
            partial.rename(target)
        except OSError:
            shutil.rmtree(partial, ignore_errors=True)
            if not target.is_dir():
                with writing(target):
                    raise
        sync_folder(target.parent)
        return target

    def path(self, asset: AssetName, identity: str, name: str) -> Path:
        """Return the path of one artifact.

        Raises
        ------
        LakeError : there is no such artifact
        """
        path = self.folder(asset, identity) / name
        if not path.is_file():
            raise LakeError(f"{asset} has no `{name}` for version {identity[:8]}")
        return path
