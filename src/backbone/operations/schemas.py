"""The schemas that tables will have, before they are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from backbone.catalog import Catalog
from backbone.engines.protocol import Session
from backbone.management.exploitation.integrate import view_schema
from backbone.management.formatted import REJECTED, REJECTED_CELLS, formatted_schema
from backbone.management.trusted.outputs import side_schemas
from backbone.model.names import AssetName
from backbone.model.schemas import FLAGS, ORIGIN, Column, Schema
from backbone.model.types import CanonicalType
from backbone.project import Project
from backbone.sql.compilation import CompiledView, compile_view
from backbone.sql.views import ParsedView, parse_view

__all__ = ["NotMadeYet", "Schemas", "parsed"]


def parsed(project: Project, name: str) -> ParsedView:
    """Return a view of the project, parsed."""
    view = project.views[name]
    return parse_view(
        view.sql,
        name=name,
        file=str(view.path),
        portable=view.declaration.engine != "duckdb",
    )


class NotMadeYet(Exception):
    """The columns of an asset are known once it has been made."""


@dataclass
class Schemas:
    """Schemas as the declarations give them; those of views are asked of the engine.

    `made` are views whose table is up to date: their columns are in the catalog.
    """

    project: Project
    catalog: Catalog
    session: Session
    made: frozenset[AssetName] = frozenset()
    views: dict[AssetName, CompiledView] = field(default_factory=dict)
    _known: dict[AssetName, Schema] = field(default_factory=dict)

    def of(self, asset: AssetName) -> Schema:
        """Return the schema that `asset` will have.

        Raises
        ------
        ProjectError : a view on the way cannot be compiled
        NotMadeYet : nobody knows before an analysis on the way has been made
        """
        if asset not in self._known:
            self._known[asset] = self._find(asset)
        return self._known[asset]

    def compiled(self, asset: AssetName) -> CompiledView:
        """Return a view compiled over the schemas of its inputs."""
        if asset not in self.views:
            view = parsed(self.project, asset.table)
            self.views[asset] = compile_view(view, {i: self.of(i) for i in view.inputs})
        return self.views[asset]

    def _find(self, asset: AssetName) -> Schema:
        if asset.zone == "formatted":
            sides = {"rejected": REJECTED, "rejected_cells": REJECTED_CELLS}
            return sides[asset.side] if asset.side else self._formatted(asset)
        if asset.zone == "trusted":
            main = self._formatted(asset).with_columns(FLAGS)
            return side_schemas(main)[asset.side] if asset.side else main
        if asset.zone == "analysis" or asset in self.made:
            return self._from_catalog(asset)
        declaration = self.project.views[asset.table].declaration
        return view_schema(self.session, self.compiled(asset), declaration)

    def _formatted(self, asset: AssetName) -> Schema:
        """Return the schema of a formatted table: with the new columns it has by now."""
        declaration = self.project.formatted[asset.table]
        if declaration.new_columns != "evolve":
            return formatted_schema(declaration)
        main = AssetName("formatted", asset.table)
        known = (row["name"] for row in self.catalog.columns(main))
        return formatted_schema(declaration, (n for n in known if n not in ORIGIN))

    def _from_catalog(self, asset: AssetName) -> Schema:
        rows = self.catalog.columns(asset)
        if not rows:
            raise NotMadeYet(asset)
        return Schema(
            tuple(
                Column(
                    row["name"],
                    CanonicalType.parse(row["type"]),
                    row["description"],
                    row["unit"],
                    row["timezone"],
                )
                for row in rows
            )
        )
