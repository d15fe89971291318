"""A hundred rules on one table of twenty columns, as a trusted step applies them."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.measure import measured

__all__ = ["ROWS", "hundred_rules", "rules"]

ROWS = 1_000_000
_COLUMNS = 20


def hundred_rules(work: Path) -> dict[str, Any]:
    """Measure them, in a process of their own."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        made = _table_sql()
        code = "import duckdb, sys; duckdb.execute(sys.argv[1])"
        path = Path(folder) / "t.parquet"
        measured([sys.executable, "-c", code, f"copy ({made}) to '{path}'"])
        run = measured([sys.executable, "-m", "bench.detection.applying", path])
    return {**json.loads(run.output), "cpu_s": run.cpu_s, "peak_bytes": run.peak_bytes}


def _table_sql() -> str:
    """Integers: c10 … c19 are keys, and each determines one of c0 … c9, nearly always."""
    keys = [f"cast(hash(i * 7 + {c}) % 100000 as bigint) as c{10 + c}" for c in range(10)]
    told = [
        f"case when hash(i * 31 + {c}) % 1000 = 0 then -1 else c{c + 10} % 1000 end c{c}"
        for c in range(10)
    ]
    numbered = f"select range + 1 as i from range({ROWS})"
    keyed = f"select i, {', '.join(keys)} from ({numbered})"
    names = ", ".join(f"c{c}" for c in range(10, _COLUMNS))
    return f"select i as _row, {', '.join(told)}, {names} from ({keyed})"


def rules() -> list[dict[str, Any]]:
    """Forty on single rows, thirty functional, ten unique, ten orders, ten sequences.

    About one row in a thousand breaks each of them.
    """
    found: list[dict[str, Any]] = []
    found += [{"range": {f"c{n % _COLUMNS}": (0, 99_900 + n)}} for n in range(20)]
    found += [{"deny": f"c{10 + n} + c{n} > 100900"} for n in range(10)]
    found += [{"not_null": f"c{n}"} for n in range(10)]
    for n in range(10):
        key, other = f"c{10 + n}", f"c{10 + (n + 1) % 10}"
        for determinant in (key, f"{key}, {other}", f"{key}, c{(n + 3) % 10}"):
            found.append({"functional": {determinant: [f"c{n}"]}})
        found.append({"unique": [key, other]})
        found.append({"deny": f"t1.{key} < t2.{key} and t1.{key} > t2.c{n} + 99900"})
        found.append({"deny": f"c{n} > previous.{key}", "sequence": {"by": [key, other]}})
    return [{"name": f"r{number}", **rule} for number, rule in enumerate(found)]
