"""Two folders of one project: do they hold the same data?"""

from __future__ import annotations

from pathlib import Path

from tests.commands import hashes

__all__ = ["same_data"]

_ZONES = ("landing.", "formatted.", "trusted.", "exploitation.")


def same_data(expected: Path, folder: Path) -> bool:
    """Compare the content of all tables of data, and of what analyses were made from.

    A model's numbers may differ in the last digit; its sandbox and its splits may not.
    """
    theirs, mine = _data(expected), _data(folder)
    assert mine == theirs
    return len(mine) > 0


def _data(folder: Path) -> dict[str, str]:
    return {
        asset: content
        for asset, content in hashes(folder).items()
        if asset.startswith(_ZONES) or asset.endswith(("__sandbox", "__splits"))
    }
