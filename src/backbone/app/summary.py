"""What a run left behind, zone by zone, and the demonstration that shows it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

from backbone.app.environment import Environment, open_environment
from backbone.app.projects import init
from backbone.app.runs import run
from backbone.model.names import ZONES, AssetName
from backbone.operations.verbs import RunReport
from backbone.operations.work import Tell

__all__ = ["DemoReport", "demo", "reports", "zones"]


_A_FLIGHT = 'UA 1545 "2013-01-01 10:15:00+00" EWR'
_A_QUESTION = (
    "select origin, sum(flights) as flights, avg(mean_dep_delay) as delay "
    "from exploitation.daily_traffic group by origin"
)


@dataclass(frozen=True)
class DemoReport:
    """What the demonstration did and where it is.

    `zones` has a row per zone: tables, rows, rejected, quarantined, repaired, seconds.
    """

    run: RunReport
    zones: tuple[dict[str, Any], ...]
    reports: tuple[Path, ...]
    next_commands: tuple[str, ...]
    folder: Path


def demo(
    folder: Path,
    *,
    engine: str | None = None,
    tell: Tell = lambda _event: None,
) -> DemoReport:
    """Write the flights project into `folder` if it is not there, run it, sum it up.

    Three live sources (files, an HTTP API, a database) to two finished analyses; done
    again, it goes on in the same folder.

    Raises
    ------
    BackboneError : the folder holds something else, or the example's data are missing
    """
    init(folder, example="flights")
    with open_environment(folder, engine=engine) as env:
        report = run(env, tell=tell)
        return DemoReport(
            run=report,
            zones=tuple(zones(env, report)),
            reports=tuple(reports(env)),
            next_commands=_next(folder),
            folder=folder,
        )


def _next(folder: Path) -> tuple[str, ...]:
    at = "" if folder.resolve() == Path.cwd() else f" -C {folder}"
    typed = f"{_command()}{at}"
    return (
        f"{typed} quality trusted.flights",
        f"{typed} trace exploitation.flight_conditions {_A_FLIGHT}",
        f'{typed} query "{_A_QUESTION}"',
    )


def _command() -> str:
    """Return what to type for ``backbone``: its path, where it is not on the PATH."""
    script = Path(sys.executable).with_name("backbone")
    if which("backbone") or not script.is_file():
        return "backbone"
    near = script.is_relative_to(Path.cwd())
    return str(script.relative_to(Path.cwd()) if near else script)


def zones(env: Environment, report: RunReport) -> list[dict[str, Any]]:
    """Return a row per zone: tables, rows, rejected, quarantined, repaired, seconds.

    Rows and accounts are those of the newest versions; seconds are this run's.
    """
    heads = env.catalog.heads()
    seconds = {step.asset: step.seconds for step in report.steps}
    rows = []
    for zone in ZONES:
        assets = [asset for asset in env.graph.order if asset.zone == zone]
        if zone == "landing":
            rows.append(_landing(env, assets, report))
            continue
        known = [heads[str(a)] for a in assets if str(a) in heads]
        rows.append(
            {
                "zone": zone,
                "tables": len(known),
                "rows": sum(head["rows"] for head in known),
                "rejected": _sum(known, "rejected") if zone == "formatted" else None,
                "quarantined": _sum(known, "quarantined") if zone == "trusted" else None,
                "repaired": _sum(known, "repaired") if zone == "trusted" else None,
                "seconds": sum(seconds.get(asset, 0.0) for asset in assets),
            }
        )
    return rows


def _landing(
    env: Environment, assets: list[AssetName], report: RunReport
) -> dict[str, Any]:
    deliveries = sum(
        len(env.lake.landing.deliveries(env.project.dataset_source(a.table), a.table))
        for a in assets
    )
    sources = {one.source: one.seconds for one in report.collected}
    return {
        "zone": "landing",
        "tables": len(assets),
        "rows": None,
        "deliveries": deliveries,
        "rejected": None,
        "quarantined": None,
        "repaired": None,
        "seconds": sum(sources.values()),
    }


def _sum(heads: Sequence[Mapping[str, Any]], key: str) -> int:
    return sum(int(head["record"].get("account", {}).get(key, 0)) for head in heads)


def reports(env: Environment) -> list[Path]:
    """Return the paths of the newest report of every analysis."""
    heads = env.catalog.heads()
    found = []
    for name in sorted(env.project.analyses):
        asset = AssetName("analysis", name)
        head = heads.get(str(asset))
        if head is not None:
            folder = env.lake.artifacts.folder(asset, head["identity"])
            found.append(folder / "report.html")
    return [path for path in found if path.is_file()]
