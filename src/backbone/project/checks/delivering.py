"""Checks of what sources say of their deliveries, against the tables made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backbone.model.literals import value_of
from backbone.project.checks.known import Columns, Known
from backbone.project.delivering import BUILT_IN_ORDERS
from backbone.project.drafts import Draft
from backbone.project.formatted import FormattedTable
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.reading import Drafts
from backbone.project.sources import Source

__all__ = ["check_delivering"]


def check_delivering(drafts: Drafts, known: Known) -> Iterator[Mistake]:
    """Check that tables have the columns and the keys that their source speaks of."""
    for draft in drafts.sources.values():
        source = draft.value
        if source is None:
            continue
        made = [f"landing.{dataset}" for dataset in source.datasets]
        tables = [
            table
            for table in drafts.formatted.values()
            if table.value is not None and table.value.source in made
        ]
        for table in tables:
            yield from _table(draft, source, table, known)


def _table(
    draft: Draft[Source], source: Any, table: Draft[FormattedTable], known: Known
) -> Iterator[Mistake]:
    columns = known.columns.get(table.name, {})
    if source.delivers == "changes" and table.value and not table.value.key:
        text = f"`{draft.name}` delivers changes, of which the last of each key counts"
        yield table.mistake((), f"a `key` is needed: {text}")
    if source.order not in BUILT_IN_ORDERS:
        yield from _column(draft, ("order",), source.order, table.name, columns, "order")
    for place, name in enumerate(source.partition):
        if not name.startswith("$"):
            at = ("partition", place)
            yield from _column(draft, at, name, table.name, columns, "partition")
    if source.deletes is not None:
        yield from _deletes(draft, source, table.name, columns)


def _column(
    draft: Draft[Source],
    where: Where,
    name: str,
    table: str,
    columns: Columns,
    what: str,
) -> Iterator[Mistake]:
    if name in columns:
        return
    words = BUILT_IN_ORDERS if what == "order" else ("$file",)
    hint = suggestion(name, [*words, *columns])
    yield draft.mistake(where, f"formatted.{table} has no column `{name}`{hint}")


def _deletes(
    draft: Draft[Source], source: Any, table: str, columns: Columns
) -> Iterator[Mistake]:
    name = source.deletes.column
    where = ("deletes", "column")
    yield from _column(draft, where, name, table, columns, "deletes")
    kind = columns.get(name)
    if kind is None:
        return
    for place, text in enumerate(source.deletes.values):
        try:
            value_of(text, kind)
        except ValueError as error:
            yield draft.mistake(("deletes", "values", place), f"`{text}` {error}")
