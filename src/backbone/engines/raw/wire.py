"""What is sent to other processes and back, as JSON.

Texts may hold lone surrogates (a raw column of that name was met), which JSON carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from backbone import errors
from backbone.engines.protocol import RawRead, RawResult, Written
from backbone.engines.raw.pieces import Part
from backbone.engines.raw.shares import Head, Share
from backbone.errors import BackboneError, DeclarationError
from backbone.model.files import ColumnStatistics, WrittenFile
from backbone.model.raw import RawColumn, RawFormat, RawObject, RawUnpivot
from backbone.model.reports import FormattedAccount
from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType

__all__ = [
    "error_as_json",
    "error_of",
    "files_of",
    "head_as_json",
    "head_of",
    "layout_as_json",
    "layout_of",
    "object_as_json",
    "object_of",
    "result_as_json",
    "share_as_json",
    "share_of",
    "sides_of",
]


def layout_as_json(request: RawRead) -> dict[str, Any]:
    """Return all of a request but its objects."""
    columns = [asdict(each) | {"type": str(each.type)} for each in request.columns]
    unpivot = request.unpivot and asdict(request.unpivot)
    return {"format": asdict(request.format), "columns": columns, "unpivot": unpivot}


def layout_of(given: Mapping[str, Any]) -> RawRead:
    """Return the request without objects that was sent."""
    form = RawFormat(**_tuples(given["format"]))
    unpivot = given["unpivot"] and _unpivot_of(given["unpivot"])
    return RawRead((), form, tuple(map(_column_of, given["columns"])), unpivot)


def _unpivot_of(given: Mapping[str, Any]) -> RawUnpivot:
    lists: dict[str, Any] = {each: tuple(given[each]) for each in ("names", "values")}
    rows = tuple((tuple(texts), tuple(cells)) for texts, cells in given["rows"])
    return RawUnpivot(**{**given, **lists, "rows": rows})


def _column_of(given: Mapping[str, Any]) -> RawColumn:
    kind = CanonicalType.parse(given["type"])
    return RawColumn(**_tuples(given) | {"type": kind})


def _tuples(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what JSON made lists of as it was: there are no lists in declarations."""
    return {name: _tuple(value) for name, value in given.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def object_as_json(obj: RawObject) -> list[Any]:
    """Return an object."""
    return [obj.path, obj.name, obj.delivery, obj.fields]


def object_of(given: Sequence[Any]) -> RawObject:
    """Return the object that was sent."""
    path, name, delivery, fields = given
    return RawObject(path, name, delivery, tuple((key, text) for key, text in fields))


def share_as_json(share: Share) -> dict[str, Any]:
    """Return a share."""
    objects = [object_as_json(obj) for obj in share.objects]
    return {"objects": objects, "part": share.part and _part_as_json(share.part)}


def share_of(given: Mapping[str, Any]) -> Share:
    """Return the share that was sent."""
    part = given["part"] and _part_of(given["part"])
    return Share(tuple(map(object_of, given["objects"])), part)


def head_as_json(head: Head) -> dict[str, Any]:
    """Return the head of an object."""
    return asdict(head) | {"parts": [_part_as_json(part) for part in head.parts]}


def head_of(given: Mapping[str, Any]) -> Head:
    """Return the head that was sent."""
    parts = tuple(map(_part_of, given["parts"]))
    return Head(**_tuples(given) | {"parts": parts})


def _part_as_json(part: Part) -> list[Any]:
    return list(astuple(part))


def _part_of(given: Sequence[Any]) -> Part:
    return Part(*map(_tuple, given))


def result_as_json(result: RawResult) -> dict[str, Any]:
    """Return what became of objects; schemas are known to whoever asked."""
    return {
        "main": _files_as_json(result.main),
        "rejected": _files_as_json(result.rejected),
        "cells": _files_as_json(result.rejected_cells),
        "accounts": {name: list(astuple(each)) for name, each in result.accounts.items()},
        "undeclared": dict(result.undeclared),
        "refused": dict(result.refused),
    }


def _files_as_json(written: Written) -> list[Any]:
    return [
        [
            str(file.path),
            file.rows,
            file.size_bytes,
            [_statistics_as_json(file.statistics[name]) for name in written.schema.names],
        ]
        for file in written.files
    ]


def _statistics_as_json(each: ColumnStatistics) -> list[Any]:
    return [each.nulls, each.low, each.high]


def files_of(given: Sequence[Any], schema: Schema) -> list[WrittenFile]:
    """Return the files that were written elsewhere, with columns of `schema`."""
    return [
        WrittenFile(
            Path(path),
            rows,
            size,
            {
                name: ColumnStatistics(*each)
                for name, each in zip(schema.names, statistics, strict=True)
            },
        )
        for path, rows, size, statistics in given
    ]


Sides = tuple[dict[str, FormattedAccount], dict[str, tuple[str, ...]], dict[str, str]]


def sides_of(given: Mapping[str, Any]) -> Sides:
    """Return the accounts, undeclared columns and refusals that were sent."""
    accounts = {name: FormattedAccount(*each) for name, each in given["accounts"].items()}
    undeclared = {name: tuple(each) for name, each in given["undeclared"].items()}
    return accounts, undeclared, given["refused"]


def error_as_json(error: BackboneError) -> dict[str, Any]:
    """Return an error of ours, to be raised elsewhere."""
    told = {name: getattr(error, name) for name in ("what", "where", "hint", "command")}
    if isinstance(error, DeclarationError):
        told["mistakes"] = list(error.mistakes)
    return told | {"kind": type(error).__name__}


def error_of(given: Mapping[str, Any]) -> BackboneError:
    """Return the error that was sent."""
    kind = getattr(errors, given["kind"])
    made: BackboneError = kind.__new__(kind)
    told = {name: given[name] for name in ("where", "hint", "command")}
    BackboneError.__init__(made, given["what"], **told)
    if isinstance(made, DeclarationError):
        made.mistakes = tuple(given["mistakes"])
    return made
