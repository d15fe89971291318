"""What is seen while a run is under way: a live display, or a line per finished step.

Events come from several threads. On a terminal, steps under way have a line with a
spinner each, and finished ones move up as lines that stay; elsewhere there are lines
only. All of it goes to stderr.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from backbone.app.figures import count, duration, shorten
from backbone.cli.door import Interruption
from backbone.cli.output import STYLES, err
from backbone.operations.work import Event, Tell

__all__ = ["LiveProgress", "PlainProgress", "watching"]

_SIGNS = {"done": "✓", "failed": "✗", "blocked": "✗", "waiting": "…"}
_NAME_WIDTH = 34
_FRAMES_PER_S = 10
_STOPPING = (
    "Interrupted: the steps under way are finished first; once more stops at once."
)


@contextmanager
def watching(interruption: Interruption, *, quiet: bool = False) -> Iterator[Tell]:
    """Show what a run tells while the block lasts.

    Parameters
    ----------
    interruption : is asked whether the run has been interrupted
    quiet : show nothing
    """
    if quiet:
        yield lambda _event: None
    elif sys.stderr.isatty():
        shown = LiveProgress(err())
        interruption.told = shown.stopping
        with shown.live:
            yield shown.tell
    else:
        interruption.told = lambda: _write(_STOPPING)
        yield PlainProgress(err()).tell


def _write(text: str) -> None:
    """Write from a signal handler, where streams of Python may be busy."""
    os.write(2, f"{text}\n".encode())


@dataclass
class PlainProgress:
    """A line for everything that is finished, and for every note."""

    console: Console

    def tell(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "note":
            self.console.print(f"note     {event.subject}: {event.message}")
        elif event.started:
            name = f"{event.subject:<{_NAME_WIDTH}}"
            self.console.print(f"started  {name} {duration(event.seconds or 0)}")
        elif event.kind == "end" and event.status != "skipped":
            words = _outcome(event)
            time_ = f"  {duration(event.seconds)}" if event.seconds is not None else ""
            name = f"{event.subject:<{_NAME_WIDTH}}"
            self.console.print(f"{event.status:<8} {name} {words}{time_}".rstrip())


def _outcome(event: Event) -> str:
    if event.message or event.rows is None:
        return event.message
    return f"{count(event.rows)} rows"


@dataclass
class _UnderWay:
    """A step or collection that is under way."""

    began: float
    words: str = ""
    done: int | None = None
    total: int | None = None
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))


class LiveProgress:
    """Steps under way and a bar for all of them, redrawn ten times a second."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(
            self, console=console, refresh_per_second=_FRAMES_PER_S, transient=True
        )
        self._lock = threading.RLock()
        self._began = time.monotonic()
        self._under_way: dict[str, _UnderWay] = {}
        self._finished = 0
        self._total: int | None = None
        self._stopping = False

    def stopping(self) -> None:
        """Say that the run was interrupted and what it waits for."""
        self._stopping = True

    def tell(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            if event.kind == "run":
                self._under_way.clear()
                self._total = event.total
            elif event.kind == "engine" and event.seconds is not None:
                self._under_way.pop(event.subject, None)
            elif event.kind in {"engine", "begin", "collect", "progress"}:
                self._note_progress(event)
            elif event.kind == "end":
                self._under_way.pop(event.subject, None)
                if not _is_landing(event):
                    self._finished += 1
        line = self._line(event)
        if line is not None:
            self.console.print(line)

    def _note_progress(self, event: Event) -> None:
        known = self._under_way.setdefault(event.subject, _UnderWay(time.monotonic()))
        known.words = event.message
        if event.total is not None:
            known.done, known.total = event.done, event.total
        elif event.kind == "progress" and _is_landing(event):
            known.done = (known.done or 0) + 1

    def _line(self, event: Event) -> RenderableType | None:
        if event.kind == "note":
            return Text(f"  {event.subject}: {event.message}", style="yellow")
        if event.started:
            sign, took = Text("✓", style=STYLES["done"]), duration(event.seconds or 0)
            return _line(sign, Text(event.subject), Text("started"), took)
        if event.kind != "end" or event.status == "skipped":
            return None
        style = STYLES.get(event.status, "")
        return _line(
            Text(_SIGNS.get(event.status, "·"), style=style),
            Text(event.subject),
            Text(shorten(_outcome(event), 500), style="" if event.rows else style),
            duration(event.seconds) if event.seconds is not None else "",
        )

    def __rich__(self) -> RenderableType:
        with self._lock:
            now = time.monotonic()
            lines = [
                _line(one.spinner, Text(name, style="bold"), _state(one),
                      duration(now - one.began))
                for name, one in self._under_way.items()
            ]  # fmt: skip
            return Group(*lines, self._bar(now))

    def _bar(self, now: float) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        spent = duration(now - self._began)
        if self._stopping:
            grid.add_row(" ", Text(_STOPPING, style="yellow"))
        elif self._total:
            done = min(self._finished, self._total)
            words = f"{done} of {self._total} steps"
            grid.add_row(
                " ", ProgressBar(self._total, done, width=_NAME_WIDTH), words, spent
            )
        else:
            grid.add_row(" ", Text(f"collecting  {spent}", style="dim"))
        return grid


def _is_landing(event: Event) -> bool:
    return event.subject.startswith("landing.")


def _state(one: _UnderWay) -> Text:
    done = ""
    if one.done is not None:
        done = (
            f"{count(one.done)} of {count(one.total)}" if one.total else count(one.done)
        )
    words = "  ".join(part for part in (done, shorten(one.words, 200)) if part)
    return Text(words, style="dim")


def _line(sign: RenderableType, name: Text, words: Text, seconds: str) -> RenderableType:
    """Return one line: a sign, a name, words that are cut to fit, a time."""
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=1)
    grid.add_column(no_wrap=True, min_width=_NAME_WIDTH, overflow="ellipsis")
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    grid.add_column(no_wrap=True, justify="right", min_width=6)
    grid.add_row(sign, name, words, Text(seconds, style="dim"))
    return grid
