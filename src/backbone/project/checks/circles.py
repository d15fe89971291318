"""Circles: assets that need one another, so that none can be made first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from backbone.model.names import AssetName
from backbone.project.checks.inputs import asset_or_none, rule_that_reads
from backbone.project.mistakes import Mistake
from backbone.project.reading import Drafts

__all__ = ["check_circles"]

Inputs = Mapping[AssetName, tuple[AssetName, ...]]


def check_circles(
    drafts: Drafts,
    views: Mapping[str, tuple[AssetName, ...]],
    trusted: Mapping[str, tuple[AssetName, ...]],
) -> Iterator[Mistake]:
    """Tell every circle among views, analyses, and tables that refer to one another."""
    edges: dict[AssetName, tuple[AssetName, ...]] = {}
    for name, inputs in views.items():
        edges[AssetName("exploitation", name)] = tuple(each.main for each in inputs)
    for name, draft in drafts.analysis.items():
        source = asset_or_none(draft.value.source) if draft.value else None
        edges[AssetName("analysis", name)] = (source,) if source else ()
    for name, assets in trusted.items():
        edges[AssetName("trusted", name)] = assets
    while circle := _circle(edges):
        yield _told(drafts, circle)
        edges.pop(circle[0])


def _circle(edges: Inputs) -> list[AssetName]:
    """Return a circle, each asset before the one that reads it.

    A table of the trusted zone is the first where there is one: of all that the circle
    is made of, a rule is what can best be written in another way.
    """
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        found: list[AssetName] = error.args[1][:-1]
        first = found.index(min(found, key=lambda one: (one.zone != "trusted", one)))
        return found[first:] + found[:first]
    return []


def _told(drafts: Drafts, circle: list[AssetName]) -> Mistake:
    """Tell a circle at the asset that it begins with, as `a` reads `b` reads `a`."""
    path = [circle[0], *reversed(circle)]
    text = f"a circle: {' reads '.join(f'`{each}`' for each in path)}"
    first, reads = path[:2]
    if first.zone == "exploitation":
        return Mistake(drafts.views[first.table].file, 1, text)
    if first.zone == "analysis":
        return drafts.analysis[first.table].mistake(("from",), text)
    draft = drafts.trusted[first.table]
    place = rule_that_reads(draft.value, reads) if draft.value else None
    return draft.mistake(() if place is None else ("rules", place), text)
