"""The flights project on a standalone cluster whose machines die under it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from tests.commands import BACKBONE, backbone
from tests.e2e.same import same_data
from tests.engines.cluster import cluster

pytestmark = [
    pytest.mark.example,
    pytest.mark.slow,
    pytest.mark.spark,
    pytest.mark.xdist_group("spark"),
]

PATIENCE_S = 900


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Watched:
    """A run on the cluster, and what its driver tells of it over loopback."""

    def __init__(self, folder: Path, master: str, *words: str) -> None:
        self.port = free_port()
        self.folder = folder
        conf = (
            f'{{spark.ui.enabled: "true", spark.ui.port: "{self.port}", '
            "spark.executor.memory: 900m}"
        )
        engine = f'engine: {{kind: spark, master: "{master}", conf: {conf}}}'
        settings = folder / "backbone.yml"
        text = re.sub("^engine: .*$", engine, settings.read_text(), flags=re.MULTILINE)
        settings.write_text(text)
        self.process = subprocess.Popen(
            [BACKBONE, "-C", folder, "run", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "NO_COLOR": "1"},
        )

    def wait_until_busy(self, executors: int) -> None:
        """Return when so many executors are at work at one time, in the middle of the run."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(OSError, ValueError):
                if self._is_busy(executors):
                    return
            time.sleep(0.02)
        raise AssertionError(self.process.communicate()[0])

    def _is_busy(self, executors: int) -> bool:
        (app,) = self._ask("applications")
        ran = self._ask(f"applications/{app['id']}/stages?status=complete")
        known = self._ask(f"applications/{app['id']}/executors")
        busy = [each for each in known if each["activeTasks"]]
        return len(ran) > 10 and len(busy) >= executors

    def _ask(self, path: str) -> list[dict]:
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)

    def end(self) -> str:
        said, _ = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, said
        return said

    def kill_when_busy(self) -> None:
        self.wait_until_busy(executors=1)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def test_the_driver_dies_and_then_a_worker_and_the_tables_are_the_same(
    finished, tmp_path
):
    folder = tmp_path / "project"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns(".backbone"))
    backbone(folder, "run", "zone:formatted")
    with cluster(tmp_path, workers=2, cores=1, memory="1g") as running:
        Watched(folder, running.master, "zone:trusted").kill_when_busy()
        left = json.loads(backbone(folder, "gc", "--dry-run", "--json").stdout)
        assert left["removed"] or left["kept"]
        run = Watched(folder, running.master)
        run.wait_until_busy(executors=2)
        running.workers[1].kill()
        run.end()
    assert same_data(finished, folder)
    backbone(folder, "gc")
    assert data_files_of(folder) == named_files_of(folder)
    assert same_data(finished, folder)


def tables_of(folder: Path) -> Path:
    return folder / ".backbone" / "lake" / "tables"


def data_files_of(folder: Path) -> set[Path]:
    return {path for path in tables_of(folder).glob("*/*/w-*/**/*") if path.is_file()}


def named_files_of(folder: Path) -> set[Path]:
    """The files that any version of any table names."""
    logs = tables_of(folder).glob("*/*/_delta_log/*.json")
    return {log.parents[1] / path for log in logs for path in added_by(log)}


def added_by(log: Path) -> list[str]:
    actions = map(json.loads, log.read_text().splitlines())
    return [action["add"]["path"] for action in actions if "add" in action]
