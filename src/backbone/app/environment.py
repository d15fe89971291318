"""An opened project: its declarations, and where its data are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy.engine import make_url

from backbone.catalog import Catalog
from backbone.errors import CatalogError, UnknownAsset
from backbone.lake.lake import Lake
from backbone.model.names import AssetName
from backbone.operations.graph import Graph, graph_of
from backbone.operations.recover import recover
from backbone.operations.verbs import Place
from backbone.project import Project, load

if TYPE_CHECKING:
    from backbone.engines.protocol import Engine

__all__ = ["Environment", "open_environment"]


class Environment:
    """A project with its lake, catalog and engine; the engine starts when first needed.

    Parameters
    ----------
    project : the declarations
    engine : the kind of engine to use in place of the declared one
    """

    def __init__(self, project: Project, *, engine: str | None = None) -> None:
        self.project = project
        self.lake = Lake(project.lake_folder)
        self.catalog = Catalog(_sqlite_path(project.catalog_url))
        if self.catalog.is_new:
            recover(self.lake, self.catalog)
        self._kind = engine or project.settings.engine.kind
        self._starting = Lock()
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine, with the threads and memory that the settings allow."""
        with self._starting:
            if self._engine is None:
                self._engine = self._start()
            return self._engine

    def _start(self) -> Engine:
        from backbone.engines.duckdb import DuckDBEngine  # noqa: PLC0415 - slow to load

        settings = self.project.settings.engine
        return DuckDBEngine(
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            spill=self.lake.spill(),
        )

    @cached_property
    def graph(self) -> Graph:
        """Which asset is made from which."""
        return graph_of(self.project)

    @property
    def place(self) -> Place:
        """What operations need."""
        return Place(
            self.project, self.lake, self.catalog, self._kind, lambda: self.engine
        )

    def asset(self, text: str) -> AssetName:
        """Return the asset that a person names: ``zone.table``, or ``table`` if one fits.

        Raises
        ------
        UnknownAsset : there is none, or several zones have a table of this name
        """
        known = {str(asset): asset for asset in self.graph.order}
        if "." not in text:
            found = [a for a in known.values() if a.table == text.partition("__")[0]]
            if len(found) > 1:
                names = ", ".join(str(asset) for asset in found)
                raise UnknownAsset(
                    f"`{text}` is in several zones: {names}", command="backbone ls"
                )
            text = f"{found[0].zone}.{text}" if found else text
        if "." in text and text.partition("__")[0] in known:
            return AssetName.parse(text)
        raise UnknownAsset.named(text, list(known))

    def close(self) -> None:
        """Give back the engine's memory, the lease and the catalog's connections."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        self.lake.close()
        self.catalog.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def open_environment(
    folder: Path | str = ".", *, target: str | None = None, engine: str | None = None
) -> Iterator[Environment]:
    """Open the project in `folder` or above it, and close it at the end.

    Raises
    ------
    ProjectError : no project there, or mistakes in its declarations
    """
    with Environment(load(folder, target=target), engine=engine) as environment:
        yield environment


def _sqlite_path(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise CatalogError(
            "the catalog is kept in SQLite",
            hint="catalog: .backbone/catalog.db in backbone.yml",
        )
    return Path(parsed.database)
