"""One rule at work: find who breaks it, tell why, act, and see what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backbone.engines.protocol import Session
from backbone.management.trusted.actions import (
    Change,
    blank,
    deduplicate,
    quarantine,
    repair,
)
from backbone.management.trusted.ahead import Ahead
from backbone.management.trusted.detect import explain
from backbone.management.trusted.findings import (
    Asked,
    Finding,
    References,
    distinct_rows,
    search,
)
from backbone.management.trusted.outputs import Flag
from backbone.management.trusted.pieces import Piece, bound, joined
from backbone.management.trusted.plans.frame import select
from backbone.management.trusted.rules import parts_of, rule_text
from backbone.management.trusted.seen import Seen, described
from backbone.management.trusted.state import State
from backbone.model.reports import RuleReport
from backbone.project.trusted import Rule
from backbone.sql.queries import Query

__all__ = ["Outcome", "applied", "flagged"]

_CELL_ACTIONS = {"blank": blank, "repair": repair}


@dataclass(frozen=True)
class Outcome:
    """What became of a rule.

    `change` is the state after it and what its action did; `seen` are the violating rows;
    `flags` are the rows that break the rule still. Where cells changed, that is what is
    found when its parts are asked for `again`.
    """

    change: Change
    report: RuleReport
    seen: tuple[Seen, ...] = ()
    flags: tuple[Flag, ...] = ()
    again: tuple[Asked, ...] = ()


def applied(
    session: Session, state: State, rule: Rule, ahead: Ahead, *, place: int, order: int
) -> Outcome:
    """Apply `rule`, the `place`-th of its table, to the table as it is now.

    Parameters
    ----------
    ahead : finds the rows that break the rules of the table
    order : number of the rule's first change among the changes of a cell
    """
    started = time.perf_counter()
    outcome, found = _looked(session, state, rule, ahead, place, order)
    broken = distinct_rows(session, found)
    if broken:
        outcome = _acted(session, outcome, rule, found, place)
    plans = dict.fromkeys(str(explain(part.constraint)) for part in parts_of(rule))
    report = replace(
        outcome.report,
        violating_rows=broken,
        blamed_rows=_blamed_rows(session, outcome.change),
        changed_cells=outcome.change.cells,
        removed_rows=outcome.change.rows,
        plan="; ".join(plans),
        pairs=_pairs(found),
        seconds=time.perf_counter() - started,
    )
    return replace(outcome, report=report)


def _looked(
    session: Session, state: State, rule: Rule, ahead: Ahead, place: int, order: int
) -> tuple[Outcome, list[Finding]]:
    """Find what breaks each part; a part that changes cells does so before the next."""
    change = Change(state)
    found: list[Finding] = []
    seen: list[Seen] = []
    for number in range(len(parts_of(rule))):
        finding = ahead.find(change.state, place, number)
        found.append(finding)
        if not finding.rows:
            continue
        seen.append(Seen(change.state, rule, finding))
        act = _CELL_ACTIONS.get(rule.action)
        if act is not None:
            more = act(session, change.state, rule, finding, order=order + number)
            change = change.and_then(more)
    report = RuleReport(
        name=rule.name,
        text=rule_text(rule),
        severity=rule.severity,
        action=rule.action,
        violating_rows=0,
    )
    return Outcome(change, report, tuple(seen)), found


def _acted(
    session: Session,
    outcome: Outcome,
    rule: Rule,
    found: Sequence[Finding],
    place: int,
) -> Outcome:
    """Remove rows, or flag those that break the rule; after cells changed, ask again."""
    state = outcome.change.state
    if rule.action == "quarantine":
        numbers = [finding.number for finding in found if finding.rows]
        change = quarantine(session, state, rule, described(outcome.seen), numbers)
        return _spared(replace(outcome, change=change), rule, found)
    if rule.action == "deduplicate":
        change = deduplicate(session, state, rule)
        return _spared(replace(outcome, change=change), rule, found)
    if outcome.change.cells:
        return replace(outcome, again=_asked(state, found))
    return replace(outcome, flags=_flags(place, rule, found))


def _asked(state: State, found: Sequence[Finding]) -> tuple[Asked, ...]:
    return tuple(Asked(state, each.part, each.number) for each in found)


def _spared(outcome: Outcome, rule: Rule, found: Sequence[Finding]) -> Outcome:
    """Ask again where rows stay that the rule would have taken out: they are flagged."""
    state = outcome.change.state
    if state.decided is None or rule.name not in state.decided.undone:
        return outcome
    return replace(outcome, again=_asked(state, found))


def _flags(place: int, rule: Rule, found: Sequence[Finding]) -> tuple[Flag, ...]:
    return tuple(Flag(place, rule.name, each) for each in found if each.rows)


def flagged(
    session: Session,
    rules: Sequence[Rule],
    outcomes: Sequence[Outcome],
    references: References,
) -> tuple[Flag, ...]:
    """Return the rows that break each of `rules` after its turn.

    What has to be asked again is one statement for all of them.
    """
    asked = [one for outcome in outcomes for one in outcome.again]
    found = iter(search(session, asked, references))
    flags: list[Flag] = []
    for place, (rule, outcome) in enumerate(zip(rules, outcomes, strict=True)):
        again = [next(found) for _ in outcome.again]
        flags += outcome.flags or _flags(place, rule, again)
    return tuple(flags)


def _blamed_rows(session: Session, change: Change) -> int:
    """Count the rows whose cells changed, or that left."""
    if change.rows or not change.changed:
        return change.rows
    if len(change.changed) == 1:
        return change.cells
    named = {bound("moves", staged): staged for staged in change.changed}
    reads = [select(f"select _row from {name}") for name in named]
    pieces = [
        Piece(Query.of(read), {name: staged})
        for read, (name, staged) in zip(reads, named.items(), strict=True)
    ]
    every, inputs = joined(pieces, ["_row"])
    counted = select("select count(distinct _row) as n from every")
    query = Query((("every", every), ("counted", counted)))
    return int(session.fetch(query, inputs).column("n")[0].as_py())


def _pairs(found: Sequence[Finding]) -> int | None:
    counts = [finding.pairs for finding in found if finding.rows]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
