"""One search by Backbone, in a process of its own: prints what it found, and its seconds.

``python -m bench.detection.backbones TABLE PLACES RULE``: Parquet files and an object of
JSON with ``deny`` and ``sequence``. The table is loaded first, as a trusted step loads
what its rules read; that is timed apart.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from sqlglot import exp

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Scan, Session
from backbone.management.trusted.finding.searching import Asked, References, search
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rules.declared import Part, parts_of
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

MEMORY = "4GB"


def main() -> None:
    """Load, search, and print."""
    rows, places, told = sys.argv[1:]
    asked = json.loads(told)
    rule = Rule(name="r", deny=asked["deny"], sequence=asked["sequence"] or None)
    (part,) = parts_of(rule)
    with tempfile.TemporaryDirectory() as spill:
        engine = DuckDBEngine(memory_limit=MEMORY, spill=Path(spill))
        with engine.session() as session:
            print(json.dumps(_searched(session, part, rows, places)))
        engine.close()


def loaded(session: Session, path: str) -> State:
    """Return the table as rules find it."""
    scan = _scan(path)
    every = exp.select(*map(column, scan.schema.names)).from_(table("t"))
    work = session.stage(Query.of(every), {"t": scan})
    return State(scan, scan.schema, work, work)


def _searched(session: Session, part: Part, rows: str, places: str) -> object:
    start = time.perf_counter()
    state = loaded(session, rows)
    others = References("trusted.t", {"formatted.places": _scan(places)})
    ready = time.perf_counter()
    (found,) = search(session, [Asked(state, part)], others)
    done = time.perf_counter()
    return {"load_s": ready - start, "s": done - ready, "rows": found.rows}


def _scan(path: str) -> Scan:
    names = pq.read_schema(path).names
    return Scan((str(Path(path).absolute()),), Schema.of(**dict.fromkeys(names, INTEGER)))


if __name__ == "__main__":
    main()
