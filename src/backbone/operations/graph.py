"""Which asset is made from which: the graph of a project, derived, never declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from backbone.errors import DeclarationError
from backbone.model.names import ZONES, AssetName
from backbone.project import Project

__all__ = ["Graph", "graph_of"]


@dataclass(frozen=True)
class Graph:
    """Main assets and their inputs; `order` has every asset after its inputs."""

    inputs: Mapping[AssetName, tuple[AssetName, ...]]
    order: tuple[AssetName, ...]

    def upstream(self, asset: AssetName, *, depth: int | None = None) -> set[AssetName]:
        """Return what `asset` is made from, directly or not (not itself)."""
        return _reach(asset, self.inputs, depth)

    def downstream(self, asset: AssetName, *, depth: int | None = None) -> set[AssetName]:
        """Return what is made from `asset`, directly or not (not itself)."""
        return _reach(asset, self._outputs(), depth)

    def _outputs(self) -> dict[AssetName, tuple[AssetName, ...]]:
        found: dict[AssetName, list[AssetName]] = {asset: [] for asset in self.inputs}
        for asset, inputs in self.inputs.items():
            for one in inputs:
                found[one].append(asset)
        return {asset: tuple(outputs) for asset, outputs in found.items()}


def _reach(
    start: AssetName,
    edges: Mapping[AssetName, Iterable[AssetName]],
    depth: int | None,
) -> set[AssetName]:
    found: set[AssetName] = set()
    front = {start}
    steps = 0
    while front and (depth is None or steps < depth):
        front = {n for asset in front for n in edges.get(asset, ())} - found
        found |= front
        steps += 1
    return found - {start}


def graph_of(project: Project) -> Graph:
    """Return the graph of a project.

    Raises
    ------
    DeclarationError : assets need one another in a circle
    """
    inputs: dict[AssetName, tuple[AssetName, ...]] = {}
    for source in project.sources.values():
        for dataset in source.datasets:
            inputs[AssetName("landing", dataset)] = ()
    for name, formatted in project.formatted.items():
        inputs[AssetName("formatted", name)] = (AssetName.parse(formatted.source),)
    for name in project.trusted:
        own = AssetName("trusted", name)
        needs = [AssetName("formatted", name), *project.referred.get(name, ())]
        inputs[own] = tuple(n for n in dict.fromkeys(needs) if n != own)
    for name, view in project.views.items():
        mains = [asset.main for asset in view.inputs]
        inputs[AssetName("exploitation", name)] = tuple(dict.fromkeys(mains))
    for name, analysis in project.analyses.items():
        inputs[AssetName("analysis", name)] = (AssetName.parse(analysis.source).main,)
    return Graph(inputs, _ordered(inputs))


def _ordered(
    inputs: Mapping[AssetName, tuple[AssetName, ...]],
) -> tuple[AssetName, ...]:
    sorter = TopologicalSorter(
        {
            asset: sorted(inputs[asset], key=_zone_first)
            for asset in sorted(inputs, key=_zone_first)
        }
    )
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(str(asset) for asset in error.args[1])
        mistake = f"these assets need one another: {circle}"
        raise DeclarationError([mistake]) from error


def _zone_first(asset: AssetName) -> tuple[int, str]:
    return ZONES.index(asset.zone), asset.local
