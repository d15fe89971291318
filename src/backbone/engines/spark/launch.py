"""Get a session of Spark within a time, or say why there is none.

A process can have one Spark of its own: those who want the same share it, and it ends
with the last of them.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from backbone.engines.spark.java import find_java
from backbone.engines.spark.masters import Master, reach
from backbone.errors import EngineUnavailable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession  # slow to load, and only named here

__all__ = ["launch", "release", "why_ended"]

T = TypeVar("T")

_PATIENCE_S = 10.0
_OF_PANDAS = "PySpark does not yet fully support pandas"  # it is given none

_SAME_RESULTS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.ansi.enabled": "true",
}
_OF_A_DRIVER = {
    "spark.app.name": "backbone",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.adaptive.enabled": "true",
}
_LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
_ASKED_FOR = {
    "spark.executor.instances": "how many:",
    "spark.executor.cores": "cores:",
    "spark.executor.memory": "memory:",
}


@dataclass
class _Lent:
    """A session, how many have it, and how it ends."""

    master: Master
    conf: Mapping[str, str]
    session: SparkSession
    end: Callable[[], None]
    jvm: Any = None
    users: int = 1


_lock = threading.Lock()
_lent: list[_Lent] = []  # pyspark itself keeps one context in its module


def launch(
    *, master: str, conf: Mapping[str, str], timeout_s: float, scratch: Path
) -> SparkSession:
    """Return a session of Spark; whoever has it gives it back with `release`.

    Parameters
    ----------
    master : ``local[*]``, ``spark://host:port``, ``yarn``, ``k8s://…``, ``sc://host:port``
    conf : Spark's own configuration, on top of what Backbone chooses
    timeout_s : how long Spark may take to start, and to give an executor
    scratch : a folder for what does not fit into memory, if Spark runs on this machine

    Raises
    ------
    EngineUnavailable : no Java, nobody at the address, no executor, not in time, or this
        process has another Spark already; what was started is ended
    """
    where = Master.parse(master)
    warnings.filterwarnings("ignore", _OF_PANDAS, FutureWarning)
    with _lock:
        for one in _lent:
            if one.master == where and one.conf == conf:
                one.users += 1
                return one.session
        made = _start(where, dict(conf), timeout_s, scratch)
        _lent.append(made)
        return made.session


def release(session: SparkSession) -> None:
    """Give a session back; with the last user of it Spark ends, and Java with it."""
    with _lock:
        for one in _lent:
            if one.session is session:
                one.users -= 1
                if not one.users:
                    _lent.remove(one)
                    one.end()
                return


def why_ended() -> str | None:
    """Return how the Java process ended that is lent to somebody; None if it runs."""
    with _lock:
        lent = [one.jvm for one in _lent if one.jvm is not None]
    ends = (jvm.why_ended(_PATIENCE_S) for jvm in lent)
    return next((str(why) for why in ends if why is not None), None)


def _start(
    master: Master, conf: Mapping[str, str], timeout_s: float, scratch: Path
) -> _Lent:
    starting = _Starting(master, conf, scratch, time.monotonic() + timeout_s)
    work = starting.connect if master.kind == "connect" else starting.classic
    try:
        session = _within(work, timeout_s, starting.give_up)
    except TimeoutError:
        raise starting.why_late(timeout_s) from None
    return _Lent(master, conf, session, starting.end, starting.jvm)


def _within(work: Callable[[], T], timeout_s: float, give_up: Callable[[], None]) -> T:
    """Return what `work` returns; it runs in another thread.

    pyspark answers Ctrl-C in its own way where a context is made in the main thread, and
    nothing of it can be given up from within. What fails, is late or is interrupted is
    given up from without.

    Raises
    ------
    TimeoutError : `work` has not ended in time
    """
    ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            ended.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            ended.put((None, error))

    thread = threading.Thread(target=run, name="spark-launch", daemon=True)
    thread.start()
    try:
        made, failure = ended.get(timeout=timeout_s)
    except BaseException as error:
        give_up()
        thread.join(_PATIENCE_S)  # it may still be writing into what pyspark keeps
        if isinstance(error, Empty):
            raise TimeoutError from None
        raise
    if failure is not None:
        give_up()
        raise failure
    return made  # type: ignore[return-value]  # there was no failure


class _Starting:
    """A Spark on its way: what there is of it so far, to be ended whatever happens."""

    def __init__(
        self, master: Master, conf: Mapping[str, str], scratch: Path, deadline: float
    ) -> None:
        self.master = master
        self.conf = conf
        self.spill = scratch / f"spark-{os.getpid()}-{time.monotonic_ns()}"
        self.deadline = deadline
        self.jvm: Any = None
        self.context: Any = None
        self.session: Any = None
        self._given_up = False
        self._last_words = self._said = ""

    def connect(self) -> Any:
        """Return a session of a Spark Connect server."""
        reach(self.master, deadline=self.deadline, environ=os.environ)
        from backbone.engines.spark.connect import connect  # noqa: PLC0415 - needs grpc

        self.session = connect(self.master, {**self.conf, **_SAME_RESULTS})
        return self.session

    def classic(self) -> Any:
        """Return the session of a driver in a Java process of ours."""
        from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - slow to load
        from pyspark.sql import SparkSession  # noqa: PLC0415

        if SparkContext._active_spark_context is not None:  # noqa: SLF001 - the only way
            raise _taken(SparkContext._active_spark_context.master)  # noqa: SLF001
        find_java()
        reach(self.master, deadline=self.deadline, environ=os.environ)
        gateway = self._gateway()
        try:
            self.context = SparkContext(gateway=gateway, conf=SparkConf(_jvm=gateway.jvm))
        except Exception as error:
            raise self._not_made() from error
        self.context.setLogLevel("ERROR")
        # a thread of pyspark's would show where it was when Java ended
        self.context._accumulatorServer.handle_error = _say_nothing  # noqa: SLF001
        if python := self._python():
            self.context.pythonExec = python
        session = SparkSession(self.context)
        if not self.master.in_process:
            self._check_executors(session)
        self.session = session
        return session

    def _gateway(self) -> Any:
        from backbone.engines.spark.gateway import Jvm  # noqa: PLC0415 - needs pyspark

        self.jvm = Jvm(self._properties())
        if self._given_up:  # while it was started
            self.jvm.end(at_once=True)
        return self.jvm.connect(self.deadline)

    def _properties(self) -> dict[str, str]:
        chosen = {**_OF_A_DRIVER, "spark.master": self.master.text}
        if self.master.here:
            chosen |= _LOOPBACK
        if self.master.threads:
            chosen |= _in_process()
            chosen["spark.sql.shuffle.partitions"] = str(max(2, 2 * self.master.threads))
            chosen["spark.local.dir"] = str(self.spill)
            chosen["spark.sql.warehouse.dir"] = str(self.spill / "warehouse")
        return {**chosen, **self.conf, **_SAME_RESULTS}

    def _python(self) -> str | None:
        """Return the Python of the executors: as configured, or on this machine ours."""
        configured = self.conf.get("spark.pyspark.python")
        return configured or (sys.executable if self.master.here else None)

    def _check_executors(self, session: Any) -> None:
        """Let an executor do something; nothing says otherwise that there is one."""
        try:
            session.range(1).count()
        except Exception as error:
            raise self._not_made() from error

    def _not_made(self) -> EngineUnavailable:
        what = f"Spark did not start at {self.master}"
        return self._noted(what, command="backbone doctor")

    def why_late(self, timeout_s: float) -> EngineUnavailable:
        """Say what was waited for in vain."""
        waited = f"within {timeout_s:g} s"
        hint = "`timeout_s` of `engine` in backbone.yml says how long to wait."
        if self.context is not None and not self.master.in_process:
            return EngineUnavailable(
                f"{self.master} gave no executor {waited}; asked for {self._asked()}",
                hint=f"Has any worker so much, and is it free? {hint}",
                command="backbone doctor",
            )
        if self.master.hosts:
            speaks = "Spark Connect" if self.master.kind == "connect" else "Spark"
            what = f"{self.master} answers, but said nothing as {speaks} does {waited}"
        else:
            what = f"Spark did not start at {self.master} {waited}"
        return self._noted(what, hint=hint)

    def _noted(self, what: str, **more: str) -> EngineUnavailable:
        """Return an error with what Java said, last in its words, all in its notes."""
        if self.jvm is not None and not self._given_up:
            self._last_words, self._said = self.jvm.last_words(), self.jvm.said()
        words = self._last_words
        found = EngineUnavailable(f"{what}: {words}" if words else what, **more)
        found.add_note(self._said)
        return found

    def _asked(self) -> str:
        conf = {"spark.executor.memory": "1g", **self.conf}
        parts = (
            f"{words} {conf[key]}" for key, words in _ASKED_FOR.items() if key in conf
        )
        return f"executors ({', '.join(parts)})"

    def give_up(self) -> None:
        """End what there is, at once; what Java said until now is kept."""
        if self.jvm is not None:
            self._last_words, self._said = self.jvm.last_words(), self.jvm.said()
        self.end(at_once=True)

    def end(self, *, at_once: bool = False) -> None:
        """End what there is; `at_once` where nothing that was computed matters."""
        self._given_up = True
        if self.master.kind == "connect":
            if self.session is not None:
                from backbone.engines.spark.connect import close  # noqa: PLC0415

                close(self.session)
            return
        _end_classic(self, at_once=at_once)


def _say_nothing(*_: object) -> None:
    """Whoever asks Java next is told that it has ended."""


def _in_process() -> dict[str, str]:
    """Return what suits a Spark in one Java process: room, and collecting of garbage.

    Spark's own default is 1 GB, whatever the machine has. The parallel collector takes
    less of the processors than the one that Java chooses, and pauses matter to nobody.
    Every sort and every grouping takes a page of memory at least, however few its rows:
    where Spark would choose 64 MB, most of the memory in use would be empty pages. A task
    can have 8,192 of them, so they suffice for all memory that there is.
    """
    total = psutil.virtual_memory().total >> 20
    page = min(max(1 << (total // 8192).bit_length(), 2), 64)
    return {
        "spark.driver.memory": f"{max(total // 4, 1024)}m",
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        "spark.buffer.pageSize": f"{page}m",
    }


def _end_classic(starting: _Starting, *, at_once: bool) -> None:
    jvm = starting.jvm
    if jvm is None:
        return
    if starting.session is not None and not at_once and jvm.alive:
        starting.session.stop()
    jvm.end(at_once=at_once)
    shutil.rmtree(starting.spill, ignore_errors=True)
    with suppress(OSError):
        starting.spill.parent.rmdir()  # where nobody else keeps anything
    if jvm.gateway is not None:
        _forget(jvm.gateway)


def _forget(gateway: Any) -> None:
    """Let pyspark forget a gateway that is gone, or it would use it again."""
    from pyspark import SparkContext  # noqa: PLC0415 - slow to load
    from pyspark.sql import SparkSession, SQLContext  # noqa: PLC0415

    if SparkContext._gateway is gateway:  # noqa: SLF001 - there is no other way
        SparkContext._gateway = None  # noqa: SLF001
        SparkContext._jvm = None  # noqa: SLF001
        SparkContext._active_spark_context = None  # noqa: SLF001
        SparkSession._instantiatedSession = None  # noqa: SLF001
        SparkSession._activeSession = None  # noqa: SLF001
        SQLContext._instantiatedContext = None  # noqa: SLF001


def _taken(master: str | None) -> EngineUnavailable:
    return EngineUnavailable(
        f"this process has a Spark already, at {master}, and can have no second one",
        hint="Close the project that has it, or stop it (`spark.stop()`).",
    )
