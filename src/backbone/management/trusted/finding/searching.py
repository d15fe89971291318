"""The search for rows that break rules: many parts of rules are looked for at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.errors import UnknownAsset
from backbone.management.trusted.finding.detect import (
    Cut,
    broken_parts,
    dependencies,
    detection,
    group_sizes,
    shared_keys,
)
from backbone.management.trusted.finding.findings import Finding
from backbone.management.trusted.finding.fine import fine_in_sequence, without_fine
from backbone.management.trusted.finding.pairs import Counted, Pairs, counted_pairs
from backbone.management.trusted.finding.parting import Reading, parted
from backbone.management.trusted.rows.keeping import kept, reading
from backbone.management.trusted.rows.pieces import Inputs, nested, union
from backbone.management.trusted.rows.state import EVERY, State
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.management.trusted.rules.declared import Part
from backbone.management.trusted.rules.selecting import compiled, selected_rows
from backbone.management.trusted.rules.shapes import kind_of
from backbone.model.constraints import DenialConstraint
from backbone.sql.queries import Query, column, table

__all__ = ["Asked", "References", "cut_of", "looked", "reads_of", "search"]


_AT_ONCE = 8_000_000
"""So many rows are looked at in one statement at most, those of each branch counted."""

Several = Callable[..., Query]
Branch = tuple[list[int], exp.Query]


@dataclass(frozen=True)
class References:
    """The tables that rules may refer to, by full name; `own` is the table itself."""

    own: str
    tables: Mapping[str, Relation]

    def of(self, name: str) -> Relation:
        """Return the table called `name`.

        Raises
        ------
        UnknownAsset : there is no such table here
        """
        if name not in self.tables:
            raise UnknownAsset.named(name, sorted(self.tables))
        return self.tables[name]


@dataclass(frozen=True)
class Asked:
    """A part of a rule, its `number` there, and the state in which to look for it."""

    state: State
    part: Part
    number: int = 0


def reads_of(part: Part, own: str) -> tuple[str, ...]:
    """Return the columns of the table `own` that `part` reads."""
    reference = part.constraint.reference
    more = reference.to if reference is not None and reference.table == own else ()
    return tuple(dict.fromkeys([*part.constraint.reads, *more]))


def search(
    session: Session,
    asked: Sequence[Asked],
    references: References,
    *,
    pairs: bool = True,
) -> tuple[Finding, ...]:
    """Find the rows that break each part, in one statement, or a few of a large table.

    Conditions on single rows share one scan, and dependencies with the same keys share
    their groups. With `pairs` they are counted in one statement more, where it is cheap.

    Raises
    ------
    UnknownAsset : a rule refers to a table that is not in `references`
    """
    if not asked:
        return ()
    inputs: Inputs = {}
    single, depending, others = _by_kind(asked)
    branches = [(p, _scanned(asked, p, inputs, broken_parts)) for p in single]
    branches += [(p, _scanned(asked, p, inputs, dependencies)) for p in depending]
    for place in others:
        query, read = _looking(session, asked[place], references)
        inputs.update(read)
        branches.append(([place], nested(query, ["_row", "role"], place)))
    said = [(one.state.decided, one.part.constraint.name) for one in asked]
    rows = max(one.state.work.rows for one in asked)
    found: dict[int, Staged] = {}
    counts: dict[int, Counted] = {}
    for some in _statements(session, branches, rows):
        every = union([branch for _, branch in some])
        query = without_fine(Query.of(every, "found"), said, inputs)
        staged = session.stage(query, inputs)
        found |= {place: staged for places, _ in some for place in places}
        counts |= _counts(session, staged)
    findings = [
        Finding(
            one.part, one.number, found[place], place, counts.get(place, Counted()).rows
        )
        for place, one in enumerate(asked)
    ]
    if not pairs:
        return tuple(findings)
    return _with_pairs(session, asked, findings, counts, references)


def _statements(
    session: Session, branches: Sequence[Branch], rows: int
) -> Iterator[Sequence[Branch]]:
    """Part what is asked of a table of so many `rows` into statements.

    An engine in this process starts on all of a statement at once, and holds the groups
    and sorted rows of each branch until it comes to its end.
    """
    size = len(branches)
    if session.capabilities.in_process:
        size = max(1, _AT_ONCE // max(rows, 1))
    for start in range(0, len(branches), size):
        yield branches[start : start + size]


def _looking(
    session: Session, one: Asked, references: References
) -> tuple[Query, Inputs]:
    """Return the query that finds the rows of a part by itself, and what it reads."""
    constraint, state = one.part.constraint, one.state
    steps, inputs = _reading(state, one.part, references)
    fine = fine_in_sequence(state.decided, constraint, inputs)
    reads = Reading(steps, inputs, state.schema, state.work.rows, fine)
    if constraint.selected is None:
        return looked(session, constraint, reads)
    others = _others(constraint, references)
    schemas = {name: references.of(name).schema for name in others}
    schemas[references.own] = state.schema
    made = compiled(constraint.name, constraint.selected, references.own, schemas)
    found = selected_rows(made, references.own, ROWS, state.schema)
    return Query((*steps, *found)), inputs


def looked(
    session: Session, constraint: DenialConstraint, reads: Reading
) -> tuple[Query, Inputs]:
    """Return the query that finds the rows that break a constraint, and what it reads.

    Raises
    ------
    UnsupportedRule : it would compare too many pairs of rows
    """
    if kind_of(constraint) == "parts":
        return parted(session, constraint, reads)
    cut = cut_of(session, constraint, reads)
    hits = detection(constraint, schema=reads.schema, cut=cut, rows=reads.rows)
    steps = [*reads.steps, *reads.spared(list(hits.query.steps))]
    known, inputs = kept(session, steps, hits.kept, reads.inputs)
    return Query(tuple(reading(steps, known))), inputs


def _by_kind(
    asked: Sequence[Asked],
) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """Return the places of conditions on single rows, of dependencies, and of others.

    Of one state are those of a list, and dependencies of the same keys.
    """
    single: dict[int, list[int]] = {}
    depending: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    others: list[int] = []
    for place, one in enumerate(asked):
        constraint = one.part.constraint
        alike = one.state.seen_by(constraint) is one.state
        keys = shared_keys(constraint) if alike else None
        if constraint.is_single:
            single.setdefault(id(one.state), []).append(place)
        elif keys is not None:
            depending.setdefault((id(one.state), keys), []).append(place)
        else:
            others.append(place)
    groups = [*single.values(), *depending.values()]
    alone = [places[0] for places in groups if len(places) == 1]
    return (
        [places for places in single.values() if len(places) > 1],
        [places for places in depending.values() if len(places) > 1],
        sorted([*others, *alone]),
    )


def _scanned(
    asked: Sequence[Asked], places: Sequence[int], inputs: Inputs, finding: Several
) -> exp.Query:
    """Return what finds the rows of several parts at once, as `finding` does."""
    state = asked[places[0]].state
    parts = {place: asked[place].part for place in places}
    names = dict.fromkeys(c for part in parts.values() for c in part.constraint.reads)
    steps, read = state.rows(list(names))
    inputs.update(read)
    constraints = {place: part.constraint for place, part in parts.items()}
    found = finding(constraints, schema=state.schema)
    return nested(Query((*steps, *found.steps)), ["_place", "_row", "role"])


def cut_of(session: Session, constraint: DenialConstraint, reads: Reading) -> Cut | None:
    """Return into how many ranges to cut what is sorted, if a group is too large."""
    limit = session.capabilities.rows_per_group
    sizes = group_sizes(constraint, schema=reads.schema)
    if limit is None or sizes is None or 2 * reads.rows <= limit:
        return None
    query = Query((*reads.steps, *sizes.steps))
    (found,) = session.fetch(query, reads.inputs).to_pylist()
    if int(found["largest"] or 0) <= limit:
        return None
    rows = int(found["rows"])
    return Cut(ceil(rows / limit), rows)


def _counts(session: Session, found: Staged) -> dict[int, Counted]:
    if not found.rows:
        return {}
    counted = (
        "select _place, count(*) as n, count(case when role <> 't2' then 1 end) as t1, "
        "count(case when role <> 't1' then 1 end) as t2 from found group by _place"
    )
    counts = session.fetch(Query.of(select(counted)), {"found": found}).to_pylist()
    return {
        int(row["_place"]): Counted(int(row["n"]), int(row["t1"]), int(row["t2"]))
        for row in counts
    }


def _with_pairs(
    session: Session,
    asked: Sequence[Asked],
    findings: Sequence[Finding],
    counts: Mapping[int, Counted],
    references: References,
) -> tuple[Finding, ...]:
    """Return the findings with how many pairs they are, in one statement for all."""
    inputs: Inputs = {}
    branches: list[exp.Query] = []
    bounds: dict[int, Pairs] = {}
    for one, finding in zip(asked, findings, strict=True):
        constraint = one.part.constraint
        rows = counts.get(finding.place, Counted())
        bounds[finding.place] = Pairs.of(constraint, rows)
        asking = counted_pairs(constraint, rows, schema=one.state.schema)
        if asking is None:
            continue
        steps, read = _reading(one.state, one.part, references)
        hits, more = finding.hits()
        inputs.update({**read, **more})
        query = Query((*steps, *hits, *asking.steps))
        branches.append(nested(query, ["pairs"], finding.place))
    if branches:
        rows = session.fetch(Query.of(union(branches), "counted"), inputs).to_pylist()
        for row in rows:
            bounds[int(row["_place"])] = Pairs.exactly(int(row["pairs"]))
    return tuple(replace(each, bounds=bounds[each.place]) for each in findings)


def _reading(state: State, part: Part, references: References) -> tuple[Steps, Inputs]:
    constraint = part.constraint
    where = () if constraint.is_single else constraint.where
    public = state.schema.public
    reads = [name for name in reads_of(part, references.own) if name in public]
    if constraint.selected is not None:
        reads = list(public.names)
    steps, inputs = state.seen_by(constraint).rows(reads, where)
    if constraint.selected is not None:
        others = {name: references.of(name) for name in _others(constraint, references)}
        return steps, {**inputs, **others}
    reference = constraint.reference
    if reference is None:
        return steps, inputs
    if reference.table == references.own:
        every = table(EVERY if where else ROWS)
        own = exp.select(*(column(name) for name in reference.to)).from_(every)
        return [*steps, (reference.table, own)], inputs
    return steps, {**inputs, reference.table: references.of(reference.table)}


def _others(constraint: DenialConstraint, references: References) -> tuple[str, ...]:
    """Return the other tables that the query of a rule reads."""
    tables = constraint.selected.tables if constraint.selected else ()
    return tuple(name for name in tables if name != references.own)
