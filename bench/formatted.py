"""Raw files into Parquet, beside readers that keep no account."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure import Series, measured
from bench.tables import aimed, mebibytes, seconds, table

__all__ = ["AIM", "KINDS", "MEGABYTES", "compared", "shown"]

KINDS = ("csv", "jsonl")
MEGABYTES = (500, 2_000)
AIM = 1.3
_PEERS = ("duckdb", "polars")


def compared(work: Path, *, megabytes: Sequence[int], repeat: int) -> dict[str, Any]:
    """Read a file of each kind and size in each way, taking turns."""
    found = []
    ways = ["backbone", *(peer for peer in _PEERS if _is_there(peer))]
    for kind in KINDS:
        for size in sorted(set(megabytes)):
            path = work / f"measured.{kind}"
            rows = int(_read("make", kind, path, str(size)).output)
            runs = _turns(work, kind, path, ways, rows=rows, repeat=repeat)
            found.append(
                {
                    "kind": kind,
                    "bytes": path.stat().st_size,
                    "rows": rows,
                    "ways": {way: each.plain() for way, each in runs.items()},
                }
            )
            path.unlink()
    return {"aim": AIM, "files": found}


def _is_there(module: str) -> bool:
    command = [sys.executable, "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _turns(
    work: Path, kind: str, path: Path, ways: Sequence[str], *, rows: int, repeat: int
) -> dict[str, Series]:
    runs: dict[str, list[Any]] = {way: [] for way in ways}
    for _ in range(repeat):
        for way in ways:
            print(f"  {path.name} by {way} …", file=sys.stderr, flush=True)
            out = work / f"read-{way}"
            one = _read(way, kind, path, str(out))
            if int(one.output) != rows:
                raise SystemExit(f"{way} read {one.output.strip()} rows of {rows:,}")
            runs[way].append(one)
            shutil.rmtree(out)
    return {way: Series(tuple(each)) for way, each in runs.items()}


def _read(way: str, kind: str, path: Path, last: str) -> Any:
    return measured([sys.executable, "-m", "bench.reading", way, kind, path, last])


def shown(result: dict[str, Any]) -> str:
    """Show the result for people; best times are compared."""
    head = ["file", "read by", "best", "MB/s", "processor", "memory", "backbone is"]
    rows = [row for one in result["files"] for row in _rows(one, result["aim"])]
    return table(head, rows)


def _rows(one: Mapping[str, Any], aim: float) -> list[list[str]]:
    name = f"{one['kind']}, {one['bytes'] / 1e6:,.0f} MB"
    ours = one["ways"]["backbone"]["best_s"]
    found = []
    for way, each in one["ways"].items():
        ratio = ours / each["best_s"]
        beside = f"{ratio:.2f}x" if way != "duckdb" else aimed(ratio, aim, "x")
        speed = f"{one['bytes'] / 1e6 / each['best_s']:,.0f}"
        cells = [seconds(each["best_s"]), speed, seconds(each["cpu_s"])]
        beside = "" if way == "backbone" else beside
        found.append([name, way, *cells, mebibytes(each["peak_bytes"]), beside])
    return found
