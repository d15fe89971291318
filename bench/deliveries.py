"""How planning, and adding one file, slow down with the deliveries already there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.backbone import command
from bench.measure import measured
from bench.tables import mebibytes, seconds, table

__all__ = ["DELIVERIES", "grown", "shown"]

DELIVERIES = (10, 1_000, 20_000)
_ROWS = 10
_FILES = {
    "backbone.yml": "name: grow\n",
    "sources/meters.yml": (
        'collector: files\npath: inbox/*.csv\ndatasets: {meters: "*.csv"}\n'
    ),
    "formatted/meters.yml": (
        "from: landing.meters\nread: {format: csv}\nkey: [id]\n"
        "columns:\n  id: {type: integer}\n  value: {type: double}\n"
    ),
}
_WORDS = {
    "plan": ("plan",),
    "run, nothing new": ("run", "formatted.meters", "--quiet"),
    "add one": ("run", "formatted.meters", "--quiet"),
    "run, all tables": ("run", "--quiet"),
}


def grown(
    work: Path, *, repeat: int, deliveries: Sequence[int] = DELIVERIES
) -> dict[str, Any]:
    """Measure each command with so many small files already landed and formatted."""
    return {"sizes": [_size(work, n, repeat) for n in sorted(set(deliveries))]}


def _size(work: Path, number: int, repeat: int) -> dict[str, Any]:
    project = work / f"deliveries{number}"
    for name, text in _FILES.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (project / "inbox").mkdir()
    for one in range(number):
        _deliver(project, one)
    first = _run(project, ("run", "--quiet"))
    _run(project, ("plan",))  # writes the index
    found = {"deliveries": number, "first": _cost(first), "commands": {}}
    for name, words in _WORDS.items():
        costs = []
        for turn in range(repeat):
            if name == "add one":
                _deliver(project, number + turn)
            costs.append(_cost(_run(project, words)))
        found["commands"][name] = min(costs, key=lambda cost: cost["cpu_s"])
    return found


def _deliver(project: Path, number: int) -> None:
    lines = [f"{number * _ROWS + row},{row}.5" for row in range(_ROWS)]
    path = project / f"inbox/f{number:06}.csv"
    path.write_text("\n".join(["id,value", *lines, ""]), encoding="utf-8")


def _run(project: Path, words: Sequence[str]) -> Any:
    return measured([*command(), "-C", project, *words])


def _cost(run: Any) -> dict[str, float]:
    return {"seconds": run.seconds, "cpu_s": run.cpu_s, "peak_bytes": run.peak_bytes}


def shown(result: dict[str, Any]) -> str:
    """Show the result for people."""
    sizes = result["sizes"]
    head = ["", *(f"{size['deliveries']:,}" for size in sizes), "exponent"]
    rows = []
    for name in _WORDS:
        costs = [size["commands"][name] for size in sizes]
        rows.append([name, *(seconds(one["seconds"]) for one in costs), ""])
        spent = [one["cpu_s"] for one in costs]
        rows.append(["  processor", *map(seconds, spent), _exponent(sizes, spent)])
        rows.append(["  memory", *(mebibytes(one["peak_bytes"]) for one in costs), ""])
    first = [seconds(size["first"]["seconds"]) for size in sizes]
    rows.append(["the first run", *first, ""])
    return f"Deliveries already there.\n\n{table(head, rows)}"


def _exponent(sizes: Sequence[dict[str, Any]], spent: Sequence[float]) -> str:
    """Return the power of the deliveries with which the last step grew."""
    if len(sizes) < 2:
        return ""
    times = sizes[-1]["deliveries"] / sizes[-2]["deliveries"]
    return f"{math.log(spent[-1] / spent[-2]) / math.log(times):.2f}"
