"""What rules found in the current state, and how what was found is read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.finding.pairs import Pairs
from backbone.management.trusted.rows.pieces import Inputs, bound, union
from backbone.management.trusted.rows.steps import Steps, select
from backbone.management.trusted.rules.declared import Part
from backbone.sql.queries import Query, column, table

__all__ = ["Finding", "by_place", "distinct_rows", "hits_of", "recounted"]


@dataclass(frozen=True)
class Finding:
    """The rows that break one part of a rule.

    They are the rows of `found` (``_place, _row, role``) with this `place`, `rows` of
    them, each row of the table once; `number` is the part's place in the rule. Rows that
    left the table since are in `removed`, and are none of them any more. Where the rule
    says which of them are wrong, those are in `blamed`, with place 0. `bounds` say how
    many pairs there are, of a rule on several rows.
    """

    part: Part
    number: int
    found: Staged
    place: int
    rows: int
    bounds: Pairs = field(default_factory=Pairs)
    removed: Staged | None = None
    blamed: Staged | None = None

    @property
    def guilty(self) -> Finding:
        """The rows to blame: all of them, unless the rule says which."""
        if self.blamed is None:
            return self
        return Finding(self.part, self.number, self.blamed, 0, self.blamed.rows)

    @property
    def pairs(self) -> int | None:
        """How many pairs of rows break the part, where that is known."""
        return self.bounds.exact

    def hits(self) -> tuple[Steps, Inputs]:
        """Return the step ``hits`` (``_row, role``) and what it reads."""
        hits, inputs = hits_of([(0, self)])
        return [("hits", hits)], inputs


def recounted(
    session: Session, findings: Sequence[Finding], removed: Staged
) -> tuple[Finding, ...]:
    """Return `findings` without the rows that are `removed` now, in one statement."""
    now = [replace(finding, removed=removed) for finding in findings]
    every, inputs = hits_of(list(enumerate(now)))
    counted = select("select _place, count(*) as n from every group by _place")
    query = Query((("every", every), ("counted", counted)))
    found = session.fetch(query, inputs).to_pylist()
    rows = {int(row["_place"]): int(row["n"]) for row in found}
    return tuple(
        replace(finding, rows=rows.get(number, 0)) for number, finding in enumerate(now)
    )


def hits_of(numbered: Sequence[tuple[int, Finding]]) -> tuple[exp.Query, Inputs]:
    """Return the rows of several findings: ``_place`` (their number), ``_row``, ``role``.

    What was found together is read once.
    """
    inputs: Inputs = {}
    sources: dict[tuple[str, str | None], dict[int, int]] = {}
    for number, finding in numbered:
        found, removed = bound("found", finding.found), None
        inputs[found] = finding.found
        if finding.removed is not None:
            removed = bound("removed", finding.removed)
            inputs[removed] = finding.removed
        sources.setdefault((found, removed), {})[finding.place] = number
    branches = [_read(*source, places) for source, places in sources.items()]
    return union(branches), inputs


def _read(found: str, removed: str | None, places: Mapping[int, int]) -> exp.Query:
    """Return the rows of `found` at `places`, with the numbers that they have there."""
    place = column("_place", "f")
    numbers = {at: exp.Literal.number(number) for at, number in places.items()}
    listed = [exp.Literal.number(at) for at in places]
    hits = (
        exp.select(exp.alias_(by_place(numbers, of="f"), "_place"))
        .select(column("_row", "f"), column("role", "f"))
        .from_(table(found, "f"))
        .where(exp.In(this=place, expressions=listed))
    )
    return hits if removed is None else _staying(hits, removed)


def by_place(values: Mapping[int, exp.Expr], *, of: str) -> exp.Expr:
    """Return the value of each row's ``_place``; where it is always the same, that."""
    first, *others = values.values()
    if all(other == first for other in others):
        return first
    chosen = exp.Case(this=column("_place", of))
    for place, value in values.items():
        chosen = chosen.when(exp.Literal.number(place), value, copy=False)
    return chosen


def _staying(hits: exp.Select, removed: str) -> exp.Select:
    same = exp.EQ(this=column("_row", "f"), expression=column("_row", "gone"))
    return hits.join(table(removed, "gone"), on=same, join_type="anti")


def distinct_rows(session: Session, findings: Sequence[Finding]) -> int:
    """Return how many rows break at least one of the parts."""
    broken = [finding for finding in findings if finding.rows]
    if len(broken) < 2:  # noqa: PLR2004 - a part names each of its rows once
        return sum(finding.rows for finding in broken)
    every, inputs = hits_of([(0, finding) for finding in broken])
    counted = select("select count(distinct _row) as n from every")
    query = Query((("every", every), ("counted", counted)))
    return int(session.fetch(query, inputs).column("n")[0].as_py())
