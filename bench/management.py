"""The management path of the flights example, beside one script written for it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from bench import backbone
from bench.measure import Series, measured
from bench.projects import copied
from bench.tables import aimed, mebibytes, seconds, table

__all__ = ["compared", "shown"]

_AIM = 2.0


def compared(template: Path, work: Path, *, repeat: int) -> dict[str, Any]:
    """Run both in turns, each time from nothing.

    Raises
    ------
    SystemExit : they did not make the same
    """
    script, product = [], []
    stages: list[dict[str, float]] = []
    zones: list[dict[str, backbone.ZoneCost]] = []
    differences: list[str] = []
    for _ in range(repeat):
        run = measured([sys.executable, "-m", "bench.by_hand", template, work / "script"])
        script.append(run)
        made = json.loads(run.output)
        stages.append(made["seconds"])
        project = copied(template, work / "product")
        product.append(backbone.run(project, *backbone.MANAGEMENT))
        zones.append(backbone.zones(project))
        differences = _differences(_counts(made), backbone.counts(project))
        shutil.rmtree(work / "script")
        shutil.rmtree(project)
        if differences:
            raise SystemExit(_void(differences))
    by_hand, ours = Series(tuple(script)), Series(tuple(product))
    best = min(range(repeat), key=lambda n: product[n].seconds)
    best_script = min(range(repeat), key=lambda n: script[n].seconds)
    return {
        "by_hand": by_hand.plain(),
        "backbone": ours.plain(),
        "ratio": {
            "best_s": ours.best_s / by_hand.best_s,
            "median_s": ours.median_s / by_hand.median_s,
            "cpu_s": ours.cpu_s / by_hand.cpu_s,
            "peak_bytes": ours.peak_bytes / by_hand.peak_bytes,
        },
        "zones": {
            zone: {"by_hand_s": stages[best_script][zone], "backbone_s": cost.seconds}
            for zone, cost in zones[best].items()
        },
    }


def _counts(made: dict[str, Any]) -> dict[tuple[str, str, str], int]:
    return {(a, what, rule or ""): n for a, what, rule, n in made["counts"] if n}


def _differences(
    script: dict[tuple[str, str, str], int], product: dict[tuple[str, str, str], int]
) -> list[str]:
    return [
        f"{' '.join(filter(None, key))}: {script.get(key, 0):,} by hand, "
        f"{product.get(key, 0):,} by the backbone"
        for key in sorted(script.keys() | product.keys())
        if script.get(key, 0) != product.get(key, 0)
    ]


def _void(differences: list[str]) -> str:
    listed = "\n".join(f"  {line}" for line in differences)
    return f"the comparison is void, because the two did different work:\n{listed}"


def shown(result: dict[str, Any]) -> str:
    """Show the result for people."""
    ours, script, ratio = result["backbone"], result["by_hand"], result["ratio"]
    rows = [
        [name, show(ours[key]), show(script[key]), f"{ratio[key]:.2f}x"]
        for name, key, show in (
            (f"best of {ours['runs']}", "best_s", seconds),
            ("median", "median_s", seconds),
            ("processor time", "cpu_s", seconds),
            ("peak memory", "peak_bytes", mebibytes),
        )
    ]
    zones = [
        [zone, seconds(cost["backbone_s"]), seconds(cost["by_hand_s"])]
        for zone, cost in result["zones"].items()
    ]
    return "\n".join(
        [
            table(["management path", "backbone", "by hand", "ratio"], rows),
            "",
            table(["within the best run (steps added up)", "backbone", "by hand"], zones),
            "",
            f"time   {aimed(ratio['median_s'], _AIM, 'x')}",
            f"memory {aimed(ratio['peak_bytes'], _AIM, 'x')}",
            "Both made the same rows, violations, repairs, quarantine and merged rows.",
        ]
    )
