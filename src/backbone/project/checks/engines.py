"""Checks of engines: options that do nothing for the engine that they stand at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backbone.project.engines import EngineOptions, misfits, on_top
from backbone.project.mistakes import Where
from backbone.project.settings import Settings

__all__ = ["misplaced_options"]


def misplaced_options(settings: Settings) -> Iterator[tuple[Where, str]]:
    """Find what is said of engines that does nothing, in each target too."""
    common = _given(settings.engine)
    yield from _told(("engine",), common, {})
    for kind, options in settings.engines.items():
        yield from _told(("engines", kind), _given(options), {"kind": kind})
    for name, target in settings.targets.items():
        if target.engine is not None:
            yield from _told(("targets", name, "engine"), _given(target.engine), common)
        for kind, options in target.engines.items():
            around = {**_given(settings.engines.get(kind)), "kind": kind}
            yield from _told(("targets", name, "engines", kind), _given(options), around)


def _told(
    where: Where, own: Mapping[str, Any], common: Mapping[str, Any]
) -> Iterator[tuple[Where, str]]:
    for key, why in misfits(on_top(common, own)).items():
        part, _, name = key.partition(" ")
        yield (*where, part, name) if name else (*where, part), why


def _given(options: EngineOptions | None) -> dict[str, Any]:
    return options.model_dump(exclude_unset=True) if options is not None else {}
