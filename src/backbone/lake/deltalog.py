"""What the log of a Delta table names: every data file of every version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from backbone.errors import CorruptLake

__all__ = ["named_files", "told_of"]

_ATTEMPT = re.compile(r"(?:^|(?<=/))(?=(w-[^/]+/.+)$)")
_ENTRY = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


def named_files(folder: Path) -> frozenset[str]:
    """Return the data files of every version of a table, from the attempt's folder on.

    Files that a version removed are named by one before it. The entries of the log tell
    all of it; where old ones were cleaned up, so do the checkpoints that stayed.

    Parameters
    ----------
    folder : the table's folder; one without a log names nothing

    Raises
    ------
    CorruptLake : the log cannot be read or is not whole, so nothing can be said
    """
    log = folder / "_delta_log"
    names = sorted(path.name for path in log.iterdir()) if log.is_dir() else []
    entries = {int(m[1]): log / m[0] for m in map(_ENTRY.fullmatch, names) if m}
    checkpoints = {int(m[1]): log / m[0] for m in map(_CHECKPOINT.fullmatch, names) if m}
    named: set[str] = set()
    try:
        for path in entries.values():
            named.update(_of_entry(path))
        if _has_gaps(entries, checkpoints, log):
            for path in checkpoints.values():
                named.update(_of_checkpoint(path))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise CorruptLake(
            f"the log of the table cannot be read: {error}",
            where=str(log),
            hint="Bring the folder back from a copy of the lake.",
        ) from error
    return frozenset(inside for path in named for inside in _inside(path))


def told_of(folder: Path, number: int) -> Mapping[str, Any] | None:
    """Return what was recorded with the commit of a version; None if its entry is gone.

    The library tells the history of the whole log, the newest entry first, whichever
    version is open; what belongs to an old version stands in its own entry.
    """
    path = folder / "_delta_log" / f"{number:020d}.json"
    try:
        with path.open(encoding="utf-8") as entry:
            for line in entry:
                found = json.loads(line).get("commitInfo")
                if found is not None:
                    return dict(found)
    except (OSError, ValueError):
        return None
    return None


def _has_gaps(
    entries: Mapping[int, Path], checkpoints: Mapping[int, Path], log: Path
) -> bool:
    """Tell whether entries are missing; a checkpoint must stand in for them.

    Raises
    ------
    CorruptLake : none does
    """
    last = max([*entries, *checkpoints], default=-1)
    missing = next((n for n in range(last, -1, -1) if n not in entries), -1)
    if missing > max(checkpoints, default=-1):
        raise CorruptLake(
            f"entry {missing} of the table's log is missing",
            where=str(log),
            hint="Bring the folder back from a copy of the lake.",
        )
    return missing >= 0


def _of_entry(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line.strip()]  # the only end of a line
    if not lines:
        message = f"{path.name} is empty"
        raise ValueError(message)
    for line in lines:
        yield from _of_action(json.loads(line))


def _of_checkpoint(path: Path) -> Iterator[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where the log was cleaned up

    paths = pq.read_table(path, columns=["add.path", "remove.path"])
    for action in paths.to_pylist():
        yield from _of_action(action)


def _of_action(action: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("add", "remove", "cdc"):
        if action.get(kind):
            yield action[kind]["path"]


def _inside(path: str) -> Iterator[str]:
    """Yield a path from its attempt's folder on, as it stands and without escapes.

    Of an absolute path any folder might be the attempt's.
    """
    for spelled in {path, unquote(path)}:
        for found in _ATTEMPT.finditer(spelled):
            yield found[1]
