"""Raw files read by many workers: nothing tells it from one reader."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from tests.habits import READS, habitual_read, outcome

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import RawRead
from backbone.engines.raw import (
    copied,
    perform,
    read_raw,
    read_spread,
    read_spread_deliveries,
    wire,
)
from backbone.engines.raw.pieces import Part
from backbone.engines.raw.shares import bundled, share_bytes_for
from backbone.errors import (
    AccountMismatch,
    DeclarationError,
    EngineError,
    LakeError,
    OutOfMemory,
)
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import INTEGER, STRING


@pytest.fixture(scope="module")
def engine():
    made = DuckDBEngine(threads=2)
    yield made
    made.close()


@pytest.fixture
def in_process(engine, tmp_path):
    def read(request):
        with engine.session() as session:
            return session.read_raw(request, tmp_path / "one")

    return read


class Workers:
    """Does tasks in no order, each as often as told; remembers what was done."""

    def __init__(self, times=1):
        self.times = times
        self.done = []

    def __call__(self, job, tasks):
        answers = {}
        for number in reversed(range(len(tasks))):
            for _ in range(self.times):
                answers[number] = perform(job, tasks[number])
            self.done.append(json.loads(tasks[number])["do"])
        return [answers[number] for number in range(len(tasks))]


@pytest.mark.parametrize("kind", READS)
@pytest.mark.parametrize("share_bytes", [6_000, 1 << 30])
def test_workers_read_what_one_process_reads(tmp_path, in_process, kind, share_bytes):
    request = habitual_read(tmp_path / "raw", kind)
    workers = Workers()
    found = read_spread(
        request, tmp_path / "many", workers, parallelism=2, share_bytes=share_bytes
    )
    assert outcome(found) == outcome(in_process(request))
    if share_bytes > 6_000:
        assert workers.done == ["read"]
    cut = {"csv", "semicolons", "lines", "parquet", "fixed", "log"}
    if kind in cut and share_bytes == 6_000:
        assert workers.done.count("read") > len(request.objects)


def test_nothing_to_read_is_no_task(tmp_path, in_process):
    request = replace(habitual_read(tmp_path / "raw", "csv"), objects=())
    workers = Workers()
    found = read_spread(request, tmp_path / "many", workers, parallelism=2)
    assert outcome(found) == outcome(in_process(request))
    assert workers.done == []


def test_files_are_in_the_order_of_objects_and_records(tmp_path):
    request = habitual_read(tmp_path / "raw", "csv")
    found = read_spread(
        request, tmp_path / "many", Workers(), parallelism=1, share_bytes=6_000
    )
    tables = [
        pq.read_table(file.path, columns=["_object", "_record"])
        for file in found.main.files
    ]
    rows = [tuple(row.values()) for table in tables for row in table.to_pylist()]
    assert rows == sorted(rows)
    assert len(tables) > 10


def test_files_of_other_attempts_are_removed_and_others_stay(tmp_path):
    request = habitual_read(tmp_path / "raw", "lines")
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "other.parquet").touch()
    workers = Workers(times=2)
    found = read_spread(request, folder, workers, parallelism=1, share_bytes=6_000)
    files = (*found.main.files, *found.rejected.files, *found.rejected_cells.files)
    names = {file.path.name for file in files}
    assert {path.name for path in folder.iterdir()} == {*names, "other.parquet"}
    assert len(names) == len(files) > 10


@pytest.fixture
def refused(in_process, tmp_path):
    """The error of both ways to read, which are to be the same."""

    def read(request, kind, workers):
        with pytest.raises(kind) as alone:
            in_process(request)
        with pytest.raises(kind) as many:
            read_spread(
                request, tmp_path / "many", workers, parallelism=1, share_bytes=6_000
            )
        assert type(many.value) is type(alone.value)
        assert str(many.value) == str(alone.value)
        assert list((tmp_path / "many").glob("*")) == []
        return many.value

    return read


def test_a_computed_column_that_fails_on_a_value(tmp_path, refused):
    request = habitual_read(tmp_path / "raw", "lines")
    year = RawColumn("n", INTEGER, sql="cast(strftime(day, '%Y-') as integer)")
    workers = Workers()
    refused(replace(request, columns=(*request.columns, year)), EngineError, workers)


def test_an_object_that_is_not_there(tmp_path, refused):
    request = habitual_read(tmp_path / "raw", "csv")
    gone = RawObject(str(tmp_path / "gone.csv"), "gone.csv", "d1")
    objects = (request.objects[0], gone, *request.objects[1:])
    error = refused(replace(request, objects=objects), LakeError, Workers())
    assert error.where == gone.path


def test_columns_that_cannot_be_used_are_said_before_any_task(tmp_path, refused):
    request = habitual_read(tmp_path / "raw", "csv")
    columns = (RawColumn("a", STRING), RawColumn("b", INTEGER, ("b",), format="%Y"))
    workers = Workers()
    error = refused(replace(request, columns=columns), DeclarationError, workers)
    assert len(error.mistakes) == 2
    assert workers.done == []


def test_once_a_share_has_failed_the_others_are_left(tmp_path):
    request = habitual_read(tmp_path / "raw", "lines")
    bad = RawColumn("n", INTEGER, sql="cast(strftime(day, '%Y-') as integer)")
    request = replace(request, columns=(*request.columns, bad))
    answers = []

    def spread(job, tasks):
        found = [perform(job, task) for task in tasks]
        if json.loads(tasks[0])["do"] == "read":
            answers.extend(map(json.loads, found))
        return found

    with pytest.raises(EngineError, match="while raw files were read"):
        read_spread(request, tmp_path / "many", spread, parallelism=1, share_bytes=6_000)
    assert "error" in answers[0]
    assert answers[1:] == [{"made": None}] * (len(answers) - 1)
    assert len(answers) > 5


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path):
    request = habitual_read(tmp_path / "raw", "document")

    def elsewhere(job, tasks):
        told = json.loads(job) | {"folder": str(tmp_path / "local")}
        return [perform(json.dumps(told), task) for task in tasks]

    with pytest.raises(LakeError, match="a worker does not see the folder"):
        read_spread(request, tmp_path / "many", elsewhere, parallelism=1)
    assert not (tmp_path / "local").exists()


def test_names_that_are_no_text_are_told_too(tmp_path, in_process):
    (tmp_path / "a.jsonl").write_bytes(b'{"id": 1, "\xff": 2, "\\ud800": 3}\n')
    objects = (RawObject(str(tmp_path / "a.jsonl"), "a.jsonl", "d1"),)
    columns = (RawColumn("id", INTEGER, ("id",)),)
    request = RawRead(objects, RawFormat("jsonl"), columns)
    found = read_spread(request, tmp_path / "many", Workers(), parallelism=1)
    assert outcome(found) == outcome(in_process(request))
    assert found.undeclared == {"a.jsonl": ("\udcff", "\ud800")}


def test_errors_of_every_kind_arrive_as_they_were():
    told = DeclarationError(["one", "two"], project="x")
    arrived = wire.error_of(json.loads(json.dumps(wire.error_as_json(told))))
    assert (str(arrived), arrived.mistakes) == (str(told), told.mistakes)
    memory = OutOfMemory("too much", where="here", hint="more", command="backbone run")
    arrived = wire.error_of(json.loads(json.dumps(wire.error_as_json(memory))))
    assert isinstance(arrived, OutOfMemory)
    assert (str(arrived), vars(arrived)) == (str(memory), vars(memory))


def test_a_part_that_has_other_records_than_the_index_counted(connection, tmp_path):
    request = habitual_read(tmp_path / "raw", "parquet")
    request = replace(request, objects=request.objects[:1])
    part = Part(start=0, stop=1, first=1, records=99)
    with pytest.raises(AccountMismatch, match="99 records were read, but 49 formatted"):
        read_raw(
            connection,
            request,
            tmp_path / "out",
            threads=1,
            copy=lambda *told: copied(connection, *told)[0],
            part=part,
        )


def objects_of(*names):
    return [RawObject(f"/raw/{name}", name, "d") for name in names]


def test_small_objects_go_together_in_order():
    objects = objects_of("a", "b", "big", "c", "d", "e")
    sizes = [10_000, 10_000, 500_000, 10_000, 110_000, 10_000]
    parts = {2: [Part(0, 250_000, 1, 7), Part(250_000, 500_000, 8, 7)]}
    shares = list(bundled(objects, sizes, parts, 120_000))
    names = [[obj.name for obj in share.objects] for share in shares]
    assert names == [["a", "b"], ["big"], ["big"], ["c"], ["d"], ["e"]]
    assert [share.part for share in shares if share.part] == parts[2]


@pytest.mark.parametrize(
    ("total", "parallelism", "shares"),
    [(1_000_000, 8, 1), (8 << 20, 64, 1), (100 << 20, 4, 12), (100 << 30, 4, 1790)],
)
def test_there_are_shares_for_all_who_work(total, parallelism, shares):
    each = share_bytes_for([total], parallelism)
    assert max(1, round(total / each)) == shares


def test_many_small_objects_are_few_tasks_and_little_to_hold(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"id\n1\n")
    objects = tuple(
        RawObject(str(tmp_path / "a.csv"), f"{n:04}.csv", "d1") for n in range(2_000)
    )
    request = RawRead(objects, RawFormat("csv"), (RawColumn("id", INTEGER, ("id",)),))
    sent = []

    def spread(job, tasks):
        answers = [perform(job, task) for task in tasks]
        sent.extend([job, *tasks, *answers])
        return answers

    found = read_spread(request, tmp_path / "many", spread, parallelism=2)
    assert (found.account.formatted, len(found.main.files)) == (2_000, 1)
    assert len(sent) == 3
    assert sum(map(len, sent)) < 2_000 * 300


def test_deliveries_are_read_at_once_and_told_apart(engine, tmp_path):
    columns = (RawColumn("n", INTEGER, ("n",)),)
    objects = []
    for delivery, lines in {"d1": "1\nx\n", "d2": "2\n3\n4,5\n", "d3": ""}.items():
        (tmp_path / delivery).mkdir()
        path = tmp_path / delivery / "same.csv"
        path.write_text(f"n\n{lines}")
        objects.append(RawObject(str(path), "same.csv", delivery))
    request = RawRead(tuple(objects), RawFormat("csv"), columns)
    workers = Workers()
    many = read_spread_deliveries(request, tmp_path / "many", workers, parallelism=2)
    with engine.session() as session:
        one = session.read_deliveries(request, tmp_path / "one")
    assert list(many) == list(one) == ["d1", "d2", "d3"]
    for delivery, result in many.items():
        assert outcome(result) == outcome(one[delivery])
    assert [result.account.formatted for result in many.values()] == [2, 2, 0]
    named = {f.path for r in many.values() for w in sides(r) for f in w.files}
    assert set((tmp_path / "many").iterdir()) == named
    assert workers.done == ["read", "read", "read"]


def sides(result):
    return result.main, result.rejected, result.rejected_cells
