"""The selection grammar: which assets a verb is about.

``asset``, ``+asset`` (and all it is made from), ``asset+`` (and all that is made from
it), ``1+asset`` and ``asset+2`` (so many steps), ``zone:trusted``, ``source:weather``,
``state:modified`` and ``state:new``, with ``*`` as a wildcard; words are joined (union),
parts of a word joined by a comma must all hold (intersection).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from backbone.errors import BackboneError, UnknownAsset
from backbone.model.names import ZONES, AssetName
from backbone.operations.graph import Graph

__all__ = ["select"]

_WORD = re.compile(r"(?P<up>\d*\+)?(?P<core>[^+]+)(?P<down>\+\d*)?")


def select(
    graph: Graph,
    words: Sequence[str],
    *,
    exclude: Sequence[str] = (),
    sources: Mapping[str, Iterable[str]],
    state: Callable[[str], set[AssetName]],
) -> set[AssetName]:
    """Return the selected assets; all of them where `words` is empty.

    Parameters
    ----------
    graph : the graph of the project
    words : what to take, in the grammar of this module
    exclude : what to leave out, in the same grammar
    sources : the datasets of each source
    state : returns the assets whose state is ``modified`` or ``new``; called when asked

    Raises
    ------
    UnknownAsset : a word matches nothing
    """

    def taken(word: str) -> set[AssetName]:
        parts = [_part(graph, part, sources, state) for part in word.split(",")]
        return set.intersection(*parts)

    found = set(graph.order)
    if words:
        found = set().union(*(taken(word) for phrase in words for word in phrase.split()))
    gone = [taken(word) for phrase in exclude for word in phrase.split()]
    return found.difference(*gone)


def _part(
    graph: Graph,
    part: str,
    sources: Mapping[str, Iterable[str]],
    state: Callable[[str], set[AssetName]],
) -> set[AssetName]:
    match = _WORD.fullmatch(part)
    if match is None:
        raise BackboneError(
            f"`{part}` is no selection",
            hint="For example: trusted.flights, +trusted.flights, zone:exploitation",
        )
    core = _core(graph, match["core"], sources, state)
    found = set(core)
    for asset in core:
        if match["up"]:
            found |= graph.upstream(asset, depth=_depth(match["up"]))
        if match["down"]:
            found |= graph.downstream(asset, depth=_depth(match["down"]))
    return found


def _depth(text: str) -> int | None:
    digits = text.strip("+")
    return int(digits) if digits else None


def _core(
    graph: Graph,
    core: str,
    sources: Mapping[str, Iterable[str]],
    state: Callable[[str], set[AssetName]],
) -> set[AssetName]:
    method, colon, value = core.partition(":")
    if not colon:
        return _named(graph, core)
    if method == "zone":
        return _known(method, value, {z: _zone(graph, z) for z in ZONES})
    if method == "source":
        landed = {
            name: {AssetName("landing", dataset) for dataset in datasets}
            for name, datasets in sources.items()
        }
        return _known(method, value, landed)
    if method == "state":
        return _known(method, value, {s: state(s) for s in ("modified", "new")})
    raise BackboneError(
        f"`{method}:` is no way to select",
        hint="There are zone:, source: and state:",
    )


def _zone(graph: Graph, zone: str) -> set[AssetName]:
    return {asset for asset in graph.order if asset.zone == zone}


def _known(
    method: str, value: str, groups: Mapping[str, set[AssetName]]
) -> set[AssetName]:
    found = [assets for name, assets in groups.items() if fnmatchcase(name, value)]
    if not found:
        raise UnknownAsset.named(f"{method}:{value}", [f"{method}:{g}" for g in groups])
    return set().union(*found)


def _named(graph: Graph, core: str) -> set[AssetName]:
    names = {str(asset): asset for asset in graph.order}
    pattern = core if "." in core or core == "*" else f"*.{core}"
    found = {asset for name, asset in names.items() if fnmatchcase(name, pattern)}
    if not found:
        raise UnknownAsset.named(core, list(names))
    return found
