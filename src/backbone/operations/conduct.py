"""Work that the main thread waits for, so that an interrupt meets no lock of ours.

Python raises KeyboardInterrupt in the main thread between any two steps of it. Inside a
thread pool's or a queue's own code that can leave a lock held for ever (CPython issue
29988 tells of `with`), and the run would hang. So the pool is driven from another thread,
and the main thread starts that thread and waits for it in C, without a lock of Python's.

A signal that arrives just before the main thread begins to wait, or in another thread,
does not wake it: it is seen only when the waiting ends. So the main thread looks up now
and then. And it may be seen just after the waiting ended, so what has ended is told by
what is left behind, never by a message that could have been taken already.
"""

from __future__ import annotations

import time
from _thread import start_new_thread
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

__all__ = ["conduct"]

T = TypeVar("T")

_LOOK_EVERY_S = 0.5
_STARTED_WITHIN_S = 5.0


def conduct(work: Callable[[], T], *, stop: Callable[[], None] = lambda: None) -> T:
    """Return what `work` returns, or raise what it raises; it runs in another thread.

    An interrupt calls `stop`, waits for `work` to end, and is raised then; another
    interrupt is raised at once.
    """
    begun: list[bool] = []
    made: list[T] = []
    failed: list[BaseException] = []
    woken: SimpleQueue[None] = SimpleQueue()

    def run() -> None:
        begun.append(True)
        try:
            made.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            failed.append(error)
        woken.put(None)

    def wait(goes_on: Callable[[], object]) -> None:
        while not made and not failed and goes_on():
            with suppress(Empty):
                woken.get(timeout=_LOOK_EVERY_S)

    asked = time.monotonic()
    try:
        start_new_thread(run, ())
        wait(lambda: True)
    except BaseException:
        stop()  # nobody can tell whether a thread that has not begun will
        wait(lambda: begun or time.monotonic() < asked + _STARTED_WITHIN_S)
        raise
    if failed:
        raise failed[0]
    return made[0]
