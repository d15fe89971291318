"""What a file is that nobody declared: its format, how it is laid out, its columns.

Only the beginning of the file is looked at. A wrong guess loses nothing in silence: every
record that does not fit the layout is rejected, with its reason.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyarrow import ArrowException
from pyarrow import parquet as pq

from backbone.engines.raw.headers import looks_like
from backbone.engines.raw.layouts import layout_of
from backbone.engines.raw.readers.frame import columns_of
from backbone.engines.raw.records import fields
from backbone.engines.raw.streams import opened, windows
from backbone.errors import BackboneError, DataError, nearest
from backbone.model.raw import FileFormat, RawFormat, RawObject

__all__ = ["FORMATS", "Sniffed", "sniffed", "unpacked"]

FORMATS: dict[str, FileFormat] = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".psv": "csv", ".txt": "csv",
    ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel",
    ".ods": "excel",
    ".feather": "feather", ".arrow": "feather", ".arrows": "feather", ".ipc": "feather",
    ".orc": "orc", ".avro": "avro", ".db": "sqlite", ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
}  # fmt: skip
"""Endings of file names that say what is in a file."""

_HEAD_BYTES = 1 << 20
_LINES = 500
_DELIMITERS = (",", ";", "\t", "|")
_OF_NAME = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
_SIGNS: dict[bytes, FileFormat] = {
    b"ARROW1": "feather",
    b"FEA1": "feather",
    b"Obj\x01": "avro",
    b"SQLite format 3\0": "sqlite",
}
_SELF_TOLD = frozenset({"avro", "excel", "feather", "orc", "sqlite"})
_MAX_RECORD_BYTES = 64 << 20
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PACKED: dict[bytes, Callable[[Path], AbstractContextManager[Any]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}


@dataclass(frozen=True)
class Sniffed:
    """How a file can be read, and the names of its columns, in their order.

    Of JSON they are the keys of its first records; later ones may have more.
    """

    format: RawFormat
    names: tuple[str, ...]


def unpacked(path: Path, folder: Path) -> Path:
    """Return `path`, or what is in it if it is packed (gzip, bzip2, xz), in `folder`.

    Raises
    ------
    DataError : it is damaged
    BackboneError : there is no such file, or it cannot be read
    """
    head = _head(path, 8)
    for sign, unpack in _PACKED.items():
        if head.startswith(sign):
            inner = path.with_suffix("") if path.suffix[1:].isalnum() else path
            target = folder / inner.name
            try:
                with unpack(path) as packed, target.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
            except (OSError, EOFError, lzma.LZMAError) as error:
                raise DataError(f"{path} cannot be unpacked: {error}") from error
            return target
    return path


def sniffed(
    path: Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    nulls: Sequence[str] = (),
) -> Sniffed:
    """Look at the beginning of a file.

    Parameters
    ----------
    path : a file that is not packed
    delimiter, encoding : what is known; None is looked for
    nulls : texts that mean a missing value, beside empty cells

    Raises
    ------
    DataError : it is no table, has no header, or is empty
    BackboneError : there is no such file, it cannot be read, or what is known of it
        cannot be
    """
    _check_given(delimiter, encoding)
    head = _head(path, _HEAD_BYTES)
    if not head.strip():
        raise DataError(f"{path} is empty: not even a header is there")
    kind = _kind(path, head)
    form = RawFormat(
        kind,
        encoding=encoding or _encoding(head),
        nulls=("", *nulls),
        max_record_bytes=_MAX_RECORD_BYTES,
    )
    if kind == "parquet":
        return Sniffed(form, _parquet_names(path))
    if kind in _SELF_TOLD:
        form = replace(form, encoding="utf-8")
        return Sniffed(form, columns_of(RawObject(str(path), path.name, ""), form))
    if kind != "csv":
        return Sniffed(form, _json_names(path, head, form))
    text = head.decode(form.encoding, errors="replace")
    sign = delimiter or _OF_NAME.get(path.suffix.lower()) or _delimiter(text)
    form = replace(form, delimiter=sign)
    return Sniffed(form, _header(path, form, head))


def _check_given(delimiter: str | None, encoding: str | None) -> None:
    if delimiter is not None and (
        len(delimiter) != 1 or not delimiter.isascii() or delimiter in '\r\n\0"'
    ):
        raise BackboneError(f"`{delimiter}` is no delimiter: that is one ASCII character")
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        hint = "Such as utf-8, utf-16, latin-1, windows-1252."
        raise BackboneError(f"there is no encoding `{encoding}`", hint=hint) from None


def _head(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.glob("*")) if path.name else []
        raise BackboneError(
            f"there is no file {path}", hint=nearest(path.name, beside)
        ) from None
    except IsADirectoryError:
        raise BackboneError(f"{path} is a folder; name a file in it") from None
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror or error}"
        raise BackboneError(what) from error


def _kind(path: Path, head: bytes) -> FileFormat:
    """Tell the format by the name; a document of lines, or none, by what is in it."""
    if head.startswith(b"PAR1"):
        return "parquet"
    known = FORMATS.get(path.suffix.lower())
    told = next((name for sign, name in _SIGNS.items() if head.startswith(sign)), None)
    if told and (known == told or known not in _SELF_TOLD):
        return told
    if known in _SELF_TOLD:
        return known
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if known == "json" or (known is None and start[:1] in {b"{", b"["}):
        return "jsonl" if _is_object(start.partition(b"\n")[0]) else "json"
    if known == "parquet":
        what = looks_like(head)
        raise DataError(f"{path} is no Parquet file{'; it is ' + what if what else ''}")
    kind = (looks_like(head) or "").partition(":")[0]
    if kind and not kind.startswith("UTF"):
        hint = (
            "A table is CSV, TSV, Parquet, JSON, JSON lines, a workbook, Feather, ORC, "
            "Avro or SQLite, plain or gzipped."
        )
        raise DataError(f"{path} is no table: it looks like {kind}", hint=hint)
    return known or "csv"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _encoding(head: bytes) -> str:
    if head.startswith(_UTF_32):
        return "utf-32"
    if head.startswith(_UTF_16):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """Return the sign that splits most records into as many cells as the header has."""
    lines = text.splitlines(keepends=True)[:_LINES]
    lines = lines[:-1] if len(lines) > 2 else lines  # noqa: PLR2004 - may be cut

    def fitness(sign: str) -> tuple[float, int]:
        rows = list(csv.reader(io.StringIO("".join(lines)), delimiter=sign))
        width = len(rows[0])
        if width == 1:
            return 0.0, 0
        return sum(len(row) == width for row in rows) / len(rows), width

    try:
        best = max(_DELIMITERS, key=fitness)
    except csv.Error:  # a cell that is longer than the reader allows
        return max(_DELIMITERS, key=lines[0].count) if lines else ","
    return best if fitness(best)[1] else ","


def _header(path: Path, form: RawFormat, head: bytes) -> tuple[str, ...]:
    layout = layout_of(form)
    with closing(opened(str(path), form.encoding)) as stream:
        first = next(windows(stream, layout, len(head)), None)
    if first is None or 0 in first.records.bad:
        trouble = first.records.bad[0] if first else "it is empty"
        raise DataError(f"{path} has no header in its first line: {trouble}")
    cells = fields(first.bytes_of(0), layout)
    return tuple(cell.decode("utf-8", errors="replace") for cell in cells)


def _parquet_names(path: Path) -> tuple[str, ...]:
    try:
        return tuple(pq.read_schema(path).names)
    except (ArrowException, OSError) as error:
        text = str(error).partition("\n")[0]
        raise DataError(f"{path} is no sound Parquet file: {text}") from error


def _json_names(path: Path, head: bytes, form: RawFormat) -> tuple[str, ...]:
    if form.format == "jsonl":
        lines = head.decode(form.encoding, errors="replace").splitlines()[:_LINES]
        records = [_parsed(line) for line in lines]
    else:
        document = _parsed(path.read_text(form.encoding, errors="replace"))
        records = document if isinstance(document, list) else [document]
    found: dict[str, None] = {}
    for record in records[:_LINES]:
        found.update(dict.fromkeys(record) if isinstance(record, dict) else {})
    if not found:
        raise DataError(f"{path} holds no JSON objects")
    return tuple(found)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
