"""How much memory a step took: the peak of the whole process while it ran."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import psutil

__all__ = ["MemoryWatch"]

_INTERVAL_S = 0.05


class MemoryWatch:
    """Samples the resident memory of this process and notes peaks by step.

    Steps that run at once share the process, so each is charged the whole of it.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._peaks: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    @contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Watch while `step` runs."""
        with self._lock:
            self._peaks[step] = self._process.memory_info().rss
        yield

    def peak(self, step: str) -> int:
        """Return the peak in bytes since `step` began, and stop watching it."""
        now = int(self._process.memory_info().rss)
        with self._lock:
            return max(now, self._peaks.pop(step, now))

    def _sample(self) -> None:
        while not self._stop.wait(_INTERVAL_S):
            now = int(self._process.memory_info().rss)
            with self._lock:
                for step, peak in self._peaks.items():
                    self._peaks[step] = max(peak, now)
