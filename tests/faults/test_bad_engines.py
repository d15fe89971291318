"""Spark that is not there, refuses or gives nothing: an error in time, nothing written."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tests.commands import BACKBONE
from tests.engines.cluster import cluster
from tests.projects import edit, small_project

from backbone.engines.spark.java import find_java
from backbone.errors import EngineUnavailable

pytestmark = pytest.mark.spark

MARK = "BACKBONE_TEST_FOLDER"
PATIENCE_S = 120


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    try:
        find_java()
    except EngineUnavailable as error:
        pytest.skip(str(error))
    return small_project(tmp_path / "meters")


@pytest.fixture
def refused():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        yield bound.getsockname()[1]


@pytest.fixture
def another():
    """Return a port where somebody speaks, another language."""

    class Silent(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def declare(folder: Path, text: str) -> None:
    engine = f"engine: {{kind: spark, {text}}}"
    edit(folder / "backbone.yml", "name: meters", f"name: meters\n{engine}")


@contextmanager
def started(folder: Path, *words: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Type a command, and let all that it starts be known by a mark."""
    with subprocess.Popen(
        [BACKBONE, "-C", folder, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "NO_COLOR": "1",
            "COLUMNS": "400",
            MARK: str(folder),
            **environ,
        },
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # or a command that does not end would be waited for


def java_of(folder: Path) -> list[int]:
    """Return the Java processes that a command in `folder` started."""
    return [p.pid for p in psutil.process_iter(["name"]) if _is_of(p, folder)]


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        named = process.info["name"] == "java"
        return named and process.environ().get(MARK) == str(folder)
    except psutil.Error:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def refusal(folder: Path, **environ: str) -> str:
    """Type `run`, which must be refused and leave nothing; return what it says."""
    with started(folder, "run", **environ) as process:
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2, said
    lake = folder / ".backbone" / "lake"
    written = [path for path in lake.rglob("*") if path.is_file()]
    ours = [path for path in written if path.parent.name == "leases"]  # it was here
    assert written == ours
    assert all("ended" in json.loads(path.read_text()) for path in ours)
    assert java_of(folder) == []
    return said


def test_there_is_no_such_host(folder):
    declare(folder, 'master: "spark://no-such-host.invalid:7077"')
    assert "there is no host `no-such-host.invalid`" in refusal(folder)


@pytest.mark.parametrize("scheme", ["spark", "sc", "k8s://https"])
def test_the_port_is_refused(folder, refused, scheme):
    declare(folder, f'master: "{scheme}://127.0.0.1:{refused}"')
    assert f"127.0.0.1:{refused} refused the connection" in refusal(folder)


def test_somebody_else_is_at_the_port_of_spark_connect(folder, another):
    declare(folder, f'master: "sc://127.0.0.1:{another}"')
    assert "it does not speak Spark Connect" in refusal(folder)


@pytest.mark.slow
def test_somebody_else_is_at_the_port_of_a_master(folder, another):
    declare(folder, f'master: "spark://127.0.0.1:{another}", timeout_s: 8')
    began = time.monotonic()
    said = refusal(folder)
    assert time.monotonic() - began < 60
    assert "answers, but said nothing as Spark does within 8 s" in said


def test_there_is_no_java(folder, tmp_path):
    declare(folder, "threads: 1")
    said = refusal(folder, PATH=str(tmp_path / "nothing"), JAVA_HOME="")
    assert "Spark needs Java, and there is none" in said
    assert "Install Java 17 or 21" in said


def test_java_is_refused_what_it_is_asked_for(folder):
    declare(folder, "threads: 1, conf: {spark.driver.memory: lots}")
    assert "Spark did not start: Invalid maximum heap size: -Xmxlots" in refusal(folder)


@pytest.mark.slow
def test_no_worker_has_the_memory_that_is_asked_for(folder, tmp_path):
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as made:
        asked = "conf: {spark.executor.memory: 64g}, timeout_s: 25"
        declare(folder, f'master: "{made.master}", {asked}')
        said = refusal(folder)
    assert f"{made.master} gave no executor within 25 s; asked for executors" in said
    assert "memory: 64g" in said


@pytest.mark.slow
def test_ctrl_c_while_spark_starts(folder):
    declare(folder, "threads: 1, memory_limit: 700MB")
    with started(folder, "run") as process:
        assert eventually(lambda: java_of(folder) != [])
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, said
    assert "Interrupted" in said
    assert java_of(folder) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_run_that_is_stopped_leaves_no_java(folder, number, code):
    declare(folder, "threads: 1, memory_limit: 700MB")
    begun = folder / ".backbone" / "lake" / "runs"
    with started(folder, "run") as process:
        assert eventually(lambda: list(begun.glob("*.begun.json")) != []), "no run began"
        assert java_of(folder) != []
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, said
    assert eventually(lambda: java_of(folder) == [])


@pytest.mark.slow
def test_java_that_is_killed_is_told(folder):
    declare(folder, "threads: 1, memory_limit: 700MB")
    begun = folder / ".backbone" / "lake" / "runs"
    with started(folder, "run") as process:
        assert eventually(lambda: list(begun.glob("*.begun.json")) != []), "no run began"
        for pid in java_of(folder):
            os.kill(pid, signal.SIGKILL)
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, said
    assert "the Java process of Spark has ended: killed by signal 9" in said
    assert "memory_limit" in said
    assert "Traceback" not in said
    assert java_of(folder) == []
