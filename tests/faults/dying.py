"""Carry out a command in a process that meets its fate at a chosen moment of writing.

``python dying.py FATE KIND:NTH WORDS…`` carries out ``backbone WORDS…``. At the NTH
moment of a KIND the process is killed (FATE ``kill``) or is told that the disk is full
(``full``). Kinds: ``rename``, ``replace`` and ``fsync`` of the system, ``log`` just
before and ``logged`` just after an entry of a Delta log, ``catalog`` before a row of the
catalog is put, and ``any``.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading

from backbone.catalog import catalog
from backbone.cli.main import backbone
from backbone.lake.tables import Tables


class Fate:
    """Counts moments and acts at one of them."""

    def __init__(self, fate: str, kind: str, nth: int) -> None:
        self._fate, self._kind, self._left = fate, kind, nth
        self._lock = threading.Lock()

    def meet(self, kind: str) -> None:
        """Take note of a moment."""
        with self._lock:
            self._left -= self._kind in {kind, "any"}
            if self._left or self._kind not in {kind, "any"}:
                return
            self._left = -1
        if self._fate == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def before(self, owner: object, name: str, kind: str, *, after: str = "") -> None:
        """Meet the fate before a function of `owner` is carried out, and after it."""
        real = getattr(owner, name)

        def fated(*args, **kwargs):
            self.meet(kind)
            result = real(*args, **kwargs)
            if after:
                self.meet(after)
            return result

        setattr(owner, name, fated)


def main() -> None:
    """Carry out the command."""
    fate, moment, *words = sys.argv[1:]
    kind, _, nth = moment.partition(":")
    met = Fate(fate, kind, int(nth))
    for name in ("rename", "replace", "fsync"):
        met.before(os, name, name)
    met.before(Tables, "_write", "log", after="logged")
    met.before(Tables, "_evolve", "evolve", after="evolved")
    met.before(catalog, "_put", "catalog")
    backbone.main(words, prog_name="backbone")


if __name__ == "__main__":
    main()
