"""Declarations of sources: ``sources/*.yml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backbone.project.declarations import TableName
from backbone.project.sources.code import (
    DltDataset,
    DltSource,
    PythonDataset,
    PythonSource,
)
from backbone.project.sources.files import FilesSource
from backbone.project.sources.http import (
    CkanDataset,
    HttpAccess,
    HttpCursor,
    HttpDataset,
    HttpPages,
    Sidecar,
    SocrataDataset,
)
from backbone.project.sources.shared import Retention, SourceSettings, hold_of
from backbone.project.sources.sql import SqlCursor, SqlDataset, SqlSource

__all__ = [
    "CkanDataset",
    "CkanSource",
    "DltDataset",
    "DltSource",
    "FilesSource",
    "HttpCursor",
    "HttpDataset",
    "HttpPages",
    "HttpSource",
    "PythonDataset",
    "PythonSource",
    "Retention",
    "Sidecar",
    "SocrataDataset",
    "SocrataSource",
    "Source",
    "SourceSettings",
    "SqlCursor",
    "SqlDataset",
    "SqlSource",
    "hold_of",
]


class HttpSource(SourceSettings, HttpAccess):
    """An API over HTTP, page by page, or files behind addresses."""

    collector: Literal["http"]
    pages: HttpPages = Field(HttpPages(), description="How the next page is found.")
    datasets: dict[TableName, HttpDataset] = Field(
        min_length=1, description="Dataset: where it is found."
    )


class CkanSource(SourceSettings, HttpAccess):
    """An open-data portal that runs CKAN."""

    collector: Literal["ckan"]
    datasets: dict[TableName, CkanDataset] = Field(
        min_length=1, description="Dataset: resources of a package."
    )


class SocrataSource(SourceSettings, HttpAccess):
    """An open-data portal of Socrata (Tyler Data & Insights)."""

    collector: Literal["socrata"]
    app_token: str | None = Field(
        None, description="Lifts the limits: ${var:NAME} or ${file:PATH}."
    )
    page_size: int = Field(50_000, gt=0, description="How many rows a page has.")
    max_pages: int = Field(10_000, gt=0, description="Stop with an error beyond this.")
    datasets: dict[TableName, SocrataDataset] = Field(
        min_length=1, description="Dataset: id and query."
    )


Source = Annotated[
    FilesSource
    | HttpSource
    | CkanSource
    | SocrataSource
    | SqlSource
    | PythonSource
    | DltSource,
    Field(discriminator="collector"),
]
