"""Seconds and memory as the same kind of file comes more and more often."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench import backbone
from bench.tables import mebibytes, seconds, table

__all__ = ["FILES", "counted", "shown"]

FILES = (20, 200, 2_000)
_RECORDS = 50
_DECLARED = {
    "backbone.yml": """\
name: files
""",
    "sources/counters.yml": """\
collector: files
path: inbox/*.csv
datasets:
  counts: "counts_*.csv"
""",
    "formatted/counts.yml": """\
from: landing.counts
read: {format: csv}
key: [counter, hour]
columns:
  counter: {type: integer}
  hour: {type: timestamp}
  vehicles: {type: integer}
""",
    "trusted/counts.yml": """\
rules:
  - name: one_count
    unique: [counter, hour]
    action: deduplicate
  - name: possible
    range: {vehicles: [0, 10000]}
    action: blank
""",
}


def counted(
    work: Path, *, files: Sequence[int], engines: Sequence[str]
) -> dict[str, Any]:
    """Run a project of one table on each number of files and on each engine."""
    found = []
    for number in sorted(set(files)):
        for engine in engines:
            print(f"  {number:,} files on {engine} …", file=sys.stderr, flush=True)
            project = _project(work / f"files-{number}-{engine}", number)
            run = backbone.run(project, engine=engine, watch=True)
            _check(project, number)
            zones = backbone.zones(project)
            found.append(
                {
                    "files": number,
                    "engine": engine,
                    "seconds": run.seconds,
                    "cpu_s": run.cpu_s,
                    "peak_bytes": run.peak_bytes,
                    "peaks": dict(run.peaks),
                    "zones": {zone: cost.seconds for zone, cost in zones.items()},
                }
            )
            shutil.rmtree(project)
    return {"runs": found, "growth": list(_growth(found))}


def _project(folder: Path, number: int) -> Path:
    for name, text in _DECLARED.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "inbox").mkdir()
    for file in range(number):
        lines = [
            f"{file},2024-01-{1 + n // 24:02}T{n % 24:02}:00:00Z,{file * 7 % 997 + n}\n"
            for n in range(_RECORDS)
        ]
        text = "counter,hour,vehicles\n" + "".join(lines)
        (folder / f"inbox/counts_{file:05}.csv").write_text(text, encoding="utf-8")
    return folder


def _check(project: Path, number: int) -> None:
    rows = {row["asset"]: row["rows"] for row in backbone.asked(project, "ls")}
    if rows["trusted.counts"] != number * _RECORDS:
        raise SystemExit(f"{rows['trusted.counts']:,} rows of {number:,} files")


def _growth(found: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for engine in dict.fromkeys(one["engine"] for one in found):
        sizes = [one for one in found if one["engine"] == engine]
        for few, many in pairwise(sizes):
            times = math.log(many["files"] / few["files"])
            exponent = math.log(many["seconds"] / few["seconds"]) / times
            yield {
                "engine": engine,
                "from": few["files"],
                "to": many["files"],
                "exponent": exponent,
            }


def shown(result: dict[str, Any]) -> str:
    """Show the result for people."""
    head = ["raw files", "engine", "in all", *backbone.ZONES[:3]]
    head += ["processor", "memory", "Python", "Java", "workers"]
    rows = [
        [
            f"{one['files']:,}",
            one["engine"],
            seconds(one["seconds"]),
            *(seconds(one["zones"][zone]) for zone in backbone.ZONES[:3]),
            seconds(one["cpu_s"]),
            mebibytes(one["peak_bytes"]),
            *(mebibytes(one["peaks"].get(k, 0)) for k in ("first", "java", "others")),
        ]
        for one in result["runs"]
    ]
    grown = [
        f"{one['engine']}: from {one['from']:,} to {one['to']:,} files, "
        f"seconds grow with exponent {one['exponent']:.2f}"
        for one in result["growth"]
    ]
    return "\n".join([table(head, rows), "", *grown])
