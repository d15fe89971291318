"""Locks on assets, held by a process and freed by the system when it dies."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from backbone.errors import LockHeld
from backbone.lake.disk import writing
from backbone.model.names import AssetName

if os.name == "posix":
    import fcntl

__all__ = ["Locks", "locked"]

_POLL_S = 0.1


class Locks:
    """Advisory locks, one file per asset, on a local disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def hold(
        self,
        asset: AssetName,
        *,
        run: str,
        timeout_s: float,
        waiting: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Hold the lock of `asset`; wait for another holder at most `timeout_s`.

        `waiting` is told once, in words, who holds the lock.

        Raises
        ------
        LockHeld : the time is over
        LakeError : the lock's file cannot be written
        """
        path = self.root / f"{asset}.lock"
        with self._opened(path) as stream:
            _acquire(stream.fileno(), str(path), asset, timeout_s, waiting)
            since = datetime.now(UTC).isoformat(timespec="seconds")
            holder = {"pid": os.getpid(), "run": run, "since": since}
            with writing(path):
                stream.truncate(0)
                stream.write(json.dumps(holder).encode())
            try:
                yield
            finally:
                stream.truncate(0)

    def _opened(self, path: Path) -> FileIO:
        """Open a lock's file without a buffer, which could not be emptied at the end."""
        with writing(path):
            self.root.mkdir(parents=True, exist_ok=True)
            return path.open("a+b", buffering=0)


def _acquire(
    descriptor: int,
    path: str,
    asset: AssetName,
    timeout_s: float,
    waiting: Callable[[str], None] | None,
) -> None:
    deadline = time.monotonic() + timeout_s
    told = False
    while not locked(descriptor):
        holder = _holder(path)
        if time.monotonic() >= deadline:
            raise LockHeld(
                f"{asset} is being written by {holder}",
                hint=f"Waited {timeout_s:g} s, as `lock_timeout_s` in backbone.yml says.",
                command="backbone resume",
            )
        if waiting and not told:
            waiting(f"waiting for {holder}, which is writing {asset}")
            told = True
        time.sleep(_POLL_S)


def locked(descriptor: int) -> bool:
    """Take the lock of an open file, if nobody has it; tell whether it was taken."""
    if os.name != "posix":
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: str) -> str:
    try:
        known = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another run"
    return f"run {known['run']} (process {known['pid']}, since {known['since']})"
