"""Answer an analytical question from the pinned version of its source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from backbone.analysis import describing, predicting
from backbone.analysis.references import References
from backbone.analysis.sandbox.layout import sandbox_schema
from backbone.analysis.sandbox.queries import (
    SandboxAccount,
    account_query,
    read_account,
    sandbox_query,
)
from backbone.engines.protocol import Scan, Session, Written
from backbone.lake.tables import TableVersion
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import STRING
from backbone.operations.identity import analysis_identity
from backbone.operations.plan import Step
from backbone.operations.work import Event, Outcome, Work, plain
from backbone.project.analysis import Analysis, Predict
from backbone.sql.queries import Query, column, table

__all__ = ["FINDINGS", "execute"]

FINDINGS = Schema.of(finding=STRING, value=STRING)
"""The schema of an analysis: what was found, a line each."""


@dataclass(frozen=True)
class _Answer:
    """What an analysis leaves: side tables, artifacts, findings, and what to warn of."""

    tables: Mapping[str, tuple[pa.Table, Schema]]
    files: Mapping[str, bytes]
    findings: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    failed_gates: tuple[str, ...] = ()


def execute(work: Work, step: Step) -> Outcome:
    """Freeze the sandbox, answer the question, keep tables, model and report."""
    declaration = work.project.analyses[step.asset.table]
    name = AssetName.parse(declaration.source)
    source = work.input(name.main, step.inputs[name.main])
    if name.side is not None:
        source = work.lake.tables.at(name, source.sides[name.side])
    with work.engine_of(step).session() as session:
        account = _account(session, work, declaration, source)
        sandbox = _sandbox(session, work, step, declaration, source)
        rows = session.fetch(_all(sandbox.schema), {"rows": work.scan(sandbox)})
        work.tell(Event("progress", str(step.asset), f"{rows.num_rows:,} rows"))
        found = _answer(work, step, declaration, rows, source.schema, account)
        folder = work.attempt(step.asset)
        sides = {
            suffix: _written(session, rows, schema, folder, suffix)
            for suffix, (rows, schema) in found.tables.items()
        }
        findings = _written(session, _lines(found.findings), FINDINGS, folder, "findings")
    work.lake.artifacts.put(step.asset, step.identity, found.files)
    version = work.commit(
        step,
        findings,
        sides=sides,
        more_sides={"sandbox": sandbox.number},
        record={
            "account": plain(account),
            "findings": plain(found.findings),
            "failed_rules": list(found.failed_gates),
        },
    )
    return Outcome(version, warnings=found.warnings, failed_rules=found.failed_gates)


def _account(
    session: Session, work: Work, declaration: Analysis, source: TableVersion
) -> SandboxAccount:
    query = account_query(declaration, source.schema)
    return read_account(session.fetch(query, {"source": work.scan(source)}), declaration)


def _sandbox(
    session: Session,
    work: Work,
    step: Step,
    declaration: Analysis,
    source: TableVersion,
) -> TableVersion:
    """Return the frozen sandbox; made only where its declaration or source changed."""
    side = step.asset.with_side("sandbox")
    inputs = {str(asset): identity for asset, identity in step.inputs.items()}
    identity = analysis_identity(declaration, inputs, sandbox=True)
    head = work.lake.tables.head(side)
    if head is not None and head.identity == identity:
        return head
    query, schema = sandbox_query(declaration, source.schema)
    folder = work.attempt(side)
    written = session.write(query, {"source": work.scan(source)}, schema, folder)
    return work.commit_side(side, identity, written)


def _answer(
    work: Work,
    step: Step,
    declaration: Analysis,
    rows: pa.Table,
    source: Schema,
    account: SandboxAccount,
) -> _Answer:
    references = References(
        asset=str(step.asset),
        project=work.project.name,
        inputs={str(asset): identity for asset, identity in step.inputs.items()},
        fingerprint=step.identity,
        command=f"backbone run +{step.asset}",
    )
    schema = sandbox_schema(declaration, source)
    if isinstance(declaration, Predict):
        predicted = predicting.answer(
            declaration, rows, schema, account=account, references=references
        )
        failed = [gate for gate in predicted.gates if not gate.passed]
        return _Answer(
            predicted.tables,
            {
                "report.html": predicted.report.encode(),
                "model.skops": predicted.model,
                "card.json": json.dumps(plain(predicted.card), indent=1).encode(),
            },
            findings=_predictive_findings(predicted.card),
            warnings=predicted.warnings,
            failed_gates=tuple(f"gate {gate.metric} {gate.condition}" for gate in failed),
        )
    described = describing.answer(
        declaration, rows, schema, account=account, references=references
    )
    return _Answer(
        described.tables,
        {"report.html": described.report.encode()},
        findings={
            one.label: f"{one.effect.share.value:.4f} of the variation"
            for one in described.found.findings
        },
    )


def _predictive_findings(card: Mapping[str, Any]) -> dict[str, Any]:
    found = {"model": card["model"], "choice": card["choice"]}
    for score in card["metrics"].values():
        shown = f"{score['value']:.4g} ({score['low']:.4g} to {score['high']:.4g})"
        found[f"{score['name']} on test, with its 95 % interval"] = shown
    return found


def _all(schema: Schema) -> Query:
    names = [column(one.name) for one in schema]
    return Query.of(exp.select(*names).from_(table("rows")).order_by(column("_row")))


def _lines(findings: Mapping[str, Any]) -> pa.Table:
    names = [str(name) for name in findings]
    values = [str(value) for value in findings.values()]
    return pa.table({"finding": pa.array(names, pa.string()),
                     "value": pa.array(values, pa.string())})  # fmt: skip


def _written(
    session: Session, rows: pa.Table, schema: Schema, folder: Path, name: str
) -> Written:
    """Write a table that was computed in memory as any relation is written."""
    path = folder / f"{name}.in-memory.parquet"
    pq.write_table(rows, path)
    try:
        query = Query.of(exp.select("*").from_(table("made")))
        return session.write(query, {"made": Scan((str(path),), schema)}, schema, folder,
                             name=name)  # fmt: skip
    finally:
        path.unlink()
