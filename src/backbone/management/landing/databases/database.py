"""A database as a source: read only, one consistent view of it for every dataset."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa
import sqlalchemy as sa

from backbone.errors import BadResponse, MissingColumn, nearest
from backbone.management.landing.databases.dsn import Address
from backbone.project.sources import SqlDataset

__all__ = ["Database", "Extract", "Window", "checked_names", "no_table", "opened"]


@dataclass(frozen=True)
class Window:
    """Rows whose value in `column` is above `low` (or at it) and not above `high`.

    Values are as `Database.greatest` gives them.
    """

    column: str
    low: Any
    high: Any
    from_low: bool = False


@dataclass(frozen=True)
class Extract:
    """The rows of a dataset, in an order that depends on nothing but them.

    `columns` say how each column lands; `key` names those that tell rows apart, where
    the database knows; `required` those that are never null.
    """

    columns: tuple[Any, ...]
    rows: sa.FromClause
    order: tuple[sa.ColumnElement[Any], ...]
    key: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()

    def with_columns(self, columns: Sequence[Any]) -> Extract:
        """Return the same rows with other types."""
        return replace(self, columns=tuple(columns))


class Database(Protocol):
    """A database that is read as it was at one moment.

    `shown` is its address without secrets; `notes` say how it is read, where a person
    could do better.
    """

    shown: str
    notes: tuple[str, ...]

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...

    def reading(self) -> AbstractContextManager[None]:
        """Read one dataset: driver errors become ours, and do not spoil the next one.

        Raises
        ------
        SourceUnavailable : the connection is lost, or the database locked
        BadResponse : the database refuses the query
        """
        ...

    def extract(self, dataset: SqlDataset) -> Extract:
        """Return what to read for a dataset, ordered by key, else by every column.

        Raises
        ------
        BadResponse : there is no such table
        MissingColumn : `order_by` or `cursor` names a column that is not there
        """
        ...

    def batches(
        self, extract: Extract, window: Window | None = None
    ) -> Generator[pa.RecordBatch]:
        """Return the rows, in order, as they land; at least one batch.

        Raises
        ------
        Misfit : a value does not fit the type of its column; with `columns` it does
        """
        ...

    def greatest(self, extract: Extract, column: str, above: str | None) -> Any:
        """Return the greatest value of a column, above that of a text if there is one.

        An int, a date, a datetime, or a text; None if there is no such row.

        Raises
        ------
        BadResponse : the column is of a type that no collection can go on from
        """
        ...

    def nulls(self, extract: Extract, column: str) -> int:
        """Return how many rows have no value in a column."""
        ...


def opened(url: str, project: Path) -> Database:
    """Connect to a database.

    Parameters
    ----------
    url : an SQLAlchemy URL; `{project}` is the project's folder
    project : the project's folder; the path of an SQLite file is relative to it

    Raises
    ------
    DeclarationError : no URL, or no driver for it is installed
    SourceUnavailable : there is no such database, or it cannot be reached
    """
    address = Address.parse(url)
    if address.url.get_backend_name() == "postgresql":
        from backbone.management.landing.databases import postgres  # noqa: PLC0415 - slow to load

        return postgres.connected(address)
    from backbone.management.landing.databases.alchemy import AlchemyDatabase  # noqa: PLC0415

    return AlchemyDatabase(address, project)


def checked_names(dataset: SqlDataset, names: Sequence[str]) -> None:
    """Check the columns that a dataset names.

    Raises
    ------
    BadResponse : two columns of a query have one name
    MissingColumn : a name is not there
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        what = f"two columns of the query are called `{twice}`"
        raise BadResponse(what, hint="Give them names of their own: … as name")
    cursor = () if dataset.cursor is None else (dataset.cursor.column,)
    for name in (*dataset.order_by, *cursor):
        if name not in names:
            raise MissingColumn.named(name, names)


def no_table(text: str, shown: str, known: Sequence[str]) -> BadResponse:
    """Word the error for a table that is not there."""
    hint = nearest(text, known) or nearest(text.rpartition(".")[2], known)
    return BadResponse(
        f"there is no table `{text}` in {shown}",
        hint=hint or "Tables and views can be named.",
    )
