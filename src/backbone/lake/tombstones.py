"""Tombstones: what stands in the place of raw bytes that were removed on purpose.

The reference of the delivery and its receipts stay where they are; beside them stands
what was removed, when and why. The tombstone is on the disk before the first byte goes,
so a process that dies in between leaves a delivery that counts as removed, and whose rest
the next removal takes away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from backbone.errors import CorruptLake
from backbone.lake.disk import sync_folder, write_whole
from backbone.lake.objectnames import RECEIPT_PREFIX, REFERENCE, TOMBSTONE
from backbone.model.deliveries import Delivery, Removal

__all__ = ["bury", "raise_again", "raw_files", "read_tombstone"]

_VERSION = 1


def bury(folder: Path, delivery: Delivery, removal: Removal) -> int:
    """Put a tombstone in the place of a delivery's bytes; return how many bytes went.

    What an earlier attempt left behind is taken away under the tombstone that it wrote.
    """
    if not (folder / TOMBSTONE).exists():
        content = {
            "tombstone": _VERSION,
            "id": delivery.id,
            "source": delivery.source,
            "dataset": delivery.dataset,
            "removed": removal.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "reason": removal.reason,
            "objects": [
                {"name": obj.name, "size": obj.size, "sha256": obj.sha256}
                for obj in delivery.objects
            ],
        }
        text = json.dumps(content, indent=1) + "\n"
        write_whole(folder / TOMBSTONE, text.encode())
    freed = 0
    for path in list(raw_files(folder)):
        freed += path.lstat().st_size
        path.unlink()
    for inner, _, _ in os.walk(folder, topdown=False):
        if Path(inner) != folder:
            Path(inner).rmdir()
    sync_folder(folder)
    return freed


def raise_again(folder: Path) -> None:
    """Take a tombstone away: the bytes are on the disk again."""
    (folder / TOMBSTONE).unlink(missing_ok=True)
    sync_folder(folder)


def raw_files(folder: Path) -> Iterator[Path]:
    """Find the files of a delivery's folder that are raw bytes, not ours."""
    for inner, _, names in os.walk(folder):
        for name in names:
            if Path(inner) != folder or not _is_ours(name):
                yield Path(inner, name)


def read_tombstone(path: Path) -> Removal:
    """Read when and why a delivery's bytes were removed.

    Raises
    ------
    CorruptLake : it cannot be read
    """
    try:
        content = json.loads(path.read_bytes())
        at = datetime.fromisoformat(content["removed"])
        return Removal(at, str(content["reason"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptLake(
            f"the tombstone of a delivery cannot be read: {error}",
            where=str(path),
            hint="Bring the file back from a copy of the lake.",
        ) from error


def _is_ours(name: str) -> bool:
    return name in {REFERENCE, TOMBSTONE} or name.startswith(RECEIPT_PREFIX)
