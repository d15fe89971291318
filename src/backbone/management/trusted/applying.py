"""One rule at work: find who breaks it, tell why, act, and see what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backbone.engines.protocol import Session
from backbone.management.trusted.actions import (
    Effect,
    blank,
    deduplicate,
    quarantine,
    repair,
)
from backbone.management.trusted.finding.accusing import accused
from backbone.management.trusted.finding.ahead import Ahead
from backbone.management.trusted.finding.detect import explain
from backbone.management.trusted.finding.findings import Finding, distinct_rows
from backbone.management.trusted.finding.looking import Looked
from backbone.management.trusted.finding.searching import Asked, References, search
from backbone.management.trusted.finding.seen import Seen, described
from backbone.management.trusted.outputs import Flag
from backbone.management.trusted.rows.pieces import Piece, bound, joined
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.declared import parts_of, rule_text
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

    change: Effect
    report: RuleReport
    seen: tuple[Seen, ...] = ()
    flags: tuple[Flag, ...] = ()
    again: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class _Met:
    """What the parts of a rule found; where they change cells, what they changed."""

    change: Effect
    found: tuple[Finding, ...] = ()
    seen: tuple[Seen, ...] = ()

    @property
    def broken(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.found if finding.rows)


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
    looked = Looked(session, state, rule, parts_of(rule))
    met = _met(looked, ahead, place, order)
    broken = distinct_rows(session, met.found)
    wrong = broken
    if rule.blamed_rows is not None:
        wrong = distinct_rows(session, [finding.guilty for finding in met.found])
    doubted = looked.doubts(wrong)
    change = met.change if doubted else _acted(session, rule, met)
    plans = dict.fromkeys(str(explain(part.constraint)) for part in parts_of(rule))
    report = RuleReport(
        name=rule.name,
        text=rule_text(rule),
        severity=rule.severity,
        action=rule.action,
        violating_rows=broken,
        blamed_rows=_blamed_rows(session, rule, change, wrong),
        changed_cells=change.cells,
        removed_rows=change.rows,
        plan="; ".join(plans),
        pairs=_pairs(met.found),
        seconds=time.perf_counter() - started,
        looked_rows=looked.rows,
        questioned=doubted,
        owner=rule.owner,
        guilty_rows=wrong if rule.blamed_rows is not None else None,
        holds=rule.holds,
    )
    moved = change.rows and rule.sequence is not None
    if change.cells or moved or (change.rows and _spares(change.state, rule)):
        again = tuple(Asked(change.state, one.part, one.number) for one in met.found)
        return Outcome(change, report, met.seen, again=again)
    flags = () if change.rows else _flags(place, rule, met.found)
    return Outcome(change, report, met.seen, flags)


def _met(looked: Looked, ahead: Ahead, place: int, order: int) -> _Met:
    """Find what breaks each part; a part that changes cells does so before the next.

    Of a rule that allows for some rows all parts are looked for first, since only then it
    is known whether it is to be obeyed.
    """
    if looked.rule.tolerance is not None:
        return _weighed(looked, ahead, place, order)
    met = _Met(Effect(looked.state))
    for number in range(len(looked.parts)):
        state = met.change.state
        finding = _find(looked, ahead, state, place, number)
        met = _with_finding(looked, met, finding, state)
        met = _carried_out(looked, met, finding, order)
    return met


def _weighed(looked: Looked, ahead: Ahead, place: int, order: int) -> _Met:
    met = _Met(Effect(looked.state))
    for number in range(len(looked.parts)):
        finding = _find(looked, ahead, looked.state, place, number)
        met = _with_finding(looked, met, finding, looked.state)
    if not looked.doubts(distinct_rows(looked.session, [f.guilty for f in met.found])):
        for finding in met.found:
            met = _carried_out(looked, met, finding, order)
    return met


def _find(looked: Looked, ahead: Ahead, state: State, place: int, number: int) -> Finding:
    finding = ahead.find(state, place, number)
    return accused(looked.session, state, looked.rule, finding)


def _with_finding(looked: Looked, met: _Met, finding: Finding, state: State) -> _Met:
    seen = (Seen(state, looked.rule, finding),) if finding.rows else ()
    return replace(met, found=(*met.found, finding), seen=(*met.seen, *seen))


def _carried_out(looked: Looked, met: _Met, finding: Finding, order: int) -> _Met:
    """Change the cells that a part blames, where that is what the rule asks for."""
    act = _CELL_ACTIONS.get(looked.rule.action)
    if act is None or not finding.rows:
        return met
    state, number = met.change.state, order + finding.number
    more = act(looked.session, state, looked.rule, finding, order=number)
    return replace(met, change=met.change.and_then(more))


def _acted(session: Session, rule: Rule, met: _Met) -> Effect:
    """Remove rows, where that is what the rule asks for."""
    change = met.change
    if rule.action == "quarantine" and met.broken:
        return quarantine(session, change.state, rule, described(met.seen), met.broken)
    if rule.action == "deduplicate" and met.broken:
        return deduplicate(session, change.state, rule)
    return change


def _spares(state: State, rule: Rule) -> bool:
    """Whether a person said of some row that the rule leaves it alone."""
    return state.decided is not None and rule.name in state.decided.undone


def _flags(place: int, rule: Rule, found: Sequence[Finding]) -> tuple[Flag, ...]:
    return tuple(Flag(place, rule.name, each.guilty) for each in found if each.rows)


def flagged(
    session: Session,
    rules: Sequence[Rule],
    outcomes: Sequence[Outcome],
    references: References,
) -> tuple[Flag, ...]:
    """Return the rows that break each of `rules` after its turn.

    What has to be asked again is one statement for all of them; nobody counts pairs.
    """
    asked = [one for outcome in outcomes for one in outcome.again]
    found = iter(search(session, asked, references, pairs=False))
    flags: list[Flag] = []
    for place, (rule, outcome) in enumerate(zip(rules, outcomes, strict=True)):
        again = [accused(session, one.state, rule, next(found)) for one in outcome.again]
        flags += outcome.flags or _flags(place, rule, again)
    return tuple(flags)


def _blamed_rows(session: Session, rule: Rule, change: Effect, wrong: int) -> int:
    """Count the rows whose cells changed, or that left, or that are to blame."""
    if change.rows or not change.changed:
        return change.rows or (wrong if rule.blamed_rows else 0)
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
