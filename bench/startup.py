"""The demo, a run with nothing to do, and the help: what a person waits for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bench.backbone import command, run
from bench.measure import Series, measured
from bench.tables import aimed, mebibytes, seconds

__all__ = ["demo", "helped", "idle", "shown"]


def demo(folder: Path) -> dict[str, Any]:
    """Run the demo once, in a folder that is not there."""
    once = Series((measured([*command(), "demo", folder]),))
    return {"what": "backbone demo", **once.plain(), "aim_s": 60, "aim_bytes": 2 * 2**30}


def idle(project: Path, *, repeat: int) -> dict[str, Any]:
    """Run a project that is up to date."""
    run(project)
    runs = Series(tuple(run(project) for _ in range(repeat)))
    return {"what": "backbone run, nothing to do", **runs.plain(), "aim_s": 1.5}


def helped(*, repeat: int) -> dict[str, Any]:
    """Ask for help; beside it, what Python takes to start and end."""
    measured([*command(), "--help"])
    runs, python = [], []
    for _ in range(repeat):
        runs.append(measured([*command(), "--help"]))
        python.append(measured([sys.executable, "-c", ""]))
    return {
        "what": "backbone --help",
        **Series(tuple(runs)).plain(),
        "aim_s": 0.3,
        "python_s": round(Series(tuple(python)).median_s, 3),
    }


def shown(result: dict[str, Any]) -> str:
    """Show a result for people."""
    median = aimed(result["median_s"], result["aim_s"], " s")
    best = f"best {seconds(result['best_s'])} of {result['runs']}"
    lines = [f"{result['what']}: {median} ({best})"]
    peak = mebibytes(result["peak_bytes"])
    if "aim_bytes" in result:
        met = "met" if result["peak_bytes"] < result["aim_bytes"] else "missed"
        peak += f", aim below {mebibytes(result['aim_bytes'])}: {met}"
    lines.append(f"  processor time {seconds(result['cpu_s'])}, peak memory {peak}")
    if "python_s" in result:
        lines.append(f"  of which Python itself {seconds(result['python_s'])}")
    return "\n".join(lines)
