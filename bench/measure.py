"""One command in a fresh process: seconds, and the peak of its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.watch import Watch

__all__ = ["Measured", "Series", "measured"]

_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What one command took.

    `seconds` of the wall; `cpu_s` of all processors, children included; `peak_bytes` of
    the largest process, or of all processes together where they were watched; `peaks` by
    kind then.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    output: str
    peaks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """The same command several times."""

    runs: tuple[Measured, ...]

    @property
    def best_s(self) -> float:
        return min(run.seconds for run in self.runs)

    @property
    def median_s(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def cpu_s(self) -> float:
        return median(run.cpu_s for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        return max(run.peak_bytes for run in self.runs)

    def plain(self) -> dict[str, float | int]:
        return {
            "runs": len(self.runs),
            "best_s": round(self.best_s, 3),
            "median_s": round(self.median_s, 3),
            "cpu_s": round(self.cpu_s, 3),
            "peak_bytes": self.peak_bytes,
        }


def measured(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    watch: bool = False,
    limit_s: float | None = None,
) -> Measured:
    """Run `command` to its end; `watch` the memory of all that it starts.

    Raises
    ------
    SystemExit : it failed; with what it printed
    subprocess.TimeoutExpired : it took longer than `limit_s`, and was killed

    Notes
    -----
    Linux counts the memory of the parent at the time of the fork as the child's, so this
    process stays small: nothing here imports DuckDB or Backbone.
    """
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        watched = Watch(process.pid) if watch else None
        killed = threading.Event()
        timer = threading.Timer(limit_s or 0, lambda: (killed.set(), process.kill()))
        if limit_s is not None:
            timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        timer.cancel()
        if watched is not None:
            watched.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed = _text(output)
        if killed.is_set():
            raise subprocess.TimeoutExpired(list(map(str, command)), limit_s or 0)
        if process.returncode:
            line = " ".join(str(part) for part in command)
            raise SystemExit(
                f"`{line}` ended with exit code {process.returncode}:\n"
                f"{printed[-2_000:]}{_text(errors)[-4_000:]}"
            )
    cpu_s, peak_bytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _UNIT_BYTES
    if watched is None:
        return Measured(seconds, cpu_s, peak_bytes, printed)
    return Measured(
        seconds,
        max(cpu_s, watched.cpu_s),  # a Java that nobody waits for is in the second alone
        max(peak_bytes, watched.peak_bytes),
        printed,
        watched.peaks,
    )


def _text(file: tempfile._TemporaryFileWrapper[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
