from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from backbone.engines.protocol import RawRead
from backbone.engines.raw import read
from backbone.engines.raw.pieces import ObjectEnd, RejectedRecord
from backbone.model.raw import RawColumn, RawObject
from backbone.model.types import CanonicalType
from backbone.project.formatted import AnyRead
from backbone.project.readers import table_type


@dataclass(frozen=True)
class Found:
    """What a reader made of one object: its rows as text, without their numbers."""

    rows: list[tuple]
    numbers: list[int]
    rejected: list[RejectedRecord]
    end: ObjectEnd

    @property
    def reasons(self):
        return [(each.record, each.reason) for each in self.rejected]


def reading(layout, columns, *paths):
    """Return a request as a declaration makes it."""
    model = table_type(layout["format"])
    kind = (
        AnyRead if model.__module__.endswith("formatted") else model.model_fields["read"]
    )
    annotation = kind if kind is AnyRead else kind.annotation
    form = TypeAdapter(annotation).validate_python(layout).raw()
    objects = tuple(RawObject(str(path), path.name, "d") for path in paths)
    made = tuple(
        RawColumn(f"c{n}", CanonicalType.parse(kind), (name,))
        for n, (name, kind) in enumerate(columns.items())
    )
    return RawRead(objects, form, made)


@pytest.fixture(scope="session")
def find():
    """Read an object as `read:` declares, into text."""

    def run(path, layout, *columns, piece_bytes=1 << 20, keep_raw=False, **kinds):
        wanted = dict.fromkeys(columns, "string") | kinds
        request = reading(layout, wanted, path)
        rows, numbers, rejected, ends = [], [], [], []
        found = read(request, threads=2, piece_bytes=piece_bytes, keep_raw=keep_raw)
        for piece in found:
            table = piece.table.to_pydict()
            numbers += table.pop("_record")
            rows += list(zip(*table.values(), strict=True)) if table else []
            rejected += piece.rejected
            ends += [piece.end] if piece.end else []
        (end,) = ends
        assert end.records == len(numbers) + sum(each.records for each in rejected)
        return Found(rows, numbers, rejected, end)

    return run
