"""``python -m bench``: measure all parts, or those that are named."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import (
    deliveries,
    files,
    formatted,
    growth,
    inference,
    landing_files,
    landing_postgres,
    machine,
    management,
    startup,
)
from bench.detection import compare as detection
from bench.detection import report as detection_report
from bench.projects import example
from bench.tpch import compare as tpch
from bench.tpch import report

PARTS = (
    "management", "demo", "idle", "help", "growth", "detection", "tpch", "files",
    "formatted", "deliveries", "infer", "landing", "postgres",
)  # fmt: skip


class _Bench:
    """The parts, each of which may be asked for alone."""

    def __init__(self, work: Path, options: argparse.Namespace) -> None:
        self.work = work
        self.repeat = options.repeat
        self.budget_s = options.budget
        self.times = options.times
        self.scales = options.scale
        self.engines = options.engine
        self.files = options.files
        self.deliveries = options.deliveries
        self.megabytes = options.mb
        self.rows = options.rows
        self.shapes = options.shape
        self.shares = options.share
        self.limit_s = options.limit
        self.verifier = options.verifier
        self.cases = options.cases
        self.large_bytes = options.large_mb * 1_000_000
        self._demo: dict[str, Any] | None = None

    def measure(self, part: str) -> dict[str, Any]:
        made: dict[str, Callable[[], dict[str, Any]]] = {
            "management": lambda: management.compared(
                self._template(), self.work, repeat=self.repeat
            ),
            "demo": self._demonstrated,
            "idle": self._idle,
            "help": lambda: startup.helped(repeat=2 * self.repeat),
            "growth": lambda: growth.grown(
                self._template(), self.work, budget_s=self.budget_s, times=self.times
            ),
            "detection": lambda: detection.compared(
                self.work,
                shapes=self.shapes,
                shares=self.shares,
                rows=self.rows,
                limit_s=self.limit_s,
                verifier=self.verifier,
            ),
            "tpch": lambda: tpch.compared(
                self.work, scales=self.scales, engines=self.engines
            ),
            "files": lambda: files.counted(
                self.work, files=self.files, engines=self.engines
            ),
            "deliveries": lambda: deliveries.grown(
                self.work, repeat=min(self.repeat, 3), deliveries=self.deliveries
            ),
            "formatted": lambda: formatted.compared(
                self.work, megabytes=self.megabytes, repeat=self.repeat
            ),
            "infer": lambda: inference.inferred(
                self.work, cases=self.cases, size=self.large_bytes
            ),
            "landing": lambda: landing_files.compared(self.work, repeat=self.repeat),
            "postgres": lambda: landing_postgres.landed(self.work, repeat=self.repeat),
        }
        return made[part]()

    def _template(self) -> Path:
        folder = self.work / "template"
        return folder if folder.exists() else example(folder)

    def _demonstrated(self) -> dict[str, Any]:
        if self._demo is None:
            self._demo = startup.demo(self.work / "demo")
        return self._demo

    def _idle(self) -> dict[str, Any]:
        self._demonstrated()
        return startup.idle(self.work / "demo", repeat=self.repeat)


_SHOWN: dict[str, Callable[[dict[str, Any]], str]] = {
    "management": management.shown,
    "demo": startup.shown,
    "idle": startup.shown,
    "help": startup.shown,
    "growth": growth.shown,
    "detection": detection_report.shown,
    "tpch": report.shown,
    "files": files.shown,
    "deliveries": deliveries.shown,
    "formatted": formatted.shown,
    "infer": inference.shown,
    "landing": landing_files.shown,
    "postgres": landing_postgres.shown,
}


def main() -> None:
    """Read the command line, measure, print."""
    options = _options()
    found = {"machine": machine.machine(), "parts": {}}
    if not options.json:
        print(machine.shown(found["machine"]), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.work) as work:
        bench = _Bench(Path(work), options)
        for part in dict.fromkeys(options.parts or PARTS):
            print(f"measuring {part} …", file=sys.stderr, flush=True)
            found["parts"][part] = bench.measure(part)
            if not options.json:
                print(f"\n{_SHOWN[part](found['parts'][part])}", flush=True)
    if options.json:
        print(json.dumps(found, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="How fast is Backbone, and beside what?"
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all by default"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command (5)")
    parser.add_argument(
        "--budget", type=float, default=1_800, help="seconds that growth may take (1800)"
    )
    parser.add_argument(
        "--times", type=int, nargs="+", default=growth.TIMES, metavar="N",
        help="how many times the flights, for growth (1 10 30)",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=float, nargs="+", default=tpch.SCALES, metavar="N",
        help="scale factors of TPC-H (0.1 1)",
    )  # fmt: skip
    parser.add_argument(
        "--engine", choices=tpch.ENGINES, nargs="+", default=tpch.ENGINES, metavar="NAME",
        help=f"engines: {', '.join(tpch.ENGINES)}; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--cases", type=int, default=inference.RANDOM, metavar="N",
        help="files of several habits that are inferred (200)",
    )  # fmt: skip
    parser.add_argument(
        "--large-mb", type=int, default=inference.LARGE_BYTES // 1_000_000, metavar="MB",
        help="how large the large file is that is inferred (2000)",
    )  # fmt: skip
    parser.add_argument(
        "--files", type=int, nargs="+", default=files.FILES, metavar="N",
        help="how many files (20 200 2000)",
    )  # fmt: skip
    parser.add_argument(
        "--mb", type=int, nargs="+", default=formatted.MEGABYTES, metavar="N",
        help="megabytes of the raw files that are formatted (500 2000)",
    )  # fmt: skip
    parser.add_argument(
        "--deliveries", type=int, nargs="+", default=deliveries.DELIVERIES, metavar="N",
        help="how many deliveries are there already (10 1000 20000)",
    )  # fmt: skip
    parser.add_argument(
        "--rows", type=int, nargs="+", default=detection.ROWS, metavar="N",
        help="rows of the tables in which rules are looked for (100000 1000000 10000000)",
    )  # fmt: skip
    parser.add_argument(
        "--shape", choices=detection.SHAPES, nargs="+", default=list(detection.SHAPES),
        metavar="SHAPE", help=f"shapes of rules: {', '.join(detection.SHAPES)}",
    )  # fmt: skip
    parser.add_argument(
        "--share", type=float, nargs="+", default=detection.SHARES, metavar="X",
        help="shares of rows that break the rule (0 0.001 0.1)",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=float, default=600, help="seconds that a peer may take (600)"
    )
    parser.add_argument(
        "--verifier", type=Path, help="a Python that has Desbordante, as a peer"
    )
    parser.add_argument("--work", type=Path, help="a folder to work in, on a local disk")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part `{part}`; there are {', '.join(PARTS)}")
    if options.repeat < 1:
        parser.error("--repeat is 1 or more")
    return options


if __name__ == "__main__":
    main()
