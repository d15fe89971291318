"""The engine: one Spark session, lent to every session of ours."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession as Spark

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.spark.failures import mapped
from backbone.engines.spark.launch import launch, release
from backbone.engines.spark.session import SparkSession

__all__ = ["SparkEngine"]

_AT_ONCE = 8  # tasks, where nobody says how many


class SparkEngine:
    """Apache Spark: on this machine, on a cluster, or behind Spark Connect.

    Parameters
    ----------
    master : str
        ``local[*]``, ``spark://host:port``, ``yarn``, ``k8s://…`` or ``sc://host:port``.
    conf : mapping of str to str
        Spark's own configuration, put on top of ours.
    timeout_s : float
        How long to wait for the master and its executors.
    scratch : Path
        Folder for intermediate results; every executor must see it.
    """

    capabilities = SparkSession.capabilities

    def __init__(
        self,
        *,
        master: str = "local[*]",
        conf: Mapping[str, str] | None = None,
        timeout_s: float = 120.0,
        scratch: Path,
    ) -> None:
        self._scratch = scratch
        self._spark = launch(
            master=master, conf=conf or {}, timeout_s=timeout_s, scratch=scratch
        )
        self._shared = master.startswith("sc://")
        self._binder = DuckDBEngine(threads=1)
        self._parallelism = _AT_ONCE
        if not self._shared:
            self._parallelism = self._spark.sparkContext.defaultParallelism

    @contextmanager
    def session(self) -> Iterator[SparkSession]:
        """Open a session with views and files of its own; safe from several threads."""
        name = uuid.uuid4().hex[:12]
        scratch, spark = self._scratch / name, self._spark
        if not self._shared:
            with mapped():
                spark = spark.newSession()
        opened = SparkSession(
            spark,
            name,
            scratch,
            self._binder,
            own=not self._shared,
            parallelism=self._parallelism,
        )
        try:
            yield opened
        finally:
            opened.close()
            shutil.rmtree(scratch, ignore_errors=True)

    def native(self) -> Spark:
        """Lend the session; the borrower does not stop it."""
        return self._spark

    def close(self) -> None:
        """Stop the session, and the application with it if it was started here."""
        self._binder.close()
        release(self._spark)
