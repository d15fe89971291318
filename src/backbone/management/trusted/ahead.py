"""Looking ahead: rules that see the same table are searched together.

A rule is applied to the table as the rules before it left it. Only actions change it:
so all parts of all rules up to the next action are one statement for the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

from backbone.engines.protocol import Session
from backbone.management.trusted.findings import (
    Asked,
    Finding,
    References,
    search,
)
from backbone.management.trusted.rules import Part, parts_of
from backbone.management.trusted.state import State
from backbone.project.trusted import Rule

__all__ = ["Ahead"]

_CELL_ACTIONS = {"blank", "repair"}


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
            (place, number, part, rule.action)
            for place, rule in enumerate(rules)
            for number, part in enumerate(parts_of(rule))
        ]
        self._known: dict[tuple[int, int], Finding] = {}

    def find(self, state: State, place: int, number: int) -> Finding:
        """Return what part `number` of the rule at `place` finds in `state`.

        Parts are asked for in their order, each once, with the state that the parts
        before it left.
        """
        if (place, number) not in self._known:
            self._search(state)
        return self._known.pop((place, number))

    def again(self, state: State, parts: Sequence[Part]) -> tuple[Finding, ...]:
        """Return what all `parts` of a rule find now."""
        asked = [Asked(part, number) for number, part in enumerate(parts)]
        return search(self._session, state, asked, self._references)

    def _search(self, state: State) -> None:
        count = self._reach()
        batch, self._queue = self._queue[:count], self._queue[count:]
        asked = [Asked(part, number) for _, number, part, _ in batch]
        found = search(self._session, state, asked, self._references)
        for (place, number, _, _), finding in zip(batch, found, strict=True):
            self._known[place, number] = finding

    def _reach(self) -> int:
        """Return how many of the parts in the queue see the table as it is now."""
        for count, (place, _, _, action) in enumerate(self._queue, start=1):
            following = self._queue[count : count + 1]
            ends = not following or following[0][0] != place
            if action in _CELL_ACTIONS or (ends and action != "flag"):
                return count
        return len(self._queue)
