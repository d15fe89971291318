"""Plain PySpark, for the job by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
from pyspark.sql import DataFrame, SparkSession

from bench.tpch.by_hand import COLUMNS

__all__ = ["WithSpark"]

_FUNCTIONS = """
create temporary function tidy(t string) returns string
    return trim(regexp_replace(t, ' +', ' '));
create temporary function days(d date) returns int
    return datediff(d, date '1970-01-01')
"""


class WithSpark:
    """A session on this machine, set up as one would for a job of this size."""

    def __init__(self, spill: Path) -> None:
        os.environ["PYSPARK_PYTHON"] = sys.executable
        self._kept: list[DataFrame] = []
        builder = SparkSession.builder.master("local[*]").appName("tpch")
        for key, value in {
            "spark.driver.memory": f"{psutil.virtual_memory().total >> 22}m",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(spill),
            "spark.sql.warehouse.dir": str(spill / "warehouse"),
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
            "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
        }.items():
            builder = builder.config(key, value)
        self._spark = builder.getOrCreate()
        for function in _FUNCTIONS.split(";"):
            self._spark.sql(function)

    def read(self, name: str, files: str) -> None:
        raw = [source for source, _ in COLUMNS[name.removesuffix("_raw")].values()]
        schema = ", ".join(f"{column} string" for column in [*raw, "_raw"])
        (
            self._spark.read.schema(schema)
            .csv(files, header=True, escape='"', columnNameOfCorruptRecord="_raw")
            .selectExpr(
                "*",
                "_metadata.file_name as _object",
                "monotonically_increasing_id() as _record",
            )
            .createOrReplaceTempView(name)
        )

    def keep(self, name: str, sql: str) -> None:
        frame = self._spark.sql(sql).persist()
        frame.createOrReplaceTempView(name)
        self._kept.append(frame)

    def write(self, name: str, path: Path, sql: str) -> None:
        self._spark.sql(sql).write.parquet(str(path))
        self._spark.read.parquet(str(path)).createOrReplaceTempView(name)

    def empty(self, sql: str) -> bool:
        return self._spark.sql(sql).isEmpty()

    def forget(self) -> None:
        for frame in self._kept:
            frame.unpersist()
        self._kept.clear()

    def close(self) -> None:
        self._spark.stop()
