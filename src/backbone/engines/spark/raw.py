"""Raw files on Spark: the one reader of raw files, in tasks; no reader of Spark's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession

from backbone.engines import raw
from backbone.engines.protocol import RawRead, RawResult
from backbone.errors import EngineError

__all__ = ["read_raw"]

_ANSWERS = "number long, answer string"
_MOST_TASKS = 10_000


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
    spread = partial(_spread, spark)
    return raw.read_spread(read, folder, spread, parallelism=parallelism)


def _spread(spark: SparkSession, job: str, tasks: Sequence[str]) -> list[str]:
    """Have tasks done by executors, each in a Spark task of its own."""
    count = len(tasks)
    told = pa.table(
        {
            "number": pa.array(range(count), pa.int64()),
            "task": pa.array(tasks, pa.string()),
        }
    )
    # a range is cut evenly; a shuffle would deal some tasks out in pairs
    numbers = spark.range(0, count, 1, min(count, _MOST_TASKS))
    dealt = numbers.withColumnRenamed("id", "number").join(
        spark.createDataFrame(told).hint("broadcast"), "number"
    )
    found = dealt.mapInArrow(partial(raw.answered, job), _ANSWERS).toArrow()
    answers = dict(
        zip(found["number"].to_pylist(), found["answer"].to_pylist(), strict=True)
    )
    if len(answers) != len(tasks) or found.num_rows != len(tasks):
        what = (
            f"{len(tasks):,} tasks were given to Spark, {found.num_rows:,} answers came"
        )
        raise EngineError(what, where="while raw files were read")
    return [answers[number] for number in range(count)]
