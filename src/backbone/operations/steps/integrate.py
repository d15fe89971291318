"""Make a table of the exploitation zone from the pinned versions of what a view reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backbone.engines.protocol import Relation, Session
from backbone.lake.tables import TableVersion
from backbone.management.exploitation.integrate import integrate
from backbone.model.names import AssetName
from backbone.operations.plan import Step
from backbone.operations.schemas import parsed
from backbone.operations.work import Outcome, Work, left_out_words
from backbone.sql.compilation import compile_view
from backbone.sql.flags import LeftOut, flagged_rows
from backbone.sql.lineage import ColumnLineage

__all__ = ["execute"]


def execute(work: Work, step: Step) -> Outcome:
    """Compute the view, check what is promised of it, commit it with its lineage."""
    view = parsed(work.project, step.asset.table)
    declaration = work.project.views[step.asset.table].declaration
    versions = {asset: _version(work, step, asset) for asset in view.inputs}
    left_out = _left_out(versions) if declaration.on_error == "exclude" else {}
    schemas = {asset: version.schema for asset, version in versions.items()}
    compiled = compile_view(view, schemas, left_out=left_out)
    relations = {asset: work.scan(version) for asset, version in versions.items()}
    with work.engine_of(step).session() as session:
        result = integrate(
            session,
            compiled,
            relations,
            declaration,
            work.attempt(step.asset),
            left_out=left_out,
        )
        rows = _counted(session, relations, left_out)
    record: dict[str, Any] = {
        "lineage": [list(edge) for edge in _edges(compiled.lineage)]
    }
    if left_out:
        record["left_out"] = {
            str(asset): {"rules": list(rules), "rows": rows[str(asset)]}
            for asset, rules in left_out.items()
        }
    version = work.commit(step, result.written, record=record)
    return Outcome(version, warnings=left_out_words(record), left_out=rows)


def _left_out(versions: Mapping[AssetName, TableVersion]) -> dict[AssetName, list[str]]:
    """Return the rules of severity error that rows of trusted inputs break, by input."""
    found = {
        asset: list(version.metadata.get("failed_rules", ()))
        for asset, version in versions.items()
        if asset.zone == "trusted" and asset.side is None
    }
    return {asset: rules for asset, rules in found.items() if rules}


def _counted(
    session: Session, relations: Mapping[AssetName, Relation], left_out: LeftOut
) -> dict[str, int]:
    """Return how many rows of each input are left out."""
    return {
        str(asset): int(
            session.fetch(
                flagged_rows(str(asset), rules), {str(asset): relations[asset]}
            )["n"][0].as_py()
        )
        for asset, rules in left_out.items()
    }


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
