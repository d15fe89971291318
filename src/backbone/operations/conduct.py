"""Work that the main thread waits for, so that an interrupt meets no lock of ours.

Python raises KeyboardInterrupt in the main thread between any two steps of it. Inside a
thread pool's or a queue's own code that can leave a lock held for ever (CPython issue
29988 tells of `with`), and the run would hang. So the pool is driven from another thread,
and the main thread starts that thread and waits for it in C, without a lock of Python's.
"""

from __future__ import annotations

from _thread import start_new_thread
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["conduct"]

T = TypeVar("T")


def conduct(work: Callable[[], T], *, stop: Callable[[], None] = lambda: None) -> T:
    """Return what `work` returns, or raise what it raises; it runs in another thread.

    An interrupt calls `stop`, waits for `work` to end, and is raised then; another
    interrupt is raised at once.
    """
    ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            ended.put((None, error))

    started = False
    try:
        start_new_thread(run, ())
        started = True
        made, failure = ended.get()
    except BaseException:
        stop()
        if started:
            ended.get()
        raise
    if failure is not None:
        raise failure
    return made  # type: ignore[return-value]  # there was no failure
