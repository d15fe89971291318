"""Checks of views: their SQL, what they read, and what is promised of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backbone.errors import BackboneError
from backbone.model.names import AssetName, Zone
from backbone.project.checks.known import Known
from backbone.project.mistakes import Mistake, suggestion
from backbone.project.reading import Drafts, ViewText

__all__ = ["check_views"]

_READABLE: tuple[Zone, ...] = ("formatted", "trusted", "exploitation", "analysis")

_PLACE = re.compile(r":(\d+)(?::(\d+))?$")

Inputs = dict[str, tuple[AssetName, ...]]


def check_views(drafts: Drafts, known: Known) -> tuple[Inputs, list[Mistake]]:
    """Read the SQL of every view.

    Returns
    -------
    what each view reads, and what is wrong with the views and their declarations
    """
    inputs: Inputs = {}
    mistakes: list[Mistake] = []
    for view in drafts.views.values():
        found, said = _parsed(view)
        mistakes += [*said, *_unknown(view, found, known)]
        inputs[view.name] = found
    mistakes += _declarations(drafts, known)
    return inputs, mistakes


def _parsed(view: ViewText) -> tuple[tuple[AssetName, ...], list[Mistake]]:
    from backbone.sql.views import parse_view  # noqa: PLC0415 - imports sqlglot

    try:
        return parse_view(view.sql, name=view.name, file=view.file).inputs, []
    except BackboneError as error:
        place = _PLACE.search(error.where or "")
        line = int(place[1]) if place else 1
        column = int(place[2]) if place and place[2] else None
        text = f"{error.what}. {error.hint}" if error.hint else error.what
        return (), [Mistake(view.file, line, text, column=column)]


def _unknown(
    view: ViewText, inputs: tuple[AssetName, ...], known: Known
) -> Iterator[Mistake]:
    for asset in inputs:
        why = known.unknown(str(asset), _READABLE)
        if why:
            yield Mistake(view.file, _line_of(asset, view.sql), why)


def _line_of(asset: AssetName, sql: str) -> int:
    """Find the line that names an asset (quoted or not, as ``zone.table``)."""
    spelt = rf'"?{asset.zone}"?\s*\.\s*"?{re.escape(asset.local)}\b'
    found = re.search(spelt, sql, re.IGNORECASE)
    return sql.count("\n", 0, found.start()) + 1 if found else 1


def _declarations(drafts: Drafts, known: Known) -> Iterator[Mistake]:
    views = known.tables["exploitation"]
    for draft in drafts.exploitation.values():
        if draft.name not in views:
            hint = suggestion(draft.name, views)
            text = f"there is no view `exploitation/{draft.name}.sql` beside it{hint}"
            yield draft.mistake((), text)
        if draft.value is not None and draft.value.rows_of is not None:
            why = known.unknown(draft.value.rows_of, _READABLE)
            if why:
                yield draft.mistake(("rows_of",), why)
