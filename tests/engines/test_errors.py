"""What goes wrong is told in our words, by name, and the session goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engines.relations import EVERY_TYPE, ROWS, fetched, query, scan_of

from backbone.engines.protocol import Scan
from backbone.errors import CorruptLake, EngineError, EngineUnavailable, OutOfMemory
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER

NUMBERS = Schema.of(i=INTEGER)


@pytest.fixture
def numbers(tmp_path):
    return scan_of(tmp_path / "n.parquet", [{"i": 1}, {"i": 2}], NUMBERS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("select no_such(i) as x from n", r"there is no function `no_such`"),
        ("select colour from n", r"colour"),
        ("select i from nowhere", r"nowhere"),
        ("select cast(cast(i as varchar) || 'x' as bigint) as i from n", r"1x"),
    ],
    ids=["function", "column", "relation", "cast"],
)
def test_a_query_that_cannot_be_run_is_told_and_the_session_goes_on(
    session, numbers, text, told
):
    with pytest.raises(EngineError, match=told) as error:
        session.fetch(query(text), {"n": numbers})
    words = str(error.value)
    assert len(words) < 1000
    assert "\n\tat " not in words, "no stack trace of Java"
    assert "SQLSTATE" not in words
    assert error.value.__cause__ is not None
    assert len(fetched(session, "select i from n", n=numbers)) == 2


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def blot(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[10:60] = bytes(50)
    file.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, blot, Path.unlink], ids=["cut", "blotted", "gone"])
def test_a_bad_file_of_the_lake_is_named_whoever_wrote_it(session, tmp_path, harm):
    everything = query("select * from t")
    given = scan_of(tmp_path / "0.parquet", ROWS, EVERY_TYPE)
    good = session.write(everything, {"t": given}, EVERY_TYPE, tmp_path / "good")
    bad = session.write(everything, {"t": given}, EVERY_TYPE, tmp_path / "bad")
    file = bad.files[-1].path
    harm(file)
    both = Scan((*given.files, *good.scan().files, *bad.scan().files), EVERY_TYPE)

    with pytest.raises(CorruptLake, match="a file of the lake cannot be read") as error:
        session.write(everything, {"t": both}, EVERY_TYPE, tmp_path / "out")
    assert str(file) in str(error.value)
    assert len(fetched(session, "select i from t", t=good)) == len(ROWS)


@pytest.mark.parametrize("verb", ["fetch", "stage", "stream"])
def test_every_way_to_compute_names_the_missing_file(session, numbers, tmp_path, verb):
    gone = scan_of(tmp_path / "gone.parquet", [{"i": 3}], NUMBERS)
    Path(gone.files[0]).unlink()
    both = Scan((*numbers.files, *gone.files), NUMBERS)

    with pytest.raises(CorruptLake, match=r"gone\.parquet"):
        getattr(session, verb)(query("select i from t"), {"t": both})


def test_a_query_about_good_files_blames_no_file(session, numbers):
    text = "select cast(cast(i as varchar) || 'x' as bigint) as i from n"
    with pytest.raises(EngineError) as error:
        session.stage(query(text), {"n": numbers})
    assert not isinstance(error.value, CorruptLake)


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (
            (
                "An error occurred while calling o1.parquet.\n: org.apache.spark.SparkException:"
                " Job aborted.\n\tat org.apache.spark.A.b(A.scala:1)\n"
                "Caused by: java.io.IOException: No space left on device\n\tat java.c(D.java:2)"
            ),
            EngineError,
            r"No space left on device[^\t]*The disk is full; `backbone run` goes on",
        ),
        (
            "Job aborted due to stage failure: java.lang.OutOfMemoryError: Java heap space",
            OutOfMemory,
            r"spark\.executor\.memory",
        ),
        (
            (
                "An exception was thrown from the Python worker:\n"
                "Traceback (most recent call last):\n"
                '  File "a.py", line 1, in f\n    return g(a)\n           ^\n'
                "ValueError: 7 is too large\n\n\tat org.apache.spark.A.b(A.scala:1)"
            ),
            EngineError,
            r"^ValueError: 7 is too large$",
        ),
    ],
    ids=["disk", "memory", "python"],
)
def test_what_spark_lacks_is_told_with_what_helps(said, kind, told):
    errors = pytest.importorskip("pyspark.errors")
    failures = pytest.importorskip("backbone.engines.spark.failures")

    with pytest.raises(kind, match=f"(?s){told}"), failures.mapped():
        raise errors.PySparkException(said)


@pytest.mark.parametrize(
    ("ended", "kind", "told"),
    [
        ("killed by signal 9", EngineUnavailable, r"ended: killed by signal 9"),
        ("OutOfMemoryError: Java heap space", OutOfMemory, r"memory_limit: 8GB"),
        (None, EngineError, r"Connection refused"),
    ],
    ids=["killed", "memory", "runs"],
)
def test_a_java_that_ended_is_told_with_how(monkeypatch, ended, kind, told):
    pytest.importorskip("pyspark.errors")
    failures = pytest.importorskip("backbone.engines.spark.failures")
    monkeypatch.setattr(failures, "why_ended", lambda: ended)

    with pytest.raises(kind, match=told), failures.mapped():
        raise ConnectionRefusedError(111, "Connection refused")


def test_a_call_that_java_never_answered_is_told_with_how_it_ended(monkeypatch):
    protocol = pytest.importorskip("py4j.protocol")
    failures = pytest.importorskip("backbone.engines.spark.failures")
    monkeypatch.setattr(failures, "why_ended", lambda: "killed by signal 9")

    called = "An error occurred while calling o40.range"
    with pytest.raises(EngineUnavailable, match="killed by"), failures.mapped():
        raise protocol.Py4JError(called)
    with pytest.raises(EngineError, match="no such method"), failures.mapped():
        raise protocol.Py4JError(f"{called}. Trace:\npy4j.Py4JException: no such method")
