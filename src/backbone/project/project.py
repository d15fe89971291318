"""A project, loaded: everything that a folder declares, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from backbone.model.names import AssetName
from backbone.project.analysis import Analysis
from backbone.project.cleaning import Lookup
from backbone.project.decisions import Decisions
from backbone.project.declarations import Place
from backbone.project.exploitation import View
from backbone.project.folder import Folder
from backbone.project.formatted import FormattedTable
from backbone.project.lookups import Pairs
from backbone.project.settings import Settings
from backbone.project.sources import Source
from backbone.project.trusted import TrustedTable
from backbone.project.variables import Variables
from backbone.project.yaml import Document

__all__ = ["Part", "Project", "ViewFile"]

Part = Literal["settings"] | Folder


@dataclass(frozen=True)
class ViewFile:
    """A view: a file of SQL, what it reads, and what is promised of it.

    `path` is relative to the project.
    """

    name: str
    sql: str
    path: Path
    declaration: View
    inputs: tuple[AssetName, ...] = ()


@dataclass(frozen=True)
class Project:
    """What a project's folder declares.

    `trusted` has an entry for every formatted table: one without a file of its own
    passes through. `declared_trusted` has those with a file. `referred` are the tables
    that the rules of each trusted table look into. `decisions` are what people decided
    about rows of trusted tables. `documents` are the files as they were read, by the part
    of the project and the name that they declare. `lookups` are the pairs of the files
    that cleaning steps name.
    """

    folder: Path
    settings: Settings
    target: str | None
    sources: Mapping[str, Source]
    formatted: Mapping[str, FormattedTable]
    trusted: Mapping[str, TrustedTable]
    declared_trusted: Mapping[str, TrustedTable]
    referred: Mapping[str, tuple[AssetName, ...]]
    views: Mapping[str, ViewFile]
    analyses: Mapping[str, Analysis]
    decisions: Mapping[str, Decisions]
    documents: Mapping[tuple[Part, str], Document]
    variables: Variables
    lookups: Mapping[Lookup, Pairs] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The project's name."""
        return self.settings.name

    @property
    def lake_folder(self) -> Path:
        """The folder of the lake, absolute."""
        return self._path(self.variables.resolve(self.settings.lake))

    @property
    def catalog_url(self) -> str:
        """The SQLAlchemy URL of the catalog; it may hold a password."""
        text = self.variables.resolve(self.settings.catalog)
        return text if "://" in text else f"sqlite:///{self._path(text).as_posix()}"

    @cached_property
    def datasets(self) -> Mapping[str, str]:
        """The source of every dataset that a source delivers."""
        return {
            dataset: name
            for name, source in self.sources.items()
            for dataset in source.datasets
        }

    @property
    def places(self) -> Mapping[tuple[Part, str], Place]:
        """Where every declaration begins."""
        views: list[tuple[Part, str]] = [("exploitation", name) for name in self.views]
        return {key: self.place_of(*key) for key in (*self.documents, *views)}

    def dataset_source(self, dataset: str) -> str:
        """Return the name of the source that delivers `dataset`.

        Raises
        ------
        KeyError : no source delivers it
        """
        return self.datasets[dataset]

    def assets(self) -> tuple[AssetName, ...]:
        """Return the main assets in the order of the zones, by name in each."""
        return (
            *(AssetName("landing", name) for name in sorted(self.datasets)),
            *(AssetName("formatted", name) for name in sorted(self.formatted)),
            *(AssetName("trusted", name) for name in sorted(self.trusted)),
            *(AssetName("exploitation", name) for name in sorted(self.views)),
            *(AssetName("analysis", name) for name in sorted(self.analyses)),
        )

    def place_of(self, part: Part, name: str = "", *where: str | int) -> Place:
        """Return where a declaration, or a part of one, stands (relative to the project).

        ``place_of("trusted", "flights", "rules", 2)`` is the third rule of a table. A
        view stands in its SQL; a part of it in the declaration beside it.

        Raises
        ------
        KeyError : the project has no such declaration in a file
        """
        document = self.documents.get((part, name))
        if part == "exploitation" and (document is None or not where):
            return Place(file=self.views[name].path)
        document = self.documents[part, name]
        return Place(file=Path(document.file), line=document.line(where))

    def text_of(self, part: Part, name: str = "") -> str:
        """Return a declaration as it is written; of a view its SQL.

        Raises
        ------
        KeyError : the project has no such declaration in a file
        """
        if part == "exploitation":
            return self.views[name].sql
        return self.documents[part, name].text

    def _path(self, text: str) -> Path:
        return (self.folder / Path(text).expanduser()).resolve()
