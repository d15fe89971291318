"""Declarations of sources: ``sources/*.yml``."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from backbone.project.declarations import Declaration, Names, TableName
from backbone.project.delivering import Delivering
from backbone.project.filepatterns import pattern_problem
from backbone.project.schedules import Schedule
from backbone.project.sources_http import (
    CkanDataset,
    HttpAccess,
    HttpCursor,
    HttpDataset,
    HttpPages,
    Sidecar,
    SocrataDataset,
)
from backbone.project.storage import Storage

__all__ = [
    "CkanDataset",
    "CkanSource",
    "FilesSource",
    "HttpCursor",
    "HttpDataset",
    "HttpPages",
    "HttpSource",
    "Retention",
    "Sidecar",
    "SocrataDataset",
    "SocrataSource",
    "Source",
    "SqlDataset",
    "SqlSource",
    "hold_of",
]


_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _checked_pattern(text: str) -> str:
    if problem := pattern_problem(text):
        raise ValueError(problem)
    return text


def _checked_name(text: str) -> str:
    if "/" in text and "${" not in text:
        message = f"`{text}` matches names of files, which hold no `/`: that is `path`"
        raise ValueError(message)
    return _checked_pattern(text)


PathText = Annotated[str, AfterValidator(_checked_pattern)]
NameText = Annotated[str, AfterValidator(_checked_name)]


_HOLD = re.compile(
    r"(?:until (\d{4}-\d{2}-\d{2})|([0-9a-f]{8,16})(?: until (\d{4}-\d{2}-\d{2}))?)"
)


class Retention(Declaration):
    """How long raw bytes are kept; `backbone gc` carries it out."""

    keep: int | None = Field(
        None, ge=1, description="So many deliveries of a dataset stay, the newest."
    )
    age: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[mhd]$",
        description="Deliveries stay that were received less than this ago: 400d, 36h.",
    )
    hold: Names = Field(
        (),
        description="What stays whatever its age: ids of deliveries, each perhaps "
        "`until` a day, or `until 2027-01-01` for all.",
    )

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.keep is None and self.age is None:
            message = "a retention says how many to `keep`, or of what `age`"
            raise ValueError(message)
        for text in self.hold:
            hold_of(text)
        return self

    @property
    def age_s(self) -> int | None:
        """Of what age deliveries may go, in seconds."""
        return int(self.age[:-1]) * _SECONDS[self.age[-1]] if self.age else None


def hold_of(text: str) -> tuple[str | None, date | None]:
    """Return the beginning of an id (None: of all) and the last day on which it is held.

    >>> hold_of("3fa2b1c0 until 2027-01-01")
    ('3fa2b1c0', datetime.date(2027, 1, 1))
    """
    found = _HOLD.fullmatch(text.strip())
    if found is None:
        message = (
            f"`{text}` holds nothing: eight or more digits of an id, `until 2027-01-01`, "
            "or both"
        )
        raise ValueError(message)
    day = found[1] or found[3]
    return found[2], date.fromisoformat(day) if day else None


class _Source(Delivering):
    description: str | None = Field(None, description="What the source is, for people.")
    owner: str | None = Field(None, description="Who answers questions about it.")
    schedule: Schedule | None = Field(
        None, description="When it is collected by `schedule` and `run --due`."
    )
    fresh_within: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[mhd]$",
        description="How old the newest delivery may be: 90m, 26h, 7d.",
    )

    retention: Retention | None = Field(
        None, description="How long raw bytes are kept; for ever by default."
    )

    @property
    def fresh_within_s(self) -> int | None:
        """How old the newest delivery may be, in seconds."""
        text = self.fresh_within
        return int(text[:-1]) * _SECONDS[text[-1]] if text else None


class FilesSource(_Source):
    """Files in a folder of this machine or in an object store; archives are opened."""

    collector: Literal["files"]
    path: PathText = Field(
        description="A glob, relative to the project or in a bucket; parts in braces "
        "are fields: inbox/{device}/*.csv, s3://bucket/{day}/*.csv"
    )
    settle: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[smhd]$",
        description="A file that changed less than this ago is left for next time: 30s.",
    )
    storage: Storage | None = Field(None, description="How a store is reached.")
    datasets: dict[TableName, NameText] = Field(
        min_length=1, description="Dataset: a pattern that the names of its files match."
    )

    @property
    def settle_s(self) -> int:
        """How long a file has to be quiet before it is collected, in seconds."""
        return int(self.settle[:-1]) * _SECONDS[self.settle[-1]] if self.settle else 0


class HttpSource(_Source, HttpAccess):
    """An API over HTTP, page by page, or files behind addresses."""

    collector: Literal["http"]
    pages: HttpPages = Field(HttpPages(), description="How the next page is found.")
    datasets: dict[TableName, HttpDataset] = Field(
        min_length=1, description="Dataset: where it is found."
    )


class CkanSource(_Source, HttpAccess):
    """An open-data portal that runs CKAN."""

    collector: Literal["ckan"]
    datasets: dict[TableName, CkanDataset] = Field(
        min_length=1, description="Dataset: resources of a package."
    )


class SocrataSource(_Source, HttpAccess):
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


class SqlSource(_Source):
    """A database that SQLAlchemy can reach."""

    collector: Literal["sql"]
    url: str = Field(description="SQLAlchemy URL; sqlite:///{project}/warehouse.db")
    datasets: dict[TableName, SqlDataset] = Field(
        min_length=1, description="Dataset: a table or a query."
    )


Source = Annotated[
    FilesSource | HttpSource | CkanSource | SocrataSource | SqlSource,
    Field(discriminator="collector"),
]
