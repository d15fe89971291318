"""Rows for the side tables: told where they arise, computed once, where they are written.

A step that joins many small queries into one asks an engine one question in place of
many; what a question costs besides its answer (planning, starting, collecting) is the
same for a handful of rows as for a million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.engines.protocol import Relation, Staged
from backbone.management.trusted.rows.steps import Steps
from backbone.sql.queries import Query, column, table

__all__ = ["Inputs", "Piece", "bound", "joined", "nested", "only", "union"]

Inputs = dict[str, Relation]


@dataclass(frozen=True)
class Piece:
    """A query and what it reads. A name means one relation in all pieces of a step."""

    query: Query
    inputs: Mapping[str, Relation]


def bound(what: str, staged: Staged) -> str:
    """Return the name by which queries read `staged`, which no other relation has."""
    return f"{what}_{staged.name}"


def nested(query: Query, names: Sequence[str], place: int | None = None) -> exp.Select:
    """Return a select of `names` from `query`, whose steps nobody else sees.

    With `place`, a column ``_place`` of this value comes first.
    """
    made = exp.select(*(column(name) for name in names), copy=False)
    if place is not None:
        number = exp.alias_(exp.Literal.number(place), "_place", copy=False)
        made = exp.select(number, *made.expressions, copy=False)
    return made.from_(query.expression().subquery("nested", copy=False), copy=False)


def union(selects: Sequence[exp.Query]) -> exp.Query:
    """Return the rows of all `selects` (at least one); they have the same columns."""
    if len(selects) == 1:
        return selects[0]
    return exp.union(*selects, distinct=False, copy=False)


def joined(pieces: Sequence[Piece], names: Sequence[str]) -> tuple[exp.Query, Inputs]:
    """Return the columns `names` of all `pieces` (at least one), and their inputs."""
    inputs: Inputs = {}
    for piece in pieces:
        inputs.update(piece.inputs)
    return union([nested(piece.query, names) for piece in pieces]), inputs


def only(source: str, place: int, staged: str) -> Steps:
    """Return the step `source`: the rows of `staged` whose ``_place`` is `place`."""
    same = exp.EQ(this=column("_place"), expression=exp.Literal.number(place))
    return [(source, exp.select("*").from_(table(staged)).where(same))]
