"""The settings of a project: ``backbone.yml``."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from backbone.project.declarations import Declaration, EngineKind
from backbone.project.engines import EngineChoice, EngineOptions, EngineSettings, on_top

__all__ = ["Settings", "TargetSettings"]


class TargetSettings(Declaration):
    """What a target (dev, test, prod) overrides."""

    lake: str | None = Field(None, description="Folder, relative to the project.")
    catalog: str | None = Field(None, description="File or URL of the catalog.")
    engine: EngineChoice | None = Field(None, description="The engine and its options.")
    engines: dict[EngineKind, EngineOptions] = Field(
        default={}, description="Options of engines, by kind."
    )
    parameters: dict[str, Any] = Field(
        default={}, description="Values that declarations name as ${param:NAME}."
    )


class Settings(Declaration):
    """A project's settings."""

    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", description="What the project is called."
    )
    description: str | None = Field(None, description="What the project is for.")
    lake: str = Field(".backbone/lake", description="Folder, relative to the project.")
    catalog: str = Field(
        ".backbone/catalog.db", description="File of the SQLite catalog, or its URL."
    )
    engine: EngineChoice = Field(
        EngineSettings(), description="The engine, by name or with its options."
    )
    engines: dict[EngineKind, EngineOptions] = Field(
        default={}, description="Options of engines that steps or --engine name, by kind."
    )
    parallel: int = Field(2, ge=1, le=256, description="Steps that run at once.")
    lock_timeout_s: float = Field(600.0, ge=0, description="Wait for another run.")
    parameters: dict[str, Any] = Field(
        default={}, description="Values that declarations name as ${param:NAME}."
    )
    targets: dict[str, TargetSettings] = Field(
        default={}, description="dev, test, prod …: what each overrides."
    )

    def for_target(self, name: str | None) -> Settings:
        """Return the settings with those of target `name` on top.

        Raises
        ------
        KeyError : there is no such target
        """
        if name is None:
            return self
        own = self.targets[name]
        changed: dict[str, Any] = {
            key: getattr(own, key)
            for key in ("lake", "catalog")
            if getattr(own, key) is not None
        }
        changed["parameters"] = {**self.parameters, **own.parameters}
        changed["engines"] = {
            kind: EngineOptions(**options) for kind, options in self._by_kind(own).items()
        }
        if own.engine is not None:
            merged = on_top(_given(self.engine), _given(own.engine))
            changed["engine"] = EngineSettings(**merged)
        return self.model_copy(update=changed)

    def engine_of(self, kind: EngineKind) -> EngineSettings:
        """Return the settings of the engine of a kind, be it the declared one or not.

        What an engine may use of this machine is taken over from the declared one.
        """
        declared = _given(self.engine)
        own = _given(self.engines.get(kind))
        if kind == self.engine.kind:
            own, limits = on_top({**own, "kind": kind}, declared), {}
        else:
            limits = {k: declared[k] for k in _OF_THE_MACHINE if k in declared}
        return EngineSettings(**on_top(limits, {**own, "kind": kind}))

    def _by_kind(self, target: TargetSettings) -> dict[EngineKind, dict[str, Any]]:
        found = {kind: _given(options) for kind, options in self.engines.items()}
        for kind, options in target.engines.items():
            common = {**found.get(kind, {}), "kind": kind}
            merged = on_top(common, {**_given(options), "kind": kind})
            found[kind] = {k: v for k, v in merged.items() if k != "kind"}
        return found


_OF_THE_MACHINE = ("threads", "memory_limit")


def _given(options: EngineOptions | None) -> dict[str, Any]:
    """Return what was declared of an engine, without defaults."""
    return options.model_dump(exclude_unset=True) if options is not None else {}
