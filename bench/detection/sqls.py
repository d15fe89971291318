"""The same question as a SQL self-join on DuckDB, in a process of its own.

``python -m bench.detection.sqls TABLE PLACES QUESTION``
"""

from __future__ import annotations

import json
import sys
import tempfile
import time

import duckdb


def main() -> None:
    """Load, ask, and print."""
    table, places, question = sys.argv[1:]
    with (
        tempfile.TemporaryDirectory() as spill,
        duckdb.connect(config={"memory_limit": "4GB", "temp_directory": spill}) as opened,
    ):
        opened.execute("create table t as from read_parquet(?)", [table])
        opened.execute("create table places as from read_parquet(?)", [places])
        start = time.perf_counter()
        found = opened.execute(question).fetchone()
        done = time.perf_counter()
    print(json.dumps({"s": done - start, "rows": found[0]}))


if __name__ == "__main__":
    main()
