"""Make a trusted table from the pinned version of its formatted table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from backbone.engines.protocol import Relation
from backbone.errors import bounded
from backbone.management.trusted.step import trust
from backbone.model.names import AssetName
from backbone.model.reports import DecisionReport
from backbone.model.versions import fingerprint
from backbone.operations.current import current_state
from backbone.operations.plan import Step
from backbone.operations.rulings import decided_on, rulings_of
from backbone.operations.work import Outcome, Work, broken_words, plain

__all__ = ["execute"]

_WORDS = {
    "no row": "no row has this key",
    "several rows": "several rows have this key",
    "other value": "the cell holds another value by now",
}


def execute(work: Work, step: Step) -> Outcome:
    """Clean the current state, check rules, act on violations, account for every row."""
    name = step.asset.table
    project = work.project
    dataset = AssetName.parse(project.formatted[name].source).table
    formatted = work.input(
        AssetName("formatted", name), step.inputs[AssetName("formatted", name)]
    )
    landed = work.held.get(name, work.deliveries[dataset])
    references: dict[str, Relation] = {
        str(asset): work.scan(work.input(asset, identity))
        for asset, identity in step.inputs.items()
    }
    rulings = rulings_of(project, name, work.day)
    with work.engine_of(step).session() as session:
        result = trust(
            session,
            work.scan(formatted),
            table=name,
            declaration=project.trusted[name],
            schema=formatted.schema,
            current=current_state(project, work.catalog, formatted, landed),
            references=references,
            folder=work.attempt(step.asset),
            lookups=project.lookups,
            rulings=rulings,
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
            "cleaning": [plain(report) for report in result.cleaning],
            **_decided(work, name, result.decisions),
            "lineage": [
                [column.name, str(formatted.asset), column.name, "value"]
                for column in formatted.schema.public
            ],
        },
    )
    unmet = _unmet(str(step.asset), result.decisions)
    broken = broken_words({"rules": reports})
    return Outcome(version, warnings=(*unmet, *broken), failed_rules=result.failed_rules)


def _decided(work: Work, table: str, reports: Sequence[DecisionReport]) -> dict[str, Any]:
    """Return what a version remembers of decisions: which, and how many met with what.

    What became of each of them, row by row, is in the side table.
    """
    if not reports:
        return {}
    met = Counter(status for report in reports for status in report.rows)
    return {
        "decided": fingerprint(decided_on(work.project, table, work.day)),
        "decisions": {"decisions": len(reports), **{s: met[s] for s in sorted(met)}},
    }


def _unmet(asset: str, reports: Sequence[DecisionReport]) -> tuple[str, ...]:
    """Say which decisions do not hold as they were meant, and why."""
    unmet = [
        f"`{report.name}`: {_WORDS[status]}"
        for report in reports
        for status in report.unmet
        if status in _WORDS
    ]
    if not unmet:
        return ()
    what = f"{len(unmet)} decision{'s' if len(unmet) > 1 else ''} not applied"
    return (f"{what}: {bounded(unmet)}; backbone decide {asset}",)
