"""Make a trusted table from the pinned version of its formatted table."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.engines.protocol import Relation
from backbone.errors import bounded
from backbone.lake.tables import TableVersion
from backbone.management.trusted.state import CurrentState
from backbone.management.trusted.step import trust
from backbone.model.names import AssetName
from backbone.model.reports import RuleReport
from backbone.operations.plan import Step
from backbone.operations.work import Outcome, Work, plain

__all__ = ["execute"]


def execute(work: Work, step: Step) -> Outcome:
    """Clean the current state, check rules, act on violations, account for every row."""
    name = step.asset.table
    project = work.project
    dataset = AssetName.parse(project.formatted[name].source).table
    delivers = project.sources[project.dataset_source(dataset)].delivers
    formatted = work.input(
        AssetName("formatted", name), step.inputs[AssetName("formatted", name)]
    )
    references: dict[str, Relation] = {
        str(asset): work.scan(work.input(asset, identity))
        for asset, identity in step.inputs.items()
    }
    with work.engine_of(step).session() as session:
        result = trust(
            session,
            work.scan(formatted),
            table=name,
            declaration=project.trusted[name],
            schema=formatted.schema,
            current=CurrentState(delivers, _readable(work, formatted, dataset)),
            references=references,
            folder=work.attempt(step.asset),
            lookups=project.lookups,
        )
    reports = [plain(report) for report in result.rules]
    version = work.commit(
        step,
        result.main,
        sides=result.sides,
        record={
            "account": plain(result.account.check(str(step.asset))),
            "rules": reports,
            "failed_rules": list(result.failed_rules),
            "failed_rows": result.failed_rows,
            "lineage": [
                [column.name, str(formatted.asset), column.name, "value"]
                for column in formatted.schema.public
            ],
        },
    )
    warnings = _still_broken(result.rules)
    return Outcome(version, warnings=warnings, failed_rules=result.failed_rules)


def _still_broken(reports: Sequence[RuleReport]) -> tuple[str, ...]:
    """Say, in one warning, which rules of severity warn rows break in the end."""
    left = {
        report.name: report.left_rows
        for report in reports
        if report.severity == "warn" and report.left_rows
    }
    most = sorted(left, key=lambda name: (-left[name], name))
    words = [f"{name} ({left[name]:,})" for name in most]
    return (f"rows break {bounded(words)} (severity warn)",) if left else ()


def _readable(work: Work, formatted: TableVersion, dataset: str) -> tuple[str, ...]:
    """Return the deliveries that the table holds, without those refused whole.

    A snapshot that nobody could read does not take the place of the one before it.
    """
    reading = str(formatted.metadata["declaration"])
    records = work.catalog.deliveries(formatted.asset, reading)
    refused = {
        name
        for name, record in records.items()
        if record["refused"] and not record["account"]["formatted"]
    }
    landed = work.held.get(formatted.asset.table, work.deliveries[dataset])
    return tuple(one.id for one in landed if one.id not in refused)
