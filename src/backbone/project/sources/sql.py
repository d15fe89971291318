"""Declarations of sources that are databases."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from backbone.project.declarations import Declaration, Names, TableName
from backbone.project.sources.shared import SourceSettings

__all__ = ["SqlCursor", "SqlDataset", "SqlSource"]


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
