"""The TPC-H project on each engine, beside the same job by hand; and how both grow."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import backbone
from bench.measure import Measured, measured
from bench.tables import mebibytes

__all__ = ["ENGINES", "SCALES", "compared"]

ENGINES = ("duckdb", "spark")
SCALES = (0.1, 1.0)
_BYTES_EACH = 8 * 2**30  # of scale 1: raw files, two lakes and what spills
_PROJECT = Path(__file__).parent / "project"
_MODULE = "bench.tpch"


def compared(
    work: Path, *, scales: Sequence[float] = SCALES, engines: Sequence[str] = ENGINES
) -> dict[str, Any]:
    """Run the project and the script once at each scale and on each engine, from nothing.

    Raises
    ------
    SystemExit : the two did not make the same, or two engines did not; no room on disk
    """
    found = []
    start_s = _start() if "spark" in engines else 0.0
    for scale in sorted(set(scales)):
        need, free = scale * _BYTES_EACH, shutil.disk_usage(work).free
        if need > free:
            raise SystemExit(
                f"scale {scale:g} needs about {mebibytes(need)} of disk, "
                f"{mebibytes(free)} are free (--work names another folder)"
            )
        folder = work / f"tpch-{scale:g}"
        found.append({"scale": scale, **_at(scale, folder, engines, start_s)})
        shutil.rmtree(folder)
    return {"start_s": start_s, "scales": found, "growth": list(_growth(found))}


def _start() -> float:
    """Return the seconds from nothing to a Spark that has answered once, and its end."""
    return measured([sys.executable, "-m", f"{_MODULE}.by_hand", "spark"]).seconds


def _at(
    scale: float, work: Path, engines: Sequence[str], start_s: float
) -> dict[str, Any]:
    data = work / "data"
    measured([sys.executable, "-m", f"{_MODULE}.data", str(scale), data])
    found: dict[str, Any] = {"raw_bytes": _size(data), "engines": {}}
    hashes = {}
    for engine in engines:
        print(f"  scale {scale:g} on {engine} …", file=sys.stderr, flush=True)
        project, out = _project(data, work / engine), work / f"{engine}-by-hand"
        words = [sys.executable, "-m", f"{_MODULE}.by_hand", engine, project, out]
        script = measured(words, watch=True)
        product = backbone.run(project, engine=engine, watch=True)
        _check_same(project, out)
        hashes[engine] = _hashes(project)
        found["counts"] = _counts(project)
        zones = backbone.zones(project)
        found["engines"][engine] = {
            "backbone": _side(
                product,
                start_s if engine == "spark" else 0.0,
                {zone: cost.seconds for zone, cost in zones.items()},
                _of_lake(project / ".backbone/lake"),
            ),
            "by_hand": _side(
                script,
                start_s if engine == "spark" else 0.0,
                json.loads(script.output.splitlines()[-1])["seconds"],
                {zone: out / zone for zone in backbone.ZONES},
            ),
        }
        shutil.rmtree(project)
        shutil.rmtree(out)
    _check_hashes(hashes)
    return {**found, "hashed": len(hashes[engines[0]])}


def _project(data: Path, folder: Path) -> Path:
    """Write the project with links to its raw files."""
    shutil.copytree(_PROJECT, folder)
    return shutil.copytree(data, folder, copy_function=os.link, dirs_exist_ok=True)


def _check_same(project: Path, out: Path) -> None:
    words = [sys.executable, "-m", f"{_MODULE}.same", project, out]
    differences = json.loads(measured(words).output)
    if differences:
        listed = "\n".join(f"  {line}" for line in differences)
        raise SystemExit(
            "the comparison is void, because the backbone and the script did different "
            f"work:\n{listed}"
        )


def _hashes(project: Path) -> dict[str, str]:
    rows = backbone.asked(project, "ls", "--all", "--hash")
    return {row["asset"]: row["content_hash"] for row in rows if row.get("content_hash")}


def _check_hashes(hashes: Mapping[str, Mapping[str, str]]) -> None:
    (first, expected), *others = hashes.items()
    for engine, found in others:
        differ = sorted(
            asset
            for asset in expected.keys() | found.keys()
            if expected.get(asset) != found.get(asset)
        )
        if differ:
            raise SystemExit(
                f"{first} and {engine} made other tables: {', '.join(differ)}"
            )


def _counts(project: Path) -> dict[str, int]:
    """Return how many rows the tables of a zone have, and side tables of a kind."""
    found: dict[str, int] = {}
    for row in backbone.asked(project, "ls", "--all"):
        zone, _, name = row["asset"].partition(".")
        what = name.partition("__")[2] or zone
        if zone != "landing":
            found[what] = found.get(what, 0) + int(row["rows"] or 0)
    return found


def _of_lake(lake: Path) -> dict[str, Path]:
    landing, *others = backbone.ZONES
    return {landing: lake / landing, **{zone: lake / "tables" / zone for zone in others}}


def _side(
    run: Measured, start_s: float, spent: Mapping[str, float], places: Mapping[str, Path]
) -> dict[str, Any]:
    return {
        "seconds": run.seconds,
        "without_start_s": run.seconds - start_s,
        "cpu_s": run.cpu_s,
        "peak_bytes": run.peak_bytes,
        "peaks": dict(run.peaks),
        "zones": {
            zone: {"seconds": spent[zone], "bytes": _size(places[zone])}
            for zone in backbone.ZONES
        },
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _growth(scales: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield, from each scale to the next, the exponent of growth by engine and zone."""
    for small, large in pairwise(scales):
        few, many = (one["counts"]["formatted"] for one in (small, large))
        times = math.log(many / few)
        exponents = {}
        for engine, sides in large["engines"].items():
            for who, after in sides.items():
                before = small["engines"][engine][who]
                exponents[engine, who] = {
                    part: math.log(cost / _spent(before)[part]) / times
                    for part, cost in _spent(after).items()
                }
        yield {
            "from": small["scale"],
            "to": large["scale"],
            "n_log_n": math.log(many * math.log(many) / few / math.log(few)) / times,
            "exponents": [
                {"engine": engine, "who": who, **parts}
                for (engine, who), parts in exponents.items()
            ],
        }


def _spent(side: Mapping[str, Any]) -> dict[str, float]:
    zones = {zone: cost["seconds"] for zone, cost in side["zones"].items()}
    return {**zones, "all": side["without_start_s"]}
