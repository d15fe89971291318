"""Tables and results as a notebook holds them: nothing is loaded until asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from backbone.app.conversions import numpy_of, pandas_of, polars_of, torch_of
from backbone.app.environment import Environment
from backbone.app.figures import count
from backbone.app.markup import frame_html, frame_text
from backbone.app.queries import query, row_count
from backbone.engines.protocol import Scan
from backbone.errors import MissingColumn
from backbone.lake.tables import TableVersion
from backbone.model.schemas import ORIGIN, Schema
from backbone.sql.queries import Query, column, table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Result", "Rows", "Table"]

_SHOWN = 10
_BATCH_ROWS = 65_536
Opened = Callable[[], Environment]


class Rows(ABC):
    """Rows that can be shown in part and loaded when that is asked for."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How people call it."""

    @property
    @abstractmethod
    def columns(self) -> list[str]:
        """The names of the columns, in order."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Load all rows (of some columns) as a pyarrow.Table."""

    @abstractmethod
    def first(self, rows: int) -> pa.Table:
        """Return the first rows, reading no more than that needs."""

    def head(self, n: int = _SHOWN) -> pd.DataFrame:
        """Return the first `n` rows as a pandas.DataFrame; the rest is not loaded."""
        return pandas_of(self.first(n))

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Load all rows (of some columns) as a pandas.DataFrame."""
        return pandas_of(self.to_arrow(columns))

    def to_polars(self, columns: Sequence[str] | None = None) -> Any:
        """Load all rows (of some columns) as a polars.DataFrame; needs polars."""
        return polars_of(self.to_arrow(columns))

    def to_numpy(self, columns: Sequence[str] | None = None) -> np.ndarray[Any, Any]:
        """Load columns of numbers as an array: whole numbers, or doubles with NaN.

        Raises
        ------
        BackboneError : a column holds something other than numbers
        """
        return numpy_of(self.to_arrow(columns), name=self.name)

    def to_torch(self, columns: Sequence[str] | None = None) -> Any:
        """Load columns of numbers as a torch.Tensor; needs torch.

        Raises
        ------
        BackboneError : torch is not installed, or a column holds no numbers
        """
        return torch_of(self.to_arrow(columns), name=self.name)

    def __len__(self) -> int:
        return self.rows

    def __repr__(self) -> str:
        shown = self._shown
        body = frame_text(shown.column_names, shown.to_pylist())
        return f"{self._title}\n{body}"

    def _repr_html_(self) -> str:
        shown = self._shown
        return frame_html(shown.column_names, shown.to_pylist(), title=self._title)

    @cached_property
    def _shown(self) -> pa.Table:
        return self.first(_SHOWN)

    @property
    @abstractmethod
    def _title(self) -> str:
        """One line that says what is shown."""


class Table(Rows):
    """A table of the lake at one version, which it keeps whatever is run meanwhile.

    Parameters
    ----------
    opened : returns the environment that reads it
    version : the version
    """

    def __init__(self, opened: Opened, version: TableVersion) -> None:
        self._opened = opened
        self._version = version

    @property
    def name(self) -> str:
        """The asset's name."""
        return str(self._version.asset)

    @property
    def version(self) -> str:
        """The version that is read."""
        return str(self._version.number)

    @property
    def schema(self) -> Schema:
        """The columns with their canonical types, units and descriptions."""
        return self._version.schema

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._version.schema.names)

    @property
    def rows(self) -> int:
        """How many rows there are; known without reading them."""
        return self._version.rows

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Load all rows (of some columns) as a pyarrow.Table.

        The order is that of the rows' origin, of a view that of its grain, so that it is
        the same whenever a version is read.
        """
        with self._opened().engine.session() as session:
            return session.fetch(self._query(columns), {"read": self._scan()})

    def stream(
        self, columns: Sequence[str] | None = None, *, batch_rows: int = _BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows batch by batch, in the order of `to_arrow`."""
        with self._opened().engine.session() as session:
            yield from session.stream(
                self._query(columns), {"read": self._scan()}, batch_rows=batch_rows
            )

    def _scan(self) -> Scan:
        return Scan(self._version.paths(), self._version.schema)

    def _query(self, columns: Sequence[str] | None) -> Query:
        names = (
            self.columns if columns is None else [self.schema[c].name for c in columns]
        )
        order = self._order()
        select = exp.select(*map(column, names)).from_(table("read"))
        return Query.of(select.order_by(*map(column, order)) if order else select)

    def _order(self) -> list[str]:
        origin = [name for name in ORIGIN.names if name in self.schema]
        view = self._opened().project.views.get(self._version.asset.table)
        if origin or view is None or self._version.asset.zone != "exploitation":
            return origin
        return list(view.declaration.grain)

    def first(self, rows: int) -> pa.Table:
        """Return the first rows, in the order of `to_arrow`."""
        with self._opened().engine.session() as session:
            return session.fetch(self._query(None), {"read": self._scan()}, max_rows=rows)

    @property
    def _title(self) -> str:
        shown = min(_SHOWN, self.rows)
        return (
            f"{self.name}, version {self.version}: {count(self.rows)} rows, "
            f"{len(self.columns)} columns; the first {shown}:"
        )


class Result(Rows):
    """The answer to a query: its first rows at once, all of them when asked for.

    A result of a few rows is computed once. A longer one is computed again, in full, by
    the methods that load it.

    Parameters
    ----------
    opened : returns the environment that computes it
    sql : one select over assets
    at : read every table as it was at the end of this run
    """

    def __init__(self, opened: Opened, sql: str, *, at: str | None = None) -> None:
        self._opened = opened
        self._sql = sql
        self._at = at
        self._begin = query(opened(), sql, at=at, max_rows=_SHOWN + 1)

    @property
    def name(self) -> str:
        """How errors call it."""
        return "the result"

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._begin.column_names)

    @cached_property
    def rows(self) -> int:
        """How many rows there are; of a long result they are counted when asked."""
        if self._is_whole:
            return int(self._begin.num_rows)
        return row_count(self._opened(), self._sql, at=self._at)

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Load all rows (of some columns) as a pyarrow.Table."""
        for name in columns or ():
            if name not in self.columns:
                raise MissingColumn.named(name, self.columns, where=self.name)
        found = self._begin if self._is_whole else self.first(None)
        return found if columns is None else found.select(list(columns))

    @property
    def _is_whole(self) -> bool:
        return int(self._begin.num_rows) <= _SHOWN

    def first(self, rows: int | None) -> pa.Table:
        """Return the first rows of the answer; all of them for None."""
        if rows is not None and (self._is_whole or rows <= _SHOWN):
            return self._begin.slice(0, rows)
        return query(self._opened(), self._sql, at=self._at, max_rows=rows)

    @property
    def _title(self) -> str:
        if self._is_whole:
            return f"{count(self.rows)} row{'' if self.rows == 1 else 's'}"
        return f"the first {_SHOWN} of {count(self.rows)} rows; .to_pandas() loads all:"
