"""Keep a process only as long as its parent lives; run as a script, not imported.

The guard starts the command it is given and watches its own standard input, a pipe that
the parent holds. When the pipe closes, because the parent closed it or died in any way,
the whole process group goes: first asked (SIGTERM), then made to (SIGKILL). On Linux the
command also goes should the guard itself be killed. Standard library only, started with
``-I -S``, so that it costs milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

__all__ = ["main"]

_GRACE_S = 3.0
_PR_SET_PDEATHSIG = 1
_CANNOT_START = 127


def main(command: list[str]) -> int:
    """Run `command` until it ends or standard input closes; return its exit code."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        # No other thread runs yet, so code between fork and exec is safe here, and the
        # thread that the death signal is tied to is the one that lives to the end.
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            preexec_fn=_death_signal(),  # noqa: PLW1509
        )
    except OSError as exc:
        sys.stderr.write(f"cannot start {command[0]}: {exc.strerror}\n")
        return _CANNOT_START
    released = threading.Event()
    threading.Thread(target=_watch, args=(released,), daemon=True).start()
    code = child.wait()
    if released.is_set():
        os.killpg(0, signal.SIGKILL)
    os.killpg(0, signal.SIGTERM)
    return code if code >= 0 else 128 - code


def _watch(released: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    released.set()
    os.killpg(0, signal.SIGTERM)
    time.sleep(_GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _death_signal() -> Callable[[], object] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
