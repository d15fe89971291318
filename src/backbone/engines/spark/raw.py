"""Raw files on Spark: the one reader of raw files, in tasks; no reader of Spark's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession

from backbone.engines import raw
from backbone.engines.protocol import RawRead, RawResult
from backbone.errors import EngineError

__all__ = ["read_deliveries", "read_raw"]

_ANSWERS = "number long, answer string"
_WAVES = 32


def read_raw(
    spark: SparkSession, read: RawRead, folder: Path, *, parallelism: int = 4
) -> RawResult:
    """Read raw files into Parquet files under `folder`.

    Parameters
    ----------
    spark : a session of any kind, Spark Connect too
    read : the objects, their layout, and the columns to be made of them
    folder : on a file system that all executors see, as the objects are
    parallelism : about how many tasks run at once

    Raises
    ------
    See `raw.read_spread`; Spark's own errors as they are.
    """
    spread = partial(_spread, spark, at_once=parallelism)
    return raw.read_spread(read, folder, spread, parallelism=parallelism)


def read_deliveries(
    spark: SparkSession, read: RawRead, folder: Path, *, parallelism: int = 4
) -> dict[str, RawResult]:
    """Read raw files of several deliveries in one go; return a result for each."""
    spread = partial(_spread, spark, at_once=parallelism)
    return raw.read_spread_deliveries(read, folder, spread, parallelism=parallelism)


def _spread(
    spark: SparkSession, job: str, tasks: Sequence[str], *, at_once: int
) -> list[str]:
    """Have tasks done by executors, each in a Spark task of its own if they are few."""
    count = len(tasks)
    # a range is cut evenly, and it is no data; a shuffle would deal some out in pairs
    each = spark.range(0, count, 1, min(count, _WAVES * at_once))
    work = partial(raw.answered, job, tuple(tasks))
    found = each.mapInArrow(work, _ANSWERS).toArrow()
    numbers = found["number"].to_pylist()
    answers = dict(zip(numbers, found["answer"].to_pylist(), strict=True))
    if sorted(numbers) != list(range(count)):
        what = f"{count:,} tasks were given to Spark, {len(numbers):,} answers came"
        raise EngineError(what, where="while raw files were read")
    return [answers[number] for number in range(count)]
