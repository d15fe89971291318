"""Circles: assets that need one another, so that none can be made first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from backbone.model.names import AssetName
from backbone.project.checks.inputs import asset_or_none
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
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        found: list[AssetName] = error.args[1][:-1]
        first = found.index(min(found))
        return found[first:] + found[:first]
    return []


def _told(drafts: Drafts, circle: list[AssetName]) -> Mistake:
    """Tell a circle at the asset that it begins with, as `a` reads `b` reads `a`."""
    path = [circle[0], *reversed(circle)]
    text = " reads ".join(f"`{each}`" for each in path)
    first = circle[0]
    if first.zone == "exploitation":
        return Mistake(drafts.views[first.table].file, 1, f"a circle: {text}")
    draft = drafts.of("trusted" if first.zone == "trusted" else "analysis")[first.table]
    where = ("from",) if first.zone == "analysis" else ()
    return draft.mistake(where, f"a circle: {text}")
