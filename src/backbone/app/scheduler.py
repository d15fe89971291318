"""The scheduler: a light process that starts runs when sources are due."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from backbone.app.due import schedule
from backbone.app.environment import Environment, open_environment
from backbone.app.figures import plural
from backbone.errors import BackboneError, LockHeld, bounded
from backbone.operations.schedule import Turn, mend

__all__ = ["Happening", "Scheduler"]

_TICK_S = 20.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 900.0
_STOP_S = 60.0


@dataclass(frozen=True)
class Happening:
    """What a scheduler tells: ``started``, ``ended``, ``waiting`` or ``problem``."""

    kind: str
    sources: tuple[str, ...]
    words: str
    status: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class _Child:
    sources: tuple[str, ...]
    process: subprocess.Popen[bytes]
    answer: IO[bytes]
    errors: IO[bytes]
    started: float


@dataclass
class Scheduler:
    """Starts a run for the sources that are due, and goes on until it is stopped.

    Parameters
    ----------
    project : the project's folder, or one below it
    target : the target whose settings apply
    select, exclude : as those of `run`
    at_once : how many runs there are at once; a source has one at a time
    tell : is told what happens
    sleep : waits so many seconds

    Notes
    -----
    Every run is a process of its own, so that a failure ends nothing else, and memory is
    given back. Declarations are read anew each time. What was served stands in the lake:
    a scheduler may be stopped, killed and started again. It looks at the clock of the
    wall every 20 seconds at least, so that a clock that was changed is followed.
    """

    project: Any
    target: str | None
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    at_once: int = 2
    tell: Callable[[Happening], None] = lambda _what: None
    sleep: Callable[[float], None] = time.sleep
    _children: list[_Child] = field(default_factory=list, init=False)
    _pauses: dict[str, tuple[float, float]] = field(default_factory=dict, init=False)
    _problem: str = field(default="", init=False)

    def keep(self, *, until: datetime | None = None) -> None:
        """Start what is due, for ever or until a moment; then wait for what runs.

        Raises
        ------
        LockHeld : another scheduler serves this lake
        KeyboardInterrupt : it was stopped; the runs were stopped before
        """
        with self._alone():
            try:
                while until is None or datetime.now(UTC) < until:
                    self.sleep(self._tick())
                while self._children:
                    self._reap()
                    self.sleep(0.2)
            except BaseException:
                self._stop()
                raise

    def _tick(self) -> float:
        """Do what is to be done now; return for how many seconds there is nothing."""
        self._reap()
        try:
            with self._opened() as env:
                found = schedule(env, self.select, exclude=self.exclude)
                mend(env.project, env.lake, found, datetime.now(UTC))
        except BackboneError as error:
            self._tell_problem(str(error))
            return _TICK_S
        self._problem = ""
        busy = {name for child in self._children for name in child.sources}
        due = [one for one in found if one.is_due and one.source not in busy]
        ready = [one for one in due if self._pauses.get(one.source, (0, 0))[0] <= _now()]
        if ready and len(self._children) < self.at_once:
            self._start(ready)
        return self._until_next(found)

    def _until_next(self, found: Sequence[Turn]) -> float:
        if self._children:
            return 0.5
        now = datetime.now(UTC)
        waits = [(one.moment - now).total_seconds() for one in found if not one.is_due]
        return max(0.2, min([_TICK_S, *waits]))

    def _start(self, due: Sequence[Turn]) -> None:
        sources = tuple(one.source for one in due)
        answer = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the run has ended
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the run has ended
        process = subprocess.Popen(  # noqa: S603 - our own command line, no shell
            self._command(sources), stdin=subprocess.DEVNULL, stdout=answer,
            stderr=errors, start_new_session=True,
        )  # fmt: skip
        self._children.append(_Child(sources, process, answer, errors, _now()))
        whys = sorted({one.why for one in due if one.why})
        words = f"run started (process {process.pid})"
        self.tell(Happening("started", sources, "; ".join([words, *whys])))

    def _command(self, sources: Sequence[str]) -> list[str]:
        words = [sys.executable, "-m", "backbone", "-C", str(self.project)]
        if self.target is not None:
            words += ["--target", self.target]
        words += ["run", "--due", "--json", "--quiet"]
        return [*words, *(f"source:{name}+" for name in sources)]

    def _reap(self) -> None:
        for child in [c for c in self._children if c.process.poll() is not None]:
            self._children.remove(child)
            words = _told(child)
            status = {0: "done", 130: "interrupted"}.get(
                child.process.returncode, "failed"
            )
            self.tell(Happening("ended", child.sources, words, status))
            self._note_pause(child.sources, failed=child.process.returncode not in (0, 1))

    def _note_pause(self, sources: Sequence[str], *, failed: bool) -> None:
        """Wait longer each time a run could not even collect."""
        for name in sources:
            _, last = self._pauses.pop(name, (0.0, 0.0))
            if failed:
                pause = min(2 * last or _FIRST_PAUSE_S, _LONGEST_PAUSE_S)
                self._pauses[name] = (_now() + pause, pause)

    def _stop(self) -> None:
        """Ask the runs to stop, which keeps what is finished; then wait for them."""
        for child in self._children:
            child.process.send_signal(signal.SIGINT)
        deadline = _now() + _STOP_S
        for child in self._children:
            try:
                child.process.wait(max(0.1, deadline - _now()))
            except subprocess.TimeoutExpired:
                child.process.kill()
        self._reap()

    def _tell_problem(self, words: str) -> None:
        if words != self._problem:
            self._problem = words
            self.tell(Happening("problem", (), words, "failed"))

    @contextmanager
    def _opened(self) -> Iterator[Environment]:
        with open_environment(self.project, target=self.target) as env:
            yield env

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the place of the only scheduler of a lake."""
        with self._opened() as env:
            served = env.lake.served
        with served.alone() as holder:
            if holder is not None:
                what = f"another scheduler serves this project: process {holder}"
                raise LockHeld(what, command="backbone schedule --list")
            yield


def _now() -> float:
    return time.monotonic()


def _told(child: _Child) -> str:
    """Say in a line what a run did."""
    took = timedelta(seconds=round(_now() - child.started))
    with child.answer as answer, child.errors as errors:
        answer.seek(0)
        errors.seek(0)
        said, complaint = answer.read(), errors.read().decode(errors="replace").strip()
    try:
        report = json.loads(said) or {}
    except ValueError:
        return f"after {took}: {_problem(complaint)}"
    new = sum(len(one["new"]) for one in report.get("collected", ()))
    made = sum(one["status"] == "done" for one in report.get("steps", ()))
    wrong = [
        f"{one['dataset']}: {one['errors'][0]['what']}"
        for one in report.get("collected", ())
        if one["errors"]
    ]
    wrong += [
        f"{one['asset']}: {one['error']['what']}"
        for one in report.get("steps", ())
        if one["error"]
    ]
    failed = f"; {bounded(wrong, at_most=3)}" if wrong else ""
    return (
        f"after {took}: {plural(new, 'new delivery', 'new deliveries')}, "
        f"{plural(made, 'table')} made{failed}"
    )


def _problem(text: str) -> str:
    """Return what a run complained of last: JSON, or a line."""
    last = text.rpartition("\n")[2]
    try:
        return str(json.loads(last)["error"]["what"])
    except (ValueError, KeyError, TypeError):
        return last or "it said nothing"
