"""The one reader of raw files: objects in, pieces of text out, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    Callable,
    Container,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import islice

import pyarrow as pa

from backbone.engines.protocol import RawRead
from backbone.engines.raw import delimited, documents, parquet
from backbone.engines.raw.headers import missing_problem
from backbone.engines.raw.layouts import layout_of as csv_layout
from backbone.engines.raw.pieces import (
    FILE,
    RECORD,
    Job,
    Part,
    Piece,
    Wanted,
    column_of,
    field_of,
    refusal,
)
from backbone.engines.raw.plain import plain_sources, proven
from backbone.engines.raw.readers import frame, lines
from backbone.engines.raw.records import Layout
from backbone.engines.raw.streams import opened, windows
from backbone.engines.raw.unpivoting import refused_anyway, unpivoted
from backbone.errors import DataError
from backbone.model.raw import RawColumn, RawFormat, RawObject, RawUnpivot
from backbone.model.types import CanonicalType

__all__ = [
    "PIECE_BYTES", "field_problem",
    "raw_cells", "raw_record", "read", "sources_of", "wanted_of",
]  # fmt: skip

PIECE_BYTES = 8 << 20

_JOBS: dict[str, Callable[[RawObject, Wanted], Iterator[Job]]] = {
    "csv": delimited.jobs,
    "json": documents.document_jobs,
    "jsonl": documents.line_jobs,
    "parquet": parquet.jobs,
}

_PART_JOBS: dict[str, Callable[[RawObject, Wanted, Part], Iterator[Job]]] = {
    "csv": delimited.part_jobs,
    "jsonl": documents.part_jobs,
    "parquet": parquet.part_jobs,
}


def wanted_of(
    request: RawRead, piece_bytes: int = PIECE_BYTES, *, keep_raw: bool = False
) -> Wanted:
    """Return what a request asks of the reader of a format."""
    asked, unpivot = sources_of(request.columns), request.unpivot
    if unpivot is not None:
        kept = (name for name in asked if name not in unpivot.made)
        asked = (*kept, *map(_as_source, unpivot.read))
    names = (column_of(name) for name in asked)
    own = dict.fromkeys(name for name in names if name is not None)
    optional = map(column_of, optional_sources(request.columns))
    return Wanted(
        request.format,
        tuple(own),
        piece_bytes,
        keep_raw,
        frozenset(own).intersection(optional),
        frozenset(_days(request.columns)),
    )


def _as_source(name: str) -> str:
    return f"${name}" if name.startswith("$") else name


def optional_sources(columns: Iterable[RawColumn]) -> frozenset[str]:
    """Return the sources that no column needs: an object may be without them."""
    every = tuple(columns)
    needed = sources_of(one for one in every if not one.optional)
    return frozenset(sources_of(every)).difference(needed)


def _days(columns: Sequence[RawColumn]) -> Iterator[str]:
    """Yield the raw columns that are read as dates, and as nothing else."""
    read: dict[str, set[str]] = {}
    for column in columns:
        for name in filter(None, map(column_of, column.sources)):
            read.setdefault(name, set()).add(column.type.kind)
    yield from (name for name, kinds in read.items() if kinds == {"date"})


def field_problem(request: RawRead, obj: RawObject) -> str | None:
    """Say which fields of an object are asked for that it does not have."""
    optional = optional_sources(request.columns)
    needed = (name for name in sources_of(request.columns) if name not in optional)
    asked = (name for name in needed if column_of(name) is None)
    missing = [name for name in asked if field_of(obj, name) is None]
    known = [FILE, *(f"${name}" for name, _ in obj.fields)]
    what = "the object has no"
    return missing_problem(what, missing, known, kind="field") if missing else None


def sources_of(columns: Iterable[RawColumn]) -> tuple[str, ...]:
    """Return the raw columns that `columns` are made from, each once."""
    return tuple(dict.fromkeys(name for column in columns for name in column.sources))


def read(
    request: RawRead,
    *,
    threads: int,
    piece_bytes: int = PIECE_BYTES,
    keep_raw: bool = False,
    prove_plain: bool = False,
    part: Part | None = None,
) -> Generator[Piece]:
    """Read raw objects piece by piece.

    Parameters
    ----------
    request : RawRead
        The objects, their layout, and the columns that are to be made of them.
    threads : int
        How many pieces are read at once; about as many again wait to be taken.
    piece_bytes : int
        About how many bytes of text make a piece.
    keep_raw : bool
        Whether pieces can give the raw text of their records.
    prove_plain : bool
        Whether pieces have values in place of text in columns that are plainly values.
    part : Part, optional
        What is to be read of the only object.

    Yields
    ------
    Piece
        In the order of objects and records; `end` stands in the last of an object.

    Raises
    ------
    LakeError : an object is not there
    AccountMismatch : a piece does not have as many records as the index (never seen)
    """
    sources = sources_of(request.columns)
    wanted = wanted_of(request, piece_bytes, keep_raw=keep_raw)
    plain = plain_sources(request.columns) if prove_plain else {}
    unpivot = request.unpivot
    kept = {name for name in map(column_of, sources) if name is not None}
    jobs = (
        partial(_with_values, partial(unpivoted, job, unpivot, kept), plain)
        for obj in request.objects
        for job in _jobs(obj, wanted, part, field_problem(request, obj), unpivot)
    )
    met: dict[str, None] = {}
    with closing(_in_order(jobs, threads)) as pieces:
        for piece in pieces:
            met.update(dict.fromkeys(piece.undeclared))
            end = piece.end and replace(piece.end, undeclared=tuple(met))
            if end:
                met = {}
            table = _complete(piece, sources, wanted.optional)
            yield replace(piece, table=table, end=end)


def _jobs(
    obj: RawObject,
    wanted: Wanted,
    part: Part | None,
    problem: str | None,
    unpivot: RawUnpivot | None = None,
) -> Iterator[Job]:
    if problem is not None:
        return iter([partial(refusal, obj, wanted.sources, problem)])
    if unpivot is not None and unpivot.problem is not None:
        found = _whole_jobs(obj, wanted)
        return iter([partial(refused_anyway, found, obj, wanted, unpivot.problem)])
    if part is None:
        return _whole_jobs(obj, wanted)
    name = wanted.format.format
    if name in _JOBS:
        own = _PART_JOBS.get(name)
        return own(obj, wanted, part) if own else _JOBS[name](obj, wanted)
    if lines.reads_lines(wanted.format):
        return lines.part_jobs(obj, wanted, part)
    return frame.jobs(obj, wanted)


def _whole_jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    name = wanted.format.format
    if name in _JOBS:
        return _JOBS[name](obj, wanted)
    if lines.reads_lines(wanted.format):
        return lines.jobs(obj, wanted)
    return frame.jobs(obj, wanted)


def _in_order(jobs: Iterator[Job], threads: int) -> Generator[Piece]:
    """Do jobs in threads, a bounded number ahead of the one whose turn it is."""
    ahead: deque[Future[Piece]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="raw") as pool:
        try:
            for job in jobs:
                ahead.append(pool.submit(job))
                if len(ahead) > 2 * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _with_values(job: Job, kinds: Mapping[str, CanonicalType]) -> Piece:
    """Do a job; make values of columns whose texts are plainly values of these types."""
    piece = job()
    kept = piece.table.column_names
    found = {n: proven(piece.table[n], kinds[n]) for n in kinds if n in kept}
    made = {name: values for name, values in found.items() if values is not None}
    if not made:
        return piece
    columns = [made.get(name, piece.table[name]) for name in kept]
    table = pa.Table.from_arrays(columns, kept)
    return replace(piece, table=table, proven=frozenset(made))


def _complete(
    piece: Piece, sources: tuple[str, ...], optional: Container[str]
) -> pa.Table:
    """Order the columns as declared, and add the object's name where it is asked for."""
    columns = {}
    for name in (*sources, RECORD):
        own = column_of(name)
        if own is None:
            text = pa.scalar(field_of(piece.object, name), pa.string())
            columns[name] = pa.repeat(text, piece.rows)
        elif own in optional and own not in piece.table.column_names:
            columns[name] = pa.nulls(piece.rows, pa.string())
        else:
            columns[name] = piece.table[own]
    return pa.table(columns)


