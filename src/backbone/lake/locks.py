"""Locks on assets, held by a process and freed by the system when it dies."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from backbone.errors import LockHeld
from backbone.model.names import AssetName

if os.name == "posix":
    import fcntl

__all__ = ["Locks"]

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
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f"{asset}.lock").open("a+", encoding="utf-8") as stream:
            _acquire(stream.fileno(), stream.name, asset, timeout_s, waiting)
            stream.seek(0)
            stream.truncate()
            since = datetime.now(UTC).isoformat(timespec="seconds")
            stream.write(json.dumps({"pid": os.getpid(), "run": run, "since": since}))
            stream.flush()
            try:
                yield
            finally:
                stream.seek(0)
                stream.truncate()


def _acquire(
    descriptor: int,
    path: str,
    asset: AssetName,
    timeout_s: float,
    waiting: Callable[[str], None] | None,
) -> None:
    deadline = time.monotonic() + timeout_s
    told = False
    while not _try(descriptor):
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


def _try(descriptor: int) -> bool:
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
