"""One rule at work: find who breaks it, tell why, act, and see what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.actions import (
    Change,
    blank,
    deduplicate,
    quarantine,
    repair,
)
from backbone.management.trusted.detect import explain
from backbone.management.trusted.findings import (
    Finding,
    References,
    described,
    find,
    union,
)
from backbone.management.trusted.outputs import Flag
from backbone.management.trusted.plans.frame import select
from backbone.management.trusted.rules import Part, parts_of, rule_text
from backbone.management.trusted.state import State
from backbone.management.trusted.witnesses import MAX_WITNESSES, witnesses
from backbone.model.reports import RuleReport, Witness
from backbone.project.trusted import Rule
from backbone.sql.queries import Query

__all__ = ["Outcome", "applied"]

_CELL_ACTIONS = {"blank": blank, "repair": repair}


@dataclass(frozen=True)
class Outcome:
    """What became of a rule.

    `change` is the state after it and what its action did; `violations` are the described
    rows; `remaining` rows break the rule still, and carry its flag.
    """

    change: Change
    report: RuleReport
    violations: tuple[Staged, ...] = ()
    flags: tuple[Flag, ...] = ()
    remaining: int = 0


def applied(
    session: Session,
    state: State,
    rule: Rule,
    references: References,
    *,
    place: int,
    order: int,
) -> Outcome:
    """Apply `rule`, the `place`-th of its table, to the table as it is now.

    Parameters
    ----------
    order : number of the rule's first change among the changes of a cell
    """
    started = time.perf_counter()
    parts = parts_of(rule)
    outcome, found = _looked(session, state, rule, references, order)
    if outcome.violations:
        outcome = _acted(session, outcome, rule, found, references, place)
    plans = dict.fromkeys(str(explain(part.constraint)) for part in parts)
    report = replace(
        outcome.report,
        violating_rows=_distinct_rows(session, [f.hits for f in found if f.rows]),
        blamed_rows=_blamed_rows(session, outcome.change),
        changed_cells=outcome.change.cells,
        removed_rows=outcome.change.rows,
        plan="; ".join(plans),
        pairs=_pairs(found),
        seconds=time.perf_counter() - started,
    )
    return replace(outcome, report=report)


def _looked(
    session: Session, state: State, rule: Rule, references: References, order: int
) -> tuple[Outcome, list[Finding]]:
    """Find what breaks each part; a part that changes cells does so before the next."""
    change = Change(state)
    found: list[Finding] = []
    reasons: list[Staged] = []
    samples: list[Witness] = []
    for number, part in enumerate(parts_of(rule)):
        finding = find(session, change.state, part, number, references)
        found.append(finding)
        if not finding.rows:
            continue
        reasons.append(described(session, change.state, rule, finding))
        if len(samples) < MAX_WITNESSES:
            samples += witnesses(session, change.state, finding)
        act = _CELL_ACTIONS.get(rule.action)
        if act is not None:
            more = act(session, change.state, rule, finding, order=order + number)
            repairs = (*change.repairs, *more.repairs)
            change = Change(more.state, repairs, cells=change.cells + more.cells)
    report = RuleReport(
        name=rule.name,
        text=rule_text(rule),
        severity=rule.severity,
        action=rule.action,
        violating_rows=0,
        witnesses=tuple(samples[:MAX_WITNESSES]),
    )
    return Outcome(change, report, tuple(reasons)), found


def _acted(
    session: Session,
    outcome: Outcome,
    rule: Rule,
    found: Sequence[Finding],
    references: References,
    place: int,
) -> Outcome:
    """Remove rows, or flag those that break the rule after its cells changed."""
    state = outcome.change.state
    if rule.action == "quarantine":
        numbers = [finding.number for finding in found if finding.rows]
        change = quarantine(session, state, rule, outcome.violations, numbers)
        return replace(outcome, change=change)
    if rule.action == "deduplicate":
        return replace(outcome, change=deduplicate(session, state, rule))
    if outcome.change.cells:
        parts: list[Part] = [finding.part for finding in found]
        found = [find(session, state, p, i, references) for i, p in enumerate(parts)]
    left = [finding.hits for finding in found if finding.rows]
    flags = tuple(Flag(place, rule.name, hits) for hits in left)
    return replace(outcome, flags=flags, remaining=_distinct_rows(session, left))


def _distinct_rows(session: Session, relations: Sequence[Staged]) -> int:
    if not relations:
        return 0
    every, inputs = union(relations, ["_row"])
    counted = select("select count(distinct _row) as n from every")
    query = Query((("every", every), ("counted", counted)))
    return int(session.fetch(query, inputs).column("n")[0].as_py())


def _blamed_rows(session: Session, change: Change) -> int:
    """Count the rows whose cells changed, or that left."""
    return change.rows or _distinct_rows(session, change.repairs)


def _pairs(found: Sequence[Finding]) -> int | None:
    counts = [finding.pairs for finding in found if finding.rows]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
