"""Rules looked at, and nothing done: who breaks them, with examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from backbone.engines.protocol import Relation, Session
from backbone.errors import UnsupportedRule
from backbone.management.trusted.finding.accusing import accused
from backbone.management.trusted.finding.findings import (
    Asked,
    Finding,
    References,
    distinct_rows,
    search,
)
from backbone.management.trusted.finding.looking import Looked
from backbone.management.trusted.finding.pairs import Pairs
from backbone.management.trusted.finding.seen import Seen, described
from backbone.management.trusted.finding.witnesses import MAX_WITNESSES, witnesses
from backbone.management.trusted.rows.numbering import located, row_of
from backbone.management.trusted.rows.pieces import Inputs, bound, nested, union
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.declared import Part
from backbone.model.reports import Witness
from backbone.model.schemas import Schema
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Checked", "ToCheck", "broken_rows", "check_rules", "state_of_rows"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class ToCheck:
    """A rule, its parts as they are to be looked for, and the rows to look at."""

    rule: Rule
    parts: tuple[Part, ...]
    state: State


@dataclass(frozen=True)
class Checked:
    """What a rule found: rows that break it, pairs where they were counted, examples.

    `blamed_rows` are those that it says are wrong, if it says so; `looked_rows` is how
    many it looked at. More may be wrong than it allows for: then it is `questioned`. One
    that would compare too many pairs is `refused`, in words, and was not looked for.
    """

    rule: Rule
    violating_rows: int
    pairs: Pairs
    seconds: float
    looked_rows: int = 0
    blamed_rows: int | None = None
    questioned: bool = False
    refused: str | None = None
    witnesses: tuple[Witness, ...] = ()
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
    Conditions on single rows share one scan, whose time is theirs in equal parts; every
    other rule has a statement of its own.
    """
    found = _singles(session, rules, references, tell)
    for place, one in enumerate(rules):
        if place not in found:
            tell(one.rule.name)
            started = time.perf_counter()
            asked = [Asked(one.state, part, n) for n, part in enumerate(one.parts)]
            try:
                made = search(session, asked, references)
            except UnsupportedRule as error:
                seconds, why = time.perf_counter() - started, error.what
                found[place] = Checked(one.rule, 0, Pairs(), seconds, refused=why)
                continue
            found[place] = _checked(session, one, made, time.perf_counter() - started)
    checked = [found[place] for place in range(len(rules))]
    return _with_witnesses(session, checked, examples)


def _singles(
    session: Session, rules: Sequence[ToCheck], references: References, tell: Tell
) -> dict[int, Checked]:
    """Look for all conditions on single rows at once."""
    places = [
        place
        for place, one in enumerate(rules)
        if all(part.constraint.is_single for part in one.parts)
    ]
    asked = [
        Asked(rules[place].state, part, number)
        for place in places
        for number, part in enumerate(rules[place].parts)
    ]
    if not asked:
        return {}
    tell(", ".join(rules[place].rule.name for place in places))
    started = time.perf_counter()
    found = iter(search(session, asked, references))
    seconds = (time.perf_counter() - started) / len(places)
    return {
        place: _checked(
            session, rules[place], [next(found) for _ in rules[place].parts], seconds
        )
        for place in places
    }


def _checked(
    session: Session, one: ToCheck, found: Sequence[Finding], seconds: float
) -> Checked:
    broken = [
        accused(session, one.state, one.rule, finding)
        for finding in found
        if finding.rows
    ]
    looked = Looked(session, one.state, one.rule, one.parts)
    wrong = None
    if one.rule.blamed_rows is not None:
        wrong = distinct_rows(session, [finding.guilty for finding in broken])
    violating = distinct_rows(session, found)
    return Checked(
        one.rule,
        violating_rows=violating,
        looked_rows=looked.rows,
        blamed_rows=wrong,
        questioned=looked.doubts(violating if wrong is None else wrong),
        pairs=Pairs.together([finding.bounds for finding in found]),
        seconds=seconds,
        seen=tuple(Seen(one.state, one.rule, finding) for finding in broken),
    )


