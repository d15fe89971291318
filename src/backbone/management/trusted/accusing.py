"""Which of the rows that break a rule together are blamed, where the rule says whose."""

from __future__ import annotations

from dataclasses import replace

from backbone.engines.protocol import Session
from backbone.management.trusted.detect import ROWS, violations
from backbone.management.trusted.findings import Finding, cut_of
from backbone.management.trusted.pieces import Inputs, nested, union
from backbone.management.trusted.plans.culprits import (
    agreeing,
    by_origin,
    in_sequence,
    kind_of_blame,
)
from backbone.management.trusted.plans.frame import Steps, select
from backbone.management.trusted.rules import Part
from backbone.management.trusted.state import State
from backbone.model.schemas import Column
from backbone.model.types import INTEGER
from backbone.project.trusted import Rule, WhichRows
from backbone.sql.queries import Query

__all__ = ["accused"]

_MARKED = select("select 0 as _place, _row, 't1' as role from culprits")


def accused(session: Session, state: State, rule: Rule, finding: Finding) -> Finding:
    """Return `finding` with the rows to blame, if `rule` says which those are.

    `state` is the table in which the rule looked. One statement.
    """
    which = rule.blamed_rows
    if which is None or not finding.rows:
        return finding
    part = finding.part
    steps, inputs = state.rows(part.constraint.reads, part.constraint.where)
    found = _culprits(session, state, part, which, steps, inputs)
    query = Query((*steps, *found, ("marked", _MARKED.copy())))
    return replace(finding, blamed=session.stage(query, inputs))


def _culprits(
    session: Session,
    state: State,
    part: Part,
    which: WhichRows,
    steps: Steps,
    inputs: Inputs,
) -> Steps:
    kind = kind_of_blame(part.constraint, which)
    if kind == "agreeing":
        return agreeing(part.constraint, which, ROWS, state.schema)
    if kind == "sequence":
        cut = cut_of(session, state, part, steps, inputs)
        return in_sequence(part.constraint, which, ROWS, state.schema, cut)
    schema = state.schema.with_columns(Column("_row", INTEGER))
    branches = []
    for turned, role in by_origin(part.constraint, which):
        cut = cut_of(session, state, replace(part, constraint=turned), steps, inputs)
        hits = violations(turned, schema=schema, cut=cut)
        mine = select(f"select _row from {hits.result} where role in ('{role}', 'both')")
        branches.append(nested(hits.then("mine", mine), ["_row"]))
    return [
        ("every_culprit", union(branches)),
        ("culprits", select("select distinct _row from every_culprit")),
    ]
