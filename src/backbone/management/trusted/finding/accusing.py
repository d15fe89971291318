"""Which of the rows that break a rule together are blamed, where the rule says whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from backbone.engines.protocol import Session
from backbone.management.trusted.finding.choosing import rows_in_the_way, rows_off_chains
from backbone.management.trusted.finding.findings import Finding, hits_of
from backbone.management.trusted.finding.fine import fine_in_sequence
from backbone.management.trusted.finding.parting import Reading
from backbone.management.trusted.finding.searching import cut_of, looked
from backbone.management.trusted.finding.seen import Seen
from backbone.management.trusted.plans.culprits import (
    Kind,
    agreeing,
    by_origin,
    in_sequence,
    kind_of_blame,
)
from backbone.management.trusted.plans.fewest import in_order, on_no_line
from backbone.management.trusted.plans.overlaps import in_time
from backbone.management.trusted.rows.numbering import located
from backbone.management.trusted.rows.pieces import Inputs, bound, nested, union
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import ROWS, select
from backbone.management.trusted.rules.blame import whose
from backbone.management.trusted.rules.shapes import shape_of
from backbone.model.constraints import DenialConstraint
from backbone.model.reports import Witness
from backbone.model.schemas import Column
from backbone.model.types import INTEGER
from backbone.project.trusted import Rule, WhichRows
from backbone.sql.queries import Query, column, table

__all__ = ["accused", "accused_among", "accused_by_role"]

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


def accused_by_role(session: Session, rule: Rule, finding: Finding) -> Finding:
    """Return `finding` with the rows to blame, if `rule` blames those of one role."""
    role = whose(rule, finding.part)
    if role not in {"t1", "t2"} or not finding.rows:
        return finding
    hits, inputs = hits_of([(0, finding)])
    roles = [exp.Literal.string(one) for one in (str(role), "both")]
    mine = exp.select(*map(column, ("_place", "_row", "role"))).from_(table("hits"))
    mine = mine.where(exp.In(this=column("role"), expressions=roles))
    marked = session.stage(Query((("hits", hits), ("mine", mine))), inputs)
    return replace(finding, blamed=marked)


def accused_among(
    session: Session, seen: Sequence[Seen], shown: Sequence[Sequence[Witness]]
) -> list[frozenset[str]]:
    """Return the origins of the rows to blame among the witnesses of each of `seen`.

    In one statement, for the findings of one table that have rows to blame.
    """
    asked = [
        (number, one.finding.guilty)
        for number, (one, some) in enumerate(zip(seen, shown, strict=True))
        if one.finding.blamed is not None and some
    ]
    found: dict[int, set[str]] = {}
    if asked:
        rows = {row for number, _ in asked for one in shown[number] for row in one.rows}
        records = {int(row.rpartition("#")[2]) for row in rows}
        every, inputs = hits_of(asked)
        listed = [exp.Literal.number(one) for one in sorted(records)]
        some = exp.select("*").from_(table("placed"))
        some = some.where(exp.In(this=column("_record"), expressions=listed))
        steps = (("every", every), ("placed", located("every")), ("some", some))
        inputs["objects"] = seen[0].state.objects
        for row in session.fetch(Query(steps), inputs).to_pylist():
            origin = f"{row['_delivery']}/{row['_object']}#{row['_record']}"
            found.setdefault(row["_place"], set()).add(origin)
    return [frozenset(found.get(number, ())) for number in range(len(seen))]


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
