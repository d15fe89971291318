"""The hundred rules, applied in a process of its own: prints the seconds.

``python -m bench.detection.applying TABLE``
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Session
from backbone.management.trusted.applying import applied
from backbone.management.trusted.finding.ahead import Ahead
from backbone.management.trusted.finding.searching import References
from backbone.project.trusted import Rule
from bench.detection.backbones import MEMORY, loaded
from bench.detection.hundred import rules


def main() -> None:
    """Load, apply, and print."""
    with tempfile.TemporaryDirectory() as spill:
        engine = DuckDBEngine(memory_limit=MEMORY, spill=Path(spill))
        with engine.session() as session:
            print(json.dumps(_applied(session, sys.argv[1])))
        engine.close()


def _applied(session: Session, table: str) -> object:
    declared = [Rule(**rule) for rule in rules()]
    start = time.perf_counter()
    state = loaded(session, table)
    ahead = Ahead(session, References("trusted.t", {}), declared)
    broken = 0
    for place, rule in enumerate(declared):
        outcome = applied(session, state, rule, ahead, place=place, order=1)
        broken += outcome.report.violating_rows > 0
    done = time.perf_counter()
    return {"rules": len(declared), "broken": broken, "s": done - start}


if __name__ == "__main__":
    main()