def raw_record(path: str, form: RawFormat, record: int) -> str:
    """Return the raw text of a record, at most 10,000 characters of it.

    `record` is its number in the object, the first is 1. A record of Parquet has no
    text of its own and is shown as JSON.

    Raises
    ------
    DataError : the object has no such record

    Notes
    -----
    The records before it are indexed, not read; a JSON document is read as a whole.
    """
    obj = RawObject(path, path, "")
    is_indexed = form.format in {"csv", "jsonl"} or (
        form.format not in _JOBS and lines.can_be_cut(form)
    )
    if is_indexed and not documents.is_nested(form):
        text = _by_index(obj, form, record)
    else:
        texts = _record_texts(obj, form)
        text = next(islice(texts, record - 1, None), None) if record > 0 else None
    if text is None:
        message = f"there is no record {record:,} in this object"
        raise DataError(message, where=path)
    return text


def raw_cells(
    obj: RawObject, form: RawFormat, column: RawColumn, record: int
) -> dict[str, str | None]:
    """Return the text of a record in the raw columns that `column` is made from.

    A text that stands for a missing value is None, as the reader takes it.

    Raises
    ------
    LakeError : the object is not there
    DataError : the object has no such record, or not these columns

    Notes
    -----
    The object is read up to the record, a thread at a time.
    """
    with closing(read(RawRead((obj,), form, (column,)), threads=1)) as pieces:
        for piece in pieces:
            at = piece.table[RECORD].to_pylist()
            if record in at:
                row = at.index(record)
                names = sources_of((column,))
                return {name: piece.table[name][row].as_py() for name in names}
    message = f"record {record:,} of this object cannot be read"
    raise DataError(message, where=obj.path)


def _record_texts(obj: RawObject, form: RawFormat) -> Iterator[str]:
    """Yield the raw text of every record, from the first."""
    if form.format == "json":
        return documents.record_texts(obj, form)
    if documents.is_nested(form):
        return frame.record_texts(obj, form)
    if form.format == "parquet":
        return parquet.record_texts(obj)
    if lines.reads_lines(form):
        return lines.record_texts(obj, form)
    return frame.record_texts(obj, form)


def _by_index(obj: RawObject, form: RawFormat, record: int) -> str | None:
    if record < 1:
        return None
    with closing(opened(obj.path, form.encoding)) as stream:
        found = (
            delimited.records_of(stream, form, PIECE_BYTES)
            if form.format == "csv"
            else windows(stream, layout_of(form), PIECE_BYTES, first=first_of(form))
        )
        for window in found:
            if record < window.last:
                return window.text_of(record)
    return None


def layout_of(form: RawFormat) -> Layout:
    """Return the bytes that structure text with records."""
    is_csv = form.format == "csv"
    return csv_layout(form) if is_csv else documents.line_layout(form)


def first_of(form: RawFormat) -> int:
    """Return the number of the first record that the index of an object finds."""
    if form.format in {"csv", "jsonl"}:
        return int(form.format == "jsonl")
    return 1 - lines.skipped(form)
