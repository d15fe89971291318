"""What rules found, and the cells that tell why.

Findings that read the same cells are read together: one join for all of them, in place of
one for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from backbone.management.trusted.finding.findings import Finding, by_place, hits_of
from backbone.management.trusted.rows.pieces import Inputs, Piece
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import ROWS, Steps
from backbone.management.trusted.rows.texts import values_text
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Seen", "Together", "described", "together"]


@dataclass(frozen=True)
class Seen:
    """What a part of a rule found, and the state of the table in which it did.

    `texts` are the columns that are shown in place of those made of their values;
    `called` is how columns are called where that is not their name here.
    """

    state: State
    rule: Rule
    finding: Finding
    texts: Mapping[str, str] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that tell why."""
        constraint, public = self.finding.part.constraint, self.state.schema.public
        if constraint.selected is None:
            names = (self.texts.get(name, name) for name in constraint.columns)
            return tuple(dict.fromkeys(names))
        written = {name.lower() for name in constraint.columns}
        return tuple(name for name in public.names if name.lower() in written)

    @property
    def labels(self) -> tuple[str, ...]:
        """How the columns that tell why are called, in the same order."""
        return tuple(self.called.get(name, name) for name in self.names)


@dataclass(frozen=True)
class Together:
    """Findings that read the same cells, by their places among all that were asked for.

    `steps` give ``hits`` (``_place, _row, role``) and, unless it is an input, ``rows``
    (``_row`` and the columns `names`).
    """

    places: tuple[int, ...]
    names: tuple[str, ...]
    steps: Steps
    inputs: Inputs


def together(seen: Sequence[Seen]) -> list[Together]:
    """Return `seen` in as few parts as have the same values of all that they read."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for place, one in enumerate(seen):
        versions = one.state.versions(one.names)
        groups.setdefault((one.state.work.name, versions), []).append(place)
    found = []
    for (_, versions), places in groups.items():
        names = tuple(dict.fromkeys(name for at in places for name in seen[at].names))
        steps, inputs = seen[places[0]].state.as_of(versions).rows(names)
        hits, read = hits_of([(at, seen[at].finding) for at in places])
        steps = [*steps, ("hits", hits)]
        found.append(Together(tuple(places), names, steps, {**inputs, **read}))
    return found


def described(seen: Sequence[Seen]) -> tuple[Piece, ...]:
    """Return one row per violating row of each finding: who, in which role, and why.

    Columns ``_row, part, rule, severity, role, columns, reason``.
    """
    return tuple(_described(seen, group) for group in together(seen))


def _described(seen: Sequence[Seen], group: Together) -> Piece:
    members = {place: seen[place] for place in group.places}
    text, number = exp.Literal.string, exp.Literal.number
    told: dict[str, dict[int, exp.Expr]] = {
        "part": {p: number(one.finding.number) for p, one in members.items()},
        "rule": {p: text(one.rule.name) for p, one in members.items()},
        "severity": {p: text(one.rule.severity) for p, one in members.items()},
        "columns": {p: text(", ".join(one.labels)) for p, one in members.items()},
        "reason": {p: _reason(one) for p, one in members.items()},
    }
    why = (
        exp.select(column("_row", "h"), column("role", "h"))
        .select(*(exp.alias_(by_place(v, of="h"), name) for name, v in told.items()))
        .from_(table("hits", "h"))
        .join(
            table(ROWS, "r"),
            on=exp.EQ(this=column("_row", "h"), expression=column("_row", "r")),
        )
    )
    return Piece(Query((*group.steps, ("why", why))), group.inputs)


def _reason(one: Seen) -> exp.Expr:
    return exp.DPipe(
        this=exp.Literal.string(f"{one.finding.part.reason}: "),
        expression=values_text(one.names, one.state.schema, of="r", labels=one.labels),
    )
