"""Rules looked at, and nothing done: who breaks them, with examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from backbone.engines.protocol import Relation, Session
from backbone.errors import UnsupportedRule
from backbone.management.trusted.finding.accusing import (
    accused,
    accused_among,
    accused_by_role,
)
from backbone.management.trusted.finding.detect import shared_keys
from backbone.management.trusted.finding.findings import Finding, distinct_rows, hits_of
from backbone.management.trusted.finding.looking import Looked
from backbone.management.trusted.finding.pairs import Pairs
from backbone.management.trusted.finding.searching import Asked, References, search
from backbone.management.trusted.finding.seen import Seen
from backbone.management.trusted.finding.witnesses import MAX_WITNESSES, witnesses
from backbone.management.trusted.rows.numbering import row_of
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.blame import whose
from backbone.management.trusted.rules.declared import Part
from backbone.model.constraints import Predicate
from backbone.model.reports import Witness
from backbone.model.schemas import Schema
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Checked", "Shown", "ToCheck", "check_rules", "state_of_rows"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class ToCheck:
    """A rule, its parts as they are to be looked for, and the rows to look at.

    `texts` and `called` are as `Seen` has them.
    """

    rule: Rule
    parts: tuple[Part, ...]
    state: State
    texts: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def shares(self) -> bool:
        """Whether others like it are found in the same scan, or the same groups."""
        constraints = [part.constraint for part in self.parts]
        return all(one.is_single or shared_keys(one) for one in constraints)


@dataclass(frozen=True)
class Shown:
    """An example of what breaks a rule, and those of its rows that are to blame.

    None where the rule does not say whose fault it is.
    """

    witness: Witness
    blamed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Checked:
    """What a rule found: rows that break it, pairs where they were counted, examples.

    `blamed_rows` are those that it says are wrong, if it says so; `looked_rows` is how
    many it looked at; `fine_rows` would break it, had not a person said that they are
    fine. More may be wrong than it allows for: then it is `questioned`. One that would
    compare too many pairs is `refused`, in words, and was not looked for.
    """

    rule: Rule
    violating_rows: int
    pairs: Pairs
    seconds: float
    looked_rows: int = 0
    blamed_rows: int | None = None
    fine_rows: int = 0
    questioned: bool = False
    refused: str | None = None
    shown: tuple[Shown, ...] = ()
    seen: tuple[Seen, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Whether rows break the rule, more of them than it allows for."""
        allows = self.rule.tolerance is not None
        return self.questioned if allows else self.violating_rows > 0


def state_of_rows(
    session: Session,
    rows: Query,
    inputs: Mapping[str, Relation],
    schema: Schema,
    *,
    record: str,
) -> State:
    """Stage rows that are no table of a project, as rules look at them.

    Parameters
    ----------
    rows : the columns of `schema`, and `record`, the number of the row
    record : that column; numbers begin at 1, each is there once
    """
    number = exp.cast(exp.Literal.number(1), "BIGINT")
    objects = session.stage(
        Query.of(
            select("select '' as _delivery, '' as _object, cast(1 as bigint) as number")
        ),
        {},
    )
    wanted = [column(name) for name in schema.names]
    numbered = exp.select(exp.alias_(row_of(number, column(record)), "_row"), *wanted)
    work = session.stage(
        rows.then("numbered", numbered.from_(table(rows.result))), inputs
    )
    return State(work, schema, objects, work)


def check_rules(
    session: Session,
    rules: Sequence[ToCheck],
    references: References,
    *,
    examples: int = MAX_WITNESSES,
    tell: Tell = lambda _: None,
) -> tuple[Checked, ...]:
    """Find the rows that break each of `rules`; nothing is changed.

    Parameters
    ----------
    examples : how many witnesses of a rule are wanted at most
    tell : is told the name of a rule before its turn

    Notes
    -----
    Conditions on single rows share one scan, and dependencies on the same columns their
    groups, as in a run; the time is theirs in equal parts. Every other rule has a
    statement of its own, so that one that is refused leaves the others alone.
    """
    together = [place for place, one in enumerate(rules) if one.shares]
    alone = [[place] for place, one in enumerate(rules) if not one.shares]
    job = _Job(session, rules, references, tell)
    found: dict[int, Checked] = {}
    for places in [together, *alone] if together else alone:
        found |= job.looked_for(places)
    checked = [found[place] for place in range(len(rules))]
    return _with_witnesses(session, checked, examples)


