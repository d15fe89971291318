"""Checks of fields that columns read: `$device` has to be told by a path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backbone.project.drafts import Draft
from backbone.project.filepatterns import NamePattern, PathPattern
from backbone.project.formatted import FormattedTable
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.reading import Drafts
from backbone.project.sources import FilesSource

__all__ = ["check_fields"]

_FILE = "$file"


def check_fields(drafts: Drafts) -> Iterator[Mistake]:
    """Check that the fields that columns read are told of the files they come from.

    What the addresses of other sources tell is not known before they are asked.
    """
    told: dict[str, tuple[str, ...]] = {}
    for draft in drafts.sources.values():
        source = draft.value
        if isinstance(source, FilesSource) and "${" not in source.path:
            above = PathPattern.parse(source.path)[1].fields
            for dataset, pattern in source.datasets.items():
                fields = (*above, *NamePattern(pattern).fields)
                told[f"landing.{dataset}"] = fields
                for place, name in enumerate(source.partition):
                    at = ("partition", place)
                    yield from _unknown(draft, at, name, fields, f"landing.{dataset}")
    for table in drafts.formatted.values():
        if table.value is not None and table.value.source in told:
            yield from _columns(table, table.value, told[table.value.source])


def _columns(
    draft: Draft[FormattedTable], table: FormattedTable, told: tuple[str, ...]
) -> Iterator[Mistake]:
    for name, column in table.columns.items():
        for raw in column.source:
            yield from _unknown(draft, ("columns", name, "from"), raw, told, table.source)


def _unknown(
    draft: Draft[Any], where: Where, name: str, told: tuple[str, ...], dataset: str
) -> Iterator[Mistake]:
    known = [_FILE, *(f"${field}" for field in told)]
    if name.startswith("$") and not name.startswith("$$") and name not in known:
        what = f"`{name}` is no field of the files of {dataset}"
        yield draft.mistake(where, f"{what}{suggestion(name, known)}")
