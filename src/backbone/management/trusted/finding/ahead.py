"""Looking ahead: parts of rules are searched together where that gives the same answer.

A rule is applied to the table as the rules before it left it. What a rule changes matters
to a later one only if that reads a column whose cells change, or compares rows with each
other where rows leave. Everything else is looked for early, with the rest; rows that have
left since are taken out of what was found.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from backbone.engines.protocol import Session
from backbone.management.trusted.finding.findings import Finding, recounted
from backbone.management.trusted.finding.searching import (
    Asked,
    References,
    reads_of,
    search,
)
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rules.blame import blamed
from backbone.management.trusted.rules.declared import Part, parts_of
from backbone.project.trusted import Rule

__all__ = ["Ahead"]


@dataclass(frozen=True)
class _Queued:
    """A part that is to be looked for, what that depends on, and what comes of it.

    `alone`: whether a row breaks it is said by the row itself, or by other tables. With
    `anything`, nobody knows what it reads.
    `changes` are the columns of which its rule may change cells, at once; with `removes`,
    rows may leave after it.
    """

    key: tuple[int, int]
    part: Part
    reads: frozenset[str]
    alone: bool
    anything: bool
    changes: frozenset[str]
    removes: bool


class Ahead:
    """What was found, up to where the table may change.

    Parameters
    ----------
    rules : the rules of the table, in their order
    """

    def __init__(
        self, session: Session, references: References, rules: Sequence[Rule]
    ) -> None:
        self._session = session
        self._references = references
        self._queue = [
            _queued((place, number), rule, part, references.own)
            for place, rule in enumerate(rules)
            for number, part in enumerate(parts_of(rule))
        ]
        self._done = 0
        self._known: dict[tuple[int, int], Finding] = {}
        self._counted_in: dict[tuple[int, int], State] = {}

    def find(self, state: State, place: int, number: int) -> Finding:
        """Return what part `number` of the rule at `place` finds in `state`.

        Parts are asked for in their order, each once, with the state that the parts
        before it left.
        """
        if (place, number) not in self._known:
            self._search(state)
        elif self._is_stale((place, number), state):
            self._recount(state)
        self._done += 1
        return self._known.pop((place, number))

    def _search(self, state: State) -> None:
        batch = _reach(self._queue[self._done :], self._known)
        asked = [Asked(state, one.part, one.key[1]) for one in batch]
        found = search(self._session, asked, self._references)
        for one, finding in zip(batch, found, strict=True):
            self._known[one.key] = finding
            self._counted_in[one.key] = state

    def _is_stale(self, key: tuple[int, int], state: State) -> bool:
        left = state.removed is not self._counted_in[key].removed
        return left and self._known[key].rows > 0

    def _recount(self, state: State) -> None:
        if state.removed is None:
            return
        stale = [key for key in self._known if self._is_stale(key, state)]
        findings = [self._known[key] for key in stale]
        now = recounted(self._session, findings, state.removed)
        for key, finding in zip(stale, now, strict=True):
            self._known[key] = finding
            self._counted_in[key] = state


def _queued(key: tuple[int, int], rule: Rule, part: Part, own: str) -> _Queued:
    constraint = part.constraint
    reference = constraint.reference
    changes: frozenset[str] = frozenset()
    if rule.action == "blank":
        changes = frozenset(cell.column for cell in blamed(rule, part))
    elif rule.action == "repair":
        changes = frozenset(constraint.columns[-1:])
    return _Queued(
        key=key,
        part=part,
        reads=frozenset(reads_of(part, own)),
        alone=constraint.is_single or (reference is not None and reference.table != own),
        anything=constraint.selected is not None,
        changes=changes,
        removes=rule.action in {"quarantine", "deduplicate"},
    )


def _reach(
    ahead: Sequence[_Queued], known: Container[tuple[int, int]] = ()
) -> list[_Queued]:
    """Return the parts that find now what they would find in their turn.

    `ahead` are the parts whose turn is still to come, the first of which always does;
    those that are `known` are not looked for again, but what comes of them counts.
    """
    found: list[_Queued] = []
    changed: frozenset[str] = frozenset()
    leaving: set[int] = set()
    for one in ahead:
        place, _ = one.key
        stays = one.alone or leaving <= {place}  # rows leave after a rule's last part
        same = not changed if one.anything else not one.reads & changed
        if stays and same and one.key not in known:
            found.append(one)
        changed |= one.changes
        if one.removes:
            leaving.add(place)
    return found
