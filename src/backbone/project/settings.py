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


EngineChoice = Annotated[
    EngineSettings,
    BeforeValidator(_engine, json_schema_input_type=Literal["duckdb"] | EngineSettings),
]


class TargetSettings(Declaration):
    """What a target (dev, test, prod) overrides."""

    lake: str | None = Field(None, description="Folder, relative to the project.")
    catalog: str | None = Field(None, description="File or URL of the catalog.")
    engine: EngineChoice | None = Field(None, description="The engine and its limits.")
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
        EngineSettings(), description="The engine, by name or with its limits."
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
        chosen = self.targets[name].model_dump(exclude_unset=True)
        merged = {
            **self.model_dump(),
            **{k: v for k, v in chosen.items() if v is not None},
        }
        for part in ("engine", "parameters"):
            common = self.model_dump(include={part})[part]
            merged[part] = {**common, **(chosen.get(part) or {})}
        return Settings.model_validate(merged)
