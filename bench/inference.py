"""How well files are inferred, habit by habit, and how long a large one takes."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.habits_of_files import Case, cases_alone, random_case
from tests.inferred import judged

from backbone.app.infer import infer
from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Session

RANDOM = 200
LARGE_BYTES = 2_000_000_000
_ROWS = 200_000


def inferred(
    work: Path, *, cases: int = RANDOM, size: int = LARGE_BYTES
) -> dict[str, Any]:
    """Infer each habit alone, some together, and one large file."""
    alone: dict[str, dict[str, int]] = {}
    together: Counter[str] = Counter()
    whole = 0
    engine = DuckDBEngine(threads=2)
    with closing(engine), engine.session() as session:
        for number, case in enumerate(cases_alone()):
            found = _cells(case, session, work / f"alone-{number}")
            alone[case.habits[0]] = dict(found)
        for seed in range(cases):
            found = _cells(random_case(seed), session, work / f"random-{seed}")
            together.update(found)
            whole += set(found) == {"right"}
    return {
        "alone": alone,
        "together": {"files": cases, "all_right": whole, "cells": dict(together)},
        "large": _large(work, size),
    }


def _cells(case: Case, session: Session, folder: Path) -> Counter[str]:
    return judged(case, session, folder).cells


def _large(work: Path, size: int) -> dict[str, Any]:
    path = work / "large.csv"
    block = b"".join(
        b"%d,2020-%02d-%02d %02d:%02d:00,%d.%02d,name %d,L%02d,%d/%d/2021,%s\n"
        % (n, n % 12 + 1, n % 28 + 1, n % 24, n % 60, n % 997, n % 100, n % 5003, n % 7,
           n % 28 + 1, n % 12 + 1, b"NA" if n % 50 == 0 else b"%d" % (n % 999))
        for n in range(_ROWS)
    )  # fmt: skip
    with path.open("wb") as file:
        file.write(b"id,at,value,name,device,day,hits\n")
        while file.tell() < size:
            file.write(block)
    started = time.perf_counter()
    (found,) = infer(str(path), open_project=_no_project)
    seconds = time.perf_counter() - started
    path.unlink()
    return {
        "bytes": found["bytes"],
        "looked_at": found["looked_at"],
        "records": found["records"],
        "seconds": round(seconds, 2),
        "types": {n: c["type"] for n, c in found["declaration"]["columns"].items()},
    }


def _no_project() -> Any:
    message = "a file needs no project"
    raise AssertionError(message)


def shown(found: dict[str, Any]) -> str:
    """Return what was found as text."""
    lines = ["infer: cells that are what was written, by habit"]
    for name, cells in found["alone"].items():
        total = sum(cells.values())
        rest = ", ".join(f"{n:,} {what}" for what, n in cells.items() if what != "right")
        right = cells.get("right", 0) / total
        lines.append(f"  {right:>7.1%}  {name}  {rest}".rstrip())
    both = found["together"]
    total = sum(both["cells"].values())
    words = ", ".join(f"{n / total:.2%} {what}" for what, n in both["cells"].items())
    lines.append(f"  {both['files']} files of several habits: {words}")
    lines.append(f"  files without a question or a reject: {both['all_right']}")
    large = found["large"]
    lines.append(
        f"  {large['bytes'] / 1e9:.1f} GB in {large['seconds']:.1f} s, "
        f"{large['records']:,} records looked at"
    )
    return "\n".join(lines)
