"""An index of the references of one dataset, so that thousands are read as one file.

``_index/<source>/<dataset>.json`` in landing. It holds nothing that the references do not
tell, and may be removed at any time. An entry counts while the folder of its delivery has
the time of change under which it was read; so what is received again, removed or copied
is read from its reference. It is written anew when a share of the deliveries is not in
it, so adding deliveries one by one costs no more than the logarithm of their number each.
"""

from __future__ import annotations

import gc
import glob
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backbone.model.deliveries import Delivery, LandedObject, Receipt, Removal

__all__ = ["Known", "is_due", "read_index", "uncollected", "write_index"]

_REVISION = 1
_FEW = 256
_SHARE = 16
_MOST_OBJECTS = 64

Known = tuple[int, Delivery]
"""A delivery, and when its folder had changed last as it was read (nanoseconds)."""


def is_due(deliveries: int, unindexed: int) -> bool:
    """Tell whether an index is worth writing: few deliveries need none.

    >>> is_due(20_000, 3), is_due(20_000, 2_000), is_due(100, 100)
    (False, True, False)
    """
    return deliveries >= _FEW and unindexed * _SHARE > deliveries


def read_index(path: Path, source: str, dataset: str) -> dict[str, Known]:
    """Return the deliveries of an index by the names of their folders.

    One that cannot be read, or was written by another Backbone, holds none.
    """
    with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
        content = json.loads(path.read_bytes())
        if content["index"] == _REVISION:
            return {
                entry[0]: (entry[1], _delivery(entry, source, dataset))
                for entry in content["deliveries"]
            }
    return {}


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no cycles while many values are made, of which none will go.

    Looking takes longer than making them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_index(path: Path, known: Mapping[str, Known]) -> None:
    """Write an index; where the lake cannot be written there is none.

    A reader sees the whole of it or the one before. It is not flushed to the disk: what a
    power cut leaves is no index. What others began to write goes, those that were killed
    and those that are slower: theirs is no newer.
    """
    content = {"index": _REVISION, "deliveries": list(_entries(known))}
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
        partial.replace(path)
    with suppress(OSError):
        for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
            left.unlink(missing_ok=True)


def _entries(known: Mapping[str, Known]) -> Iterator[list[Any]]:
    for name, (changed_ns, one) in known.items():
        if len(one.objects) <= _MOST_OBJECTS:
            removed = one.removed and [one.removed.at.isoformat(), one.removed.reason]
            yield [
                name, changed_ns, one.id, one.cursor, one.problems, removed,
                [[_text(r.received), r.origin, r.state] for r in one.receipts],
                [[*(getattr(o, n) for n in _OF_OBJECT), o.fields] for o in one.objects],
            ]  # fmt: skip


_OF_OBJECT = ("name", "path", "size", "sha256", "media_type", "origin")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _delivery(entry: list[Any], source: str, dataset: str) -> Delivery:
    _, _, key, cursor, problems, removed, receipts, objects = entry
    return Delivery(
        id=key,
        source=source,
        dataset=dataset,
        objects=tuple(map(_object, objects)),
        receipts=tuple(
            Receipt(datetime.fromisoformat(at), origin, state)
            for at, origin, state in receipts
        ),
        cursor=cursor,
        problems=tuple(problems),
        removed=Removal(datetime.fromisoformat(removed[0]), removed[1])
        if removed
        else None,
    )


def _object(values: list[Any]) -> LandedObject:
    name, path, size, sha256, media_type, origin, fields = values
    pairs = tuple((field, value) for field, value in fields)
    return LandedObject(name, path, size, sha256, media_type, origin, pairs)
