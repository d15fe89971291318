"""Where a raw column is in an Arrow batch: a column, or a dotted path into structures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["root_of", "source_column", "source_field", "with_nulls"]


def source_field(schema: pa.Schema, source: str) -> pa.DataType | None:
    """Return the type of `source`: a column, or a dotted path into structures."""
    names = schema.names
    if source in names:
        return schema.types[names.index(source)]
    root, *path = source.split(".")
    if root not in names:
        return None
    kind = schema.types[names.index(root)]
    for step in path:
        if not pa.types.is_struct(kind) or kind.get_field_index(step) < 0:
            return None
        kind = kind.field(step).type
    return kind


def source_column(batch: pa.RecordBatch, source: str) -> pa.Array:
    """Return the cells of a column, or of a dotted path into structures."""
    names = batch.schema.names
    if source in names:
        return batch.column(names.index(source))
    root, *path = source.split(".")
    return pc.struct_field(batch.column(names.index(root)), path)


def root_of(names: Sequence[str], source: str) -> str:
    """Return the column that a source is in."""
    return source if source in names else source.partition(".")[0]


def with_nulls(columns: dict[str, pa.Array], nulls: Iterable[str]) -> dict[str, pa.Array]:
    """Take texts that mean missing for nulls; an empty text is a value here."""
    texts = pa.array([text for text in nulls if text], pa.string())
    if not len(texts):
        return columns
    nothing = pa.scalar(None, pa.string())
    return {
        name: pc.if_else(pc.is_in(column, texts), nothing, column)
        for name, column in columns.items()
    }