def _with_witnesses(
    session: Session, checked: Sequence[Checked], examples: int
) -> tuple[Checked, ...]:
    if not examples:
        return tuple(checked)
    by_state: dict[int, list[Seen]] = {}
    for one in checked:
        for seen in one.seen:
            by_state.setdefault(id(seen.state), []).append(seen)
    told: Mapping[int, tuple[Witness, ...]] = {
        id(seen): of_one
        for of_state in by_state.values()
        for seen, of_one in zip(
            of_state, witnesses(session, of_state, at_most=examples), strict=True
        )
    }
    return tuple(
        replace(one, witnesses=tuple(w for s in one.seen for w in told[id(s)])[:examples])
        for one in checked
    )


def broken_rows(
    checked: Sequence[Checked], state: State, origin: Sequence[str]
) -> tuple[Query, Inputs] | None:
    """Return every violating row of every rule, in the order of rules and rows.

    Columns `origin` (``_record``, or the whole origin), ``_rule, _role, _reason``, then
    those of `state`. Before these, if a rule says whose rows are wrong, ``_blamed``: null
    where the row's rule does not say. None if no rule is broken.
    """
    inputs: Inputs = {"rows_shown": state.work, "objects": state.objects}
    branches: list[exp.Query] = []
    for place, one in enumerate(checked):
        for piece in described(one.seen):
            inputs |= piece.inputs
            wanted = ["_row", "part", "rule", "role", "reason"]
            branches.append(nested(piece.query, wanted, place))
    if not branches:
        return None
    told = {"_rule": "rule", "_role": "role", "_reason": "reason"}
    said = [exp.alias_(column(own, "t"), name) for name, own in told.items()]
    last = exp.select(*(column(name, "t") for name in origin), *said)
    last = _with_blamed(last.from_(table("placed", "t")), checked, inputs)
    last = (
        last.select(*(column(name, "r") for name in state.schema.names))
        .join(table("rows_shown", "r"), on=_same("r", ["_row"]))
        .order_by(*(column(n, "t") for n in ("_place", "_row", "reason")))
    )
    steps = (("every", union(branches)), ("placed", located("every")), ("broken", last))
    return Query(steps), inputs


def _with_blamed(
    rows: exp.Select, checked: Sequence[Checked], inputs: Inputs
) -> exp.Select:
    """Select whether a row of ``t`` is one of those that its rule says are wrong."""
    asked = [n for n, one in enumerate(checked) if one.rule.blamed_rows is not None]
    if not asked:
        return rows
    number, guilty = exp.Literal.number, list[exp.Query]()
    for place in asked:
        for finding in (seen.finding for seen in checked[place].seen):
            if finding.blamed is not None:
                name = bound("blamed", finding.blamed)
                inputs[name] = finding.blamed
                key = {"_place": number(place), "part": number(finding.number)}
                wrong = exp.select(*(exp.alias_(v, n) for n, v in key.items()))
                guilty.append(wrong.select(column("_row")).from_(table(name)))
    is_one = exp.not_(exp.Is(this=column("_row", "g"), expression=exp.null()))
    own = exp.In(this=column("_place", "t"), expressions=[number(n) for n in asked])
    blamed = exp.Case().when(own, is_one)
    if not guilty:
        return rows.select(exp.alias_(exp.cast(exp.null(), "boolean"), "_blamed"))
    same = _same("g", ["_place", "part", "_row"])
    rows = rows.join(union(guilty).subquery("g"), on=same, join_type="left")
    return rows.select(exp.alias_(blamed, "_blamed"))


def _same(other: str, names: Sequence[str]) -> exp.Expr:
    equal = (exp.EQ(this=column(n, "t"), expression=column(n, other)) for n in names)
    return exp.and_(*equal)
