"""Engines for tests: each is started once in a process, and ended with it.

Sail speaks Spark Connect, starts in less than a second and needs no Java: it is what is
asked all the time. It knows Spark up to 4.2, so its server has a pyspark of its own
(`make` puts it into the folder ``sail`` of the environment); ours is the client.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Engine
from backbone.errors import EngineUnavailable

__all__ = [
    "ENGINES",
    "FAST",
    "PYSPARK_OF_SAIL",
    "SPARK",
    "duckdb",
    "sail",
    "sail_server",
    "spark",
]

FAST = ("duckdb", pytest.param("sail", marks=pytest.mark.sail))
ENGINES = (*FAST, pytest.param("spark", marks=pytest.mark.spark))

SPARK: Mapping[str, Any] = {
    "kind": "spark",
    "master": "local[2]",
    "conf": {
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "2g",
        # what runs for a minute is not worth the work of the second compiler
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    },
}
"""How a project declares the Spark of the tests, to share it."""

PYSPARK_OF_SAIL = Path(sys.prefix) / "sail"
_SERVER = """
import sys
from pysail.spark import SparkConnectServer

server = SparkConnectServer(ip="127.0.0.1", port=0)
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def duckdb() -> Iterator[Engine]:
    engine = DuckDBEngine(threads=2)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def spark(scratch: Path) -> Iterator[Engine]:
    """Start Spark in a Java process of its own; it is skipped where it cannot run."""
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    from backbone.engines.spark import SparkEngine  # noqa: PLC0415 - may be missing
    from backbone.engines.spark.java import find_java  # noqa: PLC0415

    try:
        find_java()
    except EngineUnavailable as error:
        pytest.skip(str(error))
    engine = SparkEngine(master=SPARK["master"], conf=SPARK["conf"], scratch=scratch)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def sail(address: str, scratch: Path) -> Iterator[Engine]:
    """Connect to Sail's server."""
    from backbone.engines.spark import SparkEngine  # noqa: PLC0415 - may be missing

    engine = SparkEngine(master=address, scratch=scratch)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def sail_server(log: Path) -> Iterator[str]:
    """Run Sail in a process that ends when its standard input is closed; tell where."""
    for needed in ("pyspark", "pysail"):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    path = [str(PYSPARK_OF_SAIL), *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "RUST_LOG": "warn"}
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environ,
        ) as server,
    ):
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            line = server.stdout.readline()
            assert line, log.read_text()
            yield f"sc://127.0.0.1:{int(line)}"
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
