"""What executors are like: their Python, their Backbone, whether they see the lake."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from backbone.engines.spark.failures import mapped

__all__ = ["Executor", "look_at_executors"]

_TASKS = 8
_SCHEMA = "host string, python string, backbone string, sees boolean"


@dataclass(frozen=True, order=True)
class Executor:
    """A machine's Python as Spark starts it; `sees` tells whether it may use a folder."""

    host: str
    python: str
    backbone: str
    sees: bool


def look_at_executors(spark: Any, folder: Path) -> list[Executor]:
    """Let executors tell what they are like; each different answer once.

    Parameters
    ----------
    spark : a session of Spark
    folder : that they ought to see and write

    Raises
    ------
    EngineError : their Python does not start, is another one, or has no Backbone
    """
    with mapped("while the executors were asked for their Python"):
        tasks = spark.range(0, _TASKS, 1, _TASKS)
        told = tasks.mapInArrow(partial(_told, str(folder)), _SCHEMA).toArrow()
    return sorted({Executor(**row) for row in told.to_pylist()})


def _told(folder: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for _ in batches:
        row = {
            "host": socket.gethostname(),
            "python": platform.python_version(),
            "backbone": version("backbone"),
            "sees": os.access(folder, os.R_OK | os.W_OK),
        }
        yield pa.RecordBatch.from_pylist([row])
