"""Files whose format says what their columns are: JSON, Parquet and their like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from backbone.engines.raw.looking.cells import unit_in
from backbone.engines.raw.looking.files import FileSeen
from backbone.engines.raw.looking.observed import Observed
from backbone.management.formatted.inference.context import ColumnPlan
from backbone.model.choices import Choice

__all__ = ["record_choices", "record_read", "typed_plan", "types_of"]

_NUMERIC = ("integer", "double", "decimal")


def types_of(files: Sequence[FileSeen]) -> dict[str, str]:
    """Return the types that all files agree upon; mixed numbers are doubles."""
    found: dict[str, set[str]] = {}
    for file in files:
        if file.records is not None:
            for name in file.names:
                found.setdefault(name, set()).add(file.records.types.get(name, ""))
    types: dict[str, str] = {}
    for name, kinds in found.items():
        if len(kinds) == 1 and "" not in kinds:
            types[name] = next(iter(kinds))
        elif all(kind.startswith(_NUMERIC) for kind in kinds):
            types[name] = "double"
    return types


def typed_plan(seen: Observed, column: int, raw: str, name: str, kind: str) -> ColumnPlan:
    """Return a column of the type that the files say."""
    there, distinct, _, _ = seen.counts(column)
    keys: dict[str, Any] = {"type": kind}
    if raw != name:
        keys["from"] = raw
    unit = unit_in(raw)[1]
    if unit is not None and kind.startswith(_NUMERIC):
        keys["unit"] = unit
    choice = Choice(f"columns.{name}.type", kind, 1.0, "the files say so")
    return ColumnPlan(name, raw, column, keys, (choice,), seen.rows, there, distinct)


def record_read(files: Sequence[FileSeen]) -> Mapping[str, Any]:
    """Return the keys of `read` that most files ask for."""
    reads = [dict(file.records.read) for file in files if file.records is not None]
    encodings = Counter(f.encoding.name for f in files if f.encoding)
    counts = Counter(map(repr, reads))
    usual = counts.most_common(1)[0][0]
    keys = next(read for read in reads if repr(read) == usual)
    found = {"format": keys.pop("format"), **keys}
    if encodings and encodings.most_common(1)[0][0] != "utf-8":
        found["encoding"] = encodings.most_common(1)[0][0]
    return found


def record_choices(files: Sequence[FileSeen]) -> list[Choice]:
    """Return what is known of the format, and questions about what is nested."""
    read = record_read(files)
    where = f"all {len(files):,} files" if len(files) > 1 else "the file"
    found = [
        Choice("read.format", read["format"], 0.99, f"what {where} begin with")
        if len(files) > 1
        else Choice("read.format", read["format"], 0.99, f"what {where} begins with")
    ]
    if "records" in read:
        said = "the longest list of records in the document"
        found.append(Choice("read.records", read["records"], 0.9, said))
    broken = sum(file.records.broken for file in files if file.records)
    if broken:
        said = f"{broken:,} lines cannot be read so; they will be rejected"
        found.append(Choice("read.broken", broken, 0.9, said))
    return [*found, *_nested(files, str(read.get("records", "")))]


def _nested(files: Sequence[FileSeen], records: str) -> list[Choice]:
    children: Counter[str] = Counter()
    lists: dict[str, None] = {}
    for file in files:
        if file.records is not None:
            children.update(file.records.children)
            lists |= dict.fromkeys(file.records.lists)
    found = []
    for path, count in children.items():
        place = f"{records}.{path}" if records else path
        said = f"{count:,} records are inside of these"
        ask = f"`{path}` could be a table of its own: read it with `records: {place}`"
        found.append(Choice(f"children.{path}", place, 0.6, said, ask=ask))
    for path in lists:
        ask = f"`{path}` holds lists, which are left out: what should become of them?"
        found.append(Choice(f"lists.{path}", path, 0.5, "lists of values", ask=ask))
    return found
