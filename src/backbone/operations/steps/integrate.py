"""Make a table of the exploitation zone from the pinned versions of what a view reads."""

from __future__ import annotations

from backbone.lake.tables import TableVersion
from backbone.management.exploitation.integrate import integrate
from backbone.model.names import AssetName
from backbone.operations.plan import Step
from backbone.operations.schemas import parsed
from backbone.operations.work import Outcome, Work
from backbone.sql.compilation import compile_view
from backbone.sql.lineage import ColumnLineage

__all__ = ["execute"]


def execute(work: Work, step: Step) -> Outcome:
    """Compute the view, check what is promised of it, commit it with its lineage."""
    view = parsed(work.project, step.asset.table)
    versions = {asset: _version(work, step, asset) for asset in view.inputs}
    compiled = compile_view(view, {a: v.schema for a, v in versions.items()})
    with work.engine_of(step).session() as session:
        result = integrate(
            session,
            compiled,
            {asset: work.scan(version) for asset, version in versions.items()},
            work.project.views[step.asset.table].declaration,
            work.attempt(step.asset),
        )
    edges = _edges(compiled.lineage)
    version = work.commit(
        step,
        result.written,
        record={"lineage": [list(edge) for edge in edges]},
    )
    return Outcome(version)


def _version(work: Work, step: Step, asset: AssetName) -> TableVersion:
    main = work.input(asset.main, step.inputs[asset.main])
    if asset.side is None:
        return main
    return work.lake.tables.at(asset, main.sides[asset.side])


def _edges(lineage: ColumnLineage) -> list[tuple[str, str, str, str]]:
    return [
        (column, str(source.asset), source.column, source.kind)
        for column in lineage.values
        for source in lineage.of(column)
    ]
