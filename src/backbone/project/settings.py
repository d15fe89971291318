"""The settings of a project: ``backbone.yml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from backbone.project.declarations import Declaration

__all__ = ["EngineSettings", "Settings", "TargetSettings"]


class EngineSettings(Declaration):
    """The engine and its limits."""

    kind: Literal["duckdb"] = "duckdb"
    threads: int | None = Field(None, ge=1, description="Default: all cores.")
    memory_limit: str | None = Field(
        None, pattern=r"^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$", description="For example 4GB."
    )


def _engine(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


EngineChoice = Annotated[EngineSettings, BeforeValidator(_engine)]


class TargetSettings(Declaration):
    """What a target (dev, test, prod) overrides."""

    lake: str | None = None
    catalog: str | None = None
    engine: EngineChoice | None = None
    parameters: dict[str, Any] = {}


class Settings(Declaration):
    """A project's settings."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    description: str | None = None
    lake: str = Field(".backbone/lake", description="Folder, relative to the project.")
    catalog: str = Field(
        ".backbone/catalog.db", description="File of the SQLite catalog, or its URL."
    )
    engine: EngineChoice = EngineSettings()
    parallel: int = Field(2, ge=1, le=256, description="Steps that run at once.")
    lock_timeout_s: float = Field(600.0, ge=0, description="Wait for another run.")
    parameters: dict[str, Any] = {}
    targets: dict[str, TargetSettings] = {}

    def for_target(self, name: str | None) -> Settings:
        """Return the settings with those of target `name` on top.

        Raises
        ------
        KeyError : there is no such target
        """
        if name is None:
            return self
        chosen = self.targets[name].model_dump(exclude_unset=True)
        more = chosen.pop("parameters", {})
        merged = {**self.model_dump(), **chosen, "parameters": {**self.parameters, **more}}
        return Settings.model_validate(merged)
