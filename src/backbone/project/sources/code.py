"""Declarations of sources that functions of the project bring."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from backbone.project.declarations import Declaration, TableName
from backbone.project.functions import FunctionName
from backbone.project.sources.shared import SourceSettings

__all__ = ["DltDataset", "DltSource", "PythonDataset", "PythonSource"]


class PythonDataset(Declaration):
    """A dataset that a function of the project brings."""

    function: FunctionName | None = Field(
        None, description="module:function, if not that of the source."
    )
    settings: dict[str, JsonValue] = Field(
        default={}, description="More settings, or others, for this dataset."
    )


class PythonSource(SourceSettings):
    """A function of the project: settings and cursor in, names and bytes out."""

    collector: Literal["python"]
    function: FunctionName | None = Field(
        None, description="module:function in the project's python/."
    )
    settings: dict[str, JsonValue] = Field(
        default={}, description="Given to the function as its first argument."
    )
    datasets: dict[TableName, PythonDataset] = Field(
        min_length=1, description="Dataset: its own function or settings."
    )

    def function_of(self, dataset: str) -> str:
        """Return the name of the function that brings a dataset."""
        return self.datasets[dataset].function or self.function or ""

    def settings_of(self, dataset: str) -> dict[str, JsonValue]:
        """Return what that function is given."""
        return {**self.settings, **self.datasets[dataset].settings}

    @model_validator(mode="after")
    def _has_functions(self) -> Self:
        for name in self.datasets:
            if not self.function_of(name):
                message = f"`{name}` has no `function`, and the source has none"
                raise ValueError(message)
        return self


class DltDataset(Declaration):
    """A dataset that a resource of dlt's brings."""

    resource: str | None = Field(
        None, description="The name of the resource; the dataset's by default."
    )


class DltSource(SourceSettings):
    """A source or resource of dlt's, made by a function of the project."""

    collector: Literal["dlt"]
    function: FunctionName = Field(
        description="module:function in the project's python/."
    )
    settings: dict[str, JsonValue] = Field(
        default={}, description="Arguments of the function, by name."
    )
    datasets: dict[TableName, DltDataset] = Field(
        min_length=1, description="Dataset: the resource that brings it."
    )
