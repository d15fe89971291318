"""What every reader of records has around it: text, numbers, accounts, refusals.

An object is read to its end before a row of it is used: what has been read waits, in
memory or in a temporary file. So an object that turns out to be damaged is refused as a
whole, and nothing of it is half there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backbone.engines.raw.headers import missing_problem
from backbone.engines.raw.pieces import (
    RECORD,
    Job,
    Piece,
    RejectedRecord,
    Wanted,
    cut,
    ending,
    refusal,
)
from backbone.engines.raw.places import (
    root_of,
    source_column,
    source_field,
    with_nulls,
)
from backbone.engines.raw.readers.protocol import RawFile, Records, Rejected
from backbone.engines.raw.readers.spool import Spool
from backbone.engines.raw.streams import opened_file
from backbone.engines.raw.texts import NOT_TEXT, canonical_text, json_rows
from backbone.errors import BackboneError, DataError, PluginError
from backbone.model.raw import RawFormat, RawObject
from backbone.project.plugins import loaded
from backbone.project.reads import ReadSettings

__all__ = ["columns_of", "jobs", "reader_of", "record_texts", "settings_of", "whole"]

_RAW = "_raw"
_OF_JSON = ("json", "jsonl")  # where records are inside of others
_CHILDREN = "backbone.engines.raw.readers.children"
_MOST_REJECTED = 100_000
_PANIC = "PanicException"  # of Rust libraries; no `Exception`


def reader_of(format_: str) -> Any:
    """Return the reader of a format.

    Raises
    ------
    PluginError : it is not installed, or cannot be loaded
    """
    if format_ in _OF_JSON:
        return import_module(_CHILDREN)
    return loaded("backbone.readers", format_)


@cache
def settings_of(form: RawFormat) -> Any:
    """Return what was declared of a format, as its reader takes it.

    Raises
    ------
    PluginError : its reader is not installed, or lacks a part
    """
    reader = reader_of(form.format)
    model = getattr(reader, "Settings", None)
    if not (isinstance(model, type) and issubclass(model, ReadSettings)):
        what = f"the reader `{form.format}` has no `Settings` made of `ReadSettings`"
        raise PluginError(what)
    said: dict[str, Any] = json.loads(form.options or "{}")
    common = {
        "format": form.format,
        "nulls": form.nulls,
        "encoding": form.encoding,
        "records": form.records,
        "max_record_bytes": form.max_record_bytes,
    }
    said |= {name: common[name] for name in common.keys() & model.model_fields.keys()}
    return model.model_validate(said, by_alias=True, by_name=True)


def jobs(obj: RawObject, wanted: Wanted) -> Iterator[Job]:
    """Read an object: a small one as one job, a big one before its first piece.

    Raises
    ------
    LakeError : it is not there
    PluginError, EngineUnavailable : what reads it is not installed
    """
    opened_file(obj.path).close()
    if Path(obj.path).stat().st_size <= wanted.piece_bytes:
        yield partial(whole, obj, wanted)
        return
    with closing(_Reading(obj, wanted)) as one:
        for piece in one.pieces():
            yield partial(_given, piece)


def _given(piece: Piece) -> Piece:
    return piece


def whole(obj: RawObject, wanted: Wanted) -> Piece:
    """Read an object as one piece."""
    with closing(_Reading(obj, wanted)) as one:
        *pieces, last = one.pieces()
        if not pieces:
            return last
        tables = [piece.table for piece in pieces]
        joined = pa.concat_tables([*tables, last.table.select(tables[0].column_names)])
        rejected = [reject for piece in (*pieces, last) for reject in piece.rejected]
        raws = [piece.raw for piece in pieces if piece.raw]

    def raw(number: int) -> str:
        return next((text for each in raws if (text := each(number))), "")

    return Piece(
        obj,
        joined,
        tuple(rejected),
        size=sum(piece.size for piece in pieces),
        undeclared=last.undeclared,
        end=last.end,
        raw=raw if raws else None,
    )


class _Misread(Exception):
    """An object cannot be read, for this reason."""


@dataclass
class _Met:
    """What was met in an object."""

    columns: dict[str, None] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    rejected: list[RejectedRecord] = field(default_factory=list)
    rows: int = 0
    last: int = 0


class _Reading:
    """One object, read to its end."""

    def __init__(self, obj: RawObject, wanted: Wanted) -> None:
        self.obj = obj
        self.wanted = wanted
        self.settings = settings_of(wanted.format)
        self.binary = getattr(self.settings, "binary", "text")
        self.met = _Met()
        self.nulls = wanted.format.nulls
        names = [(source, pa.string()) for source in wanted.sources]
        names.append((RECORD, pa.int64()))
        if wanted.keep_raw:
            names.append((_RAW, pa.string()))
        self.schema = pa.schema(names)
        self.spool = Spool(self.schema)

    def close(self) -> None:
        """Forget what waits."""
        self.spool.close()

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of the object: the last of them has its end."""
        sources = self.wanted.sources
        try:
            self._take_all()
            self._check_columns()
        except _Misread as error:
            yield refusal(self.obj, sources, str(error), records=self.met.last)
            return
        waiting = self.met.rejected
        for table in self.spool.tables():
            last = table[RECORD][-1].as_py() if table.num_rows else 0
            split = next(
                (n for n, each in enumerate(waiting) if (each.record or 0) > last),
                len(waiting),
            )
            yield self._piece(table, waiting[:split])
            waiting = waiting[split:]
        unread = self._undeclared()
        end = ending(self.obj, sources, records=self.met.last, undeclared=unread)
        yield Piece(self.obj, end.table, tuple(waiting), undeclared=unread, end=end.end)

    def _piece(self, table: pa.Table, rejected: Sequence[RejectedRecord]) -> Piece:
        raw = None
        if self.wanted.keep_raw:
            raw = partial(_kept, table.select([RECORD, _RAW]))
            table = table.drop_columns([_RAW])
        return Piece(self.obj, table, tuple(rejected), size=table.nbytes, raw=raw)

    def _take_all(self) -> None:
        """Have the reader read; whatever goes wrong in it refuses the object."""
        file = RawFile(
            self.obj.path, self.obj.name, self.wanted.sources, self.wanted.days
        )
        given = iter(_guarded(self.wanted.format, file, self.settings))
        for each in given:
            if isinstance(each, Rejected):
                self._reject(each)
            else:
                self._take(each if isinstance(each, Records) else Records(each))

    def _reject(self, each: Rejected) -> None:
        number = each.number or self.met.last + 1
        if number != self.met.last + 1 or each.records < 1:
            raise _Misread(self._out_of_order(number))
        one = number if each.records == 1 else None
        self._enter_rejected(
            RejectedRecord(one, each.reason, each.column, cut(each.raw), each.records)
        )
        self.met.last += each.records

    def _enter_rejected(self, reject: RejectedRecord) -> None:
        self.met.rejected.append(reject)
        if len(self.met.rejected) > _MOST_REJECTED:
            first = self.met.rejected[0].reason
            what = f"more than {_MOST_REJECTED:,} records cannot be read; the first: "
            raise _Misread(what + first)

    def _take(self, given: Records) -> None:
        batch = given.batch
        if not isinstance(batch, pa.RecordBatch):
            what = type(batch).__name__
            raise _Misread(f"its reader gave a {what} in place of a record batch")
        numbers = self._numbered(given)
        self._meet(given)
        unsound: dict[int, str] = {}
        columns = {
            source: self._text(batch, source, unsound) for source in self.wanted.sources
        }
        raws = self._raws(given) if self.wanted.keep_raw or unsound else None
        columns = with_nulls(columns, self.nulls)
        table = pa.table({**columns, RECORD: pa.array(numbers, pa.int64())})
        if self.wanted.keep_raw:
            table = table.append_column(_RAW, pa.array(raws, pa.string()))
        if unsound:
            for row, column in sorted(unsound.items()):
                text = raws[row] if raws else ""
                number = int(numbers[row])
                self._enter_rejected(RejectedRecord(number, NOT_TEXT, column, text))
            self.met.rejected.sort(key=lambda each: each.record or 0)
            kept = np.delete(np.arange(len(numbers)), list(unsound))
            table = table.take(kept)
        if table.num_rows:
            self.spool.add(table.cast(self.schema))
        self.met.rows += batch.num_rows

    def _numbered(self, given: Records) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the numbers of a batch's records, all of which follow what was read."""
        rows, before = given.batch.num_rows, self.met.last
        if given.numbers is None and not given.rejected:
            self.met.last += rows
            return np.arange(before + 1, before + 1 + rows, dtype=np.int64)
        if given.numbers is None:
            raise _Misread("its reader rejects records among others without `numbers`")
        numbers = np.asarray(given.numbers, dtype=np.int64)
        bad: list[int] = []
        for each in given.rejected:
            first = each.number or 0
            bad += range(first, first + each.records)
            number = first if each.records == 1 else None
            raw = cut(each.raw)
            self._enter_rejected(
                RejectedRecord(number, each.reason, each.column, raw, each.records)
            )
        met = np.sort(np.concatenate([numbers, np.array(bad, np.int64)]))
        self.met.last = before + len(met)
        expected = np.arange(before + 1, self.met.last + 1)
        if len(numbers) != rows or (len(met) and not np.array_equal(met, expected)):
            raise _Misread(self._out_of_order(int(met[0]) if len(met) else 0))
        if len(numbers) and np.any(np.diff(numbers) < 1):
            raise _Misread(self._out_of_order(int(numbers[0])))
        return numbers

    def _out_of_order(self, number: int) -> str:
        after = self.met.last
        return f"its reader gave records out of order: number {number} after {after}"

    def _meet(self, given: Records) -> None:
        names = given.columns or tuple(given.batch.schema.names)
        self.met.columns.update(dict.fromkeys(names))
        schema = given.batch.schema
        for source in self.wanted.sources:
            kind = source_field(schema, source)
            if kind is None:
                continue
            self.met.sources.add(source)
            if schema.names.count(root_of(schema.names, source)) > 1:
                raise _Misread(f"the file has the column `{source}` more than once")
            if pa.types.is_interval(kind):
                what = f"the column `{source}` is a {kind}, of which no text is made"
                raise _Misread(what)

    def _text(
        self, batch: pa.RecordBatch, source: str, unsound: dict[int, str]
    ) -> pa.Array:
        if source_field(batch.schema, source) is None:
            return pa.nulls(batch.num_rows, pa.string())
        return canonical_text(source_column(batch, source), unsound, source, self.binary)

    def _raws(self, given: Records) -> list[str]:
        texts = given.raw if given.raw is not None else json_rows(given.batch)
        return [cut(text) for text in texts]

    def _check_columns(self) -> None:
        """Refuse an object that has not a column that is read."""
        absent = [each for each in self.wanted.required if each not in self.met.sources]
        if absent and self.met.columns:
            known = tuple(self.met.columns)
            raise _Misread(missing_problem("there is no", absent, known))

    def _undeclared(self) -> tuple[str, ...]:
        names = tuple(self.met.columns)
        roots = {root_of(names, source) for source in self.wanted.sources}
        return tuple(name for name in names if name not in roots)


