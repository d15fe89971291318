"""Backbone from outside: its command, its JSON, and what its catalog remembers."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Measured, measured

__all__ = [
    "MANAGEMENT",
    "ZONES",
    "ZoneCost",
    "asked",
    "command",
    "counts",
    "run",
    "zones",
]

ZONES = ("landing", "formatted", "trusted", "exploitation")
MANAGEMENT = tuple(f"zone:{zone}" for zone in ZONES)
_ACCOUNT = ("rejected", "rejected_cells", "quarantined", "merged", "repaired")


@dataclass(frozen=True)
class ZoneCost:
    """What the steps of a zone took in one run.

    `seconds` are added up over steps, some of which run at the same time; `peak_bytes`
    is the memory of the whole process while they ran (0: not recorded).
    """

    seconds: float
    peak_bytes: int


def command() -> list[str]:
    """Return how Backbone is called in the environment of this Python."""
    script = Path(sys.executable).with_name("backbone")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-m", "backbone.cli.main"]


def run(
    project: Path, *select: str, engine: str = "duckdb", watch: bool = False
) -> Measured:
    """Run a project, or what is selected of it."""
    words = [*command(), "-C", project, "run", "--engine", engine, *select]
    return measured(words, watch=watch)


def asked(project: Path, *words: str) -> Any:
    """Return what a verb prints with ``--json``."""
    return json.loads(measured([*command(), "-C", project, *words, "--json"]).output)


def zones(project: Path) -> dict[str, ZoneCost]:
    """Return what each zone took in the last run."""
    seconds: defaultdict[str, float] = defaultdict(float)
    peaks: defaultdict[str, int] = defaultdict(int)
    catalog = project / ".backbone/catalog.db"
    with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as db:
        last = db.execute("SELECT id FROM runs ORDER BY started DESC LIMIT 1").fetchone()
        for (cost,) in db.execute(  # each dataset of a source has the source's seconds
            "SELECT max(seconds) FROM collections WHERE run = ? GROUP BY source", last
        ):
            seconds["landing"] += cost
        for asset, cost, peak in db.execute(
            "SELECT asset, seconds, memory_bytes FROM steps WHERE run = ?", last
        ):
            zone = asset.partition(".")[0]
            seconds[zone] += cost or 0.0
            peaks[zone] = max(peaks[zone], peak or 0)
    return {zone: ZoneCost(seconds[zone], peaks[zone]) for zone in ZONES}


def counts(project: Path) -> dict[tuple[str, str, str], int]:
    """Return what was made, by (asset, what, rule); zeros are left out."""
    found: dict[tuple[str, str, str], int] = {}
    for row in asked(project, "ls", *MANAGEMENT[1:]):
        zone, _, table = row["asset"].partition(".")
        found[table, zone, ""] = row["rows"]
        if zone == "trusted":
            quality = asked(project, "quality", row["asset"])
            account = quality["account"]
            for what in _ACCOUNT:
                found[table, what, ""] = int(account.get(what) or 0)
            for rule in quality["rules"]:
                found[table, "violations", rule["name"]] = rule["violating_rows"]
    return {key: count for key, count in found.items() if count}
