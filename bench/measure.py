"""One command in a fresh process: seconds, and the peak of its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Measured", "Series", "measured"]

_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What one command took.

    `seconds` of the wall; `cpu_s` of all processors, children included; `peak_bytes` of
    the largest process.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    output: str


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


def measured(command: Sequence[str | Path], *, folder: Path | None = None) -> Measured:
    """Run `command` to its end.

    Raises
    ------
    SystemExit : it failed; with what it printed

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
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        printed = _text(output)
        if process.returncode:
            line = " ".join(str(part) for part in command)
            raise SystemExit(
                f"`{line}` ended with exit code {process.returncode}:\n"
                f"{printed[-2_000:]}{_text(errors)[-4_000:]}"
            )
    return Measured(
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * _UNIT_BYTES,
        printed,
    )


def _text(file: tempfile._TemporaryFileWrapper[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
