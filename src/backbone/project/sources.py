"""Declarations of sources: ``sources/*.yml``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from backbone.model.deliveries import Delivers
from backbone.project.declarations import Declaration, Names, TableName
from backbone.project.functions import FunctionName

__all__ = [
    "DltDataset",
    "DltSource",
    "FilesSource",
    "HttpCursor",
    "HttpDataset",
    "HttpPages",
    "HttpSource",
    "PythonDataset",
    "PythonSource",
    "Sidecar",
    "Source",
    "SourceSettings",
    "SqlCursor",
    "SqlDataset",
    "SqlSource",
]


_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}


class SourceSettings(Declaration):
    """What every source declares; the settings of a collector of one's own begin here.

    A subclass adds ``collector: Literal["its name"]``, ``datasets`` by name, and what
    else a source of its kind has to say.
    """

    description: str | None = Field(None, description="What the source is, for people.")
    owner: str | None = Field(None, description="Who answers questions about it.")
    delivers: Delivers = Field(
        "increments",
        description="increments: every delivery adds rows; snapshots: the newest "
        "delivery is the whole table.",
    )
    fresh_within: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[mhd]$",
        description="How old the newest delivery may be: 90m, 26h, 7d.",
    )

    @property
    def fresh_within_s(self) -> int | None:
        """How old the newest delivery may be, in seconds."""
        text = self.fresh_within
        return int(text[:-1]) * _SECONDS[text[-1]] if text else None


class FilesSource(SourceSettings):
    """Files in a folder of this machine; archives are opened."""

    collector: Literal["files"]
    path: str = Field(description="A glob, relative to the project: inbox/*.csv")
    datasets: dict[TableName, str] = Field(
        min_length=1, description="Dataset: a pattern that the names of its files match."
    )


class Sidecar(Declaration):
    """A process that a source needs while it is collected (a tunnel, a proxy)."""

    command: tuple[str, ...] = Field(
        min_length=1,
        description="Program and arguments; {port} is a free port, {python} the "
        "Python that runs Backbone. Run in the project's folder, without a shell.",
    )
    ready: str = Field("/", description="A path that answers 200 when it is ready.")
    timeout_s: float = Field(20.0, gt=0, description="How long to wait for that.")


class HttpPages(Declaration):
    """How the next page is found."""

    next: str | None = Field(None, description="Path in the body to the next address.")
    number: str | None = Field(None, description="Query parameter of the page number.")
    first: int = Field(1, description="The first page's number.")
    max_pages: int = Field(10_000, gt=0, description="Stop with an error beyond this.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.next is not None and self.number is not None:
            message = "pages are found by `next` or by `number`, not both"
            raise ValueError(message)
        return self


class HttpCursor(Declaration):
    """Collect only what is new: the greatest value seen is sent with the next request."""

    param: str = Field(description="Query parameter that carries the last value seen.")
    field: str = Field(description="Field of a record that holds the value.")


class HttpDataset(Declaration):
    """A dataset behind an address."""

    path: str = Field("", description="Appended to the source's url.")
    params: dict[str, str] = Field(default={}, description="Query parameters.")
    records: str | None = Field(None, description="Path to the records in the body.")
    cursor: HttpCursor | None = Field(None, description="Collect only what is new.")


class HttpSource(SourceSettings):
    """A JSON API over HTTP, page by page."""

    collector: Literal["http"]
    url: str = Field(description="Base address; {port} is the sidecar's port.")
    headers: dict[str, str] = Field(default={}, description="Sent with each request.")
    sidecar: Sidecar | None = Field(None, description="A process that it needs.")
    pages: HttpPages = Field(HttpPages(), description="How the next page is found.")
    timeout_s: float = Field(30.0, gt=0, description="For one request.")
    attempts: int = Field(5, ge=1, description="For one request; 5xx and 429 retry.")
    datasets: dict[TableName, HttpDataset] = Field(
        min_length=1, description="Dataset: where it is found."
    )


class SqlCursor(Declaration):
    """Collect only what is new: rows above the greatest value that was collected."""

    column: str = Field(description="A column whose values grow with time.")
    overlap: str | None = Field(
        None,
        pattern=r"^[0-9]+[smhd]?$",
        description="How far below it rows may still come or change: 100, 15m, 3d.",
    )
    start: str | None = Field(None, description="The first value to collect.")


class SqlDataset(Declaration):
    """A table or a query of a database."""

    table: str | None = Field(None, description="A table, read whole.")
    query: str | None = Field(None, description="A query in the database's dialect.")
    order_by: Names = Field((), description="Makes a query's result reproducible.")
    cursor: SqlCursor | None = Field(None, description="Collect only what is new.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.table is None) == (self.query is None):
            message = "a dataset of a database names a `table` or a `query`, one of them"
            raise ValueError(message)
        return self


class SqlSource(SourceSettings):
    """A database that SQLAlchemy can reach."""

    collector: Literal["sql"]
    url: str = Field(description="SQLAlchemy URL; sqlite:///{project}/warehouse.db")
    datasets: dict[TableName, SqlDataset] = Field(
        min_length=1, description="Dataset: a table or a query."
    )

    @model_validator(mode="after")
    def _parts_are_no_snapshots(self) -> Self:
        with_cursor = any(dataset.cursor for dataset in self.datasets.values())
        if self.delivers == "snapshots" and with_cursor:
            message = (
                "a `cursor` brings a part of a table, and `delivers: snapshots` would "
                "take it for the whole; say `delivers: increments`"
            )
            raise ValueError(message)
        return self


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


Source = Annotated[
    FilesSource | HttpSource | SqlSource | PythonSource | DltSource,
    Field(discriminator="collector"),
]
