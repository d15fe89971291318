"""What rules found in the current state: many parts of rules are looked for at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.errors import UnknownAsset
from backbone.management.trusted.detect import (
    ROWS,
    Cut,
    broken_parts,
    group_sizes,
    is_symmetric,
    pair_count,
    violations,
)
from backbone.management.trusted.pieces import (
    Inputs,
    bound,
    nested,
    union,
)
from backbone.management.trusted.plans.frame import Steps, select
from backbone.management.trusted.rules import Part
from backbone.management.trusted.state import State
from backbone.sql.queries import Query, column, table

__all__ = [
    "Asked",
    "Finding",
    "References",
    "by_place",
    "distinct_rows",
    "hits_of",
    "reads_of",
    "recounted",
    "search",
]

_BROKEN = "broken"
"""The rows that break a rule: where both rows of a pair do, all pairs are among them."""


@dataclass(frozen=True)
class References:
    """The tables that rules may refer to, by full name; `own` is the table itself."""

    own: str
    tables: Mapping[str, Relation]


@dataclass(frozen=True)
class Asked:
    """A part of a rule, its `number` there, and the state in which to look for it."""

    state: State
    part: Part
    number: int = 0


@dataclass(frozen=True)
class Finding:
    """The rows that break one part of a rule.

    They are the rows of `found` (``_place, _row, role``) with this `place`, `rows` of
    them, each row of the table once; `number` is the part's place in the rule. Rows that
    left the table since are in `removed`, and are none of them any more.
    """

    part: Part
    number: int
    found: Staged
    place: int
    rows: int
    pairs: int | None = None
    removed: Staged | None = None

    def hits(self) -> tuple[Steps, Inputs]:
        """Return the step ``hits`` (``_row, role``) and what it reads."""
        hits, inputs = hits_of([(0, self)])
        return [("hits", hits)], inputs


def reads_of(part: Part, own: str) -> tuple[str, ...]:
    """Return the columns of the table `own` that `part` reads."""
    reference = part.constraint.reference
    more = reference.to if reference is not None and reference.table == own else ()
    return tuple(dict.fromkeys([*part.constraint.columns, *more]))


def search(
    session: Session, asked: Sequence[Asked], references: References
) -> tuple[Finding, ...]:
    """Find the rows that break each part, in one statement.

    Conditions on single rows share one scan. Pairs are counted in one statement more, for
    parts where that is cheap.

    Raises
    ------
    UnknownAsset : a rule refers to a table that is not in `references`
    """
    if not asked:
        return ()
    inputs: Inputs = {}
    single, others = _by_kind(asked)
    branches = [_scanned(asked, places, inputs) for places in single]
    for place in others:
        one = asked[place]
        steps, read = _reading(one.state, one.part, references)
        inputs.update(read)
        cut = _cut(session, one.state, one.part, steps, read)
        constraint, fine = one.part.constraint, None
        decided = one.state.decided
        if (
            decided is not None
            and constraint.sequence
            and constraint.name in decided.fine
        ):
            fine = decided.rows_fine_for(constraint.name)
            inputs.update(decided.inputs)
        hits = violations(constraint, schema=one.state.schema, cut=cut, fine=fine)
        query = Query((*steps, *hits.steps))
        branches.append(nested(query, ["_row", "role"], place))
    every = _without_fine(Query.of(union(branches), "found"), asked, inputs)
    found = session.stage(every, inputs)
    rows = _rows(session, found, len(asked))
    findings = [
        Finding(one.part, one.number, found, place, rows.get(place, 0))
        for place, one in enumerate(asked)
    ]
    pairs = _pairs(session, asked, findings, references)
    return tuple(replace(each, pairs=pairs.get(each.place)) for each in findings)


def _without_fine(query: Query, asked: Sequence[Asked], inputs: Inputs) -> Query:
    """Leave the rows out of what was found that are fine, as a person said."""
    fine: list[exp.Query] = []
    for place, one in enumerate(asked):
        decided, rule = one.state.decided, one.part.constraint.name
        if decided is None or rule not in decided.fine:
            continue
        inputs.update(decided.inputs)
        number = exp.alias_(exp.Literal.number(place), "_place")
        fine.append(decided.rows_fine_for(rule).select(number))
    if not fine:
        return query
    same = exp.and_(
        *(
            exp.EQ(this=column(name, "f"), expression=column(name, "x"))
            for name in ("_place", "_row")
        )
    )
    wanted = (column(name, "f") for name in ("_place", "_row", "role"))
    found = exp.select(*wanted).from_(table(query.result, "f"))
    found = found.join(union(fine).subquery("x"), on=same, join_type="anti")
    return query.then("wrong", found)


def _by_kind(asked: Sequence[Asked]) -> tuple[list[list[int]], list[int]]:
    """Return the places of conditions on single rows, by state, and of all others."""
    single: dict[int, list[int]] = {}
    others: list[int] = []
    for place, one in enumerate(asked):
        if one.part.constraint.is_single:
            single.setdefault(id(one.state), []).append(place)
        else:
            others.append(place)
    several = [places for places in single.values() if len(places) > 1]
    alone = [places[0] for places in single.values() if len(places) == 1]
    return several, sorted([*others, *alone])


def _scanned(asked: Sequence[Asked], places: Sequence[int], inputs: Inputs) -> exp.Query:
    """Return what finds the rows of several conditions on single rows at once."""
    state = asked[places[0]].state
    parts = {place: asked[place].part for place in places}
    names = dict.fromkeys(c for part in parts.values() for c in part.constraint.columns)
    steps, read = state.rows(list(names))
    inputs.update(read)
    broken = broken_parts(
        {place: part.constraint for place, part in parts.items()}, schema=state.schema
    )
    return nested(Query((*steps, *broken.steps)), ["_place", "_row", "role"])


def _cut(
    session: Session, state: State, part: Part, steps: Steps, inputs: Inputs
) -> Cut | None:
    """Return into how many ranges to cut what `part` sorts, if a group is too large."""
    limit = session.capabilities.rows_per_group
    sizes = group_sizes(part.constraint, schema=state.schema)
    if limit is None or sizes is None or 2 * state.work.rows <= limit:
        return None
    (found,) = session.fetch(Query((*steps, *sizes.steps)), inputs).to_pylist()
    if int(found["largest"] or 0) <= limit:
        return None
    rows = int(found["rows"])
    return Cut(ceil(rows / limit), rows)


def _rows(session: Session, found: Staged, places: int) -> Mapping[int, int]:
    if places == 1 or not found.rows:
        return {0: found.rows}
    counted = "select _place, count(*) as n from found group by _place"
    counts = session.fetch(Query.of(select(counted)), {"found": found}).to_pylist()
    return {int(row["_place"]): int(row["n"]) for row in counts}


def _pairs(
    session: Session,
    asked: Sequence[Asked],
    findings: Sequence[Finding],
    references: References,
) -> Mapping[int, int]:
    inputs: Inputs = {}
    branches: list[exp.Query] = []
    for one, finding in zip(asked, findings, strict=True):
        constraint = one.part.constraint
        if not finding.rows:
            continue
        steps, read = _reading(one.state, one.part, references)
        source = ROWS
        if is_symmetric(constraint):
            hits, more = finding.hits()
            broken = select("select r.* from rows r join hits h on r._row = h._row")
            steps, read = [*steps, *hits, (_BROKEN, broken)], {**read, **more}
            source = _BROKEN
        counted = pair_count(constraint, source=source, schema=one.state.schema)
        if counted is None:
            continue
        inputs.update(read)
        query = Query((*steps, *counted.steps))
        branches.append(nested(query, ["pairs"], finding.place))
    if not branches:
        return {}
    counts = session.fetch(Query.of(union(branches), "counted"), inputs).to_pylist()
    return {int(row["_place"]): int(row["pairs"]) for row in counts}


def _reading(state: State, part: Part, references: References) -> tuple[Steps, Inputs]:
    steps, inputs = state.seen_by(part.constraint).rows(reads_of(part, references.own))
    reference = part.constraint.reference
    if reference is None:
        return steps, inputs
    if reference.table == references.own:
        own = exp.select(*(column(name) for name in reference.to)).from_(table(ROWS))
        return [*steps, (reference.table, own)], inputs
    if reference.table not in references.tables:
        raise UnknownAsset.named(reference.table, sorted(references.tables))
    return steps, {**inputs, reference.table: references.tables[reference.table]}


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
        chosen = chosen.when(exp.Literal.number(place), value)
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
