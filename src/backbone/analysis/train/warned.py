"""Warnings of other libraries: kept for the report, neither silenced nor printed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["listening"]

# Python keeps its list of warning filters for the whole process: two threads that change
# it at once would restore each other's, so they take turns.
_TURN = threading.RLock()


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect what is warned of inside the block, each sentence once.

    The list is complete when the block has ended.
    """
    said: list[str] = []
    with _TURN, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            texts = [f"{w.category.__name__}: {_first(str(w.message))}" for w in caught]
            said += list(dict.fromkeys(texts))


def _first(message: str) -> str:
    return message.strip().split("\n")[0].rstrip(".")
