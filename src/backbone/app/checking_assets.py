"""Check an asset of a project against its rules, or others; nothing is written."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from backbone.app.check_words import example_of, plan_of, rule_found
from backbone.app.deciding import current_of
from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.app.violations import write_violations
from backbone.engines.protocol import Scan, Session
from backbone.errors import BackboneError, DeclarationError
from backbone.management.trusted import fine_rows
from backbone.management.trusted.checking import (
    Checked,
    ToCheck,
    check_rules,
    state_of_rows,
)
from backbone.management.trusted.checks import check_rule
from backbone.management.trusted.finding.searching import References
from backbone.management.trusted.opening import opened
from backbone.management.trusted.rows.current import CurrentState
from backbone.management.trusted.rows.decided import Decided
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rules.declared import Part, parts_of
from backbone.model.names import AssetName
from backbone.model.schemas import DELIVERY, ORIGIN, RECORD, Schema
from backbone.operations.rulings import rulings_of, today
from backbone.project.rules import Given
from backbone.sql.queries import Query, column, table

__all__ = ["check_asset"]


def check_asset(
    env: Environment,
    name: str,
    rules: Sequence[Given],
    *,
    mistakes: Sequence[str] = (),
    examples: int = 3,
    violations: Path | None = None,
    dry_run: bool = False,
    allow_quadratic: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Check the newest version of an asset; with no `rules`, against those of its file.

    Returns
    -------
    ``{asset, version, rows, seconds, failed, refused, rules, notes}``, as `check_file`
    does

    Raises
    ------
    LakeError : the asset, or one that a rule refers to, has not been made yet
    DeclarationError : a rule names what is not there; all mistakes
    """
    started = time.perf_counter()
    asset = env.asset(name)
    version = head(env, asset)
    asked = list(rules) if rules or mistakes else _declared(env, asset)
    if allow_quadratic:
        asked = [one.allowing_quadratic() for one in asked]
    tables = _referred(env, asked, str(asset))
    known = {str(asset): version.schema, **_schemas(tables)}
    _check(asked, mistakes, version.schema, known, str(asset))
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
        folder_ = Path(folder)
        state = _state(session, scan, _reads(asked, scan, violations), folder_)
        state = replace(state, decided=_fine(env, session, asset, asked, state, folder_))
        to_check = [ToCheck(one.rule, parts_of(one.rule), state) for one in asked]
        references = References(str(asset), tables)
        checked = check_rules(session, to_check, references, examples=examples, tell=tell)
        body = _body(asked, checked)
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
    place_of = env.project.place_of
    return [
        Given(rule, str(place_of("trusted", asset.table, "rules", number)), declared=True)
        for number, rule in enumerate(rules)
    ]


def _fine(
    env: Environment,
    session: Session,
    asset: AssetName,
    asked: Sequence[Given],
    state: State,
    folder: Path,
) -> Decided | None:
    """Find the rows that are fine for a rule of the table, as people say today."""
    if asset.zone != "trusted" or asset.side is not None:
        return None
    names = {one.rule.name for one in asked}
    rulings = [
        ruling
        for ruling in rulings_of(env.project, asset.table, today())
        if names & set(ruling.decision.fine)
    ]
    if not rulings:
        return None
    formatted, current = current_of(env, asset)
    return fine_rows(
        session,
        Scan(formatted.paths(), formatted.schema),
        declaration=env.project.trusted[asset.table],
        schema=formatted.schema,
        current=current,
        rulings=rulings,
        folder=folder,
        objects=state.objects,
        lookups=env.project.lookups,
    )


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


def _check(
    rules: Sequence[Given],
    known: Sequence[str],
    schema: Schema,
    tables: Mapping[str, Schema],
    own: str,
) -> None:
    mistakes = [
        *known,
        *(
            one.said(text)
            for one in rules
            for text in check_rule(one.rule, schema, tables, own=own)
        ),
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


def _body(asked: Sequence[Given], checked: Sequence[Checked]) -> dict[str, Any]:
    pairs = list(zip(asked, checked, strict=True))
    return {
        "failed": any(found.is_broken and one.fails for one, found in pairs),
        "refused": [found.rule.name for found in checked if found.refused],
        "rules": [
            rule_found(
                plan_of(one, parts_of(one.rule)),
                found,
                [example_of(each, _number) for each in found.shown],
            )
            for one, found in pairs
        ],
        "notes": [],
    }


def _number(origin: str) -> str | int:
    """Name a row by its origin, or by its place where it has none."""
    return origin if origin.split("/", 1)[0] else int(origin.rpartition("#")[2])
