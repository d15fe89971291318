"""A standalone cluster of Spark on this machine: a master, workers, each a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Cluster", "Node", "cluster"]

_MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
_REGISTERED = re.compile(r"Successfully registered with master")
_UP_WITHIN_S = 90.0
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Node:
    """A process of the cluster, in a group of its own with what it starts."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, words: re.Pattern[str]) -> re.Match[str]:
        """Return where the process says `words`."""
        until = time.monotonic() + _UP_WITHIN_S
        while time.monotonic() < until and self.process.poll() is None:
            found = words.search(self.said())
            if found:
                return found
            time.sleep(_LOOK_EVERY_S)
        raise AssertionError(self.said()[-3000:])

    def kill(self) -> None:
        """End the process and all that it started, executors too, with SIGKILL."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs; `master` is its address."""

    master: str
    nodes: list[Node] = field(default_factory=list)

    @property
    def workers(self) -> list[Node]:
        return self.nodes[1:]


@contextmanager
def cluster(
    folder: Path, *, workers: int = 1, cores: int = 1, memory: str = "600m"
) -> Iterator[Cluster]:
    """Start a master and workers that offer `cores` and `memory` each; end them all."""
    nodes: list[Node] = []
    try:
        nodes.append(_node(folder, "master", "master.Master"))
        master = nodes[0].wait_for(_MASTER)[1]
        offered = ("--cores", str(cores), "--memory", memory)
        for number in range(workers):
            name = f"worker-{number}"
            work = ("--work-dir", str(folder / name))
            node = _node(folder, name, "worker.Worker", *offered, *work, master)
            nodes.append(node)
        for node in nodes[1:]:
            node.wait_for(_REGISTERED)
        yield Cluster(master, nodes)
    finally:
        for node in reversed(nodes):
            node.kill()


def _node(folder: Path, name: str, main: str, *options: str) -> Node:
    from pyspark.find_spark_home import _find_spark_home  # noqa: PLC0415 - an extra

    spark = Path(_find_spark_home())
    log = folder / f"{name}.log"
    here = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                spark / "bin" / "spark-class",
                f"org.apache.spark.deploy.{main}",
                *here,
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={
                **os.environ,
                "SPARK_HOME": str(spark),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_NO_DAEMONIZE": "1",
                "SPARK_DAEMON_MEMORY": "256m",
            },
        )
    return Node(process, log)
