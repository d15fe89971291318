"""From the text of a view to a query that makes the same table wherever it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.sql.asof import with_asof
from backbone.sql.binding import BoundView, bind
from backbone.sql.days import with_days
from backbone.sql.exact import exact
from backbone.sql.flags import LeftOut, without_flagged
from backbone.sql.lineage import ColumnLineage, column_lineage
from backbone.sql.parsing import with_parsing
from backbone.sql.portable.checking import check_portable
from backbone.sql.queries import Query
from backbone.sql.readings import with_readings
from backbone.sql.types import annotated
from backbone.sql.views import ParsedView
from backbone.sql.zeros import without_signs

__all__ = ["CompiledView", "compile_view"]


@dataclass(frozen=True)
class CompiledView:
    """A view, ready to run.

    `expression` is the bound select with exact aggregates and the type of each of its
    expressions; it is never changed.
    """

    bound: BoundView
    expression: exp.Query
    lineage: ColumnLineage

    @property
    def view(self) -> ParsedView:
        """The view as its author wrote it."""
        return self.bound.view

    @property
    def asset(self) -> AssetName:
        """The table that the view makes."""
        return self.bound.view.asset

    @property
    def inputs(self) -> tuple[AssetName, ...]:
        """The assets that the view reads."""
        return self.bound.inputs

    @property
    def schemas(self) -> Mapping[AssetName, Schema]:
        """The schemas of the inputs that it was compiled for."""
        return self.bound.schemas

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the output columns, in order."""
        return self.bound.columns

    @property
    def query(self) -> Query:
        """The view as a query over its inputs, by their full names."""
        return Query.of(self.expression.copy(), name=self.view.name)

    def input_schemas(self) -> dict[str, Schema]:
        """Return the schemas of the inputs by name, as sessions take them."""
        return {str(asset): schema for asset, schema in self.schemas.items()}


def compile_view(
    view: ParsedView,
    schemas: Mapping[AssetName, Schema],
    *,
    left_out: LeftOut | None = None,
) -> CompiledView:
    """Check `view`, resolve its names and make its aggregates exact.

    Parameters
    ----------
    view : what `backbone.sql.views.parse_view` returned
    schemas : of the assets that it reads (others do no harm)
    left_out : rules whose rows are not read, by table

    Raises
    ------
    ViewError : it is not portable, its result is not defined by its inputs, a name is
        ambiguous, an output column has no name, or a sum's type cannot be told; with
        file and line
    MissingColumn : no table has a column that it names
    UnknownAsset : it reads what has no schema
    """
    check_portable(view)
    bound = without_flagged(bind(view, schemas), left_out or {})
    tree = with_asof(bound.expression, view.failure)
    tree = exact(tree, bound.schemas, view.failure)
    tree = with_days(annotated(tree, bound.schemas))
    if view.portable:
        tree = without_signs(with_readings(with_parsing(tree), view.failure))
    return CompiledView(bound, tree, column_lineage(bound))
