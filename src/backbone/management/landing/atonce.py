"""Several pieces of work at one time, their results in the order of the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

_AHEAD = 4

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Sequence[_Item], *, at_once: int
) -> Iterator[_Result]:
    """Yield the result for every item, in their order, made by `at_once` threads.

    Whoever stops listening stops the work that has not begun.

    >>> list(in_order(abs, [-3, 2, -1], at_once=2))
    [3, 2, 1]
    """
    if at_once == 1 or len(items) == 1:
        yield from map(work, items)
        return
    ahead: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="fetch")
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > at_once * _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
