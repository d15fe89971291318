"""Declarations of sources: ``sources/*.yml``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from backbone.model.deliveries import Delivers
from backbone.project.declarations import Declaration, Names, TableName

__all__ = [
    "FilesSource",
    "HttpCursor",
    "HttpDataset",
    "HttpPages",
    "HttpSource",
    "Sidecar",
    "Source",
    "SourceSettings",
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


class SqlDataset(Declaration):
    """A table or a query of a database."""

    table: str | None = Field(None, description="A table, read whole.")
    query: str | None = Field(None, description="A query in the database's dialect.")
    order_by: Names = Field((), description="Makes a query's result reproducible.")

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


Source = Annotated[FilesSource | HttpSource | SqlSource, Field(discriminator="collector")]
