"""Leases: who may still write into a folder that no version names yet.

Whatever is being written stands in a folder whose name tells its owner from the moment it
is there: machine, process, when that started, which lease of its own, which folder
(`Leases.claim`). A process of this machine can be seen to be dead. For the others each
owner keeps a small file in ``leases/`` that it touches every quarter of a minute; who has
not done so for a long while has lost its lease, cannot commit any more, and finds out
when it tries.

No clock of another machine is believed: ages are differences of times that the file
system itself noted.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import re
import secrets
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backbone.errors import CommitConflict
from backbone.lake.disk import writing
from backbone.lake.processes import Process

__all__ = ["GRACE_S", "LABEL", "SHORTEST_GRACE_S", "Leases", "Owner"]

GRACE_S = 3600.0
SHORTEST_GRACE_S = 120.0  # eight touches; network file systems show one 60 s late
LABEL = r"[0-9a-f]{8}-\d+-\d+-[0-9a-f]{12}"

_BEAT_S = 15.0
_PARTS = re.compile(
    r"(?P<lease>(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-(?P<started>\d+)-[0-9a-f]{6})"
    r"[0-9a-f]{6}"
)


@dataclass(frozen=True)
class Owner:
    """Whose a folder is: a lease of a process."""

    lease: str
    process: Process

    @classmethod
    def parse(cls, label: str) -> Owner | None:
        """Read the name that `Leases` gave; None for any other name."""
        found = _PARTS.fullmatch(label)
        if found is None:
            return None
        pid, started = int(found["pid"]), int(found["started"])
        return cls(found["lease"], Process(found["machine"], pid, started))


class Leases:
    """The leases on a lake, and the one that this object holds; threads may share it.

    Parameters
    ----------
    root : the folder of the leases; it is made with the first
    along : folders that a process that writes may need, made with the first too
    """

    def __init__(self, root: Path, *, along: tuple[Path, ...] = ()) -> None:
        self.root = root
        self._along = along
        self.mine = _new_lease()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._end: weakref.finalize[[Path, threading.Event], Leases] | None = None

    def label(self) -> str:
        """Return a new name for a folder of this process; nothing is written."""
        return f"{self.mine}{next(self._numbers):06x}"

    def claim(self) -> str:
        """Return a new name for a folder whose owner all machines can see to be alive.

        Raises
        ------
        LakeError : the lease cannot be written

        Notes
        -----
        One look at a file; the first writes it.
        """
        with self._lock:
            if self._end is None or not self._path(self.mine).exists():
                self._begin()
            return self.label()

    def assure(self, label: str) -> None:
        """Touch the lease of a folder, which must hold still; done just before a commit.

        A folder that no lease is named for is taken as it is.

        Raises
        ------
        CommitConflict : it was taken for over, and what it protected may be gone
        """
        owner = Owner.parse(label)
        if owner is None:
            return
        path = self._path(owner.lease)
        try:
            os.utime(path)
        except FileNotFoundError as error:
            raise CommitConflict(
                "this run was taken for dead: it had shown no sign of life for long",
                where=str(path),
                command="backbone run",
            ) from error

    def is_over(self, owner: Owner) -> bool:
        """Tell whether a process of this machine died, or gave its lease back."""
        return not owner.process.lives or self._is_ended(owner.lease)

    def last_sign(self, lease: str) -> float:
        """Return when a lease was touched last, 0 if it is not there."""
        try:
            return self._path(lease).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def holder(self, lease: str) -> str:
        """Say who holds a lease."""
        known = self._read(lease)
        if "host" not in known:
            return "a process of another machine"
        return f"process {known['pid']} on {known['host']}"

    def now(self) -> float:
        """Return the time as the file system tells it, which notes the signs of life."""
        with suppress(OSError), tempfile.TemporaryFile(dir=self.root.parent) as probe:
            return os.fstat(probe.fileno()).st_mtime
        return time.time()

    def retire(self, *, older_than_s: float) -> None:
        """Remove leases that are over; who held one of them cannot commit under it."""
        paths = sorted(self.root.iterdir()) if self.root.is_dir() else []
        before = self.now() - older_than_s if paths else 0.0
        for path in paths:
            owner = Owner.parse(f"{path.stem}000000")
            if owner is None or not owner.process.is_here or self.is_over(owner):
                _take(path, before=before)

    def close(self) -> None:
        """Give the lease back; what stands under it is nobody's then."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._end is not None:
            self._end()
            self._end = None
            self.mine = _new_lease()

    def _begin(self) -> None:
        self._close()
        path, stop = self._path(self.mine), threading.Event()
        with writing(path):
            for folder in (self.root, *self._along):
                folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(_holder()), encoding="utf-8")
        threading.Thread(
            target=_beat, args=(path, stop), name="lease", daemon=True
        ).start()
        self._end = weakref.finalize(self, _give_back, path, stop)

    def _path(self, lease: str) -> Path:
        return self.root / f"{lease}.json"

    def _is_ended(self, lease: str) -> bool:
        return "ended" in self._read(lease)

    def _read(self, lease: str) -> dict[str, object]:
        try:
            return dict(json.loads(self._path(lease).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}


def _new_lease() -> str:
    process = Process.this()
    name = f"{process.machine}-{process.pid}-{process.started}"
    return f"{name}-{secrets.token_hex(3)}"


def _holder() -> dict[str, object]:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return {"host": platform.node(), "pid": os.getpid(), "since": since}


def _beat(path: Path, stop: threading.Event) -> None:
    while not stop.wait(_BEAT_S):
        with suppress(OSError):  # one that was taken away is noticed by the next commit
            os.utime(path)


def _give_back(path: Path, stop: threading.Event) -> None:
    """Write down that a lease has ended.

    It is not removed: other machines may see that before they see the last commit.
    """
    stop.set()
    ended = {**_holder(), "ended": True}
    with suppress(OSError), path.open("r+", encoding="utf-8") as stream:
        stream.write(json.dumps(ended))
        stream.truncate()


def _take(path: Path, *, before: float) -> None:
    """Remove a file of a lease last touched `before`, unless its holder does so now."""
    taken = path.with_suffix(f".{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        if path.stat().st_mtime > before:
            return
        path.rename(taken)
        if taken.stat().st_mtime > before:
            taken.rename(path)
        else:
            taken.unlink()
