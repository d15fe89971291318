"""A process that a source needs while it is collected: started, awaited, surely ended.

The process runs under a guard (see `guard`) that holds the other end of a pipe of ours:
whatever ends this process, a kill included, closes the pipe, and the guard ends the
sidecar and everything it started.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from backbone.errors import SidecarFailed
from backbone.project.sources import Sidecar

__all__ = ["RunningSidecar", "running"]

_GUARD = Path(__file__).with_name("guard.py")
_HOST = "127.0.0.1"
_HTTP_OK = 200
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.2
_ANSWER_TIMEOUT_S = 2.0
_STOP_TIMEOUT_S = 5.0
_TAIL_BYTES = 2_000


class RunningSidecar:
    """A sidecar that was started; `port` is the free port it was given.

    Parameters
    ----------
    sidecar : what to run
    project : the folder to run it in
    output : a file that takes what it prints
    """

    def __init__(self, sidecar: Sidecar, project: Path, output: IO[bytes]) -> None:
        self.port = _free_port()
        self._sidecar = sidecar
        self._output = output
        command = [_filled(part, self.port) for part in sidecar.command]
        self._process = subprocess.Popen(  # noqa: S603  (a declared command, no shell)
            [sys.executable, "-I", "-S", str(_GUARD), *command],
            cwd=project,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Return when the sidecar answers 200 at its `ready` path.

        Raises
        ------
        SidecarFailed : it ended, or did not answer in time; with what it printed last
        """
        timeout_s = self._sidecar.timeout_s
        deadline = time.monotonic() + timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            code = self._process.poll()
            if code is not None:
                raise self._failed(f"ended with exit code {code} before it was ready")
            answer = self._answer(max(deadline - time.monotonic(), _FIRST_PAUSE_S))
            if answer == _HTTP_OK:
                return
            if time.monotonic() >= deadline:
                said = "did not answer" if answer is None else f"answered {answer}"
                raise self._failed(
                    f"{said} at `{self._sidecar.ready}` within {timeout_s:g} s"
                )
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End the sidecar, and everything it started, and wait for that."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answer(self, remaining_s: float) -> int | None:
        timeout_s = min(remaining_s, _ANSWER_TIMEOUT_S)
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=timeout_s)
        try:
            connection.request("GET", self._sidecar.ready)
            with connection.getresponse() as response:
                return response.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _failed(self, what: str) -> SidecarFailed:
        self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, self._output.tell() - _TAIL_BYTES))
        tail = self._output.read().decode("utf-8", "replace").strip()
        return SidecarFailed(
            f"the sidecar `{self._sidecar.command[0]}` {what}",
            hint=f"It printed: {tail}" if tail else "It printed nothing.",
        )


@contextmanager
def running(sidecar: Sidecar, project: Path) -> Iterator[RunningSidecar]:
    """Start a sidecar; it is gone when the context ends, or this process does.

    It may not be ready yet: see `RunningSidecar.wait_until_ready`.
    """
    with tempfile.TemporaryFile() as output:
        process = RunningSidecar(sidecar, project, output)
        try:
            yield process
        finally:
            process.stop()


def _filled(part: str, port: int) -> str:
    return part.replace("{port}", str(port)).replace("{python}", sys.executable)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