def _kept(table: pa.Table, number: int) -> str:
    at = pc.index(table[RECORD], number).as_py()
    return table[_RAW][at].as_py() if at >= 0 else ""


def _guarded(
    form: RawFormat, file: RawFile, settings: Any
) -> Iterator[pa.RecordBatch | Records | Rejected]:
    """Let a reader read; what it raises refuses the object, unless it is ours to tell."""
    reader = reader_of(form.format)
    try:
        yield from reader.read(file, settings)
    except (MemoryError, pa.ArrowMemoryError) as error:
        what = "it needs more memory to be read than there is"
        raise _Misread(what) from error
    except DataError as error:
        raise _Misread(error.what) from error
    except (BackboneError, _Misread):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        text = str(error).strip().partition("\n")[0]
        told = f"{type(error).__name__}: {text}" if text else type(error).__name__
        raise _Misread(f"not {form.format}, or damaged: {cut(told)}") from error


def record_texts(obj: RawObject, form: RawFormat) -> Iterator[str]:
    """Yield the raw text of every record that could be read, or its JSON.

    Raises
    ------
    DataError : the object cannot be read
    """
    try:
        for each in _guarded(form, RawFile(obj.path, obj.name), settings_of(form)):
            if isinstance(each, Rejected):
                yield from [cut(each.raw)] * each.records
                continue
            given = each if isinstance(each, Records) else Records(each)
            rows = given.raw if given.raw is not None else json_rows(given.batch)
            yield from _with_rejected(given, rows)
    except _Misread as error:
        raise DataError(str(error), where=obj.path) from error


def columns_of(obj: RawObject, form: RawFormat) -> tuple[str, ...]:
    """Return the raw columns of an object whose format tells them with its records.

    Raises
    ------
    DataError : the object cannot be read
    """
    try:
        for each in _guarded(form, RawFile(obj.path, obj.name), settings_of(form)):
            if isinstance(each, Rejected):
                continue
            given = each if isinstance(each, Records) else Records(each)
            return given.columns or tuple(given.batch.schema.names)
    except _Misread as error:
        raise DataError(str(error), where=obj.path) from error
    return ()


def _with_rejected(given: Records, rows: Sequence[str]) -> Iterator[str]:
    texts = [cut(text) for text in rows]
    if given.numbers is None:
        yield from texts
        return
    found = dict(zip(given.numbers, texts, strict=True))
    for each in given.rejected:
        first = each.number or 0
        found |= dict.fromkeys(range(first, first + each.records), cut(each.raw))
    yield from (found[number] for number in sorted(found))
