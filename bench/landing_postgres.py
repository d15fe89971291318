"""Rows of PostgreSQL into persistent landing, beside ``COPY … TO STDOUT`` of the same."""

from __future__ import annotations

import shutil
import socket
import struct
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import postgres

from backbone.lake.landing import Landing
from backbone.management.landing import CollectContext, collect
from backbone.project.sources import SqlSource

ROWS = 2_000_000
TABLE = """
create table readings as
select g as id, 'L' || g % 4000 as device,
       timestamptz '2020-01-01' + g * interval '17 s' as at,
       (g % 99991)::float8 / 97 as flow, (g % 100000 / 100.0)::numeric(12,2) as energy,
       g % 3 = 0 as valid, (g * 31 % 977)::int4 as code
from generate_series(1, {rows}) g
"""


def landed(work: Path, *, repeat: int, rows: int = ROWS) -> dict[str, Any]:
    """Measure COPY as text, and our collection of rows that are new, or are not."""
    if postgres.binaries() is None:
        return {"rows": rows, "skipped": "PostgreSQL is not installed"}
    with postgres.running() as server:
        database = postgres.Database(server, "bench")
        database.run(TABLE.format(rows=rows), "alter table readings add primary key (id)")
        database.run("vacuum analyze readings")
        found: dict[str, Any] = {"rows": rows, "seconds": {}}
        copies = [_copied(server.port, "bench") for _ in range(repeat)]
        found["bytes"] = copies[0][1]
        found["seconds"]["COPY"] = min(seconds for seconds, _ in copies)
        both = [
            _collected(work, database.url(), ["new", "unchanged"]) for _ in range(repeat)
        ]
        for name, seconds in zip(
            ("landed", "unchanged"), zip(*both, strict=True), strict=True
        ):
            found["seconds"][name] = min(seconds)
        database.connection.close()
    return found


def shown(found: dict[str, Any]) -> str:
    """Return what was measured, as text."""
    if "skipped" in found:
        return f"PostgreSQL: skipped, {found['skipped']}"
    base = found["seconds"]["COPY"]
    lines = [
        f"PostgreSQL, {found['rows']:,} rows, {found['bytes'] / 1e6:,.0f} MB as text"
    ]
    for name, seconds in found["seconds"].items():
        rate = found["rows"] / seconds
        ratio = base / seconds
        lines.append(f"  {name:<12} {seconds:8.2f} s {rate:12,.0f} rows/s {ratio:6.2f} x")
    return "\n".join(lines)


def _collected(work: Path, url: str, wanted: list[str]) -> list[float]:
    """Return the seconds of collections that follow one another, into a new lake."""
    lake = work / "postgres"
    shutil.rmtree(lake, ignore_errors=True)
    declared = {"collector": "sql", "url": url, "delivers": "snapshots"}
    datasets = {"readings": {"table": "readings"}}
    source = SqlSource.model_validate(declared | {"datasets": datasets})
    seconds = []
    for minute, what in enumerate(wanted):
        landing = Landing(lake / "landing")
        context = CollectContext(
            source="bench",
            project=work,
            landing=landing,
            received=datetime(2024, 1, 1, 0, minute, tzinfo=UTC),
            seen={"readings": landing.deliveries("bench", "readings")},
        )
        start = time.perf_counter()
        [report] = collect(source, context).datasets
        seconds.append(time.perf_counter() - start)
        assert bool(report.new) is (what == "new"), report
    return seconds


def _copied(port: int, database: str) -> tuple[float, int]:
    """Read ``COPY readings TO STDOUT`` and throw it away: seconds and bytes.

    With a socket and nothing else, which no client is faster than.
    """
    with closing(socket.create_connection(("127.0.0.1", port))) as to:
        words = b"user\0postgres\0database\0" + database.encode() + b"\0\0"
        to.sendall(struct.pack(">II", len(words) + 8, 196_608) + words)
        _until_ready(to)
        start = time.perf_counter()
        query = b"copy (select * from readings order by id) to stdout\0"
        to.sendall(b"Q" + struct.pack(">I", len(query) + 4) + query)
        size = _until_ready(to)
        return time.perf_counter() - start, size


def _until_ready(to: socket.socket) -> int:
    size, end = 0, b""
    # ReadyForQuery: a Z, the length 5 and the state of the transaction.
    while end[-6:-1] != b"Z\0\0\0\x05":
        part = to.recv(1 << 20)
        size += len(part)
        end = (end + part)[-6:]
    return size
