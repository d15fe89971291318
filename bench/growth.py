"""Seconds and memory by zone as the flights grow."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import backbone
from bench.projects import repeated
from bench.tables import mebibytes, seconds, table

__all__ = ["TIMES", "grown", "shown"]

TIMES = (1, 10, 30)
_BYTES_EACH = 200 * 2**20  # inbox, landing, three zones of Parquet and what spills
_SAFETY = 1.5


def grown(
    template: Path, work: Path, *, budget_s: float, times: Sequence[int] = TIMES
) -> dict[str, Any]:
    """Run the management path on the flights `times` times over, each from nothing.

    A size that would not fit on the disk, or into what is left of the budget if it grows
    as those before it, is skipped and named.
    """
    sizes: list[dict[str, Any]] = []
    skipped: list[dict[str, Any]] = []
    start = time.monotonic()
    for k in sorted(set(times)):
        why = _obstacle(work, k, sizes, budget_s - (time.monotonic() - start))
        if why:
            print(f"growth {k}x is skipped: {why}", file=sys.stderr)
            skipped.append({"times": k, "why": why})
            continue
        project = repeated(template, work / f"growth{k}", k)
        run = backbone.run(project, *backbone.MANAGEMENT)
        costs = backbone.zones(project)
        rows = {row["asset"]: row["rows"] for row in backbone.asked(project, "ls")}
        sizes.append(
            {
                "times": k,
                "rows": rows["trusted.flights"],
                "seconds": run.seconds,
                "cpu_s": run.cpu_s,
                "peak_bytes": run.peak_bytes,
                "zones": {
                    zone: {"seconds": cost.seconds, "peak_bytes": cost.peak_bytes}
                    for zone, cost in costs.items()
                },
            }
        )
        shutil.rmtree(project)
    return {"sizes": sizes, "skipped": skipped, "exponents": _exponents(sizes)}


def _obstacle(
    work: Path, k: int, before: list[dict[str, Any]], left_s: float
) -> str | None:
    need, free = k * _BYTES_EACH, shutil.disk_usage(work).free
    if need > free:
        return f"it needs about {mebibytes(need)} of disk, {mebibytes(free)} are free"
    last = before[-1] if before else {"seconds": 0.0, "times": 1}
    expected = last["seconds"] * k / last["times"] * _SAFETY
    if expected > left_s:
        return (
            f"it may take {seconds(expected)}, {seconds(max(left_s, 0))} are left of the "
            "budget (--budget)"
        )
    return None


def _exponents(sizes: list[dict[str, Any]]) -> dict[str, float]:
    if len(sizes) < 2:
        return {}
    series = {"all": [size["seconds"] for size in sizes]}
    for zone in backbone.ZONES:
        series[zone] = [size["zones"][zone]["seconds"] for size in sizes]
    logs = [math.log(size["times"]) for size in sizes]
    return {name: _slope(logs, list(map(math.log, ys))) for name, ys in series.items()}


def _slope(xs: list[float], ys: list[float]) -> float:
    """Return the slope of the line of least squares."""
    x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
    across = sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True))
    return across / sum((x - x0) ** 2 for x in xs)


def shown(result: dict[str, Any]) -> str:
    """Show the result for people."""
    sizes, exponents = result["sizes"], result["exponents"]
    head = ["zone", *(f"{size['times']}x" for size in sizes), "exponent"]
    rows = [["flights", *(f"{size['rows']:,}" for size in sizes), ""]]
    for zone in backbone.ZONES:
        costs = [size["zones"][zone] for size in sizes]
        times = [seconds(cost["seconds"]) for cost in costs]
        rows.append([zone, *times, _exponent(exponents, zone)])
        if any(cost["peak_bytes"] for cost in costs):
            rows.append(["", *(mebibytes(cost["peak_bytes"]) for cost in costs), ""])
    walls = [seconds(size["seconds"]) for size in sizes]
    rows.append(["whole process", *walls, _exponent(exponents, "all")])
    rows.append(["", *(mebibytes(size["peak_bytes"]) for size in sizes), ""])
    lines = [table(head, rows), "", "Seconds of a zone are added up over its steps."]
    lines += [f"{one['times']}x was skipped: {one['why']}." for one in result["skipped"]]
    return "\n".join(lines)


def _exponent(exponents: dict[str, float], name: str) -> str:
    return f"{exponents[name]:.2f}" if name in exponents else ""
