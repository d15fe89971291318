"""The flights job by hand: what one good engineer would write for this one job.

    python -m bench.by_hand PROJECT OUT

Plain SQL through DuckDB, nothing of Backbone. From the same live sources to the same
tables: raw bytes kept with their hashes, canonical tables with what could not be read
beside them, trusted tables with their flags, violations, repairs, quarantine and merged
rows, two views with their grain checked; everything written as Parquet below OUT. Prints
what it made as JSON, so that `bench` can compare it with what the backbone made.

What it does as the backbone does: raw bytes are copied, hashed and flushed to the disk
(fsync of every file and folder of landing); text is read first and becomes a value only
where it is one ("2.5" is no integer); rows know their file and their record; rules run
in the order of the project's YAML files, comparisons of two rows in near-linear time.

What it does not do, because nobody would for one job: versions, lineage, incremental
runs, content-addressed deliveries, exact floating sums, flushing what can be made again.
Its row numbers are those of this run, after a rejected record its numbers count the good
ones, an hour that clocks show twice is the second one, and a changed rule is changed SQL.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

__all__ = ["make"]

_SQL = Path(__file__).parent / "sql"

_HEADER = (
    b"year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,"
    b"carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour"
)
_REGISTRY = {
    "planes": (
        "tailnum",
        {"tailnum": "varchar", "year": "smallint", "type": "varchar",
         "manufacturer": "varchar", "model": "varchar", "engines": "smallint",
         "seats": "smallint", "speed": "smallint", "engine": "varchar"},
    ),
    "airports": (
        "faa",
        {"faa": "varchar", "name": "varchar", "lat": "double", "lon": "double",
         "alt": "smallint", "tz": "smallint", "dst": "varchar", "tzone": "varchar"},
    ),
    "airlines": ("carrier", {"carrier": "varchar", "name": "varchar"}),
}  # fmt: skip


def make(project: Path, out: Path) -> dict[str, object]:
    """Make every table of the management path below `out`, and count what was made."""
    project, seconds = project.resolve(), {}
    for folder in ("landing", "formatted", "trusted", "exploitation"):
        (out / folder).mkdir(parents=True)
    os.chdir(out)
    con = duckdb.connect(config={"temp_directory": "spill"})
    con.execute("SET TimeZone = 'UTC'")
    start = time.perf_counter()
    landed = _land(con, project)
    seconds["landing"] = round(time.perf_counter() - start, 3)
    for script in sorted(_SQL.glob("[0-9]_*.sql")):
        start = time.perf_counter()
        con.execute(script.read_text(encoding="utf-8"))
        seconds[script.stem[2:]] = round(time.perf_counter() - start, 3)
    counts = con.execute("select * from counts order by all").fetchall()
    con.close()
    return {"seconds": seconds, "landing": landed, "counts": counts}


def _land(con: duckdb.DuckDBPyConnection, project: Path) -> dict[str, int]:
    """Keep what the three sources say, as they say it, each object with its hash."""
    to = Path("landing")
    with ThreadPoolExecutor(1) as aside:
        weather = aside.submit(_weather, project, _folder(to / "weather"))
        landed = _files(project / "inbox", _folder(to / "flights"))
        landed += _tables(con, project / "data/warehouse.db", to)
        landed += weather.result()
    manifest = to / "manifest.json"
    listed = {str(path.relative_to(to)): digest for path, digest in landed}
    manifest.write_text(json.dumps(listed, indent=1))
    for path in [manifest, *{path.parent for path, _ in landed}, to]:
        _flush(path)
    return {
        "objects": len(landed),
        "size_bytes": sum(path.stat().st_size for path, _ in landed),
    }


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def _files(inbox: Path, folder: Path) -> list[tuple[Path, str]]:
    landed = []
    for source in sorted(inbox.glob("flights_*.csv")):
        with source.open("rb") as reader:
            if reader.readline().rstrip() != _HEADER:
                raise SystemExit(f"{source.name} has another header")
            reader.seek(0)
            chunks = iter(lambda: reader.read(1 << 20), b"")
            landed.append(_keep(chunks, folder / source.name))
    return landed


def _keep(chunks: Iterable[bytes], target: Path) -> tuple[Path, str]:
    digest = hashlib.sha256()
    with target.open("xb") as writer:
        for chunk in chunks:
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return target, digest.hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _tables(
    con: duckdb.DuckDBPyConnection, database: Path, to: Path
) -> list[tuple[Path, str]]:
    """Copy the tables of a SQLite database to Parquet files."""
    landed = []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        for table, (key, types) in _REGISTRY.items():
            rows = opened.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()
            path = _folder(to / table) / f"{table}.parquet"
            between = path.with_suffix(".json")
            between.write_text(
                json.dumps([dict(zip(types, row, strict=True)) for row in rows])
            )
            con.execute(
                f"COPY (FROM read_json('{between}', columns = {types})) TO '{path}'"
            )
            between.unlink()
            _flush(path)
            landed.append((path, hashlib.sha256(path.read_bytes()).hexdigest()))
    return landed


def _weather(project: Path, folder: Path) -> list[tuple[Path, str]]:
    """Follow the pages of the weather service to the last one."""
    landed = []
    with _weather_service(project) as address:
        link, number = "/weather", 0
        while link:
            number += 1
            with urllib.request.urlopen(address + link, timeout=30) as response:
                body = response.read()
            landed.append(_keep([body], folder / f"page-{number:05}.json"))
            link = json.loads(body)["next"]
    return landed


@contextmanager
def _weather_service(project: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script, data = project / "python/weather_api.py", project / "data/weather.csv"
    command = [sys.executable, script, "--port", str(port), "--data", data]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command) as service:
        try:
            _wait_for(address + "/health", service)
            yield address
        finally:
            service.terminate()


def _wait_for(url: str, service: subprocess.Popen[bytes]) -> None:
    for _ in range(1_000):
        if service.poll() is not None:
            raise SystemExit("the weather service ended before it was ready")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the weather service did not answer")


if __name__ == "__main__":
    print(json.dumps(make(Path(sys.argv[1]), Path(sys.argv[2]))))
