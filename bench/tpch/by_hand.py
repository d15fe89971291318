"""The TPC-H job by hand, in plain PySpark or plain DuckDB.

    python -m bench.tpch.by_hand spark|duckdb [PROJECT OUT]

What one good engineer would write for this one job, with nothing of Backbone: raw files
kept with their hashes; canonical tables, each with what could not be read beside it;
trusted tables with flags, violations, repairs, quarantine and merged rows; three views
with their grain checked; all as Parquet below OUT. The seconds of each zone are printed
as JSON. Without folders it starts, answers one question and ends.

What it does not do, because nobody would for one job: versions, lineage, incremental
runs, content-addressed deliveries, exact floating sums, record numbers that hold on
another machine, accounts that are checked, statistics of columns, a catalog.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

__all__ = ["COLUMNS", "KEYS", "make"]

_SQL = Path(__file__).parent / "sql"
_PLACES = {"orders": "sales/orders_*.csv", "lineitem": "sales/lineitem_*.csv"}
_MONEY, _SHARE = "decimal(15,2)", "decimal(4,2)"
_TEXT, _WHOLE, _DAY = "string", "bigint", "date"

COLUMNS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "region": {
        "region_key": ("r_regionkey", _WHOLE),
        "name": ("r_name", _TEXT),
        "comment": ("r_comment", _TEXT),
    },
    "nation": {
        "nation_key": ("n_nationkey", _WHOLE),
        "name": ("n_name", _TEXT),
        "region_key": ("n_regionkey", _WHOLE),
        "comment": ("n_comment", _TEXT),
    },
    "supplier": {
        "supplier_key": ("s_suppkey", _WHOLE),
        "name": ("s_name", _TEXT),
        "address": ("s_address", _TEXT),
        "nation_key": ("s_nationkey", _WHOLE),
        "phone": ("s_phone", _TEXT),
        "balance": ("s_acctbal", _MONEY),
        "comment": ("s_comment", _TEXT),
    },
    "customer": {
        "customer_key": ("c_custkey", _WHOLE),
        "name": ("c_name", _TEXT),
        "address": ("c_address", _TEXT),
        "nation_key": ("c_nationkey", _WHOLE),
        "phone": ("c_phone", _TEXT),
        "balance": ("c_acctbal", _MONEY),
        "segment": ("c_mktsegment", _TEXT),
        "comment": ("c_comment", _TEXT),
    },
    "part": {
        "part_key": ("p_partkey", _WHOLE),
        "name": ("p_name", _TEXT),
        "manufacturer": ("p_mfgr", _TEXT),
        "brand": ("p_brand", _TEXT),
        "type": ("p_type", _TEXT),
        "size": ("p_size", _WHOLE),
        "container": ("p_container", _TEXT),
        "retail_price": ("p_retailprice", _MONEY),
        "comment": ("p_comment", _TEXT),
    },
    "partsupp": {
        "part_key": ("ps_partkey", _WHOLE),
        "supplier_key": ("ps_suppkey", _WHOLE),
        "available": ("ps_availqty", _WHOLE),
        "supply_cost": ("ps_supplycost", _MONEY),
        "comment": ("ps_comment", _TEXT),
    },
    "orders": {
        "order_key": ("o_orderkey", _WHOLE),
        "customer_key": ("o_custkey", _WHOLE),
        "status": ("o_orderstatus", _TEXT),
        "total_price": ("o_totalprice", _MONEY),
        "order_date": ("o_orderdate", _DAY),
        "priority": ("o_orderpriority", _TEXT),
        "clerk": ("o_clerk", _TEXT),
        "ship_priority": ("o_shippriority", _WHOLE),
        "comment": ("o_comment", _TEXT),
    },
    "lineitem": {
        "order_key": ("l_orderkey", _WHOLE),
        "part_key": ("l_partkey", _WHOLE),
        "supplier_key": ("l_suppkey", _WHOLE),
        "line_number": ("l_linenumber", _WHOLE),
        "quantity": ("l_quantity", _WHOLE),
        "extended_price": ("l_extendedprice", _MONEY),
        "discount": ("l_discount", _SHARE),
        "tax": ("l_tax", _SHARE),
        "return_flag": ("l_returnflag", _TEXT),
        "line_status": ("l_linestatus", _TEXT),
        "ship_date": ("l_shipdate", _DAY),
        "commit_date": ("l_commitdate", _DAY),
        "receipt_date": ("l_receiptdate", _DAY),
        "ship_instruct": ("l_shipinstruct", _TEXT),
        "ship_mode": ("l_shipmode", _TEXT),
        "comment": ("l_comment", _TEXT),
    },
}
KEYS: Mapping[str, tuple[str, ...]] = {
    "region": ("region_key",),
    "nation": ("nation_key",),
    "supplier": ("supplier_key",),
    "customer": ("customer_key",),
    "part": ("part_key",),
    "partsupp": ("part_key", "supplier_key"),
    "orders": ("order_key",),
    "lineitem": ("order_key", "line_number"),
}


class Tool(Protocol):
    """What the job asks of Spark or DuckDB."""

    def read(self, name: str, files: str) -> None:
        """Name what stands in CSV files, as text; `_broken` where a record is none."""

    def keep(self, name: str, sql: str) -> None:
        """Name a result that is used more than once."""

    def write(self, name: str, path: Path, sql: str) -> None:
        """Write a result as Parquet and name what was written."""

    def empty(self, sql: str) -> bool:
        """Say whether a result is empty."""

    def forget(self) -> None:
        """Give back what was kept."""

    def close(self) -> None:
        """Give everything back."""


def make(tool: Tool, project: Path, out: Path) -> dict[str, float]:
    """Make every table below `out`; return the seconds of each zone."""
    seconds: defaultdict[str, float] = defaultdict(float)
    start = time.perf_counter()
    _land(project, out / "landing")
    seconds["landing"] = time.perf_counter() - start
    for name in COLUMNS:
        start = time.perf_counter()
        _format(tool, name, out)
        tool.forget()
        seconds["formatted"] += time.perf_counter() - start
    for script in sorted(_SQL.glob("[0-9]_*.sql")):
        for what, name, sql in _steps(script.read_text(encoding="utf-8")):
            start = time.perf_counter()
            _carry_out(tool, what, name, sql, out)
            zone = "exploitation" if name.startswith("exploitation/") else "trusted"
            seconds[zone] += time.perf_counter() - start
        tool.forget()
    return dict(seconds)


def _land(project: Path, to: Path) -> None:
    """Keep the raw files as they are, each with its hash, safe on the disk."""
    sources = sorted([*project.glob("master/*.csv"), *project.glob("sales/*.csv")])
    for folder in {to / source.parent.name for source in sources}:
        folder.mkdir(parents=True)
    with ThreadPoolExecutor() as threads:
        digests = list(threads.map(lambda source: _kept(source, to), sources))
    listed = dict(zip([source.name for source in sources], digests, strict=True))
    (to / "manifest.json").write_text(json.dumps(listed, indent=1))


def _kept(source: Path, to: Path) -> str:
    target = to / source.parent.name / source.name
    shutil.copyfile(source, target)
    with target.open("r+b") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _format(tool: Tool, name: str, out: Path) -> None:
    """Make values of texts; what is none goes beside the table."""
    columns = COLUMNS[name]
    tool.read(f"{name}_raw", str(out / "landing" / _place(name)))
    typed = [
        f"try_cast({raw} as {kind}) as {column}"
        if kind != _TEXT
        else f"{raw} as {column}"
        for column, (raw, kind) in columns.items()
    ]
    bad = [
        f"case when {raw} is not null and try_cast({raw} as {kind}) is null "
        f"then concat('{column}=', {raw}) end"
        for column, (raw, kind) in columns.items()
        if kind != _TEXT and column not in KEYS[name]
    ]
    refused = " or ".join(
        f"({raw} is not null and try_cast({raw} as {kind}) is null)"
        for raw, kind in (columns[key] for key in KEYS[name])
    )
    tool.keep(
        f"{name}_read",
        f"select {', '.join(typed)}, _object, _record, _raw, "
        f"_raw is not null or {refused} as _rejected, "
        f"concat_ws(chr(10), {', '.join(bad) or 'cast(null as string)'}) as _bad "
        f"from {name}_raw",
    )
    every = ", ".join([*columns, "_object", "_record"])
    made = {
        "": f"select {every} from {name}_read where not _rejected",
        "__rejected": f"select {every}, _raw from {name}_read where _rejected",
        "__rejected_cells": "select explode(split(_bad, chr(10))) as cell, _object "
        f"from {name}_read where _bad <> '' and not _rejected",
    }
    for end, sql in made.items():
        tool.write(f"formatted_{name}{end}", out / f"formatted/{name}{end}", sql)


def _place(name: str) -> str:
    return _PLACES.get(name, f"master/{name}.csv")


def _steps(script: str) -> Iterator[tuple[str, str, str]]:
    """Yield (what to do, the name, the SQL) of the parts of a script."""
    parts = re.split(r"^-- (keep|write|none) (\S+)$", script, flags=re.MULTILINE)
    yield from zip(parts[1::3], parts[2::3], parts[3::3], strict=True)


def _carry_out(tool: Tool, what: str, name: str, sql: str, out: Path) -> None:
    if what == "keep":
        tool.keep(name, sql)
    elif what == "write":
        tool.write(name.replace("/", "_"), out / name, sql)
    elif not tool.empty(sql):
        raise SystemExit(f"{name} is not what it should be:{sql}")


def main() -> None:
    """Start the tool, do the work, print what it took."""
    which, *folders = sys.argv[1:]
    if which == "spark":
        from bench.tpch.with_spark import WithSpark as Chosen  # noqa: PLC0415 - either one
    else:
        from bench.tpch.with_duckdb import WithDuckDB as Chosen  # noqa: PLC0415
    with tempfile.TemporaryDirectory() as spill:
        tool = Chosen(Path(spill))
        try:
            if folders:
                project, out = (Path(folder).resolve() for folder in folders)
                print(json.dumps({"seconds": make(tool, project, out)}))
            else:
                print(tool.empty("select 1"))
        finally:
            tool.close()


if __name__ == "__main__":
    main()
