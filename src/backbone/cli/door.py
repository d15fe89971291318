"""What one invocation knows: which project, and how its errors and interrupts end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backbone.app.environment import Environment

__all__ = ["DONE", "FAILED", "INTERRUPTED", "REFUSED", "Door", "Interruption"]

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
_SHOW_CURSOR = b"\x1b[?25h\n"


@dataclass
class Interruption:
    """Ctrl-C and SIGTERM: the first asks to stop, the second stops at once.

    Stopping at once is safe: what was not committed is taken back by the next run.
    `told` is called when the first comes.
    """

    asked: bool = False
    told: Callable[[], None] = lambda: None

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.asked:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR)
            os._exit(INTERRUPTED)
        self.asked = True
        self.told()
        raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals in the block; in the main thread, which alone receives them."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, self) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass
class Door:
    """The state of one invocation, filled by the options of every verb."""

    project: Path = Path()
    target: str | None = None
    verbose: bool = False
    as_json: bool = False
    interruption: Interruption = field(default_factory=Interruption)

    @contextmanager
    def open(self, *, engine: str | None = None) -> Iterator[Environment]:
        """Open the project that the options name, or the one above this folder."""
        from backbone.app.environment import open_environment  # noqa: PLC0415 - slow

        with open_environment(self.project, target=self.target, engine=engine) as found:
            yield found
