"""Spark's errors as ours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pyarrow.parquet as pq
from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import PySparkException

from backbone.engines.spark.launch import why_ended
from backbone.errors import CorruptLake, EngineError, EngineUnavailable, OutOfMemory

__all__ = ["mapped", "present", "reading"]

_LONGEST = 600
_READERS = 8
_GONE = (ConnectionError, EOFError, Py4JNetworkError)
_ERRORS = (PySparkException, Py4JError, *_GONE)
_CAUSES = re.compile(
    r"^(?:Caused by: )?(?P<kind>[\w.$]+(?:Exception|Error)): (?P<told>.+)$", re.MULTILINE
)
_TAIL = re.compile(r"\s*(SQLSTATE: \w+|== SQL .*|JVM stacktrace:.*|;$)", re.DOTALL)
_NO_MEMORY = re.compile(r"OutOfMemoryError|Java heap space|UNABLE_TO_ACQUIRE_MEMORY")
_NO_FUNCTION = re.compile(
    r"(?:\[UNRESOLVED_ROUTINE\][^`]*`|unknown function: )(?P<name>\w+)"
)
_OF_PYTHON = "Traceback (most recent call last):"
_RAISED = re.compile(r"^[\w.]+(?:Error|Exception|Exit|Interrupt)\b.*", re.MULTILINE)
_MORE_MEMORY = (
    "Give Spark more memory in backbone.yml: engine: {kind: spark, memory_limit: 8GB} on "
    "this machine, engine: {kind: spark, conf: {spark.executor.memory: 8g}} on a cluster."
)
_DISK_FULL = re.compile(r"No space left on device")


@contextmanager
def mapped(where: str | None = None) -> Iterator[None]:
    """Raise our errors in place of Spark's."""
    try:
        yield
    except _ERRORS as error:
        raise _ours(error, where) from error


def _ours(error: Exception, where: str | None) -> EngineError:
    text = str(error)
    if _is_unanswered(error) and (words := why_ended()) is not None:
        return _ended(words, where)
    if _NO_MEMORY.search(text):
        return OutOfMemory(told(error), where=where, hint=_MORE_MEMORY)
    unknown = _NO_FUNCTION.search(text)
    if unknown is not None:
        name = unknown["name"].lower()
        return EngineError(f"there is no function `{name}`", where=where)
    hint = "The disk is full; `backbone run` goes on when there is space again."
    found = hint if _DISK_FULL.search(text) else None
    return EngineError(told(error), where=where, hint=found)


def _is_unanswered(error: Exception) -> bool:
    """Tell whether nobody answered; of a call that was under way no trace is told."""
    no_trace = type(error) is Py4JError and "Trace:" not in str(error)
    return no_trace or isinstance(error, _GONE)


def _ended(words: str, where: str | None) -> EngineError:
    """Return the error of a Java process that has ended; all that it did is lost."""
    what = f"the Java process of Spark has ended: {words}"
    if _NO_MEMORY.search(words):
        return OutOfMemory(what, where=where, hint=_MORE_MEMORY)
    hint = f"`backbone run` starts another one. If it was killed: {_MORE_MEMORY}"
    return EngineUnavailable(what, where=where, hint=hint)


def told(error: Exception) -> str:
    """Return the words of a driver's error without its stack traces."""
    text = str(error)
    causes = _CAUSES.findall(text)
    if (
        text.startswith(("An error occurred while calling", "[FAILED_READ_FILE"))
        and causes
    ):
        text = ": ".join(causes[-1])
    if _OF_PYTHON in text:
        text = (_RAISED.findall(text) or [text])[-1]
    text = _TAIL.split(text.strip(), maxsplit=1)[0].partition("\n\tat ")[0].strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


@contextmanager
def reading(files: Iterable[str]) -> Iterator[None]:
    """Raise our errors in place of Spark's; one that a file caused names the file.

    Parameters
    ----------
    files : Parquet files of the lake that are read in the block; they are read one by
        one, column by column, once something has failed

    Raises
    ------
    CorruptLake : one of `files` is not there or cannot be read
    """
    try:
        with mapped():
            yield
    except EngineError as error:
        broken = _broken(list(files))
        if broken is None:
            raise
        raise _unreadable(*broken) from error


def present(files: Iterable[str]) -> None:
    """Check that files are there; a server may read the others and say nothing.

    Raises
    ------
    CorruptLake : one of `files` is not there
    """
    for file in files:
        if not os.path.exists(file):  # noqa: PTH110 - asked of thousands
            raise _unreadable(file, "there is no such file")


def _unreadable(file: str, why: str) -> CorruptLake:
    return CorruptLake(
        f"a file of the lake cannot be read: {why}",
        where=file,
        hint="Bring it back from a copy of the lake. Without one: remove the folder "
        "of the table and the catalog, and `backbone run` makes both anew.",
    )


def _broken(files: list[str]) -> tuple[str, str] | None:
    with ThreadPoolExecutor(_READERS) as pool:
        for file, why in zip(files, pool.map(_why_unreadable, files), strict=True):
            if why is not None:
                return file, why
    return None


def _why_unreadable(file: str) -> str | None:
    try:
        for _ in pq.ParquetFile(file).iter_batches():
            pass
    except (OSError, ValueError) as error:
        return str(error).partition("\n")[0][:_LONGEST]
    return None
