"""Processes: which one this is, and whether one that was named is still at work.

A process is named by its machine, its id and when it started, so an id that is used again
is another process. A machine is one boot of one host and one space of process ids: two
containers that share a host's name are two machines, for neither sees the other's
processes.
"""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Process"]

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19  # fields of /proc/PID/stat after the command's name


@dataclass(frozen=True)
class Process:
    """A process: its machine (eight hexadecimal digits), its id, when it started.

    `started` counts in a unit of the machine's own.
    """

    machine: str
    pid: int
    started: int

    @classmethod
    def this(cls) -> Process:
        """Return the process that calls."""
        pid = os.getpid()
        return cls(_machine(), pid, _started(pid) or 0)

    @property
    def is_here(self) -> bool:
        """Whether it belongs to this machine, where one can see if it lives."""
        return self.machine == _machine()

    @property
    def lives(self) -> bool:
        """Whether it is at work; of this machine's processes only. In doubt it is."""
        if not _exists(self.pid):
            return False
        started = _started(self.pid)
        return started is None or started == self.started


@cache
def _machine() -> str:
    boot = _text(_PROC / "sys/kernel/random/boot_id")
    try:
        space = os.readlink(_PROC / "self/ns/pid")  # noqa: PTH115 - no file has this name
    except OSError:
        space = ""
    name = f"{platform.node()} {boot} {space}"
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _exists(pid: int) -> bool:
    """Tell whether there is such a process, of whatever user."""
    if os.name != "posix":
        import psutil  # noqa: PLC0415 - slow to load

        return bool(psutil.pid_exists(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


def _started(pid: int) -> int | None:
    """Return when a process started; 0 if it has ended, None if that cannot be seen."""
    if _PROC.is_dir():
        fields = _text(_PROC / str(pid) / "stat").rpartition(")")[2].split()
        if not fields:
            return None
        return 0 if fields[_STATE] in {"Z", "X", "x"} else int(fields[_STARTED])
    import psutil  # noqa: PLC0415 - slow to load

    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return 0 if ended else int(process.create_time())
    except psutil.Error:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
