"""Check an asset of a project against its rules, or others; nothing is written."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlglot import exp

from backbone.app.check_words import plan_of, rule_found, said_of
from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.app.violations import write_violations
from backbone.engines.protocol import Scan, Session
from backbone.errors import BackboneError, DeclarationError
from backbone.management.trusted.checking import (
    Checked,
    ToCheck,
    check_rules,
    state_of_rows,
)
from backbone.management.trusted.checks import check_rule
from backbone.management.trusted.finding.findings import References
from backbone.management.trusted.opening import opened
from backbone.management.trusted.rows.state import CurrentState, State
from backbone.management.trusted.rules.declared import Part, parts_of
from backbone.model.names import AssetName
from backbone.model.reports import Witness
from backbone.model.schemas import DELIVERY, ORIGIN, RECORD, Schema
from backbone.project.rules import Given
from backbone.sql.queries import Query, column, table

__all__ = ["check_asset"]


def check_asset(
    env: Environment,
    name: str,
    rules: Sequence[Given],
    *,
    examples: int = 3,
    violations: Path | None = None,
    dry_run: bool = False,
    allow_quadratic: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Check the newest version of an asset; with no `rules`, against those of its file.

    Returns
    -------
    ``{asset, version, rows, seconds, failed, rules, notes}``, as `check_file` does

    Raises
    ------
    LakeError : the asset, or one that a rule refers to, has not been made yet
    DeclarationError : a rule names what is not there; all mistakes
    """
    started = time.perf_counter()
    asset = env.asset(name)
    version = head(env, asset)
    asked = list(rules) or _declared(env, asset)
    if allow_quadratic:
        asked = [one.allowing_quadratic() for one in asked]
    tables = _referred(env, asked, str(asset))
    _check(asked, version.schema, {str(asset): version.schema, **_schemas(tables)})
    facts = {"asset": str(asset), "version": str(version.number)}
    if dry_run:
        plans = [plan_of(one, parts_of(one.rule)) for one in asked]
        return facts | {"rules": plans}
    scan = Scan(version.paths(), version.schema)
    with (
        tempfile.TemporaryDirectory(prefix="backbone-check-") as folder,
        env.engine.session() as session,
    ):
        tell(f"reading {asset}")
        state = _state(session, scan, _reads(asked, scan, violations), Path(folder))
        to_check = [ToCheck(one.rule, parts_of(one.rule), state) for one in asked]
        references = References(str(asset), tables)
        checked = check_rules(session, to_check, references, examples=examples, tell=tell)
        body = _body(asked, checked, state)
        if violations is not None:
            origin = _origin(scan.schema)
            written = write_violations(session, checked, state, origin, violations)
            body["violations"] = {"file": str(violations), "rows": written}
    return (
        facts | {"rows": state.work.rows, "seconds": time.perf_counter() - started} | body
    )


def _declared(env: Environment, asset: AssetName) -> list[Given]:
    declared = env.project.trusted.get(asset.table)
    rules = declared.rules if declared and asset.zone == "trusted" else ()
    if not rules or asset.side is not None:
        raise BackboneError(
            f"no rules are declared for {asset}",
            hint='Say what must not occur: --rule "t1.a = t2.a and t1.b <> t2.b"',
        )
    return [Given(rule, f"trusted/{asset.table}.yml", declared=True) for rule in rules]


def _referred(env: Environment, rules: Sequence[Given], own: str) -> dict[str, Scan]:
    """Return the tables that rules refer to."""
    found: dict[str, Scan] = {}
    for one in rules:
        try:
            parts = parts_of(one.rule)
        except BackboneError:
            continue  # `_check` tells
        for table_ in _others(parts, own):
            version = head(env, env.asset(table_))
            found[table_] = Scan(version.paths(), version.schema)
    return found


def _others(parts: Sequence[Part], own: str) -> set[str]:
    """Return the tables that a rule about the table `own` refers to, or selects from."""
    found = {r.table for part in parts if (r := part.constraint.reference)}
    found |= {t for part in parts if (s := part.constraint.selected) for t in s.tables}
    return found - {own}


def _schemas(tables: Mapping[str, Scan]) -> dict[str, Schema]:
    return {name: scan.schema for name, scan in tables.items()}


def _check(rules: Sequence[Given], schema: Schema, known: Mapping[str, Schema]) -> None:
    mistakes = [
        said_of(one, text)
        for one in rules
        for text in check_rule(one.rule, schema, known)
    ]
    if mistakes:
        raise DeclarationError(mistakes, project="the rules")


def _reads(rules: Sequence[Given], scan: Scan, violations: Path | None) -> list[str]:
    """Return the columns to look at; some rules refer to other rows of the same table."""
    parts = [part for one in rules for part in parts_of(one.rule)]
    wanted = {name for part in parts for name in part.constraint.reads}
    wanted |= {n for part in parts if (r := part.constraint.reference) for n in r.to}
    every = violations is not None or any(part.constraint.selected for part in parts)
    return [name for name in scan.schema.public.names if every or name in wanted]


def _has_origin(schema: Schema) -> bool:
    return all(name in schema for name in ORIGIN.names)


def _origin(schema: Schema) -> Sequence[str]:
    return ORIGIN.names if _has_origin(schema) else (RECORD.name,)


def _state(session: Session, scan: Scan, reads: Sequence[str], folder: Path) -> State:
    """Return the rows with numbers: those of their origin, or of their place."""
    schema = Schema(tuple(scan.schema[name] for name in reads))
    if _has_origin(scan.schema):
        distinct = exp.select(column(DELIVERY.name)).distinct().from_(table("asset"))
        found = session.fetch(
            Query.of(distinct.order_by(column(DELIVERY.name))), {"asset": scan}
        )
        current = CurrentState("increments", tuple(found[DELIVERY.name].to_pylist()))
        return opened(
            session, scan, schema, current, reads=reads, changes=(), folder=folder
        ).state
    place = exp.Window(this=exp.RowNumber())
    rows = exp.select(*map(column, reads), exp.alias_(place, RECORD.name, quoted=True))
    query = Query.of(rows.from_(table("asset")), "placed_rows")
    return state_of_rows(session, query, {"asset": scan}, schema, record=RECORD.name)


def _body(
    asked: Sequence[Given], checked: Sequence[Checked], state: State
) -> dict[str, Any]:
    rows = state.work.rows
    pairs = list(zip(asked, checked, strict=True))
    return {
        "failed": any(found.is_broken and one.fails for one, found in pairs),
        "refused": [found.rule.name for found in checked if found.refused],
        "rules": [
            rule_found(
                plan_of(one, parts_of(one.rule)),
                found,
                rows,
                [_witness(each) for each in found.witnesses],
            )
            for one, found in pairs
        ],
        "notes": [],
    }


def _witness(found: Witness) -> dict[str, Any]:
    rows = [row if len(row.split("/", 1)[0]) else int(row[2:]) for row in found.rows]
    return {"rows": rows, "sentence": found.sentence, "values": list(found.values)}
