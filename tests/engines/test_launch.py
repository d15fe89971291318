"""A Spark of this process: shared, ended with its last user, started again.

A process has one Spark, and that of the tests may have another; so each test here has a
process of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import psutil
import pytest
from tests.engines.cluster import cluster

from backbone.engines.spark.java import find_java
from backbone.errors import EngineUnavailable

pytestmark = [pytest.mark.spark, pytest.mark.slow]

SMALL = {"spark.driver.memory": "700m"}
CONF = {**SMALL, "spark.custom.secret": "very-secret é"}


@pytest.fixture
def alone(tmp_path):
    """Carry a function out in a new process, given a folder for scratch."""
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    try:
        find_java()
    except EngineUnavailable as error:
        pytest.skip(str(error))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        yield lambda work: pool.submit(work, tmp_path).result()


def launching(folder):
    from backbone.engines.spark.launch import launch, release  # noqa: PLC0415

    scratch = folder / "scratch"
    options = {"master": "local[2]", "conf": SMALL, "timeout_s": 100.0}
    return (lambda **own: launch(**{**options, **own}, scratch=scratch)), release


def java() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [process for process in found if process.name() == "java"]


def refusal(launch, **options) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        launch(**options)
    return caught.value.what


def test_those_who_want_the_same_share_it_and_the_last_one_ends_it(alone):
    alone(_shared)


def _shared(folder):
    launch, release = launching(folder)
    before = signal.getsignal(signal.SIGINT)
    first = launch(conf=CONF)
    assert signal.getsignal(signal.SIGINT) is before
    assert launch(conf=CONF) is first
    (process,) = java()
    assert os.getpgid(process.pid) != os.getpgid(0), "Ctrl-C does not reach it"
    assert "very-secret" not in " ".join(process.cmdline())
    _check_what_is_set(first)
    assert "has a Spark already, at local[2]" in refusal(launch)
    release(first)
    assert first.range(7).count() == 7
    release(first)
    assert java() == []
    assert not (folder / "scratch").exists()

    second = launch()
    assert second.range(5).count() == 5
    release(second)


def _check_what_is_set(session):
    got = session.conf.get
    assert got("spark.custom.secret") == "very-secret é"
    assert got("spark.sql.session.timeZone") == "UTC"
    assert got("spark.sql.ansi.enabled") == "true"
    assert got("spark.sql.parquet.outputTimestampType") == "TIMESTAMP_MICROS"
    assert got("spark.sql.shuffle.partitions") == "4"
    assert got("spark.ui.enabled") == "false"
    assert session.sparkContext.pythonExec == sys.executable


def test_java_that_died_is_no_trouble_for_the_next(alone):
    alone(_died)


def _died(folder):
    launch, release = launching(folder)
    session = launch()
    (process,) = java()
    process.kill()
    process.wait()
    release(session)
    session = launch()
    assert session.range(3).count() == 3
    release(session)
    assert java() == []


def test_a_spark_of_somebody_else_is_left_alone(alone):
    alone(_foreign)


def _foreign(folder):
    from pyspark.sql import SparkSession  # noqa: PLC0415 - may be missing

    builder = SparkSession.builder.master("local[1]")
    mine = builder.config("spark.ui.enabled", "false").getOrCreate()
    launch, _ = launching(folder)
    assert "has a Spark already, at local[1]" in refusal(launch)
    assert mine.range(2).count() == 2
    mine.stop()


def test_it_is_late(alone):
    alone(_late)


def _late(folder):
    launch, _ = launching(folder)
    began = time.monotonic()
    said = refusal(launch, timeout_s=0.5)
    assert said.startswith("Spark did not start at local[2] within 0.5 s")
    assert time.monotonic() - began < 30
    assert java() == []
    assert not (folder / "scratch").exists()


def test_an_executor_is_asked_for_and_the_next_launch_is_a_fresh_one(alone, tmp_path):
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as made:
        alone(partial(_on_a_cluster, made.master))


def _on_a_cluster(master, folder):
    from backbone.engines.spark.executors import look_at_executors  # noqa: PLC0415

    launch, release = launching(folder)
    big = {**SMALL, "spark.executor.memory": "64g"}
    said = refusal(launch, master=master, conf=big, timeout_s=20.0)
    assert said == (
        f"{master} gave no executor within 20 s; asked for executors (memory: 64g)"
    )
    session = launch(master=master, conf={**SMALL, "spark.executor.memory": "500m"})
    (found,) = look_at_executors(session, folder)
    assert found.sees
    assert found.python == sys.version.split()[0]
    (blind,) = look_at_executors(session, folder / "not there")
    assert not blind.sees
    release(session)
    assert java() == []
