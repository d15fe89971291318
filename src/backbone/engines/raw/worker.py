"""What a worker does: one task at a time, told in a text and answered with one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa

from backbone.engines.protocol import RawRead, RawResult, WrittenFile
from backbone.engines.raw import chunks, wire
from backbone.engines.raw.chunks import Chunk
from backbone.engines.raw.database import opened_database
from backbone.engines.raw.failures import mapped
from backbone.engines.raw.reading import read_raw
from backbone.engines.raw.shares import Share, head_of, layout_of
from backbone.engines.raw.streams import behind_mark, opened_file
from backbone.engines.raw.writing import copied
from backbone.errors import BackboneError, LakeError
from backbone.model.schemas import Schema

__all__ = ["ANSWERS", "PLACE", "Job", "answered", "perform"]

ANSWERS = pa.schema([("number", pa.int64()), ("answer", pa.string())])
PLACE = "while raw files were read"
_MORE_MEMORY = "Give the workers more memory, or fewer tasks at once."


@dataclass(frozen=True)
class Job:
    """What all tasks of a read have in common.

    `request` has no objects; `token` begins the names of all files that are written.
    """

    request: RawRead
    folder: Path
    token: str
    share_bytes: int

    def text(self) -> str:
        """Return the job as it is sent."""
        told = wire.layout_as_json(self.request)
        told |= {"folder": str(self.folder), "token": self.token}
        return json.dumps(told | {"share_bytes": self.share_bytes})

    @classmethod
    def of(cls, text: str) -> Job:
        """Return the job that was sent."""
        told = json.loads(text)
        folder, token = Path(told["folder"]), told["token"]
        return cls(wire.layout_of(told), folder, token, told["share_bytes"])

    @property
    def sign(self) -> Path:
        """A file of the driver's: who sees it sees the folder of the lake, no other."""
        return self.folder / f"{self.token}-job"

    @property
    def failed(self) -> Path:
        """A file that is there once a share could not be read: others may be left."""
        return self.folder / f"{self.token}-failed"

    def prefix(self, share: int) -> str:
        """Return how the names of an attempt's files begin; no other attempt's do."""
        return f"{self.token}-{share:05}-{uuid4().hex[:8]}-"


def perform(job: str, task: str) -> str:
    """Do a task of a job, and answer.

    What goes wrong is an answer, to be raised where the task comes from: it would go
    wrong again elsewhere.
    """
    told = Job.of(job)
    asked = json.loads(task)
    try:
        with mapped(PLACE, more_memory=_MORE_MEMORY):
            _check_place(told)
            return json.dumps({"made": _TASKS[asked["do"]](told, asked)})
    except BackboneError as error:
        if asked["do"] == "read" and told.folder.is_dir():
            told.failed.touch()
        return json.dumps({"error": wire.error_as_json(error)})


def _check_place(job: Job) -> None:
    if not job.sign.exists():
        raise LakeError(
            "a worker does not see the folder that it is to write to",
            where=str(job.folder),
            hint="The lake must be on a file system that the driver and all workers see "
            "under the same path.",
        )


def answered(
    job: str, tasks: Sequence[str], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Do the tasks of a job whose numbers are in the first column of batches."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            answer = perform(job, tasks[number])
            yield pa.RecordBatch.from_pydict(
                {"number": [number], "answer": [answer]}, ANSWERS
            )


def _head(job: Job, asked: Mapping[str, Any]) -> Any:
    found = head_of(job.request, wire.object_of(asked["object"]), job.share_bytes)
    return found and wire.head_as_json(found)


def _chunk(job: Job, asked: Mapping[str, Any]) -> Any:
    path, start, stop = asked["path"], asked["start"], asked["stop"]
    layout = layout_of(job.request.format)
    if start:
        found = chunks.guessed(path, layout, start, stop)
        return found and astuple(found)
    with closing(opened_file(path)) as file:
        begin = behind_mark(file)
    return astuple(chunks.counted(path, layout, begin, stop))


def _recount(job: Job, asked: Mapping[str, Any]) -> Any:
    known = asked["known"] and Chunk(*asked["known"])
    layout = layout_of(job.request.format)
    path, start, stop = asked["path"], asked["start"], asked["stop"]
    return astuple(chunks.counted(path, layout, start, stop, known))


def _read(job: Job, asked: Mapping[str, Any]) -> Any:
    if job.failed.exists():
        return None
    share = wire.share_of(asked["share"])
    with closing(opened_database(threads=1)) as connection:
        return wire.result_as_json(_result(connection, job, share, asked["number"]))


def _result(
    connection: duckdb.DuckDBPyConnection, job: Job, share: Share, number: int
) -> RawResult:
    def copy(sql: str, schema: Schema, path: Path) -> WrittenFile:
        return copied(connection, sql, schema, path)[0]

    return read_raw(
        connection,
        replace(job.request, objects=share.objects),
        job.folder,
        threads=1,
        copy=copy,
        part=share.part,
        prefix=job.prefix(number),
        is_checked=True,
    )


_TASKS: dict[str, Callable[[Job, Mapping[str, Any]], Any]] = {
    "chunk": _chunk,
    "head": _head,
    "read": _read,
    "recount": _recount,
}
