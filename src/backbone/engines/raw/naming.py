"""The raw columns that an object has, from a look at its beginning."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from pyarrow import ArrowException
from pyarrow import parquet as pq

from backbone.engines.raw import delimited, documents
from backbone.engines.raw.pieces import Wanted
from backbone.engines.raw.readers import frame, lines
from backbone.engines.raw.streams import opened_file
from backbone.errors import DataError
from backbone.model.raw import RawFormat, RawObject

__all__ = ["names_of"]

_LOOK_BYTES = 1 << 16

Names = tuple[str, ...]


def names_of(obj: RawObject, form: RawFormat) -> Names | None:
    """Return the raw columns of an object in their order; None if nobody can tell.

    Of JSON lines they are the keys of the records in the first 64 kB, of a JSON document
    those of all its records; keys inside of values are not among them.

    Raises
    ------
    LakeError : the object is not there

    Notes
    -----
    Reads the beginning of a file, or the footer of Parquet; a JSON document as a whole.
    Of other formats, what their reader needs for its first records.
    """
    look = _NAMES.get(form.format)
    if look is not None and not documents.is_nested(form):
        return look(obj, form)
    if lines.reads_lines(form):
        return lines.names_of(form)
    try:
        return frame.columns_of(obj, form) or None
    except DataError:
        return None


def _header(obj: RawObject, form: RawFormat) -> Names | None:
    found = delimited.opening_of(obj, Wanted(form, (), _LOOK_BYTES))
    return found.header.names if found is not None and found.header else None


def _schema(obj: RawObject, _form: RawFormat) -> Names | None:
    with closing(opened_file(obj.path)) as source:
        try:
            return tuple(pq.read_schema(source).names)
        except (ArrowException, OSError):
            return None


def _keys(obj: RawObject, form: RawFormat) -> Names | None:
    return documents.keys_of(obj, Wanted(form, (), _LOOK_BYTES))


_NAMES: dict[str, Callable[[RawObject, RawFormat], Names | None]] = {
    "csv": _header,
    "json": _keys,
    "jsonl": _keys,
    "parquet": _schema,
}
