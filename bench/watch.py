"""The memory of a process and of all that it starts, looked at while they run."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

import psutil

__all__ = ["Watch"]

_EVERY_S = 0.2


class Watch:
    """Looks several times a second, until it is stopped.

    Memory that processes share is counted once, in shares (PSS, on Linux); elsewhere it
    is resident memory, added up.

    Attributes
    ----------
    peak_bytes : the most that all processes had together
    peaks : the most that each kind had: `first` (the process that was started), `java`,
        and `others`, which are mostly Python workers of Spark
    """

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self.peaks: dict[str, int] = {}
        self._first = pid
        self._cpu_s: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @property
    def cpu_s(self) -> float:
        """Processor seconds of all processes that were ever seen, as last seen."""
        return sum(self._cpu_s.values())

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        try:
            first = psutil.Process(self._first)
        except psutil.Error:
            return
        while not self._stopped.wait(_EVERY_S):
            self._add(first)

    def _add(self, first: psutil.Process) -> None:
        found: defaultdict[str, int] = defaultdict(int)
        try:
            processes = [first, *first.children(recursive=True)]
        except psutil.Error:
            return
        javas: set[int] = set()
        for process in processes:  # parents come before their children
            try:
                kind = self._kind(process)
                if kind == "java":
                    javas.add(process.pid)
                    if process.ppid() in javas:  # about to become another program,
                        continue  # it still shares the memory of its parent
                found[kind] += _memory(process)
                used = process.cpu_times()
            except psutil.Error:
                continue
            self._cpu_s[process.pid] = used.user + used.system
        self.peak_bytes = max(self.peak_bytes, sum(found.values()))
        for kind, size in found.items():
            self.peaks[kind] = max(self.peaks.get(kind, 0), size)

    def _kind(self, process: psutil.Process) -> str:
        if process.pid == self._first:
            return "first"
        return "java" if Path(process.exe()).name == "java" else "others"


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except AttributeError:
        return process.memory_info().rss
