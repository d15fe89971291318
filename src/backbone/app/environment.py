"""An opened project: its declarations, and where its data are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast, get_args

from sqlalchemy.engine import make_url

from backbone.app.engines import Engines
from backbone.catalog import Catalog
from backbone.errors import CatalogError, ProjectError, UnknownAsset, nearest
from backbone.lake.lake import Lake
from backbone.model.names import AssetName
from backbone.operations.graph import Graph, graph_of
from backbone.operations.recover import recover
from backbone.operations.verbs import Place
from backbone.project import Project, load
from backbone.project.declarations import EngineKind

if TYPE_CHECKING:
    from backbone.engines.protocol import Engine

__all__ = ["Environment", "open_environment"]


class Environment:
    """A project with its lake, catalog and engines; these start when first needed.

    Parameters
    ----------
    project : the declarations
    engine : the kind of engine that makes tables, in place of the declared one
    """

    def __init__(self, project: Project, *, engine: str | None = None) -> None:
        self.project = project
        self.engine_name = _kind(engine) if engine else project.settings.engine.kind
        self.lake = Lake(project.lake_folder)
        self.catalog = Catalog(_sqlite_path(project.catalog_url))
        if self.catalog.is_new:
            recover(self.lake, self.catalog)
        self.engines = Engines(project, self.lake)

    @property
    def engine(self) -> Engine:
        """The engine of whatever only looks: DuckDB, in this process.

        Tables are Parquet files in a folder that this process sees, whichever engine
        made them; an answer of a few rows is not worth the start of another.
        """
        return self.engines.start("duckdb")

    @cached_property
    def graph(self) -> Graph:
        """Which asset is made from which."""
        return graph_of(self.project)

    @property
    def place(self) -> Place:
        """What operations need."""
        return Place(
            self.project, self.lake, self.catalog, self.engine_name, self.engines.start
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
        """Give back the engines' memory, the lease and the catalog's connections."""
        self.engines.close()
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


def _kind(name: str) -> EngineKind:
    for kind in get_args(EngineKind):
        if kind == name:
            return cast("EngineKind", kind)
    what = f"there is no engine `{name}`"
    raise ProjectError(what, hint=nearest(name, get_args(EngineKind)))


def _sqlite_path(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise CatalogError(
            "the catalog is kept in SQLite",
            hint="catalog: .backbone/catalog.db in backbone.yml",
        )
    return Path(parsed.database)
