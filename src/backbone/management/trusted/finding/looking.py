"""The rows that a rule looks at, and how many of them it allows to be wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from backbone.engines.protocol import Session
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.declared import Part
from backbone.model.constraints import Predicate
from backbone.project.trusted import Rule
from backbone.sql.queries import Query

__all__ = ["Looked"]


@dataclass(frozen=True)
class Looked:
    """The table in which a rule looks, and whether what it finds is too much.

    `parts` are those of the rule, all of which look at the same rows. `known` keeps how
    many they are, for other rules that look at the same rows of the same table.
    """

    session: Session
    state: State
    rule: Rule
    parts: tuple[Part, ...]
    known: dict[tuple[int, tuple[Predicate, ...]], int] = field(default_factory=dict)

    @cached_property
    def rows(self) -> int:
        """How many rows the rule looks at."""
        where = self.parts[0].constraint.where
        if not where:
            gone = self.state.removed.rows if self.state.removed else 0
            return self.state.work.rows - gone
        key = id(self.state), where
        if key not in self.known:
            self.known[key] = self._counted(where)
        return self.known[key]

    def _counted(self, where: tuple[Predicate, ...]) -> int:
        steps, inputs = self.state.rows([], where)
        counted = select("select count(*) as n from rows")
        query = Query((*steps, ("counted", counted)))
        return int(self.session.fetch(query, inputs).column("n")[0].as_py())

    def doubts(self, wrong: int) -> bool:
        """Whether more rows are wrong than the rule allows for: it is not obeyed then."""
        allowed = self.rule.tolerance
        return wrong > 0 and allowed is not None and wrong > allowed * self.rows
