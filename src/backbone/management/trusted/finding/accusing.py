"""Which of the rows that break a rule together are blamed, where the rule says whose."""

from __future__ import annotations

from dataclasses import replace

from backbone.engines.protocol import Session
from backbone.management.trusted.finding.choosing import rows_in_the_way, rows_off_chains
from backbone.management.trusted.finding.findings import (
    Finding,
    cut_of,
    looked,
)
from backbone.management.trusted.finding.fine import fine_in_sequence
from backbone.management.trusted.finding.parting import Reading
from backbone.management.trusted.plans.culprits import (
    Kind,
    agreeing,
    by_origin,
    in_sequence,
    kind_of_blame,
)
from backbone.management.trusted.plans.fewest import in_order, on_no_line
from backbone.management.trusted.plans.overlaps import in_time
from backbone.management.trusted.rows.pieces import Inputs, bound, nested, union
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import ROWS, select
from backbone.management.trusted.rules.shapes import shape_of
from backbone.model.constraints import DenialConstraint
from backbone.model.schemas import Column
from backbone.model.types import INTEGER
from backbone.project.trusted import Rule, WhichRows
from backbone.sql.queries import Query

__all__ = ["accused"]

_MARKED = select("select 0 as _place, _row, 't1' as role from culprits")


def accused(session: Session, state: State, rule: Rule, finding: Finding) -> Finding:
    """Return `finding` with the rows to blame, if `rule` says which those are.

    `state` is the table in which the rule looked.
    """
    which = rule.blamed_rows
    if which is None or not finding.rows:
        return finding
    constraint = finding.part.constraint
    steps, inputs = state.seen_by(constraint).rows(constraint.reads, constraint.where)
    schema = state.schema.with_columns(Column("_row", INTEGER))
    fine = fine_in_sequence(state.decided, constraint, inputs)
    reads = Reading(steps, inputs, schema, state.work.rows, fine)
    query, inputs = _culprits(session, finding, which, reads)
    query = query.then("marked", _MARKED.copy())
    if state.decided is not None:
        query, inputs = state.decided.sparing_fine(query, inputs, rule.name)
    marked = session.stage(query, inputs)
    return replace(finding, blamed=marked)


def _culprits(
    session: Session, finding: Finding, which: WhichRows, reads: Reading
) -> tuple[Query, Inputs]:
    """Return the query that ends with ``culprits``, and what it reads."""
    constraint = finding.part.constraint
    kind = kind_of_blame(constraint, which)
    if kind == "origin":
        return _by_origin(session, constraint, which, reads)
    if kind in {"chain", "apart"}:
        return _not_staying(session, finding, kind, reads)
    if kind == "lines":
        found = on_no_line(shape_of(constraint), ROWS, reads.schema)
    elif kind == "agreeing":
        found = agreeing(constraint, which, ROWS, reads.schema)
    else:
        cut = cut_of(session, constraint, reads)
        found = in_sequence(constraint, which, ROWS, reads.schema, cut)
        found = reads.spared(found)
    return Query((*reads.steps, *found)), dict(reads.inputs)


def _not_staying(
    session: Session, finding: Finding, kind: Kind, reads: Reading
) -> tuple[Query, Inputs]:
    hits, inputs = finding.hits()
    shape, inputs = shape_of(finding.part.constraint), {**reads.inputs, **inputs}
    steps = [*reads.steps, *hits]
    if kind == "chain":
        found, rising = in_order(shape, ROWS, "hits", reads.schema)
        query = Query((*steps, *found))
        held = rows_off_chains(session, query, inputs, rising=rising)
    else:
        found, touching = in_time(shape, ROWS, "hits", reads.schema)
        query = Query((*steps, *found))
        held = rows_in_the_way(session, query, inputs, touching=touching)
    name = bound("held", held)
    return Query.of(select(f"select _row from {name}"), "culprits"), {name: held}


def _by_origin(
    session: Session, constraint: DenialConstraint, which: WhichRows, reads: Reading
) -> tuple[Query, Inputs]:
    inputs: Inputs = {}
    branches = []
    for turned, role in by_origin(constraint, which):
        hits, read = looked(session, turned, reads)
        inputs.update(read)
        mine = select(f"select _row from {hits.result} where role in ('{role}', 'both')")
        branches.append(nested(hits.then("mine", mine), ["_row"]))
    last = select("select distinct _row from every_culprit")
    return Query((("every_culprit", union(branches)), ("culprits", last))), inputs
