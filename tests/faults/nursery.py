"""Carry out commands in processes that are forked, so that they begin at once.

``python nursery.py`` reads from its input, line by line, JSON of what to carry out:
``{"words": […], "lake": "…", "fate": "kill", "at": 17}``, ``backbone WORDS…`` in a
process that is killed at the 17th moment of writing below the folder ``lake``. With the
fate ``full`` the disk is full from that moment on: things can still be renamed and
removed. Without `at` nothing happens. The answer is a line of JSON:
``{"code", "moments", "said"}``.

A moment is a call of the system, or of a library, that leaves something on the disk: a
file or folder is made, opened to be written, renamed, linked, cut or removed, or flushed
(told by the hooks of ``sys.addaudithook``; a flush has none and is wrapped); and, since
native code makes no calls that can be seen, just before and after an entry of a Delta log,
and before a row of the catalog is put.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate",
}  # fmt: skip


class Moments:
    """Counts moments of writing; at one of them the process meets its fate."""

    def __init__(self, lake: str, fate: str, at: int) -> None:
        self._lake, self._fate, self._at = lake, fate, at
        self._lock = threading.Lock()
        self.count = 0

    def meet(self, *, needs_space: bool = True) -> None:
        with self._lock:
            self.count += 1
            if self.count < self._at:
                return
        if self._fate == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif needs_space:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def hear(self, event: str, values: tuple[object, ...]) -> None:
        """Take note of what Python says it is going to do."""
        if event in CHANGES or (event == "open" and _writes(values[2])):
            at = values[0]
            if not isinstance(at, int) and self._lake in os.fsdecode(at):
                self.meet(needs_space=event in {"open", "os.mkdir"})

    def wrap(
        self, owner: object, name: str, *, after: bool = False, needs_space: bool = True
    ) -> None:
        """Meet moments before, and perhaps after, a function of `owner`."""
        real = getattr(owner, name)

        def met(*args, **kwargs):
            self.meet(needs_space=needs_space)
            result = real(*args, **kwargs)
            if after:
                self.meet(needs_space=False)
            return result

        setattr(owner, name, met)


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & WRITING)


def carry_out(words: list[str], moments: Moments) -> int:
    """Carry out a command in this process; return its code."""
    from backbone.catalog import catalog  # noqa: PLC0415 - loaded by the first child
    from backbone.cli.main import backbone  # noqa: PLC0415
    from backbone.lake.tables import Tables  # noqa: PLC0415

    sys.addaudithook(moments.hear)
    moments.wrap(os, "fsync")
    moments.wrap(Tables, "_write", after=True)
    moments.wrap(Tables, "_evolve", after=True)
    # SQLite says in its own way that a disk is full; that needs a disk that is.
    moments.wrap(catalog, "_put", needs_space=False)
    try:
        backbone.main(words, prog_name="backbone")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def child(task: dict, told: int) -> None:
    """Carry out a task, and say how it went; does not come back."""
    at = task.get("at") or sys.maxsize
    moments = Moments(task["lake"], task.get("fate", "kill"), at)
    code = carry_out(task["words"], moments)
    sys.stdout.flush()
    loaded = [name for name in sys.modules if not name.startswith("__")]
    with os.fdopen(told, "w") as answer:
        json.dump({"code": code, "moments": moments.count, "loaded": loaded}, answer)
    os._exit(0)


def born(task: dict) -> dict:
    """Fork a process for a task; return how it ended."""
    heard, told = os.pipe()
    with TemporaryFile() as said:
        pid = os.fork()
        if not pid:
            os.close(heard)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            child(task, told)
        os.close(told)
        with os.fdopen(heard) as answer:
            text = answer.read()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said.seek(0)
        ended = {"said": said.read().decode(errors="replace"), "code": status}
    return {**ended, **(json.loads(text) if text else {})}


def main() -> None:
    """Answer until there is nothing more to do."""
    known = False
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        ended = born(json.loads(line))
        loaded = ended.pop("loaded", [])
        if loaded and not known:
            known = True
            for name in loaded:  # what the next children need not load themselves
                with suppress(Exception):
                    importlib.import_module(name)
        print(json.dumps(ended), file=answers)


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    main()