@dataclass(frozen=True)
class _Job:
    """One check of many rules; `looked` keeps how many rows they look at."""

    session: Session
    rules: Sequence[ToCheck]
    references: References
    tell: Tell
    looked: dict[tuple[int, tuple[Predicate, ...]], int] = field(default_factory=dict)

    def looked_for(self, places: Sequence[int]) -> dict[int, Checked]:
        """Look for the rules at `places` in one statement."""
        some = [self.rules[place] for place in places]
        self.tell(", ".join(one.rule.name for one in some))
        started = time.perf_counter()
        asked = [
            Asked(one.state, part, n) for one in some for n, part in enumerate(one.parts)
        ]
        try:
            findings = iter(search(self.session, asked, self.references))
            made = [
                self.checked(one, [next(findings) for _ in one.parts]) for one in some
            ]
        except UnsupportedRule as error:
            seconds = (time.perf_counter() - started) / len(some)
            return {
                place: Checked(one.rule, 0, Pairs(), seconds, refused=error.what)
                for place, one in zip(places, some, strict=True)
            }
        seconds = (time.perf_counter() - started) / len(some)
        timed = (replace(one, seconds=seconds) for one in made)
        return dict(zip(places, timed, strict=True))

    def checked(self, one: ToCheck, found: Sequence[Finding]) -> Checked:
        """Count what the parts of a rule found, and say whose fault it is."""
        broken = [self.accused(one, finding) for finding in found if finding.rows]
        looked = Looked(self.session, one.state, one.rule, one.parts, self.looked)
        violating = distinct_rows(self.session, found)
        wrong = violating
        if any(finding.blamed is not None for finding in broken):
            wrong = distinct_rows(self.session, [finding.guilty for finding in broken])
        chosen = one.rule.blamed_rows is not None
        says = all(whose(one.rule, part) for part in one.parts)
        return Checked(
            one.rule,
            violating_rows=violating,
            looked_rows=looked.rows,
            blamed_rows=wrong if says else None,
            fine_rows=self.fine(one),
            questioned=looked.doubts(wrong if chosen else violating),
            pairs=Pairs.together([finding.bounds for finding in found]),
            seconds=0.0,
            seen=tuple(
                Seen(one.state, one.rule, finding, one.texts, one.called)
                for finding in broken
            ),
        )

    def fine(self, one: ToCheck) -> int:
        """Count the rows that would break a rule, had nobody said that they are fine."""
        decided = one.state.decided
        if decided is None or one.rule.name not in decided.fine:
            return 0
        bare = replace(one.state, decided=None)
        found = search(self.session, [Asked(bare, p) for p in one.parts], self.references)
        hits, inputs = hits_of([(0, finding) for finding in found])
        fine = decided.rows_fine_for(one.rule.name)
        counted = select(
            "select count(distinct h._row) as n from hits h "
            "semi join fine f on h._row = f._row"
        )
        query = Query((("hits", hits), ("fine", fine), ("counted", counted)))
        inputs |= decided.inputs
        return int(self.session.fetch(query, inputs).column("n")[0].as_py())

    def accused(self, one: ToCheck, finding: Finding) -> Finding:
        found = accused(self.session, one.state, one.rule, finding)
        return accused_by_role(self.session, one.rule, found)


def _with_witnesses(
    session: Session, checked: Sequence[Checked], examples: int
) -> tuple[Checked, ...]:
    if not examples:
        return tuple(checked)
    by_state: dict[int, list[Seen]] = {}
    for one in checked:
        for seen in one.seen:
            by_state.setdefault(id(seen.state), []).append(seen)
    told: dict[int, tuple[Shown, ...]] = {}
    for some in by_state.values():
        found = witnesses(session, some, at_most=examples)
        blamed = accused_among(session, some, found)
        for seen, of_one, wrong in zip(some, found, blamed, strict=True):
            told[id(seen)] = tuple(_shown(seen, each, wrong) for each in of_one)
    return tuple(
        replace(one, shown=tuple(w for s in one.seen for w in told[id(s)])[:examples])
        for one in checked
    )


def _shown(seen: Seen, witness: Witness, wrong: Container[str]) -> Shown:
    says = whose(seen.rule, seen.finding.part)
    if says is None or says == "all":
        return Shown(witness, witness.rows if says else None)
    return Shown(witness, tuple(row for row in witness.rows if row in wrong))
