"""A rule of a shape that no plan covers: part by part fewer rows, then pair by pair.

The parts of the rule (`plans.parts`) are looked for one after the other, each among the
rows that those before it found, until few enough pairs are left to be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.finding.comparing import check_comparisons
from backbone.management.trusted.finding.detect import looked_for, told
from backbone.management.trusted.plans import parts, sequence
from backbone.management.trusted.plans.frame import base_steps
from backbone.management.trusted.rows.keeping import kept, reading
from backbone.management.trusted.rows.pieces import Inputs, bound
from backbone.management.trusted.rows.steps import Step, Steps
from backbone.management.trusted.rules.shapes import PairShape, shape_of
from backbone.model.constraints import DenialConstraint
from backbone.model.schemas import Schema
from backbone.sql.queries import Query, table

__all__ = ["Reading", "parted"]

_FEW = 20_000_000
"""So many pairs are compared sooner than a part is looked for."""


@dataclass(frozen=True)
class Reading:
    """What gives ``rows``: steps and their inputs, of this schema, at most `rows`.

    `fine` are the rows (``_row``) of a sequence that break nothing: others are held
    against them all the same.
    """

    steps: Steps
    inputs: Inputs
    schema: Schema
    rows: int
    fine: exp.Select | None = None

    def spared(self, steps: Steps) -> Steps:
        """Return the steps of a plan in which no row that is fine breaks anything."""
        return steps if self.fine is None else sequence.spared(steps, self.fine)


def parted(
    session: Session, constraint: DenialConstraint, source: Reading
) -> tuple[Query, Inputs]:
    """Return the query that finds the rows which break `constraint`, and what it reads.

    Raises
    ------
    UnsupportedRule : too many pairs of rows would have to be compared
    """
    shape = shape_of(constraint)
    steps = [*source.steps, *base_steps(shape, "rows", source.schema)]
    left = session.stage(
        Query(tuple(reading([*steps, _roles(shape)], {}))), source.inputs
    )
    done = 0
    pairs = _comparisons(session, shape, left, done)
    for part in parts.parts_of(shape):
        if pairs <= _FEW:
            break
        left = _staying(session, shape, part, left, done, source.rows)
        done += 1
        pairs = _comparisons(session, shape, left, done)
    check_comparisons(constraint, pairs)
    frames = parts.frames(shape, done)
    steps, inputs = _start(shape, shape, left, done)
    for frame in frames:
        steps += [*frame.steps(), *parts.found(frame, source.schema)]
    return Query((*steps, told(frames))), inputs


def _roles(shape: PairShape) -> Step:
    names = [exp.column(cell.name) for cell in shape.cells]
    flags = [exp.column(name) for name in ("f1", "f2")]
    return "left", exp.select(exp.column("id"), *names, *flags).from_(table("roles"))


def _start(
    shape: PairShape, part: PairShape, left: Staged, number: int
) -> tuple[Steps, Inputs]:
    """Return the steps that the frames of `part` read: the rows that are left."""
    name = bound("left", left)
    rows = ("left_rows", exp.select("*").from_(table(name)))
    return [rows, parts.based(shape, part, number)], {name: left}


def _comparisons(session: Session, shape: PairShape, left: Staged, number: int) -> float:
    steps, inputs = _start(shape, shape, left, number)
    frame = parts.frames(shape, number)[0]
    query = Query((*steps, *frame.steps(), *parts.comparisons(frame)))
    return float(session.fetch(query, inputs).column("pairs")[0].as_py())


def _staying(
    session: Session,
    shape: PairShape,
    part: PairShape,
    left: Staged,
    number: int,
    rows: int,
) -> Staged:
    """Stage the rows of `left` that break `part`, as what they do."""
    frames = parts.frames(part, number)
    steps, inputs = _start(shape, part, left, number)
    found, many = looked_for(frames, cut=None, rows=rows)
    steps = [*steps, *found, parts.staying(shape, frames)]
    known, inputs = kept(session, steps, many, inputs)
    return session.stage(Query(tuple(reading(steps, known))), inputs)
